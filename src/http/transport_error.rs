//! Why no answer came over the wire, as far as the layers below tell it. Whoever asked says what to do about it.

use std::fmt;
use std::io;

use rustls::AlertDescription;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportError {
    /// No connection could be made.
    Connect(Hop),
    /// Nobody listens at the port.
    Refused,
    /// The system says why no connection could be made.
    System(io::ErrorKind),
    /// The port speaks something else than TLS.
    NoTls,
    /// TLS could not begin for another reason.
    Tls(Handshake),
    /// No connection could be made within the time.
    ConnectTimeout(Way),
    /// Nobody knows an address for the host's name.
    Lookup,
    /// The server's certificate is not to be trusted.
    Certificate(CertificateProblem, Way),
    /// No answer, or no end of one, within the time.
    Timeout(Way),
    /// The connection, which may have been there for longer, was closed before any answer came.
    Closed(Way),
    /// The connection broke, or what came was no HTTP.
    Broken(Way),
    /// The answer was larger than what is read of one.
    TooLarge,
    /// The answer was compressed, or encoded in another way that was not asked for.
    Encoded,
}

/// What a connection goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Nothing that this program knows of.
    Direct,
    /// The proxy that this variable names.
    Proxy(&'static str),
}

/// Where a connection ended that could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hop {
    /// At the endpoint itself.
    Endpoint,
    /// At the proxy that this variable names.
    Proxy(&'static str),
    /// At the proxy, which wants to know who asks.
    ProxyLogin(&'static str),
    /// Behind the proxy, which was reached.
    BehindProxy(&'static str),
}

/// Why TLS could not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handshake {
    /// The server ended it with the alert of this number.
    Alert(u8),
    /// The server speaks no version, or offers nothing else, that is taken here.
    Incompatible,
    /// The server broke the rules, or something else went wrong.
    Failed,
}

/// Why a certificate is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateProblem {
    /// No authority that is trusted here has issued it.
    Issuer,
    /// Its time is over, or has not come.
    Time,
    /// It is for another host.
    Name,
    /// It is one of an authority, which vouches for others and not for itself.
    Authority,
    /// It has a form of long ago.
    Version,
    /// It is signed in a way that is not safe, or not known here.
    Algorithm,
    /// Its signature is wrong.
    Signature,
    /// Its authority took it back.
    Revoked,
    /// No authority is trusted here at all.
    Nobody,
    /// Anything else.
    Other,
}

impl fmt::Display for CertificateProblem {
    /// What is wrong with the certificate, after its name.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Issuer => "is not issued by an authority that is trusted here",
            Self::Time => "has expired, or is not valid yet",
            Self::Name => "is for another host",
            Self::Authority => {
                "is one of an authority, which does not vouch for itself; a cacert that holds this very certificate does"
            }
            Self::Version => "is of an old version of X.509, which says of no host that it is meant; it must be of version 3",
            Self::Algorithm => "is signed in a way that is not taken here, such as SHA-1",
            Self::Signature => "has a wrong signature",
            Self::Revoked => "was revoked by its authority",
            Self::Nobody => {
                "cannot be checked: SSL_CERT_FILE or SSL_CERT_DIR holds no authority to trust; a cacert names one"
            }
            Self::Other => "is not to be trusted",
        })
    }
}

impl TransportError {
    /// Whether the request may have been dealt with, and only its answer is missing.
    pub fn is_lost(self) -> bool {
        match self {
            Self::Timeout(_) | Self::Closed(_) | Self::Broken(_) | Self::TooLarge | Self::Encoded => true,
            Self::ConnectTimeout(_)
            | Self::Lookup
            | Self::Certificate(..)
            | Self::Connect(_)
            | Self::Refused
            | Self::System(_)
            | Self::NoTls
            | Self::Tls(_) => false,
        }
    }

    /// Whether there was no connection, and the next attempt may find one.
    pub fn is_unconnected(self) -> bool {
        match self {
            Self::Connect(_) | Self::Refused | Self::System(_) | Self::NoTls | Self::Tls(_) => true,
            Self::ConnectTimeout(_)
            | Self::Lookup
            | Self::Certificate(..)
            | Self::Timeout(_)
            | Self::Closed(_)
            | Self::Broken(_)
            | Self::TooLarge
            | Self::Encoded => false,
        }
    }
}

impl fmt::Display for Way {
    /// What follows the words about a connection that failed; nothing where there is no proxy.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => Ok(()),
            Self::Proxy(variable) => write!(formatter, ", through the proxy that {variable} names"),
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint => formatter.write_str("no connection could be made"),
            Self::Proxy(variable) => {
                write!(formatter, "no connection could be made to the proxy that {variable} names")
            }
            Self::ProxyLogin(variable) => {
                write!(formatter, "the proxy that {variable} names does not take the user and password of its address")
            }
            Self::BehindProxy(variable) => {
                write!(formatter, "the proxy that {variable} names was reached, and made no connection to the endpoint")
            }
        }
    }
}

impl fmt::Display for Handshake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(number) => write!(formatter, "the server sent the alert {:?}", AlertDescription::from(*number)),
            Self::Incompatible => formatter.write_str("the server offers nothing that is taken here"),
            Self::Failed => formatter.write_str("its handshake failed"),
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(hop) => hop.fmt(formatter),
            Self::Refused => formatter.write_str("no connection could be made: nobody listens there"),
            Self::System(kind) => write!(formatter, "no connection could be made: {kind}"),
            Self::NoTls => formatter.write_str("no connection could be made: TLS is not spoken there"),
            Self::Tls(why) => write!(formatter, "no connection could be made: TLS could not begin, {why}"),
            Self::ConnectTimeout(way) => write!(formatter, "no connection could be made within the time{way}"),
            Self::Lookup => formatter.write_str("nobody knows an address for the name of the host"),
            Self::Certificate(problem, way) => write!(formatter, "the server's certificate {problem}{way}"),
            Self::Timeout(way) => write!(formatter, "no complete answer within the time{way}"),
            Self::Closed(way) => write!(formatter, "the connection broke before any answer came{way}"),
            Self::Broken(way) => write!(formatter, "the connection broke, or the answer was no HTTP{way}"),
            Self::TooLarge => formatter.write_str("the answer was larger than what is read of one"),
            Self::Encoded => {
                formatter.write_str("the answer was compressed, or encoded in another way that was not asked for")
            }
        }
    }
}
