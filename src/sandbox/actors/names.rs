//! Decides generated names and addresses: the same seed gives the same ones in the same order.
//! It never asks whether a name is taken; the server refuses it then, and the next one is drawn.

use crate::base::digest::SAFE_ALPHABET;

/// Kubernetes cuts a name's base so that base and suffix fit 63 characters.
const LONGEST_BASE: usize = 58;

/// A stream of names.
#[derive(Clone, Debug)]
pub(super) struct Names {
    state: u64,
    addresses: u32,
}

impl Names {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed, addresses: 0 }
    }

    /// The next number of splitmix64 (Steele, Lea, Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `base` and five characters that form no words.
    pub(super) fn suffixed(&mut self, base: &str) -> String {
        let mut name: String = base.chars().take(LONGEST_BASE).collect();
        let mut dice = self.next();
        for _ in 0..5 {
            let at = usize::try_from(dice % 27).unwrap_or_default();
            name.push(char::from(SAFE_ALPHABET.get(at).copied().unwrap_or(b'x')));
            dice /= 27;
        }
        name
    }

    /// The next pod address in 10.244.0.0/16; after 65 000 pods they come round again.
    pub(super) fn address(&mut self) -> String {
        self.addresses = (self.addresses + 1) % 65_000;
        format!("10.244.{}.{}", self.addresses / 250, self.addresses % 250 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_repeat_with_the_seed_and_only_then() {
        let draw = |seed| {
            let mut names = Names::new(seed);
            [names.suffixed("web-"), names.suffixed("web-")]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let [first, second] = draw(7);
        assert_ne!(first, second);
        assert_eq!(first.len(), 9);
    }

    #[test]
    fn a_long_base_is_cut_and_addresses_differ() {
        let mut names = Names::new(1);
        assert_eq!(names.suffixed(&"x".repeat(80)).len(), 63);
        let first = names.address();
        assert_ne!(first, names.address());
        assert_eq!(first, "10.244.0.2");
    }
}
