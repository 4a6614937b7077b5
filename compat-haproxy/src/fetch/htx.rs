//! How long a message of HTTP is in the reference's own form, which is what `req.len` and `res.len` tell in HTTP mode.
//!
//! A start line counts 20 bytes and its three parts, a header its name and value, the end of the head one byte, and the
//! body what is there of it (observed).

use locum_runtime::{
    http::message::Head,
    sample::view::{Buffered, View},
};

const START_LINE: usize = 20;
const END_OF_HEAD: usize = 1;

/// Of the request.
pub(super) fn request_length(view: &View<'_>) -> Option<i64> {
    let head = view.request?;
    let line = head.method().len() + head.uri().len() + head.version_text().len();
    Some(length(line, head, view.request_body))
}

/// Of the response.
pub(super) fn response_length(view: &View<'_>) -> Option<i64> {
    let head = view.response?;
    let line = head.version_text().len() + 3 + head.reason().len();
    let body = view.response_body.unwrap_or_default();
    Some(length(line, head, body))
}

fn length(line: usize, head: &Head, body: Buffered<'_>) -> i64 {
    let fields: usize = head
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    (START_LINE + line + fields + END_OF_HEAD + body.bytes.len()) as i64
}
