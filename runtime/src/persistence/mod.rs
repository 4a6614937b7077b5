//! What keeps a client on its server, and what tells the server about its client: edits of heads, no socket, no clock.
//!
//! ```text
//!   request head ──cookie::on_request──▶ CookieState ──(server, or the balancer's)──▶ connection
//!        └──────address_header::add, name_header──▶ server
//!   response head ──response::on_response(CookieState)──▶ client
//! ```

pub mod address_header;
pub mod cacheability;
pub mod cookie;
pub mod date;
pub mod dynamic;
pub mod last_server;
#[cfg(test)]
mod recorded;
pub mod response;

pub use cookie::{CookieState, NamedServers, Regard, on_request};
pub use response::{Exchange, Outcome, on_response};
