//! Replies the proxy makes itself: compiled, and rendered for one request.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{ActionView, error_table::built_in, reason::reason};
use crate::{
    http::{
        buffer::Buffer,
        h1::decode::{DecodeState, Decoded, Limits, decode_response},
        message::{Head, Version},
    },
    plan::Proxy,
    sample::{format::Format, value::Arena, view::View},
};

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
    /// The page of the status in a collection (`http-errors`), which may have none: then it is nothing.
    Pages(BTreeMap<u16, Reply>),
    /// A complete response from a file.
    Raw(Box<(Head, Bytes)>),
    /// Constant bytes.
    Bytes(Bytes),
    /// Made of the traffic.
    Format(Format),
    /// Nothing.
    #[default]
    Empty,
    /// Not even a head: an empty error file closes without a word.
    Silence,
}

/// A rendered reply. Its head carries its framing (`Head::facts` too): the stream engine treats it as a response that a
/// server sent, adds `connection` where the client needs it, drops the body for HEAD and 204, and runs
/// `http-after-response` over it.
#[derive(Debug, Clone)]
pub struct LocalReply {
    /// What the log line and the counters say: an error file's own status line may say something else.
    pub status: u16,
    /// Start line and fields.
    pub head: Head,
    /// Body.
    pub body: Bytes,
}

impl LocalReply {
    /// The page of a status as the proxies say it: the backend's, else the frontend's, else the built-in one.
    pub fn error(status: u16, view: &View<'_>, arena: &Arena) -> Self {
        let configured = [view.backend(), Some(view.frontend())]
            .into_iter()
            .flatten()
            .find_map(|proxy: &Proxy| proxy.errors.reply(status));
        match configured {
            // A configured page that is itself "the default page" must not look itself up again.
            Some(reply) if !matches!(reply.body, Body::DefaultErrorPage) => {
                reply.render(status, view, arena)
            }
            _ => {
                let (head, body) = built_in(status);
                Self { status, head, body }
            }
        }
    }

    /// Nothing at all is sent.
    pub fn is_silence(&self) -> bool {
        self.head.status() == 0
    }

    /// A reply made of a head alone, with `content-length: 0` first.
    pub fn without_body(status: u16, reason: &[u8]) -> Self {
        let mut head = Head::response(Version::HTTP_11, status, reason);
        head.add(b"content-length", b"0");
        head.facts.content_length = Some(0);
        Self {
            status,
            head,
            body: Bytes::new(),
        }
    }
}

impl Reply {
    /// Renders it; `default_status` is for a reply that names none.
    pub fn render(&self, default_status: u16, view: &View<'_>, arena: &Arena) -> LocalReply {
        let status = self.status.unwrap_or(default_status);
        let body = match &self.body {
            Body::DefaultErrorPage => return LocalReply::error(status, view, arena),
            Body::Pages(pages) => match pages.get(&status) {
                Some(page) => return page.render(status, view, arena),
                None => Bytes::new(),
            },
            Body::Raw(page) => {
                let (head, body) = (**page).clone();
                return LocalReply { status, head, body };
            }
            Body::Bytes(bytes) => bytes.clone(),
            Body::Format(format) => {
                let mut out = Vec::new();
                format.write(view, arena, &mut out);
                Bytes::from(out)
            }
            Body::Empty => Bytes::new(),
            Body::Silence => {
                return LocalReply {
                    status,
                    head: Head::new(),
                    body: Bytes::new(),
                };
            }
        };
        let mut head = Head::response(Version::HTTP_11, status, reason(status).as_bytes());
        let mut value = Vec::new();
        for (name, format) in &self.headers {
            value.clear();
            format.write(view, arena, &mut value);
            // A field that would say nothing is left out (observed).
            if !value.is_empty() {
                head.add(name, &value);
                head.facts.close |= closes(name, &value);
            }
        }
        head.add(
            b"content-length",
            itoa::Buffer::new().format(body.len()).as_bytes(),
        );
        if let Some(content_type) = self.content_type.as_ref().filter(|_| !body.is_empty()) {
            head.add(b"content-type", content_type);
        }
        head.facts.content_length = Some(body.len() as u64);
        LocalReply { status, head, body }
    }
}

/// Whether a field says that the connection ends behind the message (RFC 9110 §7.6.1).
fn closes(name: &[u8], value: &[u8]) -> bool {
    let mut tokens = value.split(|&byte| byte == b',');
    name.eq_ignore_ascii_case(b"connection")
        && tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
}

impl ActionView<'_> {
    /// The error page of a status.
    pub fn error_page(&self, status: u16) -> LocalReply {
        LocalReply::error(status, &self.view(), self.arena)
    }
}

/// Decodes a complete response read from a file. Without a length it ends with the connection. An empty file gives an
/// empty head: nothing at all is sent.
///
/// # Errors
/// The head is no response head.
pub fn raw_page(file: &[u8]) -> Result<(Head, Bytes), NotAResponse> {
    if file.is_empty() {
        return Ok((Head::new(), Bytes::new()));
    }
    let mut buffer = Buffer::with_capacity(file.len().max(1));
    buffer.append(file);
    let mut head = Head::new();
    let limits = Limits {
        max_weight: usize::MAX,
        ..Limits::default()
    };
    match decode_response(&mut buffer, &mut DecodeState::default(), &mut head, &limits) {
        Decoded::Complete => Ok((head, Bytes::copy_from_slice(buffer.readable()))),
        Decoded::Partial | Decoded::Error(_) => Err(NotAResponse),
    }
}

/// A file that was to hold a complete response doesn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAResponse;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_file_keeps_its_version_and_has_no_length() {
        let file = b"HTTP/1.0 404 Nope\r\nX-y: Z\r\nContent-Type: t/t\r\n\r\nraw body\n";
        let (head, body) = raw_page(file).unwrap();
        assert_eq!((head.version(), head.status()), (Version::HTTP_10, 404));
        assert_eq!((head.name(0), &body[..]), (&b"x-y"[..], &b"raw body\n"[..]));
        assert_eq!(head.facts.content_length, None);
        assert_eq!(raw_page(b"hello").unwrap_err(), NotAResponse);
    }
}
