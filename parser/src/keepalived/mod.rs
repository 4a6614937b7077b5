//! Keepalived's configuration language (keepalived.conf(5): comments, `include`, parameter substitution,
//! conditional lines, sequence and list blocks).
//!
//! The way of a file: [`Syntax`] keeps every byte; a [`Reader`] walks its lines as lowering asks for them:
//! strips comments, opens included files, obeys `@id`, learns `$NAME=VALUE`, replaces `$NAME`, repeats
//! what follows `~SEQ(…)`, and cuts what is left at its braces. So a [`Line`] is either a lone `{`, a lone
//! `}`, or words without any bare brace, wherever the braces stood in the file:
//!
//! ```
//! use locum_parser::keepalived::{Reader, Sealed, Syntax};
//! use locum_parser::SourceFile;
//!
//! let file = SourceFile::new("a.conf", &b"$IF=eth0\nvrrp_instance VI_1 { interface $IF }"[..]);
//! let syntax = Syntax::parse(file);
//! let mut reader = Reader::new(&syntax);
//! let mut seen = Vec::new();
//! // A real host reads files and knows names; `Sealed` knows nothing outside of the file.
//! while let Some(line) = reader.next_line(&Sealed) {
//!     assert!(reader.take_diagnostics().is_empty());
//!     if line.opens() {
//!         seen.push("{".to_owned());
//!     } else if line.closes() {
//!         seen.push("}".to_owned());
//!     } else {
//!         seen.push(line.words.iter().map(|word| word.lossy().into_owned()).collect::<Vec<_>>().join("|"));
//!     }
//! }
//! assert_eq!(seen, ["vrrp_instance|VI_1", "{", "interface|eth0", "}"]);
//! ```
//!
//! The words of [`Line::words`] know double quotes only. Scripts and a few other values are written as
//! strings with both quotes and escapes: [`Line::strings`] cuts the same line that way, and
//! [`strings`] cuts a script's command line once more.

mod comment;
mod definition;
mod host;
mod include;
mod line;
mod reader;
mod replace;
mod sequence;
mod strings;
pub mod syntax;
mod text;

pub use host::{FileKind, Host, Limits, Sealed};
pub use include::IncludeCheck;
pub use line::{Line, Word};
pub use reader::{Reader, Role};
pub use strings::{StringError, strings};
pub use syntax::Syntax;
