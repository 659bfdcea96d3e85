//! What an answer is held to: for each request, which answers conform, and which clause each of the others breaks.

use std::sync::Arc;

use crate::requests::{BODIES, INVALID, JSON, SUITE, UNAUTHORIZED, field_body, good, hold, sent};
use ims_conformance::client::{Service, Token};
use ims_conformance::contract::ClauseId;
use ims_conformance::exchange::{Exchange, Request, Response, SendError, TokenVariant};
use ims_conformance::http::{TransportError, Way};
use ims_conformance::judge::{Judgement, judge};
use ims_conformance::probe::{Expectation, Phase, Probe, Script, Step};
use ims_conformance::stub::StubService;
use ims_conformance::suite::Suite;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const UBUNTU: &str = "Ubuntu 14.04 server 64bit";

pub(crate) fn reply(status: u16, media_type: Option<&str>, body: impl AsRef<[u8]>) -> Response {
    let date = ("date".to_owned(), "Thu, 02 Jun 2016 07:49:50 GMT".to_owned());
    let media_type = media_type.map(|text| ("content-type".to_owned(), text.to_owned()));
    Response {
        status,
        headers: media_type.into_iter().chain([date]).collect(),
        body: body.as_ref().to_vec(),
        at: OffsetDateTime::parse("2016-06-02T07:49:50Z", &Rfc3339).unwrap(),
        took: std::time::Duration::ZERO,
    }
}

/// A probe that sends this request and expects nothing of its own.
fn plan_of(request: &Request) -> Probe {
    Probe {
        id: "table".to_owned(),
        phase: Phase::Case,
        title: "a row of a table".to_owned(),
        clauses: vec![ClauseId::status(201)],
        violation: None,
        script: Script { steps: vec![Step::new(request.clone())] },
        expectations: Vec::new(),
    }
}

pub(crate) fn judged(request: Request, outcome: Result<Response, SendError>) -> Judgement {
    let probe = plan_of(&request);
    judge(&SUITE.contract, &probe, &[Exchange { request, outcome }])
}

/// `fine`, `inconclusive`, or the clauses that the answer breaks.
pub(crate) fn verdict(judgement: &Judgement) -> String {
    match (&judgement.inconclusive, judgement.mismatches.as_slice()) {
        (Some(_), []) => "inconclusive".to_owned(),
        (None, []) => "fine".to_owned(),
        (_, several) => several.iter().map(|each| each.clause.as_str()).collect::<Vec<_>>().join(","),
    }
}

pub(crate) fn created(request: &Value, answer: &Value) -> Judgement {
    judged(good(request.to_string()), Ok(reply(201, JSON, answer.to_string())))
}

fn refused(body: &str, status: u16) -> String {
    let error = r#"{"error":{"code":"IMG.0001","message":"no"}}"#;
    verdict(&judged(good(body), Ok(reply(status, JSON, error))))
}

fn hold_statuses(about: &str, table: &[(&str, &[u16])], got: impl Fn(u16) -> String) {
    for (expected, statuses) in table {
        statuses.iter().for_each(|status| assert_eq!(got(*status), *expected, "{about} {status}"));
    }
}

pub(crate) fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(crate) fn with(answer: &Value, patch: &Value) -> Value {
    let mut answer = answer.clone();
    for (name, value) in patch.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answer
}

fn example_request() -> Value {
    json!({"__os_version": UBUNTU, "container_format": "bare", "disk_format": "vhd", "min_disk": 100, "min_ram": 1024,
        "name": "test", "tags": ["test=testvalue", "image=imagevalue"], "visibility": "private", "protected": false})
}

/// The answer of the page's example.
fn example() -> Value {
    json!({"schema": "/v2/schemas/image", "min_disk": 100, "created_at": "2016-06-02T07:49:48Z",
        "__image_source_type": "uds", "container_format": "bare", "__image_size": "0",
        "file": "/v2/images/4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86/file", "updated_at": "2016-06-02T07:49:49Z",
        "protected": false, "id": "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86", "__isregistered": "true", "min_ram": 1024,
        "owner": "b912fb4a4c464b568ecfca1071b21b10", "__os_type": "Linux", "__imagetype": "private",
        "visibility": "private", "virtual_env_type": "FusionCompute", "tags": ["test=testvalue", "image=imagevalue"],
        "__platform": "Ubuntu", "__os_bit": "64", "__os_version": UBUNTU, "name": "test",
        "self": "/v2/images/4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86", "disk_format": "vhd", "status": "queued"})
}

/// What comes back for a request that gives these fields and no operating system.
pub(crate) fn answer_to(request: &Value) -> Value {
    let defaults = json!({"visibility": "private", "name": "", "protected": false, "container_format": "bare",
        "disk_format": "zvhd2", "tags": [], "min_ram": 0, "min_disk": 0, "__os_version": "Other Linux(64 bit)",
        "__platform": "Other"});
    with(&with(&example(), &defaults), request)
}

fn dotted_field(patch: &str) -> String {
    read(patch).as_object().unwrap().keys().map(|name| format!(".{name}.")).next().unwrap()
}

#[test]
fn a_null_where_nothing_was_given_lacks_the_default() {
    let answer = with(&answer_to(&json!({})), &json!({"name": null, "min_disk": null}));
    assert_eq!(verdict(&created(&json!({}), &answer)), "response.min_disk.type,request.name.default");
}

#[test]
fn properties_of_the_callers_own_come_back_where_the_contract_says_so() {
    let suite = Arc::new(Suite::built_in("glance").unwrap().unwrap());
    let token = Token::new("a-good-token").unwrap();
    let request = good(r#"{"colour":"red","name":"a"}"#);
    let answer = StubService::new(Arc::clone(&suite.contract), token, None).answer(&request, Some("a-good-token"));
    let judged = |change: fn(&mut Value)| {
        let mut body = answer.json().unwrap();
        change(&mut body);
        let response = Response { body: body.to_string().into_bytes(), ..answer.clone() };
        let probe = plan_of(&request);
        judge(&suite.contract, &probe, &[Exchange { request: request.clone(), outcome: Ok(response) }])
    };
    assert_eq!(verdict(&judged(|_| {})), "fine");
    assert!(judged(|_| {}).drift.is_empty(), "what was sent is no drift");
    assert_eq!(verdict(&judged(|body| body["colour"] = json!("blue"))), "response.additionalProperties.echo");
    let lost = judged(|body| drop(body.as_object_mut().unwrap().shift_remove("colour")));
    assert_eq!(verdict(&lost), "response.additionalProperties.echo");
    assert_eq!(judged(|body| body["shape"] = json!("round")).drift.len(), 1);
}

#[test]
fn who_refuses_is_recorded() {
    for (body, media_type, taken) in [
        (r#"{"error":{"code":"IMG.0001","message":"no"}}"#, JSON, "the service"),
        ("<h1>400</h1>", Some("text/html"), "text/html"),
        ("", None, "no body of a known form"),
    ] {
        let judgement = judged(good(r#"{"min_disk":0}"#), Ok(reply(400, media_type, body)));
        let choices: Vec<_> = judgement.choices.iter().map(|choice| (&*choice.title, choice.taken.raw())).collect();
        assert_eq!(choices, [("who refuses a request", taken)]);
    }
}

#[test]
fn a_request_without_a_good_credential_is_answered_401() {
    for (name, credential) in TokenVariant::ALL.into_iter().filter(|(_, each)| *each != TokenVariant::Good) {
        let is_elsewhere = matches!(credential, TokenVariant::Elsewhere(_)); // a gateway may look there, and refuse in its own way
        let (fine, bad) = [401, 400, 403, 404, 500].split_at(if is_elsewhere { 4 } else { 1 });
        let table =
            [("fine", fine), ("security.token", &[200, 201, 204]), ("status.401", bad), ("inconclusive", &[503])];
        for body in UNAUTHORIZED {
            let got = |status| verdict(&judged(sent(body.as_bytes(), JSON, credential), Ok(reply(status, JSON, body))));
            hold_statuses(name, &table, got);
        }
    }
}

#[test]
fn an_error_of_somebody_in_between_accuses_nobody() {
    let gateway = r#"{"error_code":"APIG.0308","error_msg":"too fast","request_id":"7f3a"}"#;
    let identity = r#"{"error":{"code":403,"message":"no","title":"Forbidden"}}"#;
    let quota = r#"{"error":{"code":"IMG.0051","message":"the quota of images is used up"}}"#;
    let timeout = r#"{"message":"The upstream server is timing out","request_id":"7f3a"}"#;
    let service = r#"{"error":{"code":"IMG.0027","message":"no such image"}}"#;
    let answered = |body: &str, status, error: &str| {
        let judgement = judged(good(body), Ok(reply(status, JSON, error)));
        (verdict(&judgement), judgement.inconclusive.unwrap_or_default())
    };
    for (error, who) in
        [(gateway, "a gateway"), (identity, "the identity service"), (quota, "a quota"), (timeout, "a gateway")]
    {
        for (body, status) in [("{}", 404), ("{}", 500), (r#"{"min_disk":0}"#, 404), (r#"{"min_disk":0}"#, 500)] {
            let expected = ("inconclusive".to_owned(), format!("{who} answered {status}"));
            assert_eq!(answered(body, status, error), expected, "{body} {error}");
        }
        assert_eq!(answered(r#"{"min_disk":0}"#, 400, error).0, "fine", "a refusal is a refusal, whoever gives it");
    }
    assert_eq!(answered("{}", 404, service).0, "status.201");
    assert_eq!(answered(r#"{"min_disk":0}"#, 404, service).0, "status.400");
    assert_eq!(answered("{}", 500, "<h1>500</h1>").0, "status.201");
    // A success is the service's own, whatever its body looks like.
    assert_eq!(answered(r#"{"min_disk":0}"#, 201, gateway).0, "request.min_disk.minimum");
}

/// A clause without its field, and what breaks it in the example's answer.
const CHANGES: &str = r#"
response.const {"__imagetype":"gold"} | {"__imagetype":"shared"} | {"__isregistered":"false"} | {"__root_origin":"url"}
response.const {"schema":"/v2/schemas/images"} | {"status":"active"} | {"status":"Queued"}
response.enum {"virtual_env_type":"KVM"} | {"virtual_env_type":"fusioncompute"}
response.echo {"__os_version":"Ubuntu 16.04 server 64bit"} | {"__os_version":"Other Linux(64 bit)"}
response.echo {"container_format":"ovf"} | {"container_format":"BARE"} | {"disk_format":"raw"} | {"disk_format":"zvhd2"}
response.echo {"disk_format":"zvhd"} | {"min_disk":99} | {"min_disk":0} | {"min_disk":2000} | {"min_ram":1025}
response.echo {"min_ram":0} | {"name":"test "} | {"protected":true} | {"tags":[]} | {"tags":["test=testvalue"]}
response.echo {"tags":["test=testvalue","image=other"]} | {"tags":["test=testvalue","image=imagevalue","a=b"]}
response.echo {"visibility":"public"}
response.derived {"__os_bit":"32"} | {"__os_bit":""} | {"__os_type":"Windows"} | {"__os_type":"linux"}
response.derived {"__platform":"Other"} | {"__platform":"ubuntu"}
response.template {"file":"/v2/images/4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86"} | {"file":"/file"}
response.template {"self":"/v2/images/4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba87"} | {"self":"/v2/images"}
response.pattern {"__image_size":""} | {"__image_size":"-1"} | {"__image_size":"1.5"} | {"__image_size":"0x0"}
response.pattern {"__image_size":" 0"} | {"__image_size":"0\n"} | {"__image_size":"٣"} | {"__image_source_type":"nfs"}
response.pattern {"__image_source_type":"uds "} | {"updated_at":"2016-06-02T09:49:49+02:00"}
response.pattern {"created_at":"2016-06-02T09:49:48+02:00"} | {"created_at":"2016-06-02T07:49:48"} | {"created_at":""}
response.format {"created_at":"2016-13-02T07:49:48Z"} | {"created_at":"2016-06-02T25:49:48Z"}
response.near-now {"created_at":"2016-05-31T07:49:48Z"} | {"updated_at":"2016-06-04T07:49:49Z"}
response.not-before {"updated_at":"2016-06-02T07:49:47Z"} | {"updated_at":"2016-06-02T07:49:47.999Z"}
response.minLength {"owner":""}
response.type {"__isregistered":true} | {"__os_bit":64} | {"__root_origin":7} | {"checksum":7} | {"min_disk":"100"}
response.type {"min_disk":100.5} | {"properties":[]} | {"size":1.5} | {"virtual_size":"0"}
response.items.type {"tags":["test=testvalue",7]} | {"tags":["test=testvalue",null]}
"#;

#[test]
fn each_change_of_a_good_answer_breaks_one_clause() {
    let (request, example) = (example_request(), example());
    let changed = |patch: &Value| verdict(&created(&request, &with(&example, patch)));
    hold(CHANGES, |_, patch| changed(&read(patch)).replace(&dotted_field(patch), "."));
    for (field, value) in example.as_object().unwrap() {
        let mut rest = example.clone();
        rest.as_object_mut().unwrap().remove(field);
        assert_eq!(verdict(&created(&request, &rest)), format!("response.{field}.required"));
        for other in [json!(null), json!({}), if value.is_string() { json!(7) } else { json!("7") }] {
            assert_eq!(changed(&json!({field: other})), format!("response.{field}.type"), "{other}");
        }
    }
    for id in ["1", "4ca46bf15c6148ffb4f30ad4e5e3ba86", "{4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86}", ""] {
        let links = json!({"id": id, "self": format!("/v2/images/{id}"), "file": format!("/v2/images/{id}/file")});
        assert_eq!(changed(&links), "response.id.format", "{id}");
    }
}

const FREE: &str = r#"
fine {} | {"tags":["image=imagevalue","test=testvalue"]} | {"min_disk":100.0,"min_ram":1.024e3} | {"owner":"x"}
fine {"created_at":"2016-06-02T07:49:48+00:00","updated_at":"2016-06-02T07:49:48.000001Z"}
fine {"created_at":"2016-06-02T07:49:49Z"} | {"updated_at":"2016-06-02T07:53:00Z"} | {"virtual_env_type":"DataImage"}
fine {"__image_source_type":"UDS","__image_size":"12345"} | {"properties":{}} | {"virtual_env_type":"Ironic"}
fine {"virtual_env_type":"IsoImage"} | {"__root_origin":"file","checksum":"d41d8cd98f00b204","size":0,"virtual_size":0}
"#;

#[test]
fn what_the_page_leaves_free_breaks_nothing() {
    let (request, example) = (example_request(), example());
    hold(FREE, |_, patch| {
        let judgement = created(&request, &with(&example, &read(patch)));
        assert!(judgement.choices.is_empty() && judgement.drift.is_empty(), "{patch}: {judgement:?}");
        verdict(&judgement)
    });
    let judgement = created(&request, &with(&example, &json!({"__lazyloading": "true", "os_hidden": false})));
    let drift: Vec<_> = judgement.drift.iter().map(|drift| drift.pointer.raw()).collect();
    assert_eq!((verdict(&judgement).as_str(), drift), ("fine", vec!["/__lazyloading", "/os_hidden"]));
    for request in [json!({}), json!({"disk_format": "zvhd2"})] {
        let judgement = created(&request, &with(&answer_to(&request), &json!({"disk_format": "zvhd"})));
        assert_eq!((verdict(&judgement).as_str(), judgement.choices.len()), ("fine", 1), "{judgement:?}");
    }
    let past = json!({"created_at": "2016-05-31T07:49:48Z", "updated_at": "2016-05-31T07:49:48Z"});
    let mut late = reply(201, JSON, with(&example, &past).to_string());
    late.headers.push(("date".to_owned(), "Tue, 31 May 2016 07:49:50 GMT".to_owned()));
    assert_eq!(verdict(&judged(good(request.to_string()), Ok(late))), "fine", "a clock that is two days late");
    let mut silent = reply(201, JSON, with(&example, &past).to_string());
    silent.headers.retain(|(name, _)| name != "date");
    let judgement = judged(good(request.to_string()), Ok(silent));
    assert_eq!((verdict(&judgement).as_str(), judgement.choices[0].title.as_str()), ("fine", "times far from now"));
}

#[test]
fn a_201_is_json_and_says_so() {
    let text = example().to_string();
    let answered = |status, media_type: Option<&str>, body: &str| {
        verdict(&judged(good(example_request().to_string()), Ok(reply(status, media_type, body))))
    };
    let types = "fine application/json | application/json; charset=UTF-8 | Application/JSON;v=2
response.media-type text/html | text/json | application/jsonp | text/plain; application/json";
    hold(types, |_, media_type| answered(201, Some(media_type), &text));
    hold(r#"response.type [] | null | "x" | { | <html/> | {}x"#, |_, body| answered(201, JSON, body));
    assert_eq!([answered(201, None, &text), answered(201, JSON, "")], ["response.media-type", "response.type"]);
    let wrong = [200, 202, 204, 304, 400, 404, 409, 422, 500, 501];
    let statuses = [("status.201", wrong.as_slice()), ("inconclusive", &[302, 429, 503, 504])];
    hold_statuses("a valid request", &statuses, |status| answered(status, JSON, &text));
    assert_eq!(
        verdict(&judged(good("{}"), Err(SendError::Transport(TransportError::Timeout(Way::Direct))))),
        "inconclusive"
    );
}

const DEFAULTS: &str = r#"
fine {"min_disk":1} | {"min_disk":1024} | {"__os_type":"other"} | {"__os_type":"Other"} | {"disk_format":"zvhd"}
request.default {"visibility":"public"} | {"visibility":"shared"} | {"name":"image"} | {"name":" "} | {"protected":true}
request.default {"container_format":"ovf"} | {"disk_format":"vhd"} | {"disk_format":"raw"} | {"tags":["a=b"]}
request.default {"tags":[""]} | {"min_ram":512} | {"min_ram":-1} | {"__os_version":"CentOS 8.0 64bit"}
response.minimum {"min_disk":-1}
response.maximum {"min_disk":1025}
response.type {"min_disk":null} | {"min_disk":"0"}
response.derived {"__os_type":"Windows"} | {"__os_type":"OTHER"} | {"__platform":"Linux"} | {"__platform":"Ubuntu"}
"#;

#[test]
fn what_is_left_out_gets_its_default() {
    let answered = |patch: &str| created(&json!({}), &with(&answer_to(&json!({})), &read(patch)));
    hold(DEFAULTS, |_, patch| verdict(&answered(patch)).replace(&dotted_field(patch), "."));
}

const SYSTEMS: &str = "
fine Windows 7 Professional 32bit, Windows, Windows, 32 | CoreOS 1068.10.0, Linux, CoreOS, 64
fine Redhat 7.6 64bit, Linux, RedHat, 64 | Redhat 7.6 64bit, Linux, Red Hat, 64
fine openEuler 20.03 64bit, Linux, Other, 64 | openSUSE 15.1 64bit, Linux, OpenSUSE, 64
fine Other Linux(64 bit), other, Other, 64
response.__os_bit.derived Windows 7 Professional 32bit, Windows, Windows, 64 | Other Linux(64 bit), Linux, Other, 32
response.__os_type.derived Windows 10 64bit, Linux, Windows, 64 | CentOS 8.0 64bit, other, CentOS, 64
response.__platform.derived Windows 10 64bit, Windows, windows, 64 | openSUSE 15.1 64bit, Linux, SUSE, 64
response.__platform.derived Redhat 7.6 64bit, Linux, RedHat|Red Hat, 64 | Other Linux(64 bit), Linux, Ubuntu, 64
";

#[test]
fn the_operating_system_gives_three_fields() {
    hold(SYSTEMS, |_, row| {
        let cells: Vec<_> = row.split(", ").collect();
        let request = json!({"__os_version": cells[0]});
        let derived = json!({"__os_type": cells[1], "__platform": cells[2], "__os_bit": cells[3]});
        verdict(&created(&request, &with(&answer_to(&request), &derived)))
    });
}

/// Field, value that is open, what it may come back as other than unchanged, and what it may not.
const CAME_BACK: &str = r#"
["visibility", null, ["private"],["public"]] | ["name", null, [""],["null","image"]]
["protected", null, [false],[true]] | ["container_format", null, ["bare"],["ovf"]]
["disk_format", null, ["zvhd2"],["raw"]] | ["tags", null, [[]],[["a=b"]]] | ["min_ram", null, [0],[512]]
["min_disk", null, [0, 40],[]] | ["__os_version", null, ["Other Linux(64 bit)"],["null","CentOS 8.0 64bit"]]
["name","", [],["image"]] | ["name","  a b ", ["a b"],["ab","A B"]] | ["name","äöü", [],["ÄÖÜ","aou",""]]
["container_format","OVF", [],["ovf","bare"]] | ["disk_format","zvhd", [],["zvhd2","vhd"]]
["tags",["a=1","a=1"],[["a=1"]],[[],["a=2"]]] | ["tags",["a.1"],[],[["a=1"],[]]] | ["tags",[" a=1"],[["a=1"]],[["a1"]]]
["tags", ["a=","b=","c=","d=","e=","f=","g=","h=","i=","j=","k="],[],[["a=","b=","c=","d=","e="]]]
["min_ram",5000000,[],[1048576]] | ["min_ram",9007199254740993,[9007199254740992],[9007190000000000]]
["min_disk",100.0,[100],[99]] | ["min_disk",100.00000000000001,[100, 100.0, 100.00000000000003],[101]]
"#;

#[test]
fn an_open_value_comes_back_unchanged_or_in_a_way_that_is_granted() {
    let names = [129, 255].map(|length| json!(["name", "n".repeat(length), [], ["n".repeat(128), "N".repeat(length)]]));
    for row in CAME_BACK.trim().split(['|', '\n']).map(read).chain(names) {
        let (field, request) = (row[0].as_str().unwrap(), json!({row[0].as_str().unwrap(): row[1]}));
        let came = |value: &Value| created(&request, &with(&answer_to(&request), &json!({field: value})));
        let unchanged = came(&row[1]);
        assert_eq!((verdict(&unchanged).as_str(), unchanged.choices[0].taken.raw()), ("fine", "accepted"), "{row}");
        for way in row[2].as_array().unwrap() {
            assert_eq!(verdict(&came(way)), "fine", "{request} -> {way}");
        }
        for wrong in row[3].as_array().unwrap() {
            // What came back for null, and is not null, should have been the default.
            let clause =
                if row[1].is_null() { format!("request.{field}.default") } else { format!("response.{field}.echo") };
            assert_eq!(verdict(&came(wrong)), clause, "{request} -> {wrong}");
        }
    }
}

#[test]
fn an_open_request_may_be_refused_in_any_way_but_with_a_server_error() {
    let fine = [400, 403, 409, 413, 415, 422].as_slice();
    let statuses = [("fine", fine), ("inconclusive", &[429, 503, 504]), ("status.", &[500, 200, 204])];
    hold(BODIES, |expected, body| {
        if expected == "unspecified" {
            let got = |status| refused(body, status).trim_end_matches(char::is_numeric).to_owned();
            hold_statuses(body, &statuses, got);
        }
        expected.to_owned()
    });
    for body in [r#"{"name":"","name":""}"#, "\u{feff}{}", r#"{"id":"x"}"#, r#"{"x":"y"}"#, r#"{"status":"queued"}"#] {
        let answer = Ok(reply(201, JSON, answer_to(&json!({})).to_string()));
        assert_eq!(verdict(&judged(good(body), answer)), "fine", "{body}");
    }
}

#[test]
fn an_invalid_request_is_refused_with_400() {
    let wrong = [404, 409, 422, 500].as_slice();
    let statuses = [("fine", [400].as_slice()), ("status.400", wrong), ("inconclusive", &[429, 503, 504])];
    let check = |clause: &str, body: &str| {
        hold_statuses(body, &statuses, |status| refused(body, status));
        hold_statuses(body, &[(&format!("request.{clause}"), &[200, 201, 204])], |status| refused(body, status));
        let expected = if clause == "visibility.enum" { "fine" } else { "status.400" };
        assert_eq!(refused(body, 403), expected, "{body}");
        clause.to_owned()
    };
    hold(INVALID, |clause, value| check(clause, &field_body(clause, value)));
    let whole = BODIES.lines().filter(|line| line.starts_with("syntax") || line.starts_with("type"));
    hold(&whole.collect::<Vec<_>>().join("\n"), |clause, body| check(clause, body));
    check("required", "");
}

#[test]
fn a_wrong_value_beside_something_open_may_be_refused_for_either() {
    let body = br#"{"x_unheard_of":"text","visibility":"hidden"}"#;
    let outcome = |status: u16| {
        let request = good(body);
        let expected = Expectation { statuses: vec![400], ..Expectation::default() };
        let probe = Probe { expectations: vec![expected], ..plan_of(&request) };
        let exchange = Exchange { request, outcome: Ok(reply(status, None, "")) };
        verdict(&judge(&SUITE.contract, &probe, &[exchange]))
    };
    assert_eq!([400, 403, 409, 422, 500].map(outcome), ["fine", "fine", "fine", "fine", "status.400"]);
    assert!(outcome(201).contains("request.visibility.enum"), "{}", outcome(201));
}

#[test]
fn a_visibility_that_is_no_string_is_not_a_matter_of_rights() {
    assert_eq!(refused(r#"{"visibility":true}"#, 403), "status.400");
}

#[test]
fn tags_may_be_merged_by_key_and_trimmed_whatever_else_is_open_about_them() {
    hold(r#"fine ["a=1","a=2"] -> ["a=2"] | [" x "," x "] -> ["x"] | [" a=1 ","a=2"] -> ["a=1","a=2"]"#, |_, row| {
        let (given, came) = row.split_once(" -> ").unwrap();
        let request = json!({"tags": read(given)});
        verdict(&created(&request, &with(&answer_to(&request), &json!({"tags": read(came)}))))
    });
}

#[test]
fn null_that_came_back_as_the_default_gives_what_the_default_gives() {
    let answer = with(&answer_to(&json!({})), &json!({"__platform": "Windows"}));
    assert_eq!(verdict(&created(&json!({"__os_version": null}), &answer)), "response.__platform.derived");
}

/// A probe that creates and reads, and expects the read to find it.
fn two_steps(outcomes: &[Result<Response, SendError>]) -> Judgement {
    let read = Request { method: "GET".to_owned(), path: "/v2/images/7".to_owned(), body: None, ..good("") };
    let requests = [good("{}"), read];
    let step = |request: &Request| Step::new(request.clone());
    let expected = Expectation { statuses: vec![200], ..Expectation::default() };
    let probe = Probe {
        id: "two steps".to_owned(),
        phase: Phase::Case,
        title: "a creation and a read".to_owned(),
        clauses: vec![ClauseId::behaviour("metadata-persists")],
        violation: None,
        script: Script { steps: requests.iter().map(step).collect() },
        expectations: vec![Expectation { statuses: vec![201], ..Expectation::default() }, expected],
    };
    let exchange = |(request, outcome): (&Request, &Result<Response, SendError>)| Exchange {
        request: request.clone(),
        outcome: outcome.clone(),
    };
    judge(&SUITE.contract, &probe, &requests.iter().zip(outcomes).map(exchange).collect::<Vec<_>>())
}

#[test]
fn a_step_is_judged_only_if_the_one_before_it_succeeded() {
    let created = || Ok(reply(201, JSON, answer_to(&json!({})).to_string()));
    let found = || Ok(reply(200, JSON, "{}"));
    let status = |status| Ok(reply(status, JSON, "{}"));
    let mut wrong_field = answer_to(&json!({}));
    wrong_field["name"] = json!("other");
    for (expected, outcomes) in [
        ("fine", vec![created(), found()]),
        ("behaviour.metadata-persists", vec![created(), status(404)]),
        ("status.201", vec![status(500), status(404)]),
        ("status.201", vec![status(500), Err(SendError::NothingCaptured)]),
        ("inconclusive", vec![status(503), status(404)]),
        ("inconclusive", vec![Err(SendError::Transport(TransportError::Timeout(Way::Direct))), status(404)]),
        ("inconclusive", vec![created(), Err(SendError::Transport(TransportError::Timeout(Way::Direct)))]),
        ("inconclusive", vec![created()]),
        (
            "request.name.default,behaviour.metadata-persists",
            vec![Ok(reply(201, JSON, wrong_field.to_string())), status(404)],
        ),
    ] {
        assert_eq!(verdict(&two_steps(&outcomes)), expected, "{outcomes:?}");
    }
    let short = two_steps(&[created()]);
    assert_eq!(short.inconclusive.as_deref(), Some("the run ended before the probe did"));
    assert_eq!(two_steps(&[status(500)]).inconclusive, None, "what was refused had nothing to go on with");
}
