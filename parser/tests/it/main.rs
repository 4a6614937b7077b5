//! The parser against what the reference was seen to do, and against arbitrary bytes.

mod expand;
mod keepalived;
mod lossless;
mod section;
mod support;
