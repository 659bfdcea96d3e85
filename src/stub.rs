//! A server that keeps the contract, made from the contract: the target of a run without an endpoint. With a [`Defect`] it breaks one clause of it, so
//! that the harness can be tested.
//!
//! [`Stub`] serves it over HTTP, keeping nothing of what it has answered: [`Stub::builder`] says what it holds first, how slow it is, how often it fails. In a
//! test, a wiremock server can mount the [`StubService`], and expect what is sent to it.
//!
//! It knows no field. What a request deserves it learns from [`classify`](crate::judge::classify()), what an answer holds from the contract's response.

mod admin;
mod builder;
mod credential;
pub mod defect;
mod impairment;
mod list;
mod mock;
mod reply;
mod resource;
mod server;
mod service;
mod state;
mod tls;
mod update;

pub use admin::ADMIN_PATH;
pub use builder::{DEFAULT_TOKEN, StartError, StubBuilder, usual_token};
pub use defect::Defect;
pub use server::{Answered, Stub};
pub use service::StubService;
pub use state::SeedError;
pub use tls::TlsError;
