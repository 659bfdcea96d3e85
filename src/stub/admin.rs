//! Calls that are about the stub and not of its contract: what it holds is looked at, and put back.

use serde_json::Value;

use super::reply;
use super::server::Served;
use crate::exchange::Response;

/// Where a stub with such calls tells what it holds (`GET`), and puts it back (`DELETE`).
pub const ADMIN_PATH: &str = "/-/state";

/// The answer to such a call, if this is one. No token is needed: whoever switches these calls on lets everybody in.
pub(super) fn answer(served: &Served, method: &str, path: &str) -> Option<Response> {
    if path.split('?').next() != Some(ADMIN_PATH) {
        return None;
    }
    Some(match method {
        "GET" => reply::json(200, &Value::from(served.service.state())),
        "DELETE" => {
            served.reset();
            reply::bare(204)
        }
        _ => Response { headers: vec![("allow".to_owned(), "DELETE, GET".to_owned())], ..reply::bare(405) },
    })
}
