//! The one request to Keystone v3 that makes a token, or looks one up. Whatever comes back is untrusted.

use std::time::Duration;

use serde_json::{Value, json};

use super::access::{ApplicationCredential, Credential, Domain, Keystone, Scope, User};
use super::login_error::{Failure, LoginError};
use super::place::shown;
use super::session::Session;
use crate::http::{Client, HeaderName, Outgoing, Prepared, RawResponse, Transport, pauses};
use crate::secret::{Kind, Secret, Secrets};

/// Where tokens are made, from the root of an identity service.
const TOKENS: &str = "/v3/auth/tokens";
/// The token that an answer gives, or that a request is about.
const SUBJECT: &str = "x-subject-token";
/// The token that a request shows.
const SHOWN: &str = "x-auth-token";
/// What comes instead of a token where one factor is not enough.
const RECEIPT: &str = "openstack-auth-receipt";

/// Largest answer that is read; the catalog of a big cloud has a few hundred kilobytes.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;
/// Longest token that is taken; no server takes a longer header.
const LONGEST_TOKEN: usize = 64 * 1024;

/// A service that wants to be left alone for longer is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// An answer, read as far as it may be.
struct TokenResponse {
    status: u16,
    token: Option<Secret>,
    location: String,
    wants_second_factor: bool,
    /// How many seconds it asks to wait.
    pause: u64,
    body: Vec<u8>,
}

impl Keystone {
    /// Logs in. What comes back holds no secret that `secrets` does not know. A service that is busy is asked again so many times: nothing comes of a
    /// login twice but a token that nobody uses.
    pub(super) async fn log_in(
        &self,
        transport: &Transport,
        retries: usize,
        secrets: &Secrets,
    ) -> Result<Session, LoginError> {
        let failed = |way, failure| LoginError { address: self.address.to_string(), way, failure };
        let client = transport.client(&self.address);
        let client = client.map_err(|error| failed(String::new(), Failure::NoClient(error.to_string())))?;
        let mut pauses = pauses(retries);
        loop {
            let failure = match self.attempt(&client, secrets).await {
                Ok(session) => return Ok(session),
                Err(failure) => failure,
            };
            let asked_for = failure.pause();
            match pauses.next() {
                Some(pause) if failure.may_pass() && asked_for <= LONGEST_PAUSE => {
                    tokio::time::sleep(pause.max(asked_for)).await;
                }
                _ => {
                    let is_unreached = matches!(failure, Failure::Unreachable(_));
                    return Err(failed(if is_unreached { client.way() } else { String::new() }, failure));
                }
            }
        }
    }

    async fn attempt(&self, client: &Client, secrets: &Secrets) -> Result<Session, Failure> {
        let request = self.request(client);
        let request = request.ok_or_else(|| Failure::NoClient("no request can be made of this address".to_owned()))?;
        let answer = request.send(LARGEST_ANSWER).await.map_err(Failure::Unreachable)?;
        self.session(TokenResponse::read(answer, secrets))
    }

    fn request<'a>(&self, client: &'a Client) -> Option<Prepared<'a>> {
        let url = self.address.join(TOKENS)?;
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![header("accept", "application/json")];
        let (method, shown, body) = match (&self.credential, &self.scope) {
            // A token that is not to be good for something else is looked up: it keeps its scope, and no second one comes to be.
            (Credential::Token(token), Scope::Given) => {
                let shown = [SHOWN, SUBJECT].map(|name| (HeaderName::from_static(name), token.expose().to_owned()));
                ("GET", Vec::from(shown), None)
            }
            (credential, scope) => {
                headers.push(header("content-type", "application/json"));
                ("POST", Vec::new(), Some(body(credential, scope).to_string().into_bytes()))
            }
        };
        client.prepare(Outgoing { method, url, headers: &headers, shown: &shown, body, needs_own_connection: true })
    }

    fn session(&self, answer: TokenResponse) -> Result<Session, Failure> {
        let TokenResponse { status, token, location, wants_second_factor, pause, body } = answer;
        match status {
            200..=299 => {
                let not_keystone = |what| Failure::NotKeystone { status, what };
                let token = match (&self.credential, token) {
                    (_, Some(token)) => token,
                    (Credential::Token(token), None) if matches!(self.scope, Scope::Given) => token.clone(),
                    _ => return Err(not_keystone("there is no token in its header")),
                };
                Session::read(&body, token).map_err(not_keystone)
            }
            300..=399 if !location.is_empty() => Err(Failure::Redirect { status, location }),
            401 if wants_second_factor => Err(Failure::SecondFactor),
            401 => Err(Failure::WrongCredential {
                credential: self.credential.name(),
                message: message(&body),
                hint: hint(&self.credential),
            }),
            _ => Err(Failure::Refused { status, message: message(&body), pause }),
        }
    }
}

fn hint(credential: &Credential) -> &'static str {
    match credential {
        Credential::Password { .. } => "are user, password, domain and project right?",
        Credential::ApplicationCredential { .. } => "are its id and secret right, and has it not expired?",
        Credential::Token(_) => "it has expired, or is not good for this; get a new one",
    }
}

/// What is sent: the credential, and what the token shall be good for.
fn body(credential: &Credential, scope: &Scope) -> Value {
    let identity = match credential {
        Credential::Password { user, password } => {
            let mut user = user_body(user);
            user["password"] = password.expose().into();
            json!({"methods": ["password"], "password": {"user": user}})
        }
        Credential::ApplicationCredential { which, secret } => {
            let mut which = match which {
                ApplicationCredential::Id(id) => json!({"id": id}),
                ApplicationCredential::Name(name, user) => json!({"name": name, "user": user_body(user)}),
            };
            which["secret"] = secret.expose().into();
            json!({"methods": ["application_credential"], "application_credential": which})
        }
        Credential::Token(token) => json!({"methods": ["token"], "token": {"id": token.expose()}}),
    };
    let scope = match scope {
        Scope::Project(id) => json!({"project": {"id": id}}),
        Scope::ProjectName(name, domain) => json!({"project": {"name": name, "domain": domain_body(domain)}}),
        Scope::Domain(domain) => json!({"domain": domain_body(domain)}),
        Scope::System => json!({"system": {"all": true}}),
        Scope::Given => return json!({"auth": {"identity": identity}}),
    };
    json!({"auth": {"identity": identity, "scope": scope}})
}

fn user_body(user: &User) -> Value {
    match user {
        User::Id(id) => json!({"id": id}),
        User::Name(name, domain) => json!({"name": name, "domain": domain_body(domain)}),
    }
}

fn domain_body(domain: &Domain) -> Value {
    match domain {
        Domain::Id(id) => json!({"id": id}),
        Domain::Name(name) => json!({"name": name}),
    }
}

impl TokenResponse {
    /// Takes from an answer what matters, and makes its token known as a secret.
    fn read(answer: RawResponse, secrets: &Secrets) -> Self {
        let found = |name: &str| answer.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str());
        let token = token(found(SUBJECT).unwrap_or_default());
        if let Some(token) = &token {
            secrets.add(token);
        }
        let location = shown(found("location").unwrap_or_default());
        let pause = found("retry-after").unwrap_or_default().trim().parse().unwrap_or_default();
        let wants_second_factor = found(RECEIPT).is_some();
        Self { status: answer.status, token, location, wants_second_factor, pause, body: answer.body }
    }
}

/// The token in a header, if it is one that another header can carry.
fn token(text: &str) -> Option<Secret> {
    let can_be_sent = text.bytes().all(|byte| (0x21..0x7F).contains(&byte));
    (!text.is_empty() && text.len() <= LONGEST_TOKEN && can_be_sent).then(|| Secret::new(Kind::Token, text))
}

/// What a Keystone says about a failure; what others say is not repeated.
fn message(body: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = answer.pointer("/error/message").or_else(|| answer.get("error_msg")).and_then(Value::as_str);
    shown(text.unwrap_or_default())
}
