//! How a caller proves who they are: the security schemes of OpenAPI, as far as one text is shown with each request.

use data_encoding::BASE64;

use super::read_schema::named;
use super::wire;
use crate::document::{Errors, Node, SourceError};

/// The security schemes of a contract, of which one is enough. Without any, nobody is asked.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// The schemes in the order of the contract; a run shows what the first one asks for, where nobody chooses another.
    pub schemes: Vec<Scheme>,
}

/// One security scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Its name in the contract.
    pub name: String,
    /// Where a request shows the token.
    pub carrier: Carrier,
    /// What the documentation says of it.
    pub description: String,
    /// Headers in which the same services have other tokens, so that a good one there is not enough.
    pub related_headers: Vec<String>,
}

/// Where a request shows its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// In a header of this name, as it is.
    Header(String),
    /// In this parameter of the query.
    Query(String),
    /// In this cookie.
    Cookie(String),
    /// In the header Authorization, behind the word Bearer.
    Bearer,
    /// In the header Authorization, behind the word Basic: a user, a colon and a password, in Base64.
    Basic,
}

impl Scheme {
    /// A scheme without a name, of a token that stands here.
    pub fn carried_by(carrier: Carrier) -> Self {
        Self { name: String::new(), carrier, description: String::new(), related_headers: Vec::new() }
    }
}

impl Security {
    /// Whether nobody is asked who they are.
    pub fn is_open(&self) -> bool {
        self.schemes.is_empty()
    }

    /// The scheme with this name; without a name the first one.
    pub fn scheme(&self, name: Option<&str>) -> Option<&Scheme> {
        match name {
            Some(name) => self.schemes.iter().find(|scheme| scheme.name == name),
            None => self.schemes.first(),
        }
    }

    /// Whether a header of this name may carry the token.
    pub fn is_carried_by_header(&self, name: &str) -> bool {
        let mut headers = self.schemes.iter().filter_map(|scheme| scheme.carrier.header());
        headers.any(|header| header.eq_ignore_ascii_case(name))
    }

    /// Whether a parameter of the query may carry the token.
    pub fn is_carried_by_parameter(&self, name: &str) -> bool {
        self.schemes.iter().any(|scheme| matches!(&scheme.carrier, Carrier::Query(each) if each == name))
    }

    /// The rule in words.
    pub(super) fn text(&self) -> String {
        let ways: Vec<_> = self.schemes.iter().map(|scheme| scheme.carrier.text()).collect();
        format!("a request without a good token in {} is refused", ways.join(" or in "))
    }
}

impl Carrier {
    /// The header that carries the token, if one does.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Header(name) => Some(name),
            Self::Cookie(_) => Some("Cookie"),
            Self::Bearer | Self::Basic => Some("Authorization"),
            Self::Query(_) => None,
        }
    }

    /// What the header says behind which the token stands: `Bearer `.
    pub fn prefix(&self) -> String {
        match self {
            Self::Header(_) | Self::Query(_) => String::new(),
            Self::Cookie(name) => format!("{name}="),
            Self::Bearer => "Bearer ".to_owned(),
            Self::Basic => "Basic ".to_owned(),
        }
    }

    /// What the header says for a token.
    pub fn header_value(&self, token: &str) -> String {
        let text = match self {
            Self::Basic => BASE64.encode(token.as_bytes()),
            Self::Header(_) | Self::Query(_) | Self::Cookie(_) | Self::Bearer => token.to_owned(),
        };
        // A word without a token behind it ends there: blanks at the end are no part of a header.
        format!("{}{text}", self.prefix()).trim_end().to_owned()
    }

    /// Where the token stands, in words.
    pub fn text(&self) -> String {
        match self {
            Self::Header(name) => name.clone(),
            Self::Query(name) => format!("the parameter {name} of the query"),
            Self::Cookie(name) => format!("the cookie {name}"),
            Self::Bearer => "Authorization, as a bearer token".to_owned(),
            Self::Basic => "Authorization, as a user and a password".to_owned(),
        }
    }

    /// What a token must be like, beside one word, where it is not like that.
    pub fn refusal(&self, token: &str) -> Option<&'static str> {
        match self {
            Self::Basic if !token.contains(':') => Some("a user, a colon and a password, as they are"),
            Self::Cookie(_) if token.contains(['"', ',', ';', '\\']) => Some("what a cookie can hold"),
            _ => None,
        }
    }
}

/// Reads `components.securitySchemes` and `security`, which belong together.
pub(super) fn read(
    schemes: Option<&Node>,
    required: Option<&Node>,
    components: &Node,
) -> Result<Security, SourceError> {
    let (mut known, mut errors) = (Vec::new(), Errors::default());
    for (key, name, node) in schemes.map(Node::entries).transpose()?.into_iter().flatten() {
        known.extend(errors.keep(read_scheme(name, node)).map(|scheme| (key, scheme)));
    }
    errors.finish()?;
    let mut security = Security::default();
    for requirement in required.map_or(Ok(&[][..]), Node::items)? {
        let name = only_name(requirement)?;
        let text = name.0;
        let Some((_, scheme)) = known.iter().find(|(_, scheme)| scheme.name == text) else {
            let error = name.1.error(format!("`{text}` is no security scheme of this file"));
            return Err(error.with_nearest(text, known.iter().map(|(_, scheme)| scheme.name.as_str())));
        };
        if security.schemes.contains(scheme) {
            return Err(name.1.error(format!("`{text}` is named twice")));
        }
        security.schemes.push(scheme.clone());
    }
    match known.iter().find(|(_, scheme)| !security.schemes.contains(scheme)) {
        Some((key, scheme)) => {
            let error = key.error(format!("nothing asks for the security scheme `{}`", scheme.name));
            Err(error.with_hint(format!("`security: [{{{}: []}}]` does", scheme.name)))
        }
        None if schemes.is_some() && known.is_empty() => {
            Err(schemes.unwrap_or(components).error("there is no scheme here; leave the key out"))
        }
        None => Ok(security),
    }
}

/// The one scheme that a requirement names.
fn only_name(requirement: &Node) -> Result<(&str, &Node), SourceError> {
    let names: Vec<_> = requirement.entries()?.collect();
    match names[..] {
        [(key, name, scopes)] if scopes.items()?.is_empty() => Ok((name, key)),
        [(_, _, scopes)] => Err(scopes.error("scopes cannot be honoured").with_hint("leave the list empty")),
        [] => {
            let error = requirement.error("a credential that may be left out cannot be honoured");
            Err(error.with_hint("where nobody is asked for one, leave `security` out"))
        }
        _ => {
            let error = requirement.error("two schemes that are needed together cannot be honoured");
            Err(error.with_hint("where one of them is enough, each is an item of its own"))
        }
    }
}

/// Where an API key stands, and what carries it there.
type Place = (&'static str, fn(String) -> Carrier);

fn read_scheme(name: &str, node: &Node) -> Result<Scheme, SourceError> {
    let mut fields = node.fields()?;
    let kind = fields.required("type")?;
    let carrier = match kind.text()? {
        "apiKey" => {
            let place = fields.required("in")?;
            let key = fields.required("name")?;
            let text = key.words()?;
            // A cookie's name, and a parameter's that needs no escape, are such a word too.
            wire::header_name(key, &text)?;
            let carriers: [Place; 3] =
                [("header", Carrier::Header), ("query", Carrier::Query), ("cookie", Carrier::Cookie)];
            named(place, &carriers)?(text)
        }
        "http" => {
            let bearer = [("bearer", true), ("Bearer", true), ("basic", false), ("Basic", false)];
            let is_bearer = named(fields.required("scheme")?, &bearer)?;
            if is_bearer {
                fields.optional("bearerFormat").map(Node::words).transpose()?;
            }
            if is_bearer { Carrier::Bearer } else { Carrier::Basic }
        }
        "oauth2" | "openIdConnect" => {
            let error = kind.error("a login cannot be honoured");
            return Err(error.with_hint("what comes of it is a token: `type: http`, `scheme: bearer`"));
        }
        other => {
            let error = kind.error(format!("`{other}` is not known here"));
            return Err(error.with_hint("known here: apiKey, http"));
        }
    };
    let description = fields.required("description")?.words()?;
    let related_headers = fields.optional("x-related-headers").map(|node| related(node, &carrier)).transpose()?;
    fields.finish()?;
    Ok(Scheme { name: name.to_owned(), carrier, description, related_headers: related_headers.unwrap_or_default() })
}

/// The headers in which a good token is not enough.
fn related(node: &Node, carrier: &Carrier) -> Result<Vec<String>, SourceError> {
    let items = node.items()?;
    if items.is_empty() {
        return Err(node.error("there is no header here; leave the key out"));
    }
    let mut names = Vec::<String>::new();
    for item in items {
        let text = item.words()?;
        wire::header_name(item, &text)?;
        if carrier.header().is_some_and(|header| header.eq_ignore_ascii_case(&text)) {
            return Err(item.error(format!("`{text}` is where the token belongs")));
        }
        if names.iter().any(|name| name.eq_ignore_ascii_case(&text)) {
            return Err(item.error(format!("`{text}` is named twice")));
        }
        names.push(text);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::Carrier;

    #[test]
    fn a_token_stands_where_its_scheme_has_it() {
        let table = [
            (Carrier::Header("X-Key".to_owned()), "me:it", "me:it"),
            (Carrier::Bearer, "me:it", "Bearer me:it"),
            (Carrier::Bearer, "", "Bearer"),
            (Carrier::Basic, "me:it", "Basic bWU6aXQ="),
            (Carrier::Cookie("sid".to_owned()), "me:it", "sid=me:it"),
            (Carrier::Cookie("sid".to_owned()), "", "sid="),
        ];
        for (carrier, token, expected) in table {
            assert_eq!(carrier.header_value(token), expected, "{carrier:?}");
        }
    }
}
