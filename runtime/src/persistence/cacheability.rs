//! Whether a cache in front of us could keep a response (manual: "option checkcache", "cookie" with nocache).

use crate::http::{Head, Name};

/// Words of Cache-Control that forbid to keep the response. `max-age=00` or `max-age="0"` don't, here as there.
const FORBIDS: [&[u8]; 5] = [
    b"private",
    b"no-cache",
    b"no-store",
    b"max-age=0",
    b"s-maxage=0",
];

/// What a cache may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cacheability {
    /// The response.
    pub response: bool,
    /// Its cookies with it.
    pub cookies: bool,
}

impl Cacheability {
    /// Nothing.
    pub const NONE: Self = Self {
        response: false,
        cookies: false,
    };
    const ALL: Self = Self {
        response: true,
        cookies: true,
    };

    /// Judges a response to a request of this method. The request's headers don't count.
    ///
    /// Cache-Control is read from left to right, and the last word that says something wins; of several Pragma only
    /// the first counts. Without a validator or a lifetime nothing is cacheable.
    pub fn of(method: &[u8], head: &Head) -> Self {
        let mut found = if may_be_kept(method, head.status()) {
            Self::ALL
        } else {
            Self::NONE
        };
        let mut has_life = false;
        let mut pragma = None;
        for (name, value) in head.iter() {
            match name {
                b"pragma" => pragma = pragma.or(Some(value)),
                b"etag" | b"last-modified" | b"expires" => has_life = true,
                _ => {}
            }
        }
        if pragma.is_some_and(|value| value.eq_ignore_ascii_case(b"no-cache")) {
            return Self::NONE;
        }
        for value in head.all_of(Name::CacheControl) {
            for word in crate::http::list::elements(value) {
                let is = |text: &[u8]| word.eq_ignore_ascii_case(text);
                let begins = |text: &[u8]| {
                    word.get(..text.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(text))
                };
                if FORBIDS.iter().any(|text| is(text)) {
                    found = Self::NONE;
                } else if is(b"public") {
                    found = Self::ALL;
                } else if begins(b"no-cache=\"set-cookie") {
                    found.cookies = false;
                } else if begins(b"max-age") || begins(b"s-maxage") {
                    has_life = true;
                }
            }
        }
        if has_life { found } else { Self::NONE }
    }
}

fn may_be_kept(method: &[u8], status: u16) -> bool {
    matches!(method, b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE")
        && matches!(
            status,
            200 | 203 | 204 | 206 | 300 | 301 | 404 | 405 | 410 | 414 | 501
        )
}
