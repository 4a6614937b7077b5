//! Sessions and streams: a client's connection, and one exchange on it.

pub mod facts;
