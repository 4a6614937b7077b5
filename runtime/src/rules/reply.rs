//! Replies the proxy makes itself, compiled.

use crate::sample::format::Format;

/// A reply of a rule or of the error table.
#[derive(Debug, Default)]
pub struct Reply {
    /// Status; `None`: the caller's default.
    pub status: Option<u16>,
    /// Headers in order.
    pub headers: Box<[(Box<[u8]>, Format)]>,
    /// `content-type`.
    pub content_type: Option<Box<[u8]>>,
    /// What the body is.
    pub body: Body,
}

/// The payload of a [`Reply`].
#[derive(Debug, Default)]
pub enum Body {
    /// The proxy's error page of the status.
    DefaultErrorPage,
    /// A complete response from a file.
    Raw(Box<[u8]>),
    /// Constant bytes.
    Bytes(Box<[u8]>),
    /// Made of the traffic.
    Format(Format),
    /// Nothing.
    #[default]
    Empty,
}
