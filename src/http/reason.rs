//! Why a connection could not be made, or ended, as far as the errors below the client's tell it.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use super::trust::{self, NobodyTrusted};
use super::{CertificateProblem, Handshake, Hop, TransportError, Way};

/// Why no connection could be made: what the user can do something about, the certificate, the name of the host, or the proxy, before everything else.
pub(super) fn of(error: &reqwest::Error, way: Way) -> TransportError {
    let known = causes(error).find_map(|cause| {
        if let Some(rustls::Error::InvalidCertificate(fault)) = cause.downcast_ref() {
            return Some(TransportError::Certificate(certificate_problem(fault), way));
        }
        // The type of this error is not public; its text is all that tells it.
        (way == Way::Direct && cause.to_string().starts_with("dns error")).then_some(TransportError::Lookup)
    });
    match known {
        Some(known) => known,
        None if error.is_timeout() => TransportError::ConnectTimeout(way),
        None if way != Way::Direct => TransportError::Connect(hop(error, way)),
        None => causes(error).filter_map(below).last().unwrap_or_else(|| {
            // Where TLS is to begin, only its handshake can end early before there is a connection.
            let is_encrypted = error.url().is_some_and(|url| url.scheme() == "https");
            if is_encrypted { TransportError::NoTls } else { TransportError::Connect(Hop::Endpoint) }
        }),
    }
}

/// What a layer below HTTP says of a connection that it could not make.
fn below(cause: &(dyn Error + 'static)) -> Option<TransportError> {
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidMessage(_) => TransportError::NoTls,
            rustls::Error::AlertReceived(alert) => TransportError::Tls(Handshake::Alert(u8::from(*alert))),
            rustls::Error::PeerIncompatible(_) => TransportError::Tls(Handshake::Incompatible),
            _ => TransportError::Tls(Handshake::Failed),
        });
    }
    let error = cause.downcast_ref::<io::Error>()?;
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(TransportError::Refused),
        kind => error.raw_os_error().map(|_| TransportError::System(kind)),
    }
}

/// Where a connection ended that could not be made. The errors of a tunnel and of SOCKS are not public, so that their words must tell whether the proxy
/// itself was reached.
fn hop(error: &(dyn Error + 'static), way: Way) -> Hop {
    let Way::Proxy(variable) = way else { return Hop::Endpoint };
    let says = |words: &[&str]| {
        causes(error).any(|cause| {
            let text = cause.to_string();
            words.iter().any(|word| text.contains(word))
        })
    };
    if says(&["dns error", "tcp connect error", "tcp open error", "failed to create underlying connection"]) {
        Hop::Proxy(variable)
    } else if says(&["proxy authorization required", "credentials not accepted", "user/pass authentication"]) {
        Hop::ProxyLogin(variable)
    } else {
        Hop::BehindProxy(variable)
    }
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
fn certificate_problem(fault: &CertificateError) -> CertificateProblem {
    match fault {
        CertificateError::UnknownIssuer => CertificateProblem::Issuer,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => CertificateProblem::Time,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => CertificateProblem::Name,
        CertificateError::Revoked => CertificateProblem::Revoked,
        CertificateError::BadSignature => CertificateProblem::Signature,
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => CertificateProblem::Algorithm,
        CertificateError::Other(other) if other.0.downcast_ref::<NobodyTrusted>().is_some() => {
            CertificateProblem::Nobody
        }
        CertificateError::Other(other) if trust::is_authority_itself(other) => CertificateProblem::Authority,
        CertificateError::Other(other) if other.0.to_string() == "UnsupportedCertVersion" => {
            CertificateProblem::Version
        }
        _ => CertificateProblem::Other,
    }
}
