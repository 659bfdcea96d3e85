//! Logins at servers that behave, that refuse and that are broken. What they say is never believed, and no secret comes through.

use std::time::Duration;

use ims_conformance::http::{Transport, TransportError, Way};
use ims_conformance::identity::{Cloud, ConfigSources, Failure, LoginError, Preference, Session};
use ims_conformance::secret::{Secret, Secrets};
use serde_json::{Value, json};
use time::OffsetDateTime;
use wiremock::matchers::{any, body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const PASSWORD: &str = "canary-password";
const TOKEN: &str = "canary-token";

/// Variables of a user with a password; `ADDRESS` is the server's.
const USER: &str =
    "OS_AUTH_URL=ADDRESS/v3 OS_USERNAME=me OS_PASSWORD=canary-password OS_PROJECT_NAME=work OS_DOMAIN_NAME=there";

/// A cloud with these variables, and what was learnt to be secret.
struct Caller {
    cloud: Cloud,
    secrets: Secrets,
}

impl Caller {
    fn of(variables: &str, address: &str) -> Self {
        let variables = variables.replace("ADDRESS", address);
        // The last one counts, so that a test can say what differs.
        let variable = |name: &str| {
            let mut pairs = variables.split_whitespace().filter_map(|pair| pair.split_once('='));
            pairs.rfind(|(each, _)| *each == name).map(|(_, value)| value.to_owned())
        };
        let around = ConfigSources { variable: &variable, folders: Vec::new(), profiles: None };
        let secrets = Secrets::default();
        let choice = Preference { cloud: None, region: None, service_type: "image" };
        let cloud = Cloud::find(&choice, &around, &secrets).unwrap_or_else(|error| panic!("{error}")).unwrap();
        Self { cloud, secrets }
    }

    async fn log_in(&self) -> Result<Session, LoginError> {
        let transport = Transport { timeout: Duration::from_secs(2), ..Transport::default() };
        let outcome = self.cloud.log_in(&transport, 0, &self.secrets).await;
        let shown = match &outcome {
            Ok(session) => format!("{session:?}"),
            Err(error) => format!("{error}\n{error:?}"),
        };
        let shown = self.secrets.redact_text(&shown);
        assert!(!shown.contains("canary"), "{shown}");
        outcome
    }
}

/// The facts of a token that ends in an hour.
fn facts() -> Value {
    let endpoint =
        |interface: &str, region: &str, url: &str| json!({"interface": interface, "region": region, "url": url});
    json!({
        "expires_at": "2100-01-01T00:00:00.000000Z",
        "user": {"id": "u", "name": "me", "domain": {"id": "d", "name": "there"}},
        "project": {"id": "p", "name": "work"},
        "roles": [{"id": "r", "name": "member"}],
        "catalog": [
            {"type": "identity", "endpoints": [endpoint("public", "one", "http://127.0.0.1:5/v3")]},
            {"type": "image", "endpoints": [
                endpoint("public", "one", "http://127.0.0.1:1/v2"),
                endpoint("public", "two", "http://127.0.0.1:2"),
                endpoint("internal", "one", "http://127.0.0.1:3"),
            ]},
        ],
    })
}

fn created(facts: &Value) -> ResponseTemplate {
    ResponseTemplate::new(201).insert_header("X-Subject-Token", TOKEN).set_body_json(json!({"token": facts}))
}

/// A server that gives this answer to everything.
async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

async fn session_with(variables: &str, facts: &Value) -> (Caller, Session) {
    let server = answering(created(facts)).await;
    let caller = Caller::of(variables, &server.uri());
    let session = caller.log_in().await.unwrap_or_else(|error| panic!("{error}"));
    (caller, session)
}

async fn failure(answer: ResponseTemplate) -> Failure {
    let server = answering(answer).await;
    Caller::of(USER, &server.uri()).log_in().await.unwrap_err().failure
}

/// A failure as it leaves the program.
async fn shown(answer: ResponseTemplate) -> String {
    let server = answering(answer).await;
    let caller = Caller::of(USER, &server.uri());
    caller.secrets.redact_text(&caller.log_in().await.unwrap_err().failure.to_string())
}

/// What each credential sends, where.
#[tokio::test]
async fn each_credential_is_sent_as_keystone_wants_it() {
    let domain = json!({"name": "there"});
    let scope = json!({"project": {"name": "work", "domain": domain}});
    let user = json!({"name": "me", "domain": domain, "password": PASSWORD});
    let password = json!({"methods": ["password"], "password": {"user": user}});
    let by_id = json!({"id": "i", "secret": "canary-secret"});
    let by_name = json!({"name": "n", "secret": "canary-secret", "user": {"id": "u"}});
    let application =
        |which| json!({"auth": {"identity": {"methods": ["application_credential"], "application_credential": which}}});
    let table = [
        (USER.to_owned(), json!({"auth": {"identity": password, "scope": scope}})),
        (
            "OS_AUTH_URL=ADDRESS OS_USER_ID=u OS_PASSWORD=canary-password OS_SYSTEM_SCOPE=all".to_owned(),
            json!({"auth": {
                "identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": PASSWORD}}},
                "scope": {"system": {"all": true}},
            }}),
        ),
        (
            "OS_AUTH_URL=ADDRESS/v3/ OS_TOKEN=canary-old OS_DOMAIN_ID=d".to_owned(),
            json!({"auth": {
                "identity": {"methods": ["token"], "token": {"id": "canary-old"}}, "scope": {"domain": {"id": "d"}},
            }}),
        ),
        (
            "OS_AUTH_URL=ADDRESS OS_APPLICATION_CREDENTIAL_ID=i OS_APPLICATION_CREDENTIAL_SECRET=canary-secret".to_owned(),
            application(by_id),
        ),
        (
            "OS_AUTH_URL=ADDRESS OS_APPLICATION_CREDENTIAL_NAME=n OS_USER_ID=u OS_APPLICATION_CREDENTIAL_SECRET=canary-secret".to_owned(),
            application(by_name),
        ),
    ];
    for (variables, body) in table {
        let server = MockServer::start().await;
        let expected = Mock::given(method("POST")).and(path("/v3/auth/tokens")).and(body_json(&body));
        expected.respond_with(created(&facts())).expect(1).mount(&server).await;
        let session = Caller::of(&variables, &server.uri()).log_in().await.unwrap();
        assert_eq!(session.token.unwrap().expose(), TOKEN);
    }
}

#[tokio::test]
async fn a_token_without_a_scope_is_looked_up_and_stays_the_token() {
    let server = MockServer::start().await;
    let expected = Mock::given(method("GET")).and(path("/identity/v3/auth/tokens"));
    let expected = expected.and(header("X-Auth-Token", "canary-old")).and(header("X-Subject-Token", "canary-old"));
    let answer = ResponseTemplate::new(200).set_body_json(json!({"token": facts()}));
    expected.respond_with(answer).expect(1).mount(&server).await;
    let caller = Caller::of("OS_AUTH_URL=ADDRESS/identity OS_TOKEN=canary-old", &server.uri());
    let session = caller.log_in().await.unwrap();
    assert_eq!(session.token.unwrap().expose(), "canary-old");
    assert_eq!(session.project.unwrap().name, "work");
    assert!(!caller.cloud.can_renew());
}

#[tokio::test]
async fn a_session_says_who_and_for_what_and_until_when() {
    let (caller, session) = session_with(USER, &facts()).await;
    assert_eq!(session.user.as_ref().unwrap().name, "me");
    assert_eq!(session.project.as_ref().unwrap().id, "p");
    assert_eq!(session.roles, ["member"]);
    assert!(!session.expires_before(OffsetDateTime::now_utc()));
    assert_eq!(caller.secrets.redact_text(&format!("{TOKEN} {PASSWORD}")), "[token] [password]");
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed() {
    let server = MockServer::start().await;
    let mut ended = facts();
    ended["expires_at"] = "2001-01-01T00:00:00Z".into();
    Mock::given(any()).respond_with(created(&ended)).up_to_n_times(1).mount(&server).await;
    let next = created(&facts()).insert_header("X-Subject-Token", "canary-second");
    Mock::given(any()).respond_with(next).mount(&server).await;
    let caller = Caller::of(USER, &server.uri());
    let first = caller.log_in().await.unwrap();
    assert!(first.expires_before(OffsetDateTime::now_utc()) && caller.cloud.can_renew());
    let second = caller.log_in().await.unwrap();
    assert!(!second.expires_before(OffsetDateTime::now_utc()));
    assert_eq!(second.token.unwrap().expose(), "canary-second");
    assert_eq!(caller.secrets.redact_text("canary-token canary-second"), "[token] [token]");
}

#[tokio::test]
async fn the_endpoint_is_the_one_of_service_region_and_interface() {
    let table = [
        ("OS_REGION_NAME=one", "http://127.0.0.1:1/v2"),
        ("OS_REGION_NAME=two", "http://127.0.0.1:2"),
        ("OS_REGION_NAME=two OS_INTERFACE=publicURL", "http://127.0.0.1:2"),
        ("OS_INTERFACE=internal", "http://127.0.0.1:3"),
        ("OS_ENDPOINT_TYPE=internalURL", "http://127.0.0.1:3"),
        ("", "the service `image` is in several regions: one, two; say which with region_name (OS_REGION_NAME)"),
        ("OS_REGION_NAME=eu", "the service `image` has no public endpoint in the region `eu`; it has one in one, two"),
        ("OS_INTERFACE=admin", "the service `image` has no admin endpoint; it has internal, public"),
        ("OS_IMAGE_ENDPOINT_OVERRIDE=http://127.0.0.1:4", "http://127.0.0.1:4"),
    ];
    for (variables, expected) in table {
        let (caller, session) = session_with(&format!("{USER} {variables}"), &facts()).await;
        assert_eq!(endpoint(&caller, &session), expected, "{variables}");
    }
}

fn endpoint(caller: &Caller, session: &Session) -> String {
    caller.cloud.endpoint(session).map_or_else(|error| error.to_string(), |endpoint| endpoint.to_string())
}

#[tokio::test]
async fn a_catalog_that_does_not_help_says_what_it_has() {
    let with = |catalog: Value| {
        let mut facts = facts();
        facts["catalog"] = catalog;
        facts
    };
    let image = |endpoints: Value| with(json!([{"type": "image", "endpoints": endpoints}]));
    let public = |region: &str, url: &str| json!({"interface": "public", "region_id": region, "url": url});
    let table = [
        (
            with(json!([])),
            "the token came without a catalog; name the endpoint with --endpoint or image_endpoint_override",
        ),
        (
            with(json!("canary")),
            "the token came without a catalog; name the endpoint with --endpoint or image_endpoint_override",
        ),
        (
            with(
                json!([{"type": "dns", "endpoints": [public("one", "http://a")]}, 7, {"type": "ec2", "endpoints": {}}]),
            ),
            "the catalog has no service of type `image`; it has dns",
        ),
        (image(json!([public("one", "http://a"), public("one", "http://a")])), "http://a"),
        (image(json!([public("one", "http://a"), public("two", "http://a"), 5, {"url": 5}])), "http://a"),
        (image(json!([public("one", "http://a/v2"), public("one", "http://a/v2/")])), "http://a/v2"),
        (image(json!([public("one", "http://a/"), public("two", "http://a//")])), "http://a"),
        // What is read is what came, whatever words are secret.
        (image(json!([public("one", "http://a/canary-token")])), "http://a/canary-token"),
        (
            image(json!([public("one", "http://a"), public("one", "http://b")])),
            "the catalog has 2 different public endpoints for `image` in one region; name one with image_endpoint_override",
        ),
        (
            image(json!([public("one", "http://me:mine@a")])),
            "what the catalog has for `image` is no endpoint: an endpoint holds no user and no password; give a token instead",
        ),
        (
            image(json!([{"interface": "\u{1b}[31m", "url": "http://a"}])),
            r"the service `image` has no public endpoint; it has \u001b[31m",
        ),
    ];
    for (facts, expected) in table {
        let server = answering(created(&facts)).await;
        let caller = Caller::of(USER, &server.uri());
        let session = match caller.log_in().await {
            Ok(session) => session,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(endpoint(&caller, &session), expected);
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_look_at_and_repeats_no_secret() {
    let said = |message: &str| json!({"error": {"code": 0, "message": message, "title": "Canary"}});
    let table = [
        (
            401,
            said("no such user"),
            "it does not take this password (“no such user”); are user, password, domain and project right?",
        ),
        (
            401,
            said(&format!("{PASSWORD} is wrong")),
            "it does not take this password (“[password] is wrong”); are user, password, domain and project right?",
        ),
        (403, json!({}), "it answers 403; the user may not log in for this project, or not from here"),
        (
            404,
            json!({"error_msg": "no\nAPI"}),
            "it answers 404 (“no\\nAPI”); is auth_url the address of a Keystone? It usually ends in /v3",
        ),
        (400, json!(5), "it answers 400; is a name, a domain or the project missing or wrong?"),
        (429, said(""), "it answers 429; it wants fewer logins; wait, then try again"),
        (503, said("later"), "it answers 503 (“later”); it is broken or busy; try again later"),
        (300, json!({}), "it answers 300; that is no answer to a login; is auth_url right?"),
    ];
    for (status, body, expected) in table {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        assert_eq!(shown(answer).await, expected);
    }
    let long = format!("{}{PASSWORD}", "x".repeat(295));
    let cut = shown(ResponseTemplate::new(403).set_body_json(said(&long))).await;
    assert!(cut.contains("x[password]… (310 characters)”"), "what a cut leaves of a secret is taken out: {cut}");
    let page = ResponseTemplate::new(500).set_body_string(format!("<html>{PASSWORD}</html>"));
    assert_eq!(shown(page).await, "it answers 500; it is broken or busy; try again later");
}

#[tokio::test]
async fn a_token_that_is_refused_says_that_another_one_is_needed() {
    let server = answering(ResponseTemplate::new(401)).await;
    let caller = Caller::of("OS_AUTH_URL=ADDRESS OS_TOKEN=canary-old", &server.uri());
    let error = caller.log_in().await.unwrap_err();
    assert!(matches!(error.failure, Failure::WrongCredential { credential: "token", .. }));
    assert!(error.to_string().ends_with("it has expired, or is not good for this; get a new one"), "{error}");
}

#[tokio::test]
async fn a_second_factor_is_told_from_a_wrong_password() {
    let answer = ResponseTemplate::new(401).insert_header("Openstack-Auth-Receipt", "canary-receipt");
    assert_eq!(failure(answer).await, Failure::SecondFactor);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = answering(created(&facts())).await;
    let location = format!("{}/?{PASSWORD}", elsewhere.uri());
    let answer = ResponseTemplate::new(307).insert_header("Location", location.as_str());
    let failure = failure(answer).await;
    assert_eq!(failure, Failure::Redirect { status: 307, location });
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_answer_of_a_keystone_is_said_to_be_none() {
    let ok = || ResponseTemplate::new(201).insert_header("X-Subject-Token", TOKEN);
    let without = |key: &str| {
        let mut facts = facts();
        facts.as_object_mut().unwrap().remove(key);
        ok().set_body_json(json!({"token": facts}))
    };
    let mut no_time = facts();
    no_time["expires_at"] = TOKEN.into();
    let endless = vec![b' '; 5 * 1024 * 1024];
    let table = [
        (ResponseTemplate::new(200).set_body_string("<html>welcome</html>"), "there is no token in its header"),
        (created(&facts()).insert_header("X-Subject-Token", "two words"), "there is no token in its header"),
        (created(&facts()).insert_header("X-Subject-Token", "x".repeat(65 * 1024)), "there is no token in its header"),
        (ok().set_body_string("<html>"), "its body is not JSON"),
        (ok().set_body_string("[".repeat(100_000)), "its body is not JSON"),
        (ok().set_body_json(json!({"token": 5})), "its body has no `token`"),
        (ok().set_body_json(json!([])), "its body has no `token`"),
        (without("expires_at"), "it does not say when the token ends"),
        (without("user"), "it does not say whose the token is"),
        (ok().set_body_json(json!({"token": no_time})), "the time at which the token ends is none"),
    ];
    for (answer, expected) in table {
        let failure = failure(answer).await;
        assert!(matches!(failure, Failure::NotKeystone { what, .. } if what == expected), "{expected}: {failure}");
    }
    let failure = failure(ok().set_body_bytes(endless)).await;
    assert_eq!(failure, Failure::Unreachable(TransportError::TooLarge));
    assert!(failure.to_string().contains("its body has no end; is auth_url the address of a Keystone?"), "{failure}");
}

#[tokio::test]
async fn names_of_a_server_are_kept_as_they_came_and_shown_without_control_characters() {
    let mut facts = facts();
    facts["user"]["name"] = format!("\u{1b}[2J{PASSWORD}\n").into();
    facts["roles"] = json!([{"name": "r".repeat(1000)}, {"name": 5}, 6]);
    let (_, session) = session_with(USER, &facts).await;
    let name = session.user.unwrap().name;
    assert_eq!(name, format!("\u{1b}[2J{PASSWORD}\n").as_str());
    assert_eq!(name.to_string(), format!(r"\u001b[2J{PASSWORD}\n"));
    assert_eq!(session.roles, ["r".repeat(1000).as_str()]);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_said_to_be_so() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = answering(created(&facts())).await;
    let rude = rude_server();
    let table = [
        (format!("http://{closed}"), TransportError::Refused),
        // A name that is too long is refused without asking a network.
        (format!("http://{}.invalid", "a".repeat(64)), TransportError::Lookup),
        (format!("http://{}", silent.local_addr().unwrap()), TransportError::Timeout(Way::Direct)),
        (server.uri().replace("http:", "https:"), TransportError::NoTls),
        (format!("https://{rude}"), TransportError::NoTls),
        (format!("http://{rude}"), TransportError::Broken(Way::Direct)),
    ];
    for (address, expected) in table {
        let error = Caller::of(USER, &address).log_in().await.unwrap_err();
        assert_eq!(error.failure, Failure::Unreachable(expected), "{address}");
        assert!(error.to_string().starts_with(&format!("cannot log in at {address}/v3: ")), "{error}");
    }
}

/// A server that says something which is neither TLS nor HTTP.
fn rude_server() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let _ = std::io::Write::write_all(&mut stream, b"220 mail.example.com\r\n");
        }
    });
    address
}

#[tokio::test]
async fn nothing_is_sent_where_no_identity_service_is_asked() {
    let server = answering(ResponseTemplate::new(500)).await;
    for (access, token) in
        [("OS_AUTH_TYPE=none", None), ("OS_AUTH_TYPE=admin_token OS_TOKEN=canary-fixed", Some("canary-fixed"))]
    {
        let caller = Caller::of(&format!("{access} OS_ENDPOINT=ADDRESS/image"), &server.uri());
        let session = caller.log_in().await.unwrap();
        assert_eq!(session.token.as_ref().map(Secret::expose), token);
        assert_eq!(endpoint(&caller, &session), format!("{}/image", server.uri()));
        assert!(!session.expires_before(OffsetDateTime::now_utc()) && !caller.cloud.can_renew());
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}
