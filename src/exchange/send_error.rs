//! Why a request has no answer: it was not sent, it did not get there, or nothing that could be read came back. None of it says anything about the contract.

use std::fmt;

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

/// Why there is no answer; it says nothing about the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendError {
    /// No connection could be made.
    Connect(Hop),
    /// No connection could be made within the time.
    ConnectTimeout(Way),
    /// Nobody knows an address for the host's name.
    Lookup,
    /// The server's certificate is not to be trusted.
    Certificate(Distrust, Way),
    /// No answer, or no end of one, within the time.
    Timeout(Way),
    /// The connection, which may have been there for longer, was closed before any answer came.
    Closed(Way),
    /// The connection broke, or what came was no HTTP.
    Broken(Way),
    /// The answer was larger than the cap.
    TooLarge,
    /// The answer was compressed, or encoded in another way that was not asked for.
    Encoded,
    /// The request needs a value that an earlier answer did not give.
    NothingCaptured,
    /// It was not sent: the budget of requests is spent.
    Budget,
    /// It was not sent: the ledger could not be written, so that a sweep would not have known of it.
    Ledger,
    /// It was not sent: it would change or remove what is not provably this run's.
    NotOwn(NotOwn),
    /// It was not sent: an earlier answer gave a value for its path that is not one segment of a path.
    NoSegment,
    /// It was not sent: the run was stopped, or its time was over.
    Halted,
    /// It was sent, and its answer not waited for: the run was stopped, or its time was over.
    CutShort,
}

/// Why a thing is not provably this run's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotOwn {
    /// It was there before the run.
    ThereBefore,
    /// The target gave its id to two creations.
    GivenTwice,
    /// No answer of this run told of it.
    NeverGiven,
    /// An answer gave its id, but what was there before is not known, and a read does not show the mark of this run.
    Unproven,
}

/// Why a certificate is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distrust {
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

impl fmt::Display for Distrust {
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

impl SendError {
    /// Whether the request may have been dealt with, and only its answer is missing.
    pub fn is_lost(self) -> bool {
        match self {
            Self::Timeout(_) | Self::Closed(_) | Self::Broken(_) | Self::TooLarge | Self::Encoded | Self::CutShort => {
                true
            }
            Self::Connect(_)
            | Self::ConnectTimeout(_)
            | Self::Lookup
            | Self::Certificate(..)
            | Self::NothingCaptured
            | Self::Budget
            | Self::Ledger
            | Self::NotOwn(_)
            | Self::NoSegment
            | Self::Halted => false,
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

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Connect(hop) => return hop.fmt(formatter),
            Self::ConnectTimeout(way) => {
                return write!(formatter, "no connection could be made within the time{way}");
            }
            Self::Certificate(distrust, way) => return write!(formatter, "the server's certificate {distrust}{way}"),
            Self::Lookup => "nobody knows an address for the name of the host",
            Self::Closed(way) => return write!(formatter, "the connection broke before any answer came{way}"),
            Self::Timeout(way) => return write!(formatter, "no complete answer within the time{way}"),
            Self::Broken(way) => return write!(formatter, "the connection broke, or the answer was no HTTP{way}"),
            Self::TooLarge => "the answer was larger than the cap",
            Self::Encoded => "the answer was compressed, or encoded in another way that was not asked for",
            Self::NothingCaptured => "an earlier answer did not give the value that this request needs",
            Self::Budget => "not sent, as --max-requests are spent",
            Self::Ledger => "not sent, as the ledger cannot be written",
            Self::NotOwn(NotOwn::ThereBefore) => "not sent, as the id was there before the run",
            Self::NotOwn(NotOwn::GivenTwice) => "not sent, as the target gave this id twice",
            Self::NotOwn(NotOwn::NeverGiven) => "not sent, as no answer of this run gave this id",
            Self::NotOwn(NotOwn::Unproven) => {
                "not sent, as nothing proves that it is this run's: the list before the run is not known, and a read does not show its mark"
            }
            Self::NoSegment => "not sent, as an earlier answer gave a value that is not one segment of a path",
            Self::Halted => "not sent, as the run was stopped, or its time was over",
            Self::CutShort => "not waited for, as the run was stopped, or its time was over",
        })
    }
}
