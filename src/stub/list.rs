//! What the stub lists: what a query asks for by the parameters of the contract, in the order and in the portions that it asks for.
//!
//! A key that the contract does not know asks for nothing, as services have it. Behind a marker that is nobody's id there is nothing.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

use crate::contract::{Contract, Listing, QueryPurpose, QueryType};
use crate::exchange::query::{self, Filter};

/// One page.
pub(super) struct Page<'a> {
    pub items: Vec<&'a Map<String, Value>>,
    /// The query that leads to the next one.
    pub next: Option<String>,
}

/// What a query asks for, put together.
#[derive(Default)]
struct Asked<'a> {
    filters: Vec<Filter<'a>>,
    sort: Vec<(Cow<'a, str>, Option<Direction>)>,
    directions: Vec<Direction>,
    limit: Option<usize>,
    marker: Option<Cow<'a, str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// A value that its parameter cannot have; the name of the parameter.
pub(super) struct Refused(pub String);

/// The page of the resources, each with its id, that the query of a path asks for.
pub(super) fn page<'a>(
    contract: &Contract,
    listing: &Listing,
    path: &str,
    resources: impl Iterator<Item = (&'a String, &'a Map<String, Value>)>,
) -> Result<Page<'a>, Refused> {
    let pairs = query::of_path(path);
    let asked = Asked::read(contract, listing, &pairs)?;
    let unlisted = unlisted(listing, &pairs);
    let is_listed = |resource: &Map<String, Value>| {
        asked.filters.iter().all(|filter| has(resource, filter))
            && !unlisted.iter().any(|filter| query::has(resource, filter))
    };
    let mut found: Vec<_> = resources.filter(|(_, resource)| is_listed(resource)).collect();
    asked.sort(&mut found);
    let begin = match &asked.marker {
        None => 0,
        Some(marker) => found.iter().position(|(id, _)| *id == marker).map_or(found.len(), |at| at + 1),
    };
    let mut rest = found.split_off(begin.min(found.len()));
    let is_more = asked.limit.is_some_and(|limit| rest.len() > limit && limit > 0);
    rest.truncate(asked.limit.unwrap_or(usize::MAX));
    let last = rest.last().filter(|_| is_more).map(|(id, _)| id.as_str());
    let next = last.and_then(|id| next(listing, &pairs, id));
    Ok(Page { items: rest.into_iter().map(|(_, resource)| resource).collect(), next })
}

/// The query of the next page: this one, behind another marker.
fn next(listing: &Listing, pairs: &[Filter<'_>], marker: &str) -> Option<String> {
    let known = listing.parameters.iter().flatten();
    let name = &known.clone().find(|parameter| parameter.purpose == QueryPurpose::Marker)?.name;
    let kept = pairs.iter().filter(|(key, _)| key != name);
    Some(Serializer::new(String::new()).extend_pairs(kept).append_pair(name, marker).finish())
}

/// What only a query of its own lists.
fn unlisted<'a>(listing: &'a Listing, pairs: &[Filter<'_>]) -> Vec<Filter<'a>> {
    let mut others: Vec<_> = listing.queries.iter().flat_map(|query| query::pairs(query)).collect();
    others.retain(|(name, _)| !pairs.iter().any(|(each, _)| each == name));
    others
}

impl<'a> Asked<'a> {
    fn read(contract: &Contract, listing: &'a Listing, pairs: &[Filter<'a>]) -> Result<Self, Refused> {
        let mut asked = Self::default();
        for pair in pairs {
            asked.note(contract, listing, pair)?;
        }
        let is_directed = !asked.directions.is_empty();
        for parameter in listing.parameters.iter().flatten() {
            let is_given = pairs.iter().any(|(key, _)| *key == parameter.name);
            let Some(default) = parameter.default.as_deref().filter(|_| !is_given) else { continue };
            match parameter.purpose {
                QueryPurpose::Limit => asked.limit = default.parse().ok(),
                // Where nothing is said of the order, any is right: then the oldest comes first.
                QueryPurpose::SortKey if asked.sort.is_empty() && is_directed => {
                    asked.sort.push((default.into(), None));
                }
                QueryPurpose::SortDirection => asked.directions.extend(Direction::named(default)),
                _ => {}
            }
        }
        Ok(asked)
    }

    fn note(&mut self, contract: &Contract, listing: &Listing, pair: &Filter<'a>) -> Result<(), Refused> {
        let (key, value) = pair;
        let named = |name: &str| listing.parameters.iter().flatten().find(|parameter| parameter.name == name);
        let Some(parameter) = named(key) else {
            if asks_for_a_field(contract, listing, key) {
                self.filters.push(pair.clone());
            }
            return Ok(());
        };
        let refused = || Refused(parameter.name.clone());
        if !parameter.kind.takes(value) {
            return Err(refused());
        }
        match &parameter.purpose {
            QueryPurpose::Field(field) => self.filters.push((field.clone().into(), value.clone())),
            QueryPurpose::Limit => self.limit = Some(value.parse().map_err(|_| refused())?),
            QueryPurpose::Marker => self.marker = Some(value.clone()),
            QueryPurpose::SortKey => self.sort.push((value.clone(), None)),
            QueryPurpose::SortDirection => self.directions.push(Direction::named(value).ok_or_else(refused)?),
            QueryPurpose::Sort => {
                for part in value.split(',') {
                    let (name, direction) = part.split_once(':').map_or((part, None), |(name, way)| (name, Some(way)));
                    let direction = direction.map(|way| Direction::named(way).ok_or_else(refused)).transpose()?;
                    self.sort.push((name.to_owned().into(), direction));
                }
            }
            QueryPurpose::OtherFields | QueryPurpose::None => {}
        }
        Ok(())
    }

    /// Of several directions each is that of one field; a single one is that of all.
    fn sort(&self, found: &mut [(&String, &Map<String, Value>)]) {
        for (at, (field, direction)) in self.sort.iter().enumerate().rev() {
            let usual = self.directions.get(at).or(self.directions.last()).copied().unwrap_or(Direction::Up);
            let direction = direction.unwrap_or(usual);
            found.sort_by(|(_, a), (_, b)| {
                let order = order(a.get(&**field), b.get(&**field));
                if direction == Direction::Up { order } else { order.reverse() }
            });
        }
    }
}

impl Direction {
    fn named(name: &str) -> Option<Self> {
        match name {
            "asc" => Some(Self::Up),
            "desc" => Some(Self::Down),
            _ => None,
        }
    }
}

/// Whether a key that no parameter has asks for a field: of any name where a parameter stands for those, otherwise one that the contract lists, where it
/// describes no parameters at all.
fn asks_for_a_field(contract: &Contract, listing: &Listing, key: &str) -> bool {
    let is_own = listing.queries.iter().any(|query| query::pairs(query).iter().any(|(name, _)| name == key));
    is_own
        || match &listing.parameters {
            None => contract.creation.response.properties.contains_key(key),
            Some(known) => known.iter().any(|parameter| parameter.purpose == QueryPurpose::OtherFields),
        }
}

/// Whether a resource has a value in a field, or among its items; truth values are spelt in letters of either case.
fn has(resource: &Map<String, Value>, filter: &Filter<'_>) -> bool {
    let (name, value) = filter;
    match resource.get(&**name) {
        Some(Value::Array(items)) => items.iter().any(|item| item.as_str() == Some(&**value)),
        Some(Value::Bool(truth)) => QueryType::Boolean.takes(value) && value.eq_ignore_ascii_case("true") == *truth,
        _ => query::has(resource, filter),
    }
}

/// What is missing or null comes first; values of different types are not told apart.
fn order(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let is_there = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
    match (a, b) {
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal)
        }
        _ => is_there(a).cmp(&is_there(b)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use crate::client::{Service, Token};
    use crate::exchange::{Request, Response, TokenVariant};
    use crate::stub::StubService;
    use crate::suite::Suite;

    struct Images(StubService);

    impl Images {
        fn of(suite: &str, bodies: &[Value]) -> Self {
            let suite = Suite::built_in(suite).unwrap().unwrap();
            let images = Self(StubService::new(Arc::clone(&suite.contract), Token::new("good").unwrap(), None));
            for body in bodies {
                assert_eq!(images.ask("POST", "/v2/images", Some(body)).status, 201, "{body}");
            }
            images
        }

        fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Response {
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            let body = body.map(|body| body.to_string().into_bytes());
            let credential = TokenVariant::Good;
            let request = Request { method: method.to_owned(), path: path.to_owned(), headers, body, credential };
            self.0.answer(&request, Some("good"))
        }

        fn list(&self, query: &str) -> Value {
            self.ask("GET", &format!("/v2/images{query}"), None).json().unwrap()
        }

        /// The names of what a query lists, in the order of the list.
        fn names(&self, query: &str) -> String {
            let list = self.list(query);
            let name = |item: &Value| item["name"].as_str().unwrap_or("-").to_owned();
            list["images"].as_array().unwrap().iter().map(name).collect::<Vec<_>>().join(" ")
        }
    }

    fn three(suite: &str) -> Images {
        Images::of(
            suite,
            &[
                json!({"name": "b", "min_ram": 2, "tags": ["os=x", "level=7"]}),
                json!({"name": "c", "min_ram": 10, "tags": ["os=x"], "protected": true}),
                json!({"name": "a", "min_ram": 2}),
            ],
        )
    }

    #[test]
    fn a_query_lists_what_it_asks_for_in_the_order_that_it_asks_for() {
        let table = [
            ("", "b c a"),
            ("?", "b c a"),
            ("?name=c", "c"),
            ("?name=d", ""),
            ("?min_ram=2", "b a"),
            ("?min_ram=2&name=a", "a"),
            ("?protected=True", "c"),
            ("?protected=false", "b a"),
            ("?tag=os%3Dx", "b c"),
            ("?tag=os%3Dx&tag=level%3D7", "b"),
            ("?tag=os", ""),
            ("?sort_key=name&sort_dir=asc", "a b c"),
            ("?sort_key=name&sort_dir=desc", "c b a"),
            ("?sort_key=name", "c b a"),
            ("?sort_key=min_ram&sort_dir=asc", "b a c"),
            ("?sort_key=min_ram&sort_key=name&sort_dir=asc", "a b c"),
            ("?sort_key=min_ram&sort_dir=desc&sort_key=name&sort_dir=asc", "c a b"),
            ("?marker=nobody", ""),
            ("?nothing_known=1", "b c a"),
            ("?nothing_known=1&name=a", "a"),
        ];
        for (query, expected) in table {
            assert_eq!(three("otc").names(query), expected, "{query}");
        }
    }

    #[test]
    fn the_other_suite_takes_any_field_and_sorts_by_several() {
        let images = Images::of(
            "glance",
            &[
                json!({"name": "b", "os_distro": "x"}),
                json!({"name": "a", "os_distro": "y"}),
                json!({"name": "h", "os_hidden": true}),
            ],
        );
        let table = [
            ("", "b a"),
            ("?os_distro=y", "a"),
            ("?os_distro=z", ""),
            ("?sort=name:asc", "a b"),
            ("?sort=os_distro:desc,name", "a b"),
            ("?os_hidden=true", "h"),
            ("?os_hidden=True", "h"),
        ];
        for (query, expected) in table {
            assert_eq!(images.names(query), expected, "{query}");
        }
    }

    #[test]
    fn pages_follow_each_other_and_hold_everything_once() {
        for (query, pages) in [
            ("?limit=1", vec!["b", "c", "a"]),
            ("?limit=2", vec!["b c", "a"]),
            ("?limit=3", vec!["b c a"]),
            ("?limit=2&sort_key=name&sort_dir=asc", vec!["a b", "c"]),
            ("?limit=1&min_ram=2", vec!["b", "a"]),
            ("?limit=0", vec![""]),
        ] {
            let images = three("otc");
            let (mut seen, mut query) = (Vec::new(), query.to_owned());
            loop {
                seen.push(images.names(&query));
                let list = images.list(&query);
                let Some(next) = list.get("next") else { break };
                query = next.as_str().unwrap().strip_prefix("/v2/images").unwrap().to_owned();
            }
            assert_eq!(seen, pages, "{query}");
        }
    }

    #[test]
    fn a_value_that_a_parameter_cannot_have_is_refused() {
        for query in ["?limit=many", "?limit=-1", "?sort_dir=sideways", "?protected=perhaps", "?min_ram=two"] {
            let answer = three("otc").ask("GET", &format!("/v2/images{query}"), None);
            assert_eq!(answer.status, 400, "{query}");
            assert!(answer.json().unwrap()["error"]["message"].as_str().unwrap().contains("cannot have"), "{query}");
        }
    }

    #[test]
    fn a_contract_that_describes_no_parameters_filters_by_the_fields_of_an_answer() {
        let suite = Suite::from_dir(std::path::Path::new("tests/suites/required")).unwrap();
        let things = Images(StubService::new(Arc::clone(&suite.contract), Token::new("good").unwrap(), None));
        for name in ["one", "two"] {
            let body = json!({"name": name, "kind": "flat", "labels": []});
            assert_eq!(things.ask("POST", "/things", Some(&body)).status, 201);
        }
        for (query, count) in [("", 2), ("?name=one", 1), ("?name=three", 0), ("?limit=1", 2), ("?nobody=1", 2)] {
            let list = things.ask("GET", &format!("/things{query}"), None).json().unwrap();
            assert_eq!(list["things"].as_array().unwrap().len(), count, "{query}");
        }
    }
}
