//! The address of an API, in all the forms that people have it: with and without a path prefix, a final slash, the version.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// The root that paths of the contract are joined to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    root: Url,
}

/// Why a text is no endpoint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EndpointError {
    /// No URL at all.
    #[error("no URL: {0}; an endpoint looks like https://ims.example.com")]
    Url(#[from] url::ParseError),
    /// Neither http nor https.
    #[error("the scheme is `{0}`; an endpoint begins with http:// or https://")]
    Scheme(String),
    /// A password in the URL would end up in every report.
    #[error("an endpoint holds no user and no password; give a token instead")]
    Userinfo,
    /// A query cannot be joined to a path.
    #[error("an endpoint holds no query and no fragment")]
    Query,
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let root = Url::parse(text)?;
        if !matches!(root.scheme(), "http" | "https") {
            return Err(EndpointError::Scheme(root.scheme().to_owned()));
        }
        if !root.username().is_empty() || root.password().is_some() {
            return Err(EndpointError::Userinfo);
        }
        if root.query().is_some() || root.fragment().is_some() {
            return Err(EndpointError::Query);
        }
        Ok(Self { root })
    }
}

impl Endpoint {
    /// The URL of a path. Where the path begins with a version, one that ends the endpoint gives way to it.
    pub fn join(&self, path: &str) -> Option<Url> {
        let prefix = self.root.path().trim_end_matches('/');
        let first = path.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
        let prefix = match prefix.rsplit_once('/') {
            Some((rest, last)) if is_version(first) && is_version(last) => rest,
            _ => prefix,
        };
        let mut text = self.root[..url::Position::BeforePath].to_owned();
        text.push_str(prefix.trim_end_matches('/'));
        text.push_str(path);
        Url::parse(&text).ok()
    }

    /// The endpoint of a target inside this process.
    pub(crate) fn nowhere() -> Self {
        Self { root: Url::from_directory_path("/").unwrap_or_else(|()| unreachable!("the root is a directory")) }
    }

    /// What everything is joined to.
    pub(super) fn root(&self) -> &Url {
        &self.root
    }

    /// Whether others on the way can read what is sent.
    pub fn is_exposed(&self) -> bool {
        self.root.scheme() == "http" && !self.is_loopback()
    }

    /// Whether requests stay on this machine.
    pub fn is_loopback(&self) -> bool {
        match self.root.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

/// Whether a segment of a path is a version: `v2`, `v2.1`.
fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix('v').unwrap_or_default();
    number.starts_with(|first: char| first.is_ascii_digit())
        && number.chars().all(|each| each.is_ascii_digit() || each == '.')
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.root.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, EndpointError};

    #[test]
    fn a_path_is_joined_to_every_form_of_endpoint() {
        let table = [
            ("https://ims.example.com", "https://ims.example.com/v2/images"),
            ("https://ims.example.com/", "https://ims.example.com/v2/images"),
            ("https://ims.example.com/v2", "https://ims.example.com/v2/images"),
            ("https://ims.example.com/v2/", "https://ims.example.com/v2/images"),
            ("https://ims.example.com:8443/image", "https://ims.example.com:8443/image/v2/images"),
            ("https://ims.example.com/image/v2/", "https://ims.example.com/image/v2/images"),
            ("https://ims.example.com/xv2", "https://ims.example.com/xv2/v2/images"),
        ];
        for (endpoint, expected) in table {
            let endpoint: Endpoint = endpoint.parse().unwrap();
            assert_eq!(endpoint.join("/v2/images").unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_path_of_another_version_is_joined_beside_that_of_the_endpoint() {
        let endpoint: Endpoint = "https://ims.example.com/image/v2".parse().unwrap();
        assert_eq!(endpoint.join("/v1/quota").unwrap().as_str(), "https://ims.example.com/image/v1/quota");
    }

    #[test]
    fn a_query_survives_the_joining() {
        let endpoint: Endpoint = "http://127.0.0.1:1/v2".parse().unwrap();
        assert_eq!(endpoint.join("/v2/images?name=a").unwrap().as_str(), "http://127.0.0.1:1/v2/images?name=a");
    }

    #[test]
    fn a_password_is_no_part_of_an_endpoint() {
        assert_eq!("https://a:b@example.com".parse::<Endpoint>(), Err(EndpointError::Userinfo));
        assert_eq!("ftp://example.com".parse::<Endpoint>(), Err(EndpointError::Scheme("ftp".to_owned())));
        assert_eq!("https://example.com/?a=b".parse::<Endpoint>(), Err(EndpointError::Query));
        assert!("example".parse::<Endpoint>().is_err());
    }
}
