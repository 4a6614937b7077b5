//! Cookie persistence and the headers that tell a server about its client (manual: "cookie", "option forwardfor").

use super::{ClientSide, Stream};

/// The persistence cookie's part in one exchange.
#[derive(Debug, Default)]
pub struct CookieState {
    /// The server that the client's cookie names.
    pub server: Option<u32>,
}

impl<C: ClientSide> Stream<'_, C> {
    /// Finds the client's server by its cookie, and hides the cookie where that is asked for.
    pub(super) fn find_cookie(&mut self) {}

    /// Writes the persistence cookie into the response.
    pub(super) fn set_cookie(&mut self) {}

    /// `option forwardfor`, `option originalto`, `unique-id-header`.
    pub(super) fn add_address_headers(&mut self) {}
}
