//! HTTP as a client, for whoever speaks it: to the target, and to an identity service. An endpoint, how connections to it are made, what goes over them, and
//! why nothing came back. It knows nothing of what is asked, and follows no redirect, so that no secret follows it either.

mod endpoint;
mod extra;
mod pauses;
mod proxy;
mod reason;
mod route;
mod transport;
mod transport_error;
mod trust;
mod wire;

pub use endpoint::{Endpoint, EndpointError};
pub use extra::ExtraHeader;
pub(crate) use pauses::pauses;
pub use proxy::{NoProxy, Proxy};
pub(crate) use reqwest::header::HeaderName;
pub use route::{Route, RouteProxy, RouteTrust};
pub use transport::{ClientError, Transport};
pub use transport_error::{CertificateProblem, Handshake, Hop, TransportError, Way};
pub use trust::{Authorities, AuthoritiesError};
pub use wire::Client;
pub(crate) use wire::{Outgoing, Prepared, RawResponse};
