//! HTTP messages and their HTTP/1 form on the wire: no socket, no clock; bytes in, bytes out.
//!
//! ```text
//! Buffer --h1::decode--> Head --rules edit it--> h1::framing --h1::encode--> bytes
//!    \---h1::body::BodyDecoder--> Piece (data, trailers, end) --h1::body::BodyEncoder--> bytes
//! ```

pub mod buffer;
pub mod cookie;
pub mod h1;
pub mod list;
pub mod message;
pub mod name;
pub mod name_case;
pub mod uri;

pub use buffer::{Buffer, BufferPool};
pub use message::{Field, Head, HeadPool, Span, Version};
pub use name::Name;
pub use name_case::NameCase;
