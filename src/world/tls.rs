//! Decides which cryptography TLS uses, once for the whole process.
//! It never decides which certificates are good.

/// Installs ring; does nothing when something is installed already.
pub(crate) fn install() {
    let _already = rustls::crypto::ring::default_provider().install_default();
}
