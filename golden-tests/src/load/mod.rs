//! Load for the benches: a client, an origin and a log sink that leave the machine's time to the proxy between them.
//!
//! ```text
//!  load core(s)                        subject's core(s)
//!  client::run ── requests ──────────▶ proxy::Proxy (ours or the reference, one at a time)
//!  origin::Origin ◀── its requests ──────┤
//!  sink::Sink ◀── syslog over UDP ───────┘
//! ```
//!
//! Each of the three is one thread around one epoll instance or socket; blocking threads per connection would cost more
//! than what is measured. `cores` pins, `usage` reads what a process cost, `setup` writes the configurations.

pub mod client;
pub mod cores;
pub mod origin;
pub mod proxy;
pub mod response;
pub mod setup;
pub mod sink;
pub mod table;
pub mod usage;
