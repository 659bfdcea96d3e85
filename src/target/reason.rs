//! Why a connection could not be made, as far as the errors below the client's tell it.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::exchange::{Distrust, Trouble};

/// What the user can do something about: the certificate, or the name of the host; else only that there is no connection.
pub(super) fn of(error: &(dyn Error + 'static)) -> Trouble {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(fault)) = error.downcast_ref() {
            return Trouble::Certificate(distrust(fault));
        }
        // The type of this error is not public; its text is all that tells it.
        if error.to_string().starts_with("dns error") {
            return Trouble::Lookup;
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        // What an input error wraps is not its source, but it comes before it.
        next = wrapped.map_or_else(|| error.source(), |inner| Some(inner));
    }
    Trouble::Connect
}

fn distrust(fault: &CertificateError) -> Distrust {
    match fault {
        CertificateError::UnknownIssuer => Distrust::Issuer,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Distrust::Time,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Distrust::Name,
        _ => Distrust::Other,
    }
}
