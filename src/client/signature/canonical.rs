//! The canonical form of a request: one text for all the ways to write the same one. It is what a signature signs, so every byte of it counts.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::{Signable, sha256};

/// What is encoded in a query: all but letters, digits and `-._~`.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is encoded in a path: the same, but for what separates its segments.
const IN_PATH: &AsciiSet = &IN_QUERY.remove(b'/');

/// The canonical form of a request with these signed headers, themselves canonical and sorted.
pub(super) fn request(request: &Signable<'_>, headers: &[(String, String)]) -> String {
    let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let parts = [
        request.method.to_ascii_uppercase(),
        path(request.url),
        query(request.url),
        lines.concat(),
        names(headers),
        sha256(request.body),
    ];
    parts.join("\n")
}

/// The canonical form of a header: the name in lower case, the value without the blanks around it, which do not survive the way.
pub(super) fn header(name: &str, value: &str) -> (String, String) {
    (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned())
}

/// The names of the signed headers.
pub(super) fn names(headers: &[(String, String)]) -> String {
    headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";")
}

/// The path, decoded and encoded anew, so that `%7E` and `~` are one, with a slash at its end. An encoded slash becomes a plain one, and bytes that are no
/// UTF-8 become the sign for that, as in the vendors' own implementations.
fn path(url: &Url) -> String {
    let plain = percent_decode_str(url.path()).decode_utf8_lossy();
    let mut path = utf8_percent_encode(&plain, IN_PATH).to_string();
    if !path.ends_with('/') {
        path.push('/');
    }
    path
}

/// The parameters, decoded as a form (`+` is a blank), sorted by name and value as they read plain, and encoded anew; each has an `=`.
fn query(url: &Url) -> String {
    let mut parameters: Vec<_> = url.query_pairs().collect();
    parameters.sort();
    let encode = |text| utf8_percent_encode(text, IN_QUERY);
    let texts = parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    texts.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{Signable, path, query, request, sha256};

    fn url(path_and_query: &str) -> Url {
        Url::parse(&format!("https://ims.example.com{path_and_query}")).unwrap()
    }

    #[test]
    fn the_published_example_has_the_published_hash() {
        let url = Url::parse(
            "https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs\
             ?marker=13551d6b-755d-4757-b956-536f674975c0&limit=2",
        );
        let headers = [
            ("content-type", "application/json"),
            ("host", "service.region.example.com"),
            ("x-sdk-date", "20191115T033655Z"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let example = Signable { method: "GET", url: &url.unwrap(), headers: &[], body: b"" };
        let expected = "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a";
        assert_eq!(sha256(request(&example, &headers).as_bytes()), expected);
    }

    #[test]
    fn one_path_has_one_form() {
        let table = [
            ("", "/"),
            ("/v2/images", "/v2/images/"),
            ("/v2/images/", "/v2/images/"),
            ("/a//b", "/a//b/"),
            ("/zwölf", "/zw%C3%B6lf/"),
            ("/zw%c3%b6lf", "/zw%C3%B6lf/"),
            ("/%7E~%2D-", "/~~--/"),
            ("/a+b%20c", "/a%2Bb%20c/"),
            ("/a%2Fb", "/a/b/"),
            ("/100%25", "/100%25/"),
            ("/a%zz", "/a%25zz/"),
            ("/%FF", "/%EF%BF%BD/"),
        ];
        for (written, expected) in table {
            assert_eq!(path(&url(written)), expected, "{written}");
        }
    }

    #[test]
    fn one_query_has_one_form() {
        let table = [
            ("", ""),
            ("?", ""),
            ("?b=2&a=1", "a=1&b=2"),
            ("?a=2&a=1", "a=1&a=2"),
            ("?a&b=", "a=&b="),
            ("?a=1&&b=2", "a=1&b=2"),
            ("?a=x+y%20z%2B", "a=x%20y%20z%2B"),
            ("?a=b=c", "a=b%3Dc"),
            ("?a=~%7E*'", "a=~~%2A%27"),
            ("?é=1&z=2", "z=2&%C3%A9=1"),
        ];
        for (written, expected) in table {
            assert_eq!(query(&url(written)), expected, "{written}");
        }
    }
}
