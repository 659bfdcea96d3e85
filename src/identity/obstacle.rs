//! Why an identity service did not answer, as far as the layers below HTTP tell it.

use std::error::Error;
use std::fmt;
use std::io;

use crate::client::{distrust, hop};
use crate::exchange::{Distrust, Hop, Way};

use super::place::shown;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The name of the host has no address.
    UnknownHost,
    /// Nobody listens at the port.
    Refused,
    /// There is a proxy, and the connection ended there or behind it.
    Proxy(Hop),
    /// The certificate is not one to trust.
    Untrusted(Distrust),
    /// The port speaks something else than TLS.
    NoTls,
    /// TLS could not begin for another reason.
    Tls(String),
    /// No answer within the time.
    Timeout,
    /// The system says why the connection could not be made or broke.
    System(String),
    /// The connection ended early, or what came was no HTTP.
    NoHttp,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownHost => {
                formatter.write_str("its host has no address; is the name right, and the network there?")
            }
            Self::Refused => formatter.write_str("nobody listens there; are host and port right?"),
            Self::Proxy(hop) => hop.fmt(formatter),
            Self::Untrusted(Distrust::Issuer) => {
                write!(formatter, "its certificate {}; `cacert` (OS_CACERT) can name who issued it", Distrust::Issuer)
            }
            Self::Untrusted(Distrust::Time) => {
                write!(formatter, "its certificate {}; is the clock right?", Distrust::Time)
            }
            Self::Untrusted(why) => write!(formatter, "its certificate {why}"),
            Self::NoTls => formatter.write_str("it speaks no TLS; should the address begin with http://?"),
            Self::Tls(why) => write!(formatter, "TLS could not begin: {why}"),
            Self::Timeout => {
                formatter.write_str("it gave no answer within the time; is there a proxy or a firewall on the way?")
            }
            Self::System(why) => write!(formatter, "the connection failed: {why}"),
            Self::NoHttp => formatter.write_str(
                "the connection ended early, or the answer was no HTTP; should the address begin with https://?",
            ),
        }
    }
}

impl Obstacle {
    /// The cause that lies deepest and is known.
    pub(super) fn of(error: &reqwest::Error, way: Way) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        let mut found = None;
        while let Some(each) = cause {
            found = known(each).or(found);
            cause = each.source();
        }
        match found {
            Some(Self::Untrusted(why)) => Self::Untrusted(why),
            Some(Self::System(_)) | None if error.is_timeout() => Self::Timeout,
            _ if error.is_connect() && way != Way::Direct => Self::Proxy(hop(error, way)),
            Some(found) => found,
            // Where TLS is to begin, only its handshake can end early before there is a connection.
            None if error.is_connect() && error.url().is_some_and(|url| url.scheme() == "https") => Self::NoTls,
            None => Self::NoHttp,
        }
    }
}

fn known(cause: &(dyn Error + 'static)) -> Option<Obstacle> {
    // The resolver's own type is private; these are its words.
    if cause.to_string().starts_with("dns error") {
        return Some(Obstacle::UnknownHost);
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(of_tls(error));
    }
    cause.downcast_ref::<io::Error>().and_then(of_io)
}

/// An error of the system may be wrapped in others, which do not name it as their source.
fn of_io(error: &io::Error) -> Option<Obstacle> {
    if let Some(inner) = error.get_ref() {
        let of_tls = inner.downcast_ref::<rustls::Error>().map(of_tls);
        if let Some(found) = of_tls.or_else(|| inner.downcast_ref::<io::Error>().and_then(of_io)) {
            return Some(found);
        }
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(Obstacle::Refused),
        io::ErrorKind::TimedOut => Some(Obstacle::Timeout),
        _ => error.raw_os_error().map(|_| Obstacle::System(error.to_string())),
    }
}

fn of_tls(error: &rustls::Error) -> Obstacle {
    match error {
        rustls::Error::InvalidCertificate(error) => Obstacle::Untrusted(distrust(error)),
        rustls::Error::InvalidMessage(_) => Obstacle::NoTls,
        other => Obstacle::Tls(cut(&other.to_string())),
    }
}

/// The words of the TLS library, which may hold names from a certificate.
fn cut(text: &str) -> String {
    shown(text)
}
