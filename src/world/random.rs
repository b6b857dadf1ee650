//! Decides where numbers come from that nobody must be able to guess: from the system, through the cryptography of TLS.
//! It never hands out one that comes again; what has to repeat itself draws from a seed instead.

use std::fmt::Write;
use thiserror::Error;

/// The system gives no random numbers.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the system gives no random numbers; check that the program may read /dev/urandom")]
pub struct NoRandom;

/// 256 bits that nobody can guess, as 64 hexadecimal digits.
///
/// # Errors
/// The system gives none.
pub(crate) fn hex() -> Result<String, NoRandom> {
    let mut bytes = [0_u8; 32];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).map_err(|_| NoRandom)?;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _a_string_takes_all = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        let (one, other) = (hex().unwrap(), hex().unwrap());
        assert_ne!(one, other);
        assert!(one.len() == 64 && one.bytes().all(|b| b.is_ascii_hexdigit()), "{one}");
    }
}
