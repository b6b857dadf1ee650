//! Decides the short hashes that name things: FNV-1a in Kubernetes' safe alphabet, SHA-256 and its keyed form in hex.
//! It never decides what is hashed.

use sha2::{Digest, Sha256};

/// The letters and digits that cannot form words by accident, as Kubernetes uses them in generated names.
pub const SAFE_ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// FNV-1a, 32 bit, over `bytes`.
///
/// Printed in decimal and safe-encoded it names things, such as the steps of a Rollout that has none:
///
/// ```
/// use switchback_base::digest::{fnv1a32, safe_encode};
/// assert_eq!(safe_encode(&fnv1a32(b"null").to_string()), "5ffbfbbd64");
/// ```
#[must_use]
pub fn fnv1a32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193))
}

/// Replaces every byte of `text` by a letter of [`SAFE_ALPHABET`], index = byte modulo 27
/// (source: apimachinery's pkg/util/rand/rand.go, `SafeEncodeString`).
#[must_use]
pub fn safe_encode(text: &str) -> String {
    text.bytes()
        .map(|b| char::from(SAFE_ALPHABET.get(usize::from(b) % 27).copied().unwrap_or(b'b')))
        .collect()
}

/// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The keyed digest HMAC-SHA-256 of `bytes` as 64 lower-case hexadecimal digits (source: RFC 2104).
#[must_use]
pub fn hmac_sha256_hex(key: &[u8], bytes: &[u8]) -> String {
    let short = if key.len() > 64 { Sha256::digest(key).to_vec() } else { key.to_vec() };
    let pad = |with: u8| {
        let byte = |at: usize| short.get(at).copied().unwrap_or(0) ^ with;
        (0..64).map(byte).collect::<Vec<u8>>()
    };
    let inner = Sha256::new_with_prefix(pad(0x36)).chain_update(bytes).finalize();
    let outer = Sha256::new_with_prefix(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_without_steps_has_the_known_hash() {
        assert_eq!(safe_encode(&fnv1a32(b"null").to_string()), "5ffbfbbd64");
    }

    #[test]
    fn sha256_matches_the_published_vector() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn keyed_digests_match_the_published_vectors() {
        let jefe = hmac_sha256_hex(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(jefe, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let long = hmac_sha256_hex(&[0xaa; 131], text);
        assert_eq!(long, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
