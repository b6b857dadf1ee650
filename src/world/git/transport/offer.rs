//! What the other side offers in its first words: its branches, and what it can do.
//! It never asks for anything; it only overhears.

use crate::world::git::text::plain;
use git2::Oid;
use std::collections::BTreeMap;

/// What the other side offers in its first words: the lines `id name`, each behind its length.
#[derive(Clone, Default)]
pub(in crate::world::git) struct Offer {
    /// The branches, without `refs/heads/`.
    pub branches: BTreeMap<String, Oid>,
    /// Whether parts of the history can be asked for.
    pub shallow: bool,
    /// Why it does not want to talk to us at all.
    pub refusal: Option<String>,
    /// What it says instead, when its words make no sense.
    pub nonsense: Option<String>,
    /// Whether its objects are named by SHA-256.
    pub sha256: bool,
    announced: bool,
    done: bool,
    pending: Vec<u8>,
}

impl Offer {
    /// Whether its first words are over.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Takes in the next bytes of the other side's words.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.done {
            return;
        }
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while let Some((head, after)) = rest.split_at_checked(4).filter(|_| !self.done) {
            let length = std::str::from_utf8(head).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
            match length {
                Some(0) => {
                    // Over HTTP the first pause only ends the announcement of the service.
                    self.done = !std::mem::take(&mut self.announced);
                    rest = after;
                }
                Some(length @ 4..) => {
                    let Some((line, after)) = after.split_at_checked(length - 4) else { break };
                    self.line(line);
                    rest = after;
                }
                _ => {
                    self.done = true;
                    self.nonsense = Some(plain(rest, 80)).filter(|text| !text.is_empty());
                }
            }
        }
        self.pending = rest.to_vec();
    }

    fn line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if line.starts_with(b"# service=") {
            self.announced = true;
            return;
        }
        if let Some(why) = line.strip_prefix(b"ERR ") {
            self.refusal = Some(plain(why, 400));
            return;
        }
        let (line, capabilities) = line.split_at(line.iter().position(|b| *b == 0).unwrap_or(line.len()));
        let capabilities = String::from_utf8_lossy(capabilities);
        let mut words = capabilities.trim_start_matches('\0').split(' ');
        self.shallow |= words.clone().any(|word| word == "shallow");
        self.sha256 |= words.any(|word| word == "object-format=sha256");
        let text = String::from_utf8_lossy(line);
        let Some((id, name)) = text.split_once(' ') else { return };
        if let (Ok(id), Some(branch)) = (Oid::from_str(id), name.strip_prefix("refs/heads/")) {
            self.branches.insert(branch.to_owned(), id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn packet(text: &str) -> String {
        format!("{:04x}{text}", text.len() + 4)
    }

    fn http_offer() -> String {
        let first = packet(&format!("{ID} HEAD\0multi_ack shallow agent=x\n"));
        let branches = packet(&format!("{ID} refs/heads/main\n")) + &packet(&format!("{ID} refs/tags/v1\n"));
        format!("{}0000{first}{branches}0000", packet("# service=git-upload-pack\n"))
    }

    #[test]
    fn branches_are_overheard() {
        let mut offer = Offer::default();
        offer.feed(http_offer().as_bytes());
        assert!(offer.done && offer.shallow && !offer.sha256);
        assert_eq!(offer.branches.keys().collect::<Vec<_>>(), ["main"]);
        let mut refusing = Offer::default();
        refusing.feed(packet("ERR not for you\n").as_bytes());
        assert_eq!(refusing.refusal.as_deref(), Some("not for you"));
        let mut newer = Offer::default();
        newer.feed(packet(&format!("{ID}{} HEAD\0object-format=sha256\n", "0".repeat(24))).as_bytes());
        assert!(newer.sha256);
    }

    proptest! {
        #[test]
        fn cuts_between_reads_do_not_matter(cuts in proptest::collection::vec(0usize..300, 0..9)) {
            let text = http_offer();
            let (mut offer, mut at) = (Offer::default(), 0);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            for cut in cuts.into_iter().chain([text.len()]) {
                offer.feed(&text.as_bytes()[at..cut]);
                at = cut;
            }
            prop_assert!(offer.done && offer.shallow);
            prop_assert_eq!(offer.branches.len(), 1);
        }

        #[test]
        fn any_words_are_overheard_without_panic(bytes: Vec<u8>) {
            Offer::default().feed(&bytes);
        }
    }
}
