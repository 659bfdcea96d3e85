//! HTTPS for the stub: a certificate and its key, as files hold them.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
pub(super) use tokio_rustls::TlsAcceptor;

/// Why nothing can be encrypted with what was given. No text of a key is in it.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There is no certificate.
    #[error("the certificate is none: expected PEM with BEGIN CERTIFICATE, the server's own one first")]
    Certificate,
    /// There is no key.
    #[error("the key is none: expected PEM with BEGIN PRIVATE KEY, without a passphrase")]
    Key,
    /// They do not belong together, or are of a kind that is not known.
    #[error("certificate and key cannot be used together: {0}")]
    Together(rustls::Error),
}

/// What encrypts connections with this certificate chain and the key of its first certificate, both as PEM.
pub(super) fn acceptor(certificate: &[u8], key: &[u8]) -> Result<TlsAcceptor, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(TlsError::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(TlsError::Together)?.with_no_client_auth().with_single_cert(chain, key);
    let mut config = config.map_err(TlsError::Together)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
