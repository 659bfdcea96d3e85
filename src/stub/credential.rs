//! What a request shows to be let in, as its security scheme has it: taken out of the request, so that nothing that is answered tells it.

use data_encoding::BASE64;

use crate::contract::{Carrier, Scheme, Security};
use crate::exchange::{Request, query};

/// Takes what the request shows for the schemes; of several that it shows, the first one that says something.
pub(super) fn take(security: &Security, request: &mut Request) -> Option<String> {
    let shown: Vec<_> = security.schemes.iter().filter_map(|scheme| shown(scheme, request)).collect();
    request.headers.retain(|(name, _)| !security.is_carried_by_header(name));
    request.path = path_without(security, &request.path);
    let first = shown.iter().find(|text| !text.is_empty()).or_else(|| shown.first());
    first.cloned()
}

/// The path without what its query shows for the schemes.
pub(super) fn path_without(security: &Security, path: &str) -> String {
    let Some((place, parameters)) = path.split_once('?') else { return path.to_owned() };
    let is_other = |pair: &&str| !security.schemes.iter().any(|scheme| is_parameter(&scheme.carrier, pair));
    let kept: Vec<_> = parameters.split('&').filter(is_other).collect();
    let mark = if kept.is_empty() { "" } else { "?" };
    format!("{place}{mark}{}", kept.join("&"))
}

fn is_parameter(carrier: &Carrier, pair: &str) -> bool {
    matches!(carrier, Carrier::Query(name) if query::names(pair, name))
}

fn shown(scheme: &Scheme, request: &Request) -> Option<String> {
    let header = |name: &str| {
        let mut headers = request.headers.iter().filter(move |(each, _)| each.eq_ignore_ascii_case(name));
        headers.next().map(|(_, value)| value.as_str())
    };
    match &scheme.carrier {
        Carrier::Header(name) => header(name).map(str::to_owned),
        Carrier::Query(name) => {
            let mut pairs = query::of_path(&request.path).into_iter();
            pairs.find(|(each, _)| each == name).map(|(_, value)| value.into_owned())
        }
        Carrier::Cookie(name) => {
            let mut cookies = header("cookie")?.split(';').filter_map(|cookie| cookie.trim().split_once('='));
            cookies.find(|(each, _)| each == name).map(|(_, value)| value.to_owned())
        }
        Carrier::Bearer => behind("bearer", header("authorization")?).map(str::to_owned),
        Carrier::Basic => {
            let text = BASE64.decode(behind("basic", header("authorization")?)?.as_bytes()).unwrap_or_default();
            Some(String::from_utf8_lossy(&text).into_owned())
        }
    }
}

/// What stands behind this word, which may be written in any case.
fn behind<'a>(word: &str, value: &'a str) -> Option<&'a str> {
    let (first, rest) = value.split_once(' ').unwrap_or((value, ""));
    first.eq_ignore_ascii_case(word).then(|| rest.trim())
}
