//! What to do where an identity service gave no answer.

use crate::http::{CertificateProblem, TransportError};

/// What is wrong with the service, and what may mend it; follows its address.
pub(super) fn told(error: TransportError) -> String {
    match error {
        TransportError::Lookup => "its host has no address; is the name right, and the network there?".to_owned(),
        TransportError::Refused => "nobody listens there; are host and port right?".to_owned(),
        TransportError::Certificate(CertificateProblem::Issuer, _) => {
            format!("its certificate {}; `cacert` (OS_CACERT) can name who issued it", CertificateProblem::Issuer)
        }
        TransportError::Certificate(CertificateProblem::Time, _) => {
            format!("its certificate {}; is the clock right?", CertificateProblem::Time)
        }
        TransportError::Certificate(why, _) => format!("its certificate {why}"),
        TransportError::NoTls => "it speaks no TLS; should the address begin with http://?".to_owned(),
        TransportError::Tls(why) => format!("TLS could not begin, {why}"),
        TransportError::ConnectTimeout(_) | TransportError::Timeout(_) => {
            "it gave no answer within the time; is there a proxy or a firewall on the way?".to_owned()
        }
        TransportError::System(why) => format!("the connection failed: {why}"),
        TransportError::Closed(_) | TransportError::Broken(_) => {
            "the connection ended early, or the answer was no HTTP; should the address begin with https://?".to_owned()
        }
        TransportError::TooLarge => "its body has no end; is auth_url the address of a Keystone?".to_owned(),
        TransportError::Connect(_) | TransportError::Encoded => error.to_string(),
    }
}
