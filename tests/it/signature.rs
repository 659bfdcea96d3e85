//! Signatures against those of an independent implementation (`signature/make_vectors.py` says which one, and how to ask it again), and the proof that
//! everything signed matters.

use std::collections::HashSet;

use ims_conformance::client::{AccessKey, Signable, Signature};
use ims_conformance::secret::{Kind, Secret};
use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use url::Url;

/// Fewer would mean that some were lost.
const FEWEST: usize = 50;

/// A request with everything that its signature is made of.
#[derive(Clone)]
struct Sample {
    method: String,
    url: Url,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    key: AccessKey,
    time: OffsetDateTime,
}

impl Sample {
    fn read(vector: &Value) -> Self {
        let headers = vector["headers"].as_object().unwrap();
        Self {
            method: text(&vector["method"]),
            url: text(&vector["url"]).parse().unwrap(),
            headers: headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
            body: text(&vector["body"]).into_bytes(),
            key: read_key(&vector["key"]),
            time: OffsetDateTime::parse(&text(&vector["time"]), &Rfc3339).unwrap(),
        }
    }

    fn sign(&self) -> Signature {
        let (method, url, headers, body) = (&self.method, &self.url, &self.headers, &self.body);
        self.key.sign(&Signable { method, url, headers, body }, self.time)
    }

    fn changed(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut sample = self.clone();
        change(&mut sample);
        sample
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a string")).to_owned()
}

fn key_part(text: &str) -> Secret {
    Secret::new(Kind::Key, text)
}

fn read_key(key: &Value) -> AccessKey {
    let optional = |name: &str| key.get(name).map(text);
    AccessKey {
        id: key_part(&text(&key["id"])),
        secret: key_part(&text(&key["secret"])),
        security_token: optional("security_token").map(|text| Secret::new(Kind::Token, text)),
        project: optional("project"),
    }
}

fn vectors() -> Vec<Value> {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../signature/vectors.json")).unwrap();
    assert!(vectors.len() >= FEWEST, "only {} vectors", vectors.len());
    vectors
}

/// A request that has one of everything.
fn complete() -> Sample {
    let name = "a temporary key and a project";
    let sample = Sample::read(vectors().iter().find(|vector| vector["name"] == name).unwrap());
    sample.changed(|sample| sample.url.set_query(Some("a=1&b=2")))
}

#[test]
fn every_vector_is_signed_as_the_independent_implementation_signs_it() {
    let mut different = Vec::new();
    let mut names = HashSet::new();
    for vector in vectors() {
        assert!(names.insert(text(&vector["name"])), "{} does not tell two vectors apart", vector["name"]);
        let signature = Sample::read(&vector).sign();
        let headers: Map<_, _> =
            signature.headers().iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
        assert_eq!(headers.len(), signature.headers().len(), "{}: a header is added twice", vector["name"]);
        if Value::Object(headers.clone()) != vector["expected"] {
            different.push((vector["name"].clone(), vector["expected"].clone(), headers));
        }
    }
    assert!(different.is_empty(), "{different:#?}");
}

#[test]
fn the_vectors_have_one_of_everything() {
    let vectors = vectors();
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(vectors.iter().any(|vector| vector["method"] == method), "{method}");
    }
    for optional in ["security_token", "project"] {
        assert!(vectors.iter().any(|vector| vector["key"].get(optional).is_some()), "{optional}");
    }
    let is_beyond_ascii = |vector: &Value, name: &str| !text(&vector[name]).is_ascii();
    assert!(vectors.iter().any(|vector| is_beyond_ascii(vector, "body")));
    assert!(vectors.iter().any(|vector| is_beyond_ascii(vector, "url")));
    let times: HashSet<_> = vectors.iter().map(|vector| text(&vector["time"])).collect();
    assert!(times.len() >= 5, "{times:?}");
}

#[test]
fn everything_that_is_signed_matters() {
    let sample = complete();
    let changes = [
        ("nothing", sample.clone()),
        ("the method", sample.changed(|sample| "PUT".clone_into(&mut sample.method))),
        ("the path", sample.changed(|sample| sample.url.set_path("/v2/image"))),
        ("the query", sample.changed(|sample| sample.url.set_query(Some("a=1&b=3")))),
        ("a parameter more", sample.changed(|sample| sample.url.set_query(Some("a=1&b=2&b=2")))),
        ("no query", sample.changed(|sample| sample.url.set_query(None))),
        ("the host", sample.changed(|sample| sample.url.set_host(Some("other.example.com")).unwrap())),
        ("the port", sample.changed(|sample| sample.url.set_port(Some(8443)).unwrap())),
        ("the value of a header", sample.changed(|sample| sample.headers[0].1.push('x'))),
        ("the name of a header", sample.changed(|sample| sample.headers[0].0.push('x'))),
        ("a header more", sample.changed(|sample| sample.headers.push(("X-Note".to_owned(), String::new())))),
        ("no header", sample.changed(|sample| sample.headers.clear())),
        ("the body", sample.changed(|sample| sample.body.push(b' '))),
        ("no body", sample.changed(|sample| sample.body.clear())),
        ("the secret", sample.changed(|sample| sample.key.secret = key_part("other"))),
        ("the session", sample.changed(|sample| sample.key.security_token = Some(key_part("other")))),
        ("no session", sample.changed(|sample| sample.key.security_token = None)),
        ("the project", sample.changed(|sample| sample.key.project = Some("other".to_owned()))),
        ("no project", sample.changed(|sample| sample.key.project = None)),
        ("the second", sample.changed(|sample| sample.time += Duration::SECOND)),
        ("the day", sample.changed(|sample| sample.time += Duration::DAY)),
    ];
    let mut seen = HashSet::new();
    for (what, changed) in changes {
        assert!(seen.insert(changed.sign().secret().expose().to_owned()), "{what} does not matter");
    }
}

#[test]
fn the_id_of_the_key_is_shown_beside_the_signature() {
    let sample = complete();
    let other = sample.changed(|sample| sample.key.id = key_part("other"));
    assert_ne!(sample.sign().headers(), other.sign().headers());
    assert_eq!(
        sample.sign().secret(),
        other.sign().secret(),
        "a gateway finds the secret by the id, and signs with it"
    );
}

#[test]
fn another_way_to_write_the_same_request_has_the_same_signature() {
    let sample = complete();
    let ways = [
        sample.changed(|sample| sample.url.set_query(Some("b=2&a=1"))),
        sample.changed(|sample| sample.url.set_query(Some("%61=1&b=%32"))),
        sample.changed(|sample| sample.url.set_path("/v2/images/")),
        sample.changed(|sample| sample.url.set_path("/v2/%69mages")),
        sample.changed(|sample| sample.headers[0].0.make_ascii_lowercase()),
        sample.changed(|sample| sample.headers[0].1.push(' ')),
        sample.changed(|sample| sample.time += Duration::MILLISECOND),
    ];
    for way in ways {
        assert_eq!(way.sign().secret().expose(), sample.sign().secret().expose(), "{}", way.url);
    }
}
