//! How a token is written where its security scheme has it.

use url::Url;

use crate::contract::Carrier;
use crate::exchange::query;

/// Shows a token in the query, in the place of one that stands there already: an address that a server gives may have one.
pub(super) fn add_to_query(carrier: &Carrier, token: &str, url: &mut Url) {
    let Carrier::Query(name) = carrier else { return };
    let others: Vec<_> = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).collect();
    let mut kept: Vec<_> = others.into_iter().filter(|pair| !query::names(pair, name)).map(str::to_owned).collect();
    let mut pair = url::form_urlencoded::Serializer::new(String::new());
    kept.push(pair.append_pair(name, token).finish());
    url.set_query(Some(&kept.join("&")));
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::add_to_query;
    use crate::contract::Carrier;

    #[test]
    fn a_token_in_the_query_takes_the_place_of_another_one_and_leaves_the_rest() {
        let carrier = Carrier::Query("key".to_owned());
        let table = [
            ("http://a/x", "http://a/x?key=a%26b"),
            ("http://a/x?y=%20&z", "http://a/x?y=%20&z&key=a%26b"),
            ("http://a/x?key=old&y=1&k%65y", "http://a/x?y=1&key=a%26b"),
        ];
        for (before, after) in table {
            let mut url = Url::parse(before).unwrap();
            add_to_query(&carrier, "a&b", &mut url);
            assert_eq!(url.as_str(), after);
        }
    }
}
