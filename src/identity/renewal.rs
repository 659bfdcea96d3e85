//! Logs in again when a token has ended.

use std::pin::Pin;

use super::Cloud;
use crate::secret::Secrets;
use crate::target::{Renew, Renewed, Token};

/// A cloud that gives new tokens to a run.
#[derive(Debug)]
pub struct Renewal {
    cloud: Cloud,
    client: reqwest::Client,
    secrets: Secrets,
}

impl Renewal {
    /// New tokens come over this client and are made known to these secrets.
    pub fn new(cloud: Cloud, client: reqwest::Client, secrets: Secrets) -> Self {
        Self { cloud, client, secrets }
    }
}

impl Renew for Renewal {
    fn renew(&self) -> Pin<Box<dyn Future<Output = Renewed> + Send + '_>> {
        Box::pin(async {
            let session = self.cloud.log_in(&self.client, &self.secrets).await.ok()?;
            Some((Token::new(session.token?.expose())?, session.expires_at))
        })
    }
}
