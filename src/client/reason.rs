//! Why a connection could not be made, or ended, as far as the errors below the client's tell it.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use super::trust::{self, NobodyTrusted};
use crate::exchange::{Distrust, SendError};

/// What the user can do something about: the certificate, or the name of the host; else only that there is no connection.
pub(super) fn of(error: &(dyn Error + 'static)) -> SendError {
    let found = causes(error).find_map(|cause| {
        if let Some(rustls::Error::InvalidCertificate(fault)) = cause.downcast_ref() {
            return Some(SendError::Certificate(distrust(fault)));
        }
        // The type of this error is not public; its text is all that tells it.
        cause.to_string().starts_with("dns error").then_some(SendError::Lookup)
    });
    found.unwrap_or(SendError::Connect)
}

/// Whether the other side ended the connection before it said anything: what came was no end of an answer and no garbage.
pub(super) fn is_end(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        let of_system = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        // The client's own error for it has no name that can be had, only these words.
        cause.to_string() == "connection closed before message completed"
            || matches!(
                of_system,
                Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe)
            )
    })
}

/// An error and what it follows from. What an input error wraps is not its source, but it comes before it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map_or_else(|| error.source(), |inner| Some(inner))
    })
}

/// What is wrong with a certificate.
pub(crate) fn distrust(fault: &CertificateError) -> Distrust {
    match fault {
        CertificateError::UnknownIssuer => Distrust::Issuer,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Distrust::Time,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Distrust::Name,
        CertificateError::Revoked => Distrust::Revoked,
        CertificateError::BadSignature => Distrust::Signature,
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Distrust::Algorithm,
        CertificateError::Other(other) if other.0.downcast_ref::<NobodyTrusted>().is_some() => Distrust::Nobody,
        CertificateError::Other(other) if trust::is_authority_itself(other) => Distrust::Authority,
        CertificateError::Other(other) if other.0.to_string() == "UnsupportedCertVersion" => Distrust::Version,
        _ => Distrust::Other,
    }
}
