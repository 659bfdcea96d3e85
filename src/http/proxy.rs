//! The proxy between this machine and an endpoint, as the environment names it. Every message about a connection that failed must say that there was one.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::route::RouteProxy;

/// A proxy, and the variable that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// The variable.
    pub variable: &'static str,
    /// Where it is; without the user and the password that the variable may hold.
    pub address: String,
}

impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the proxy {} of {}", self.address, self.variable)
    }
}

/// A variable that names a proxy and is no address of one. What it holds is not shown: a password may be in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{variable} is no address of a proxy; one looks like http://proxy.example.com:3128 or socks5h://127.0.0.1:1080, and an empty one stands for none"
)]
pub struct NoProxy {
    /// The variable.
    pub variable: &'static str,
}

/// The variables for what goes over plain HTTP, for what is encrypted, and for both; of a pair the first one counts.
const HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
const HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const ALL: [&str; 2] = ["ALL_PROXY", "all_proxy"];

/// The proxy for this address, if there is one; an error where a variable that counts here cannot be read.
pub(super) fn of(url: &Url) -> Result<Option<Proxy>, NoProxy> {
    let own = if url.scheme() == "https" { HTTPS } else { HTTP };
    let set = |names: [&'static str; 2]| names.into_iter().find(|name| std::env::var_os(name).is_some());
    let (mut variable, mut seen) = (None, None);
    for name in [own, ALL].into_iter().filter_map(set) {
        let text = std::env::var(name).map_err(|_| NoProxy { variable: name })?;
        if text.is_empty() {
            continue;
        }
        if !is_address(&text) {
            return Err(NoProxy { variable: name });
        }
        variable = variable.or(Some(name));
    }
    if let Some(variable) = variable {
        let uri = url.as_str().parse().ok();
        let found = uri.and_then(|uri| Matcher::from_env().intercept(&uri));
        seen = found.map(|found| Proxy { variable, address: found.uri().to_string().trim_end_matches('/').to_owned() });
    }
    Ok(seen)
}

/// What another client must be told, where this proxy is gone through, or none: it may read the variables in another order, and also for this machine.
pub(super) fn route(proxy: Option<&Proxy>) -> RouteProxy {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match proxy {
        Some(proxy) => RouteProxy::Variable(proxy.variable),
        None if [HTTP, HTTPS, ALL].as_flattened().iter().any(is_set) => RouteProxy::Ignored,
        None => RouteProxy::None,
    }
}

/// Whether the library takes a text for a proxy, and its port is one.
fn is_address(text: &str) -> bool {
    let everywhere = "http://a.example".parse().ok();
    let found = everywhere.and_then(|uri| Matcher::builder().all(text).build().intercept(&uri));
    found.is_some_and(|found| {
        let authority = found.uri().authority().map_or("", |authority| authority.as_str());
        let names_a_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        found.uri().host().is_some_and(|host| !host.is_empty()) && (!names_a_port || found.uri().port_u16().is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn an_address_of_a_proxy_is_one_that_can_be_gone_to() {
        for text in [
            "http://p:3128",
            "p:3128",
            "p",
            "socks5h://127.0.0.1:1080",
            "http://me:word@p:1",
            "https://[::1]:1",
            "http://[::1]",
        ] {
            assert!(is_address(text), "{text}");
        }
        for text in [
            "ftp://p",
            "http://",
            "not a proxy",
            "http://p:port",
            "http://p:99999",
            "http://p:1\r",
            "://",
            "http://:80",
        ] {
            assert!(!is_address(text), "{text}");
        }
    }
}
