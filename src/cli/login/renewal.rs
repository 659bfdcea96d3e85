//! Logs in again when a token has ended.

use std::pin::Pin;

use crate::client::{Renew, Renewed, Token};
use crate::http::Transport;
use crate::identity::Cloud;
use crate::secret::Secrets;

/// A cloud that gives new tokens to a run.
#[derive(Debug)]
pub(super) struct Renewal {
    cloud: Cloud,
    transport: Transport,
    retries: usize,
    secrets: Secrets,
}

impl Renewal {
    /// New tokens come this way, with so many retries, and are made known to these secrets.
    pub(super) fn new(cloud: Cloud, transport: Transport, retries: usize, secrets: Secrets) -> Self {
        Self { cloud, transport, retries, secrets }
    }
}

impl Renew for Renewal {
    fn renew(&self) -> Pin<Box<dyn Future<Output = Renewed> + Send + '_>> {
        Box::pin(async {
            let session = self.cloud.log_in(&self.transport, self.retries, &self.secrets).await;
            let session = session.map_err(|error| error.to_string())?;
            let token = session.token.and_then(|token| Token::new(token.expose()));
            Ok((token.ok_or("the identity service gave no token that can be sent")?, session.expires_at))
        })
    }
}
