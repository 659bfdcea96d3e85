//! What requests show to be let in.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::{AccessKey, Token};
use crate::exchange::TokenVariant;
use crate::secret::Secrets;

/// How a caller proves who they are.
#[derive(Clone, Debug)]
pub enum Access {
    /// Not at all.
    Open,
    /// By a token that cannot be had anew.
    Token(Token),
    /// By a token that ends, and that can be had anew.
    Lease(Arc<Lease>),
    /// By a signature over each request.
    Key(AccessKey),
}

/// Who gives a new token when one has ended.
pub trait Renew: Send + Sync {
    /// Asks for one.
    fn renew(&self) -> Pin<Box<dyn Future<Output = Renewed> + Send + '_>>;
}

/// A new token, and when it ends if that is known; or why there is none to be had, in words without a secret.
pub type Renewed = Result<(Token, Option<OffsetDateTime>), String>;

/// A token for a time.
pub struct Lease {
    source: Box<dyn Renew>,
    current: RwLock<Current>,
    /// Held by the one who renews; the time is that of the last renewal.
    renewal: Mutex<Option<Instant>>,
    /// Why the last renewal failed, if it did.
    error: RwLock<Option<String>>,
}

#[derive(Clone)]
struct Current {
    token: Token,
    ends: Option<OffsetDateTime>,
}

/// A token that ends within this time is renewed before it is shown again.
const MARGIN: Duration = Duration::from_secs(20);

/// A new token that is refused so soon is refused for another reason.
const SHORTEST_LEASE: Duration = Duration::from_secs(3);

impl fmt::Debug for Lease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lease").field("ends", &self.current().ends).finish_non_exhaustive()
    }
}

impl Lease {
    /// A lease that begins with this token.
    pub fn new(source: Box<dyn Renew>, token: Token, ends: Option<OffsetDateTime>) -> Self {
        let current = RwLock::new(Current { token, ends });
        Self { source, current, renewal: Mutex::new(None), error: RwLock::default() }
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gets a new token instead of this one; true if the token is another one now. Of several who ask at once, one gets it for all.
    async fn renew(&self, instead_of: &Token, secrets: &Secrets) -> bool {
        let mut last = self.renewal.lock().await;
        if self.current().token != *instead_of {
            return true;
        }
        if last.is_some_and(|last| last.elapsed() < SHORTEST_LEASE) {
            return false;
        }
        *last = Some(Instant::now());
        let renewed = self.source.renew().await;
        *self.error.write().unwrap_or_else(PoisonError::into_inner) = renewed.as_ref().err().cloned();
        let Ok((token, ends)) = renewed else { return false };
        token.register_secrets(secrets);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current { token, ends };
        true
    }
}

impl Access {
    /// Whether requests with a good credential show nothing at all.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// The token that the credentials of cases are made from.
    pub(super) fn token(&self) -> Option<Token> {
        match self {
            Self::Open | Self::Key(_) => None,
            Self::Token(token) => Some(token.clone()),
            Self::Lease(lease) => Some(lease.current().token),
        }
    }

    /// What stands behind the first colon of the token: the password, where it is a user and a password.
    pub(super) fn password(&self) -> Option<String> {
        let token = self.token()?.shown_as(TokenVariant::Good);
        token.split_once(':').map(|(_, password)| password.to_owned())
    }

    /// Makes known what must not be told.
    pub(super) fn register_secrets(&self, secrets: &Secrets) {
        if let Some(token) = self.token() {
            token.register_secrets(secrets);
        }
        if let Self::Key(key) = self {
            key.secrets().for_each(|secret| secrets.add(secret));
        }
    }

    /// Renews a token that is about to end.
    pub(super) async fn refresh(&self, secrets: &Secrets) {
        if let Self::Lease(lease) = self {
            let current = lease.current();
            if current.ends.is_some_and(|ends| ends <= OffsetDateTime::now_utc() + MARGIN) {
                lease.renew(&current.token, secrets).await;
            }
        }
    }

    /// Renews the token that was refused; true if there is another one now.
    pub(super) async fn renew(&self, refused: &Token, secrets: &Secrets) -> bool {
        match self {
            Self::Lease(lease) => lease.renew(refused, secrets).await,
            Self::Open | Self::Token(_) | Self::Key(_) => false,
        }
    }

    /// Why there is no new token, where the last one ended and none was to be had.
    pub(super) fn error(&self) -> Option<String> {
        match self {
            Self::Lease(lease) => lease.error.read().unwrap_or_else(PoisonError::into_inner).clone(),
            Self::Open | Self::Token(_) | Self::Key(_) => None,
        }
    }

    /// The key that signs a request with this credential: only a good one is signed.
    pub(super) fn key(&self, credential: TokenVariant) -> Option<&AccessKey> {
        match self {
            Self::Key(key) if credential == TokenVariant::Good => Some(key),
            _ => None,
        }
    }

    /// What the token's header says for this credential.
    pub(super) fn shown(&self, credential: TokenVariant) -> Option<String> {
        match credential {
            TokenVariant::Absent | TokenVariant::Elsewhere(_) => None,
            TokenVariant::Empty => Some(String::new()),
            TokenVariant::Wrong => Some("this-was-never-a-token".to_owned()),
            TokenVariant::Foreign(foreign) => Some(foreign.text().to_owned()),
            credential => self.token().map(|token| token.shown_as(credential)),
        }
    }
}
