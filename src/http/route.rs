//! The way to an endpoint as another client must be told of it, so that a command that repeats a request goes where the request went.

/// What another client must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Whose certificates are taken.
    pub trust: RouteTrust,
    /// Through which proxy.
    pub proxy: RouteProxy,
    /// What goes with every request: each header as an argument of a shell, with its value in a variable.
    pub headers: Vec<String>,
}

/// Whose certificates are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteTrust {
    /// Those that the machine trusts, or there are none.
    Usual,
    /// Those of this file, too.
    File(String),
    /// Those of the files of this folder, too.
    Folder(String),
    /// Everybody's.
    Anybody,
}

/// Through which proxy requests go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteProxy {
    /// None, and nothing in the environment names one.
    None,
    /// None, whatever the environment names.
    Ignored,
    /// The one that this variable names.
    Variable(&'static str),
}

impl Route {
    /// Nobody has to be told anything.
    pub const USUAL: Self = Self { trust: RouteTrust::Usual, proxy: RouteProxy::None, headers: Vec::new() };
}
