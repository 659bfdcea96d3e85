//! What a target is made with, and what is usual.

use std::time::Duration;

use super::{Access, GRACE, Limits, Stop};
use crate::contract::Scheme;
use crate::http::Transport;
use crate::secret::Secrets;

/// What a target is made with, beside its endpoint.
#[derive(Debug)]
pub struct Setup {
    /// How a caller proves who they are.
    pub access: Access,
    /// Where requests show the token; `None` is where the first security scheme of the contract has it.
    pub scheme: Option<Scheme>,
    /// How connections are made.
    pub transport: Transport,
    /// What the run may cost.
    pub limits: Limits,
    /// How often a request is sent again where that is safe.
    pub retries: usize,
    /// The secrets of this process, which learn those of `access`.
    pub secrets: Secrets,
    /// The project that everything belongs to, if it is known.
    pub project: Option<String>,
    /// Ends the run early; what it created is still removed.
    pub stop: Stop,
    /// For so long after its answer was lost a request may still create something.
    pub grace: Duration,
    /// For so long after a stop, or the end of the time, the clean-up may go on.
    pub cleanup: Duration,
    /// Whether a pause takes its time. Where it does not, a request is sent again as often, but at once.
    pub waits: bool,
}

/// A clean-up that takes longer than this after a stop is left to a sweep.
const CLEANUP: Duration = Duration::from_mins(1);

impl Setup {
    /// The usual, with this access.
    pub fn new(access: Access) -> Self {
        Self {
            access,
            scheme: None,
            transport: Transport::default(),
            limits: Limits::default(),
            retries: 4,
            secrets: Secrets::default(),
            project: None,
            stop: Stop::default(),
            grace: GRACE,
            cleanup: CLEANUP,
            waits: true,
        }
    }
}
