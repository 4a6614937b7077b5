//! Sessions and streams: a client's connection, and one exchange on it.

pub mod copy;
pub mod facts;
pub mod side;
