//! The replies of a proxy by status, over the built-in pages.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::reply::Reply;
use crate::http::message::{Head, Version};

/// What a proxy sends for a status that it itself answers with.
#[derive(Debug, Default, Clone)]
pub struct ErrorTable {
    /// Configured replies.
    pub replies: BTreeMap<u16, Arc<Reply>>,
}

impl ErrorTable {
    /// The configured reply of a status.
    pub fn reply(&self, status: u16) -> Option<&Reply> {
        self.replies.get(&status).map(|reply| &**reply)
    }
}

/// A built-in page.
struct Page {
    status: u16,
    reason: &'static str,
    /// What stands under the heading.
    text: &'static str,
    /// The page itself says that the connection ends.
    closes: bool,
}

/// The built-in page of a status; of 500 for one that has none.
pub(super) fn built_in(status: u16) -> (Head, Bytes) {
    let page = PAGES
        .iter()
        .find(|page| page.status == status)
        .unwrap_or(&INTERNAL_ERROR);
    let body = format!(
        "<html><body><h1>{} {}</h1>\n{}\n</body></html>\n",
        page.status, page.reason, page.text
    );
    let mut head = Head::response(Version::HTTP_11, page.status, page.reason.as_bytes());
    head.add(b"content-length", body.len().to_string().as_bytes());
    head.add(b"cache-control", b"no-cache");
    head.add(b"content-type", b"text/html");
    if page.closes {
        head.add(b"connection", b"close");
    }
    head.facts.content_length = Some(body.len() as u64);
    head.facts.close = page.closes;
    (head, Bytes::from(body))
}

/// The built-in page as it leaves when no request was understood. The reference writes this form from a fixed text, in
/// another order and letter case than its other answers.
pub fn built_in_raw(status: u16) -> Vec<u8> {
    let (head, body) = built_in(status);
    let close = if head.facts.close {
        "Connection: close\r\n"
    } else {
        ""
    };
    let mut out = format!(
        "HTTP/1.1 {} {}\r\nContent-length: {}\r\nCache-Control: no-cache\r\n{close}Content-Type: text/html\r\n\r\n",
        head.status(),
        String::from_utf8_lossy(head.reason()),
        body.len(),
    )
    .into_bytes();
    out.extend_from_slice(&body);
    out
}

/// Whether a status has a built-in page: the statuses that `errorfile` and its kin take.
pub fn has_page(status: u16) -> bool {
    PAGES.iter().any(|page| page.status == status)
}

const fn page(status: u16, reason: &'static str, text: &'static str) -> Page {
    Page {
        status,
        reason,
        text,
        closes: matches!(status, 400 | 408),
    }
}

const INTERNAL_ERROR: Page = page(
    500,
    "Internal Server Error",
    "An internal server error occurred.",
);

/// Recorded from the reference, its slips included (407's reason, the dot before 501's text).
#[rustfmt::skip]
static PAGES: &[Page] = &[
    page(200, "OK", "Service ready."),
    page(400, "Bad request", "Your browser sent an invalid request."),
    page(401, "Unauthorized", "You need a valid user and password to access this content."),
    page(403, "Forbidden", "Request forbidden by administrative rules."),
    page(404, "Not Found", "The resource could not be found."),
    page(405, "Method Not Allowed", "A request was made of a resource using a request method not supported by that resource"),
    page(407, "Unauthorized", "You need a valid user and password to access this content."),
    page(408, "Request Time-out", "Your browser didn't send a complete request in time."),
    page(410, "Gone", "The resource is no longer available and will not be available again."),
    page(413, "Payload Too Large", "The request entity exceeds the maximum allowed."),
    page(421, "Misdirected Request", "Request sent to a non-authoritative server."),
    page(422, "Unprocessable Content", "The server cannot process the contained instructions."),
    page(425, "Too Early", "Your browser sent early data."),
    page(429, "Too Many Requests", "You have sent too many requests in a given amount of time."),
    INTERNAL_ERROR,
    page(501, "Not Implemented", ".The server does not support the functionality required to fulfill the request."),
    page(502, "Bad Gateway", "The server returned an invalid or incomplete response."),
    page(503, "Service Unavailable", "No server is available to handle this request."),
    page(504, "Gateway Time-out", "The server didn't respond in time."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::h1::encode::encode_head;

    fn wire(status: u16) -> String {
        let (head, body) = built_in(status);
        let mut out = Vec::new();
        encode_head(&head, &mut out);
        out.extend_from_slice(&body);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn built_in_pages_are_the_references_to_the_byte() {
        assert_eq!(
            wire(403),
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 93\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n\r\n\
             <html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n"
        );
        assert!(wire(408).contains("\r\ncontent-length: 110\r\n"));
        assert!(wire(408).contains("\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n"));
        let lengths = [
            (200, 58),
            (400, 90),
            (401, 112),
            (404, 83),
            (405, 146),
            (407, 112),
            (410, 114),
            (413, 106),
            (421, 104),
            (422, 116),
            (425, 80),
            (429, 117),
            (500, 97),
            (501, 136),
            (502, 107),
            (503, 107),
            (504, 92),
        ];
        for (status, length) in lengths {
            assert_eq!(built_in(status).1.len(), length, "{status}");
        }
    }

    #[test]
    fn a_status_without_a_page_gets_that_of_500() {
        assert_eq!(built_in(418).0.status(), 500);
        assert!(has_page(407) && !has_page(418));
    }
}
