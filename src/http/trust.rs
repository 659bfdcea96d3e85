//! Whose certificates are taken: those of authorities that this machine trusts, those of a file, and the certificates of the file themselves, as curl and
//! other programs for OpenStack do.
//!
//! The machine is asked when the first certificate is to be checked, so that whoever speaks plain HTTP needs no authority. A machine that trusts nobody
//! gets the authorities that browsers trust, unless somebody told it whom to trust: then that was wrong, and is said.

use std::error::Error;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier as MachineVerifier;

/// Certificates that are trusted beside those of this machine, and where they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorities {
    path: String,
    certificates: Vec<CertificateDer<'static>>,
}

/// Why there are no certificates to trust. Each names the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// It cannot be read.
    #[error("cannot read the certificates of {path}: {cause}")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// What the system says.
        cause: String,
    },
    /// It has none.
    #[error("{path} holds no certificate; a PEM file has -----BEGIN CERTIFICATE-----")]
    None {
        /// The file or folder.
        path: String,
    },
    /// It has some, and none of them can be read.
    #[error("no certificate of {path} can be read: {cause}")]
    Broken {
        /// The file or folder.
        path: String,
        /// What is wrong with the last one.
        cause: String,
    },
}

/// No file of certificates is larger.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;

impl Authorities {
    /// Reads a file of certificates as PEM, or all such files of a folder.
    pub fn read(path: &Path) -> Result<Self, AuthoritiesError> {
        let shown = path.display().to_string();
        let unreadable =
            |error: std::io::Error| AuthoritiesError::Unreadable { path: shown.clone(), cause: error.to_string() };
        let texts = if path.is_dir() {
            let entries = std::fs::read_dir(path).map_err(unreadable)?;
            // A folder may hold anything beside certificates; links to what is gone are usual there.
            entries.filter_map(|entry| read(&entry.ok()?.path()).ok()).collect()
        } else {
            vec![read(path).map_err(unreadable)?]
        };
        let found: Vec<_> = texts.iter().flat_map(|text| certificates(text)).collect();
        if found.is_empty() {
            return Err(AuthoritiesError::None { path: shown });
        }
        let (mut good, mut last) = (Vec::new(), String::new());
        for certificate in found {
            match RootCertStore::empty().add(certificate.clone()) {
                Ok(()) => good.push(certificate),
                Err(error) => last = error.to_string(),
            }
        }
        if good.is_empty() {
            return Err(AuthoritiesError::Broken { path: shown, cause: last });
        }
        Ok(Self { path: shown, certificates: good })
    }

    /// Where they were read.
    pub fn path(&self) -> &str {
        &self.path
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LARGEST_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Every certificate of a PEM text, also of one that openssl marks as trusted, and behind a byte order mark.
fn certificates(bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').replace("TRUSTED CERTIFICATE-----", "CERTIFICATE-----");
    let text = text.replace("X509 CERTIFICATE-----", "CERTIFICATE-----");
    let read = CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(Result::ok);
    read.map(|certificate| first_of(&certificate)).collect()
}

/// What a trusted certificate has behind it, such as its purpose, is no part of it: it ends where its outermost value says.
fn first_of(der: &[u8]) -> CertificateDer<'static> {
    let length = match der {
        [0x30, short, ..] if *short < 0x80 => 2 + usize::from(*short),
        [0x30, form, rest @ ..] => {
            let count = usize::from(form & 0x7F).min(rest.len()).min(4);
            2 + count + rest[..count].iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
        }
        _ => der.len(),
    };
    CertificateDer::from(der.get(..length).unwrap_or(der).to_vec())
}

/// TLS as a client that checks certificates.
pub(super) fn config(authorities: Option<&Authorities>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let own = authorities.map(|authorities| authorities.certificates.clone()).unwrap_or_default();
    let verifier = Verifier { own, provider: Arc::clone(&provider), usual: OnceLock::new() };
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// No authority is trusted here: what was named for this machine holds none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NobodyTrusted;

impl fmt::Display for NobodyTrusted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no authority is trusted on this machine")
    }
}

impl Error for NobodyTrusted {}

/// Checks certificates of servers.
#[derive(Debug)]
struct Verifier {
    /// What is trusted beside what the machine trusts.
    own: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    /// Who checks what an authority has issued; made when it is first needed.
    usual: OnceLock<Result<Arc<dyn ServerCertVerifier>, NobodyTrusted>>,
}

impl Verifier {
    fn usual(&self) -> Result<&dyn ServerCertVerifier, rustls::Error> {
        let made = self.usual.get_or_init(|| {
            let machine = MachineVerifier::new(Arc::clone(&self.provider));
            self.over(machine.is_ok(), are_authorities_named())
        });
        match made {
            Ok(verifier) => Ok(verifier.as_ref()),
            Err(nobody) => Err(CertificateError::Other(OtherError(Arc::new(*nobody))).into()),
        }
    }

    /// A verifier over the machine's authorities, if it has any, or else over those of browsers, unless the machine was told whom to trust.
    fn over(&self, has_machine: bool, is_told: bool) -> Result<Arc<dyn ServerCertVerifier>, NobodyTrusted> {
        let provider = Arc::clone(&self.provider);
        if has_machine || (is_told && !self.own.is_empty()) {
            let verifier = MachineVerifier::new_with_extra_roots(self.own.clone(), provider);
            return verifier
                .map(|verifier| Arc::new(verifier) as Arc<dyn ServerCertVerifier>)
                .map_err(|_| NobodyTrusted);
        }
        if is_told {
            return Err(NobodyTrusted);
        }
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(self.own.iter().cloned());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        verifier.map(|verifier| verifier as Arc<dyn ServerCertVerifier>).map_err(|_| NobodyTrusted)
    }

    /// Whether a certificate that is trusted itself was refused only for what an authority has to say: its time is checked before that.
    fn is_good_by_itself(&self, certificate: &CertificateDer<'_>, fault: &rustls::Error) -> bool {
        let lacks_an_issuer = match fault {
            // An issuer of the same name with another key is as good as none.
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => true,
            rustls::Error::InvalidCertificate(CertificateError::Other(other)) => is_authority_itself(other),
            _ => false,
        };
        lacks_an_issuer && self.own.iter().any(|own| own == certificate)
    }
}

/// Whether a certificate was refused as it is one of an authority. The library has no other name for it that can be had.
pub(super) fn is_authority_itself(fault: &OtherError) -> bool {
    fault.0.to_string() == "CaUsedAsEndEntity"
}

/// Whether somebody told this machine whom to trust, with the variables that programs with OpenSSL know.
fn are_authorities_named() -> bool {
    ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .any(|name| std::env::var_os(name).is_some_and(|path| !path.is_empty()))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        revocation: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.usual()?.verify_server_cert(certificate, intermediates, name, revocation, now) {
            Err(fault) if self.is_good_by_itself(certificate, &fault) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use super::Verifier;

    #[test]
    fn a_machine_without_authorities_trusts_those_of_browsers_unless_it_was_told_whom_to_trust() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Verifier { own: Vec::new(), provider, usual: OnceLock::new() };
        assert!(verifier.over(false, false).is_ok());
        assert!(verifier.over(false, true).is_err());
    }
}
