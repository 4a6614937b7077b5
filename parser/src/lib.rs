//! Text to tree: the configuration languages, lossless, without any keyword knowledge.
//!
//! Nothing here reads a file, knows a keyword, or fails: every entry point gives its result plus
//! [`diagnostic::Diagnostic`]s. [`haproxy`] holds HAProxy's language (manual chapters 2.1 to 2.5),
//! [`keepalived`] that of keepalived.conf(5).

pub mod diagnostic;
pub mod haproxy;
pub mod keepalived;
pub mod source;
pub mod span;

pub use diagnostic::{Diagnostic, Excerpt, Prefix, Severity};
pub use source::SourceFile;
pub use span::Span;
