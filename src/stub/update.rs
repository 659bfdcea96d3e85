//! What a change may make of a resource, and what follows from it.
//!
//! Only what differs is looked at: what is there already, such as the state after an upload, is right as it is.

use serde_json::{Map, Value};

use super::resource;
use crate::contract::{Broken, Contract, Relation, Schema};
use crate::exchange::Request;
use crate::judge::fill;

/// Why a change is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status that the contract has for it.
    pub status: u16,
    /// What is wrong, in words.
    pub message: String,
}

/// Whether a request declares its body as this.
pub(super) fn declares(request: &Request, media_type: &str) -> bool {
    let mut declared = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let value = declared.next().map(|(_, value)| value.split(';').next().unwrap_or_default().trim());
    value.is_some_and(|value| value.eq_ignore_ascii_case(media_type))
}

/// Has everything follow from a change that a caller asked for, or says why it cannot be.
pub(super) fn settle(
    contract: &Contract,
    before: &Map<String, Value>,
    after: &mut Map<String, Value>,
) -> Result<(), Refusal> {
    let added = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(added).filter(|name| before.get(*name) != after.get(*name)) {
        check(contract, name, after.get(name))?;
    }
    follow(contract, before, after);
    Ok(())
}

/// Has everything follow from a change: what is derived from a changed field, what is made of one, and when it was changed.
pub(super) fn follow(contract: &Contract, before: &Map<String, Value>, after: &mut Map<String, Value>) {
    if before == after {
        return;
    }
    for (name, schema) in &contract.creation.response.properties {
        for relation in &schema.relations {
            let value = match relation {
                Relation::Derived(derived) if before.get(&derived.from) != after.get(&derived.from) => {
                    let values = after.get(&derived.from).and_then(|source| derived.expected(source));
                    values.and_then(|values| values.first().cloned())
                }
                Relation::Template(template) => {
                    let text = fill(template, after);
                    text.filter(|_| fill(template, before) != fill(template, after)).map(Value::from)
                }
                Relation::NotBefore(_) if tells_of_changes(schema) => Some(resource::now()),
                _ => None,
            };
            if let Some(value) = value {
                after.insert(name.clone(), value);
            }
        }
    }
}

/// Whether a field is the time of the last change: it is about now in an answer to a creation, not before another one, and may differ later.
fn tells_of_changes(schema: &Schema) -> bool {
    schema.may_change && schema.relation("near-now").is_some()
}

/// Whether a caller may give a field this value, or remove it.
fn check(contract: &Contract, name: &str, value: Option<&Value>) -> Result<(), Refusal> {
    let creation = &contract.creation;
    let refused = |status, message: String| Err(Refusal { status, message });
    let Some(schema) = creation.response.properties.get(name) else {
        if creation.response.echo_of_others().is_none() || creation.lists(name) {
            return refused(creation.refused, format!("there is no field {name}"));
        }
        let Some(value) = value else { return Ok(()) };
        let others = [&creation.response, &creation.request].map(|schema| schema.additional.as_deref());
        return others.into_iter().flatten().try_for_each(|others| allows(contract, others, name, value));
    };
    if name == creation.id_field() || schema.relations.iter().any(is_of_the_service) {
        // Where nobody is refused for a lack of rights, it is a bad request like others.
        let status = if contract.subject().answers.contains_key(&403) { 403 } else { creation.refused };
        return refused(status, format!("the field {name} cannot be changed"));
    }
    match value {
        None if creation.response.required.iter().any(|required| required == name) => {
            refused(creation.refused, format!("the field {name} cannot be removed"))
        }
        None => Ok(()),
        Some(value) => {
            allows(contract, schema, name, value)?;
            let request = creation.request.properties.get(name).filter(|_| schema.relation("echo").is_some());
            match request.filter(|request| request.default.as_ref() != Some(value) && !schema.examples.contains(value))
            {
                // What comes back from a request is what a request can give.
                Some(request) => allows(contract, request, name, value),
                None => Ok(()),
            }
        }
    }
}

fn allows(contract: &Contract, schema: &Schema, name: &str, value: &Value) -> Result<(), Refusal> {
    let broken = schema.examine(value).broken;
    let Some(first) = broken.first() else { return Ok(()) };
    let message = format!("the field {name} cannot have this value");
    Err(Refusal { status: status_of(contract, first), message })
}

/// The status that refuses a value which breaks this rule.
fn status_of(contract: &Contract, broken: &Broken<'_>) -> u16 {
    let mut named = broken.schema.refused.iter().filter(|(keyword, _)| keyword == broken.keyword);
    named.next().and_then(|(_, statuses)| statuses.first().copied()).unwrap_or(contract.creation.refused)
}

/// Whether a field with this relation is the service's own, which no caller sets.
fn is_of_the_service(relation: &Relation) -> bool {
    match relation {
        Relation::Echo(_) => false,
        Relation::Derived(_)
        | Relation::Template(_)
        | Relation::NotBefore(_)
        | Relation::NearNow(_)
        | Relation::Unique
        | Relation::SameForCaller => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::client::{Service, Token};
    use crate::exchange::{Request, Response, TokenVariant};
    use crate::stub::StubService;
    use crate::suite::Suite;

    const PATCH: &str = "application/openstack-images-v2.1-json-patch";

    fn stub(suite: &str, seed: Value) -> StubService {
        let contract = Suite::built_in(suite).unwrap().unwrap().contract;
        StubService::new(contract, Token::new("good").unwrap(), None).seeded(&[seed]).unwrap()
    }

    fn ask(stub: &StubService, method: &str, path: &str, media_type: Option<&str>, body: &str) -> Response {
        let headers = media_type.map(|media_type| ("Content-Type".to_owned(), media_type.to_owned()));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers.into_iter().collect(),
            body: Some(body.as_bytes().to_vec()),
            credential: TokenVariant::Good,
        };
        stub.answer(&request, Some("good"))
    }

    fn patch(stub: &StubService, patch: &Value) -> Response {
        ask(stub, "PATCH", "/v2/images/one", Some(PATCH), &patch.to_string())
    }

    #[test]
    fn a_patch_that_breaks_a_rule_or_touches_what_is_the_services_changes_nothing() {
        let stub = stub("otc", json!({"id": "one", "min_disk": 7}));
        let before = stub.state();
        for (change, status) in [
            (json!({"op": "replace", "path": "/id", "value": "m"}), 403),
            (json!({"op": "remove", "path": "/id"}), 403),
            (json!({"op": "replace", "path": "/created_at", "value": "2020-01-01T00:00:00Z"}), 403),
            (json!({"op": "replace", "path": "/__os_type", "value": "Windows"}), 403),
            (json!({"op": "replace", "path": "/min_disk", "value": 9999}), 400),
            (json!({"op": "replace", "path": "/name", "value": 5}), 400),
            (json!({"op": "replace", "path": "/name", "value": "x".repeat(256)}), 400),
            (json!({"op": "remove", "path": "/name"}), 400),
            (json!({"op": "replace", "path": "/protected", "value": "nope"}), 400),
            (json!({"op": "replace", "path": "/status", "value": "active"}), 400),
            (json!({"op": "replace", "path": "/visibility", "value": "public"}), 403),
            (json!({"op": "add", "path": "/tags/-", "value": 7}), 400),
            (json!({"op": "add", "path": "/nobody_lists_it", "value": "x"}), 400),
        ] {
            let answer = patch(&stub, &json!([{"op": "replace", "path": "/min_ram", "value": 1}, change]));
            assert_eq!((answer.status, stub.state()), (status, before.clone()), "{change}");
            assert!(answer.json().unwrap()["error"]["message"].is_string(), "{change}");
        }
        let whole = patch(&stub, &json!([{"op": "replace", "path": "", "value": {"a": 1}}]));
        assert!([400, 403].contains(&whole.status) && stub.state() == before, "{}", whole.status);
    }

    #[test]
    fn what_follows_from_a_changed_field_follows_it() {
        let old = json!({"id": "one", "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"});
        let stub = stub("otc", old);
        let change = json!([{"op": "replace", "path": "/__os_version", "value": "Windows Server 2016 Standard 64bit"}]);
        let answer = patch(&stub, &change);
        let image = answer.json().unwrap();
        assert_eq!(
            (answer.status, &image["__os_type"], &image["__platform"]),
            (200, &json!("Windows"), &json!("Windows"))
        );
        assert_eq!((&image["created_at"], &image["self"]), (&json!("2020-01-01T00:00:00Z"), &json!("/v2/images/one")));
        assert!(image["updated_at"].as_str().unwrap() > "2026", "{image}");
        assert_eq!(stub.state()[0], image);
    }

    #[test]
    fn the_time_of_the_last_change_is_that_of_each_change_and_of_nothing_else() {
        let calls = [
            ("PUT", "/v2/images/one/tags/b", true),
            ("DELETE", "/v2/images/one/tags/a", true),
            ("PUT", "/v2/images/one/file", true),
            ("PUT", "/v2/images/one/tags/a", false),
            ("GET", "/v2/images/one", false),
        ];
        for suite in ["otc", "glance"] {
            for (method, path, moves) in calls {
                let stub = stub(suite, json!({"id": "one", "tags": ["a"], "updated_at": "2020-01-01T00:00:00Z"}));
                let status = ask(&stub, method, path, Some("application/octet-stream"), "").status;
                assert!((200..300).contains(&status), "{method} {path}: {status}");
                assert_eq!(stub.state()[0]["updated_at"] != "2020-01-01T00:00:00Z", moves, "{suite} {method} {path}");
            }
        }
    }

    #[test]
    fn a_patch_that_is_declared_as_something_else_is_refused() {
        for (media_type, status) in [
            (Some(PATCH), 200),
            (Some("Application/OpenStack-images-v2.1-json-patch; charset=utf-8"), 200),
            (Some("application/json"), 415),
            (None, 415),
        ] {
            let stub = stub("otc", json!({"id": "one"}));
            let change = r#"[{"op": "replace", "path": "/name", "value": "new"}]"#;
            let answer = ask(&stub, "PATCH", "/v2/images/one", media_type, change);
            assert_eq!((answer.status, stub.state()[0]["name"] == "new"), (status, status == 200), "{media_type:?}");
        }
    }

    #[test]
    fn a_property_of_ones_own_is_changed_where_the_contract_has_it_come_back() {
        let stub = stub("glance", json!({"id": "one", "mine": "a"}));
        for (change, status) in [
            (json!([{"op": "replace", "path": "/mine", "value": "b"}]), 200),
            (json!([{"op": "add", "path": "/yours", "value": "c"}]), 200),
            (json!([{"op": "remove", "path": "/mine"}]), 200),
            (json!([{"op": "replace", "path": "/yours", "value": 7}]), 403),
        ] {
            assert_eq!(patch(&stub, &change).status, status, "{change}");
        }
        let image = &stub.state()[0];
        assert_eq!((image.get("mine"), &image["yours"]), (None, &json!("c")));
    }

    #[test]
    fn what_stands_in_a_path_is_decoded_once() {
        let stub = stub("otc", json!({"id": "one", "tags": []}));
        for (path, status) in [
            ("/v2/images/one/tags/a%20b", 204),
            ("/v2/images/%6fne/tags/50%2525", 204),
            ("/v2/images/one/tags/a%2Fb", 204),
        ] {
            assert_eq!(ask(&stub, "PUT", path, None, "").status, status, "{path}");
        }
        assert_eq!(stub.state()[0]["tags"], json!(["a b", "50%25", "a/b"]));
        let long = format!("/v2/images/one/tags/{}", "x".repeat(256));
        assert_eq!(ask(&stub, "PUT", &long, None, "").status, 400, "longer than a tag may be");
    }

    #[test]
    fn a_body_that_is_declared_as_something_else_keeps_every_rule_or_is_refused() {
        for (media_type, body, status) in [
            (None, r#"{"name": 5}"#, 400),
            (Some("APPLICATION/JSON"), r#"{"name": 5}"#, 400),
            (Some("application/json;charset=latin-1"), r#"{"min_disk": 0}"#, 400),
            (Some("text/plain"), "no JSON", 400),
            (Some("application/x-www-form-urlencoded"), "[]", 400),
            (None, r#"{"name": "a"}"#, 201),
            (Some("APPLICATION/JSON"), r#"{"name": "a"}"#, 201),
        ] {
            let stub = stub("otc", json!({}));
            let answer = ask(&stub, "POST", "/v2/images", media_type, body);
            assert_eq!(
                (answer.status, stub.state().len()),
                (status, 1 + usize::from(status == 201)),
                "{media_type:?} {body}"
            );
        }
    }

    #[test]
    fn the_quota_is_told_as_the_contract_has_it() {
        let stub = stub("otc", json!({}));
        let told = ask(&stub, "GET", "/v1/cloudimages/quota", None, "").json().unwrap();
        assert_eq!(told["quotas"]["resources"][0]["used"], 1);
        assert_eq!(told["quotas"]["resources"][0]["quota"], 100);
    }
}
