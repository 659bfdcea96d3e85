//! A request as a command of bash that anybody can type: curl then sends the same method, path, body, and the same headers but for those in which a client
//! names itself. The token is never in it: it stands in `$OS_TOKEN`.

mod shell;

use shell::{Piece, pieces};

use crate::contract::{Carrier, Scheme};
use crate::exchange::{Request, TokenVariant};
use crate::http::{Endpoint, Route, RouteProxy, RouteTrust};

/// The token with its last letter in the other case, as a command.
const IN_OTHER_CASE: &str = r#"printf %s "$OS_TOKEN" | perl -pe 's/([A-Za-z])([^A-Za-z]*)$/($1 ^ " ") . $2/e'"#;

/// The token with its first letter in the other case, as a command.
const WITH_FIRST_IN_OTHER_CASE: &str = r#"printf %s "$OS_TOKEN" | perl -pe 's/([A-Za-z])/$1 ^ " "/e or $_ .= "X"'"#;

/// The token with another first character, as a command.
const WITH_OTHER_FIRST: &str = r#"printf %s "$OS_TOKEN" | sed 's/^x/y/;t;s/^./x/'"#;

/// The token with another last character, as a command.
const WITH_OTHER_LAST: &str = r#"printf %s "$OS_TOKEN" | sed 's/x$/y/;t;s/.$/x/'"#;

/// The token with another character in its middle, as a command.
const WITH_OTHER_MIDDLE: &str = r#"printf %s "$OS_TOKEN" | perl -pe '$i = int(length() / 2); substr($_, $i, 1) = substr($_, $i, 1) eq "x" ? "y" : "x"'"#;

/// The token in capitals, or longer by one where it is in capitals, as a command.
const IN_CAPITALS: &str = r#"printf %s "$OS_TOKEN" | perl -pe '$_ = uc eq $_ ? $_ . "x" : uc'"#;

/// The token from its end to its beginning, or longer by one where that is the same, as a command.
const REVERSED: &str = r#"printf %s "$OS_TOKEN" | perl -pe '$_ = reverse eq $_ ? $_ . "x" : scalar reverse'"#;

/// The token with `_` and `-` for each other, or longer by one where it has neither, as a command.
const WITH_OTHER_SEPARATORS: &str = r#"printf %s "$OS_TOKEN" | perl -pe '/[-_]/ ? y/-_/_-/ : ($_ .= "x")'"#;

/// A text of the same shape as the token, as a command.
const OF_SAME_SHAPE: &str = r#"printf %s "$OS_TOKEN" | perl -pe 'y/a-zA-Z0-9/b-zaB-ZA1-90/'"#;

/// From this length on, in bytes, some versions of curl ask before they send a body.
const LARGE: usize = 1024;

/// A text as one word of bash.
pub fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { shell::quoted(text.as_bytes()) }
}

/// Where commands send their requests, and what they show there.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// Where requests go.
    pub endpoint: &'a str,
    /// How requests show the token.
    pub scheme: Option<&'a Scheme>,
    /// Whether there is a token.
    pub has_token: bool,
    /// The way there.
    pub route: &'a Route,
}

impl Caller<'_> {
    /// The command that sends the request.
    pub fn command(&self, request: &Request) -> String {
        self.command_with(request, &[])
    }

    /// The command that sends the request, in whose path and body `{name}` stands for what the variable of the shell with this name holds.
    pub fn command_with(&self, request: &Request, names: &[&str]) -> String {
        let method = match request.method.as_str() {
            // After an answer without a body, curl would wait for one.
            "HEAD" => "--head".to_owned(),
            method if method.bytes().all(|byte| byte.is_ascii_alphanumeric()) => format!("-X {method}"),
            method => format!("-X {}", shell::quoted(method.as_bytes())),
        };
        let url = self.url(&request.path, names);
        let url = pieces(url.as_bytes(), names);
        // Brackets and braces would be patterns.
        let is_pattern =
            |piece: &Piece<'_>| matches!(piece, Piece::Bytes(bytes) if bytes.iter().any(|byte| b"[]{}".contains(byte)));
        let verbatim = if url.iter().any(is_pattern) { " -g" } else { "" };
        let mut command = format!("curl -sS -i{}{verbatim} {method} {}", self.way(), shell::address(&url));
        self.add_headers(&mut command, request);
        // The run sends no length of an empty body, and curl sends one where it is told of the body.
        if let Some(body) = request.body.as_ref().filter(|body| !body.is_empty()) {
            command.push_str(&shell::body(&pieces(body, names)));
        }
        command
    }

    /// The options that make the command go the way of the run.
    fn way(&self) -> String {
        let trust = match &self.route.trust {
            RouteTrust::Usual => String::new(),
            RouteTrust::File(path) => format!(" --cacert {}", shell::quoted(path.as_bytes())),
            // In a folder curl finds only what has a hash for its name.
            RouteTrust::Folder(path) => format!(" --cacert <(cat {}/*)", shell::quoted(path.as_bytes())),
            RouteTrust::Anybody => " --insecure".to_owned(),
        };
        let proxy = match self.route.proxy {
            RouteProxy::None => String::new(),
            RouteProxy::Ignored => " --noproxy '*'".to_owned(),
            // What the proxy says of the tunnel is no answer.
            RouteProxy::Variable(name) if self.endpoint.starts_with("https:") => {
                format!(" --proxy \"${name}\" --suppress-connect-headers")
            }
            RouteProxy::Variable(name) => format!(" --proxy \"${name}\""),
        };
        let headers = self.route.headers.iter();
        headers.fold(trust + &proxy, |way, header| way + " -H " + header)
    }

    /// The URL of a path, with `{name}` for each variable.
    fn url(&self, path: &str, names: &[&str]) -> String {
        let mut path = path.to_owned();
        // A URL holds no braces; what stands for them until it is one must be nothing that a URL would write in another way.
        let marks: Vec<_> = (0..names.len()).map(|index| format!("variable.{index}.of.the.shell")).collect();
        for (name, mark) in names.iter().zip(&marks) {
            path = path.replace(&format!("{{{name}}}"), mark);
        }
        let url = self.endpoint.parse::<Endpoint>().ok().and_then(|endpoint| endpoint.join(&path));
        let mut url = url.map_or_else(|| format!("{}{path}", self.endpoint), String::from);
        for (name, mark) in names.iter().zip(&marks) {
            url = url.replace(mark, &format!("{{{name}}}"));
        }
        url
    }

    fn add_headers(&self, command: &mut String, request: &Request) {
        let token = self.token(request.credential);
        let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
        // What is shown takes the place of a header of the same name.
        let header = self.scheme.and_then(|scheme| scheme.carrier.header());
        let carries = |name: &str| header.is_some_and(|header| is(name, header));
        for (name, value) in request.headers.iter().filter(|(name, _)| token.is_none() || !carries(name)) {
            let header = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
            command.push_str(&format!(" -H {}", shell::quoted(header.as_bytes())));
        }
        if let Some(body) = request.body.as_ref().filter(|body| !body.is_empty()) {
            // What curl would add unasked.
            let mut unasked = vec![("Content-Type", true), ("Expect", body.len() >= LARGE)];
            unasked.retain(|(name, is_added)| *is_added && !request.headers.iter().any(|(each, _)| is(each, name)));
            for (name, _) in unasked {
                command.push_str(&format!(" -H '{name}:'"));
            }
        }
        command.extend(token);
    }

    /// The options that show this credential where the security scheme has it, or elsewhere.
    fn token(&self, credential: TokenVariant) -> Option<String> {
        if let TokenVariant::Elsewhere(place) = credential {
            let carriers = place.carriers(self.scheme);
            return carriers.iter().map(|carrier| self.token_in(carrier, credential)).collect();
        }
        self.token_in(&self.scheme?.carrier, credential)
    }

    fn token_in(&self, carrier: &Carrier, credential: TokenVariant) -> Option<String> {
        let shown = self.shown(credential)?;
        let Some(header) = carrier.header() else {
            let Carrier::Query(name) = carrier else { return None };
            return Some(format!(" --url-query {}", shown.behind(&format!("{name}="))));
        };
        if let Carrier::Header(_) = carrier {
            return Some(match &shown {
                Shown::Text("") => format!(" -H '{header};'"),
                _ => format!(" -H {}", shown.behind(&format!("{header}: "))),
            });
        }
        let shown = if *carrier == Carrier::Basic { shown.in_base64() } else { shown };
        let before = format!("{header}: {}", carrier.prefix());
        let before = if let Shown::Text("") = shown { before.trim_end() } else { &before };
        Some(format!(" -H {}", shown.behind(before)))
    }

    fn shown(&self, credential: TokenVariant) -> Option<Shown> {
        let command = |command: &str| Shown::Expansion(format!("$({command})"));
        let variable = |text: &str| Shown::Expansion(text.to_owned());
        Some(match credential {
            TokenVariant::Good if self.has_token => variable("$OS_TOKEN"),
            TokenVariant::Good | TokenVariant::Absent => return None,
            TokenVariant::Empty => Shown::Text(""),
            TokenVariant::Wrong => Shown::Text("this-was-never-a-token"),
            TokenVariant::Appended => variable("${OS_TOKEN}x"),
            TokenVariant::Prepended => variable("x$OS_TOKEN"),
            TokenVariant::Shortened => variable("${OS_TOKEN%?}"),
            TokenVariant::FirstCharDropped => variable("${OS_TOKEN#?}"),
            TokenVariant::OtherFirst => command(WITH_OTHER_FIRST),
            TokenVariant::OtherLast => command(WITH_OTHER_LAST),
            TokenVariant::OtherMiddle => command(WITH_OTHER_MIDDLE),
            TokenVariant::OtherCase => command(IN_OTHER_CASE),
            TokenVariant::FirstOtherCase => command(WITH_FIRST_IN_OTHER_CASE),
            TokenVariant::Uppercase => command(IN_CAPITALS),
            TokenVariant::Reversed => command(REVERSED),
            TokenVariant::Spaced => variable("${OS_TOKEN:0:${#OS_TOKEN}/2} ${OS_TOKEN:${#OS_TOKEN}/2}"),
            TokenVariant::InQuotes => variable("\\\"$OS_TOKEN\\\""),
            TokenVariant::OtherSeparators => command(WITH_OTHER_SEPARATORS),
            TokenVariant::Padded => variable("${OS_TOKEN}="),
            TokenVariant::Listed => variable("$OS_TOKEN,x"),
            TokenVariant::BehindBearer => variable("Bearer $OS_TOKEN"),
            TokenVariant::UrlEncoded => variable("$(printf %%%02X \"'$OS_TOKEN\")${OS_TOKEN#?}"),
            TokenVariant::LikePattern => variable("${OS_TOKEN%?}_%"),
            TokenVariant::SameShape => command(OF_SAME_SHAPE),
            TokenVariant::Foreign(foreign) => Shown::Text(foreign.text()),
            TokenVariant::Elsewhere(place) => place.text().map_or_else(|| variable("$OS_TOKEN"), Shown::Text),
        })
    }
}

/// What a command shows as its token.
enum Shown {
    /// This text.
    Text(&'static str),
    /// What the shell makes of this within double quotes.
    Expansion(String),
}

impl Shown {
    /// As one word of bash, behind a text that means nothing to the shell.
    fn behind(&self, before: &str) -> String {
        match self {
            Self::Text(text) => shell::quoted(format!("{before}{text}").as_bytes()),
            Self::Expansion(text) => format!("\"{before}{text}\""),
        }
    }

    fn in_base64(self) -> Self {
        match self {
            // Nothing stays nothing.
            Self::Text("") => self,
            shown => Self::Expansion(format!("$(printf %s {} | base64 | tr -d '\\n')", shown.behind(""))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::Caller;
    use crate::contract::{Carrier, Scheme};
    use crate::exchange::{Request, TokenVariant};
    use crate::http::{Route, RouteProxy, RouteTrust};

    static HEADER: LazyLock<Scheme> = LazyLock::new(|| Scheme::carried_by(Carrier::Header("X-Auth-Token".to_owned())));

    static ROUTE: Route = Route::USUAL;

    fn caller(scheme: &Scheme) -> Caller<'_> {
        Caller { endpoint: "https://ims.example.com/", scheme: Some(scheme), has_token: true, route: &ROUTE }
    }

    fn request(method: &str, path: &str, body: Option<&str>) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: body.map(|_| ("Content-Type".to_owned(), "application/json".to_owned())).into_iter().collect(),
            body: body.map(|body| body.as_bytes().to_vec()),
            credential: TokenVariant::Good,
        }
    }

    #[test]
    fn a_command_names_the_variable_and_not_the_token() {
        insta::assert_snapshot!(
            caller(&HEADER).command(&request("POST", "/v2/images", Some("{\"name\":\"it's\"}"))),
            @r#"curl -sS -i -X POST 'https://ims.example.com/v2/images' -H 'Content-Type: application/json' -H "X-Auth-Token: $OS_TOKEN" --data-binary '{"name":"it'\''s"}'"#
        );
    }

    #[test]
    fn a_command_goes_the_way_of_the_run() {
        let file = |path: &str| RouteTrust::File(path.to_owned());
        let table = [
            (RouteTrust::Usual, RouteProxy::None, ""),
            (file("ca.pem"), RouteProxy::None, " --cacert 'ca.pem'"),
            (
                file("it's"),
                RouteProxy::Variable("https_proxy"),
                r#" --cacert 'it'\''s' --proxy "$https_proxy" --suppress-connect-headers"#,
            ),
            (RouteTrust::Folder("/a b".to_owned()), RouteProxy::None, " --cacert <(cat '/a b'/*)"),
            (RouteTrust::Anybody, RouteProxy::Ignored, " --insecure --noproxy '*'"),
        ];
        for (trust, proxy, options) in table {
            let caller = Caller { route: &Route { trust, proxy, headers: Vec::new() }, ..caller(&HEADER) };
            let command = caller.command(&request("GET", "/v2", None));
            assert!(command.starts_with(&format!("curl -sS -i{options} -X GET ")), "{command}");
        }
    }

    #[test]
    fn a_command_shows_what_a_gateway_wants_and_does_not_tell_it() {
        let headers = vec!["\"x-key: $HEADER_X_KEY\"".to_owned()];
        let caller = Caller { route: &Route { headers, ..Route::USUAL }, ..caller(&HEADER) };
        let command = caller.command(&request("GET", "/v2", None));
        assert!(command.starts_with(r#"curl -sS -i -H "x-key: $HEADER_X_KEY" -X GET "#), "{command}");
    }

    #[test]
    fn a_variable_stands_in_the_url_and_is_never_empty() {
        let caller = Caller { has_token: false, ..caller(&HEADER) };
        let url = |path: &str| {
            let command = caller.command_with(&request("GET", path, None), &["id", "run"]);
            command.trim_start_matches("curl -sS -i -X GET ").to_owned()
        };
        assert_eq!(
            url("/v2/images/{id}?name=a-{run}"),
            r#""https://ims.example.com/v2/images/${id:?}?name=a-${run:?}""#
        );
        assert_eq!(url("/v2/images/{id}$x"), r#"'https://ims.example.com/v2/images/'"${id:?}"'$x'"#);
        assert_eq!(url("/v2/images/{other}"), "'https://ims.example.com/v2/images/%7Bother%7D'");
    }

    #[test]
    fn what_curl_adds_or_reads_otherwise_is_taken_out() {
        let plain =
            Request { headers: Vec::new(), credential: TokenVariant::Absent, ..request("POST", "/a[1]", Some("x")) };
        let url = "'https://ims.example.com/a[1]'";
        assert_eq!(
            caller(&HEADER).command(&plain),
            format!("curl -sS -i -g -X POST {url} -H 'Content-Type:' --data-binary 'x'")
        );
        let large = Request { body: Some(vec![b'x'; 1024]), ..request("HEAD", "/", Some("")) };
        assert!(caller(&HEADER).command(&large).starts_with("curl -sS -i --head 'https://ims.example.com/' "));
        assert!(caller(&HEADER).command(&large).contains(" -H 'Expect:' "));
        let headers = vec![("X-Auth-Token".to_owned(), "mine".to_owned()), ("Accept".to_owned(), String::new())];
        let both = Request { headers, ..request("GET", "/", None) };
        assert!(caller(&HEADER).command(&both).ends_with(r#" -H 'Accept;' -H "X-Auth-Token: $OS_TOKEN""#));
    }

    #[test]
    fn a_command_shows_the_token_where_its_scheme_has_it() {
        let shown = |carrier: &Carrier, credential| {
            let plain = Request { credential, ..request("GET", "/v2?a=1", None) };
            let scheme = Scheme::carried_by(carrier.clone());
            let command = caller(&scheme).command(&plain);
            command.trim_start_matches("curl -sS -i -X GET 'https://ims.example.com/v2?a=1'").to_owned()
        };
        let (good, empty, wrong) = (TokenVariant::Good, TokenVariant::Empty, TokenVariant::Wrong);
        let (query, cookie) = (Carrier::Query("key".to_owned()), Carrier::Cookie("sid".to_owned()));
        let table = [
            (&Carrier::Bearer, good, r#" -H "Authorization: Bearer $OS_TOKEN""#),
            (&Carrier::Bearer, empty, " -H 'Authorization: Bearer'"),
            (&Carrier::Basic, good, r#" -H "Authorization: Basic $(printf %s "$OS_TOKEN" | base64 | tr -d '\n')""#),
            (&Carrier::Basic, TokenVariant::Absent, ""),
            (&query, good, r#" --url-query "key=$OS_TOKEN""#),
            (&query, wrong, " --url-query 'key=this-was-never-a-token'"),
            (&cookie, TokenVariant::Shortened, r#" -H "Cookie: sid=${OS_TOKEN%?}""#),
        ];
        for (carrier, credential, expected) in table {
            assert_eq!(shown(carrier, credential), expected);
        }
    }
}
