//! What a query asks of a list: that fields have these values.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// One thing that a query asks for: the name of a field, and its value as text.
pub(crate) type Filter<'a> = (Cow<'a, str>, Cow<'a, str>);

/// What the query of a path asks for, decoded.
pub(crate) fn of_path(path: &str) -> Vec<Filter<'_>> {
    pairs(path.split_once('?').map_or("", |(_, query)| query))
}

/// What a query without its question mark asks for, decoded.
pub(crate) fn pairs(query: &str) -> Vec<Filter<'_>> {
    url::form_urlencoded::parse(query.as_bytes()).collect()
}

/// Whether one part of a query, as it stands between two `&`, gives the parameter with this name.
pub(crate) fn names(pair: &str, name: &str) -> bool {
    pairs(pair).first().is_some_and(|(each, _)| each == name)
}

/// Whether a resource has this value in this field.
pub(crate) fn has(resource: &Map<String, Value>, (name, value): &Filter<'_>) -> bool {
    let text =
        |field: &Value| field.as_str().map_or_else(|| Cow::from(field.to_string()), |text| text.to_owned().into());
    resource.get(&**name).is_some_and(|field| text(field) == *value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{has, of_path};

    #[test]
    fn a_resource_has_what_a_query_asks_for_if_its_field_reads_the_same() {
        let resource = json!({"name": "a b", "protected": true, "min_disk": 7});
        let resource = resource.as_object().unwrap();
        let all = |path: &str| of_path(path).iter().map(|filter| has(resource, filter)).collect::<Vec<_>>();
        assert_eq!(all("/images?name=a%20b&protected=true&min_disk=7"), [true, true, true]);
        assert_eq!(all("/images?name=a&protected=false&owner=7"), [false, false, false]);
        assert!(all("/images").is_empty() && all("/images?").is_empty());
    }
}
