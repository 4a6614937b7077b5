//! HTTP/1.0 and 1.1 on the wire (RFC 9112), with the strictness and the rewriting of the reference.

pub mod body;
pub(super) mod class;
pub mod decode;
pub mod encode;
pub mod framing;
mod semantics;
pub mod verdict;
