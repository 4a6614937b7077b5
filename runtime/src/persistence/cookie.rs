//! The persistence cookie of a request (manual: "cookie"): which server it names, and what of it the server gets to
//! see. Example: `cookie SRV insert indirect nocache` takes `SRV=s1` out and sends the request to the server with
//! the value `s1`.

use locum_model::proxy::{Cookie, CookieMode};

use super::date::Date;
use crate::http::{
    Head, Name,
    cookie::{self, Pair},
};

/// The servers of a backend by their cookie values. Several may share one.
pub trait NamedServers {
    /// The first server with this value that takes clients bound to it: up, also when it drains, has weight 0 or is a
    /// backup server.
    fn usable(&self, value: &[u8]) -> Option<u32>;
    /// The first server with this value, whatever its state.
    fn any(&self, value: &[u8]) -> Option<u32>;
}

/// How the cookie counts for one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Regard {
    /// It chooses the server, if that is up.
    #[default]
    Usual,
    /// It chooses the server even if that is down (`force-persist`, `option persist`).
    Forced,
    /// A rule has chosen the server already (`use-server`).
    Outranked,
    /// It doesn't count and stays as it is in the response (`ignore-persist`).
    Ignored,
}

/// What a request's cookie said, for its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieState {
    /// The server that the client is bound to.
    pub server: Option<u32>,
    /// The third character of the termination state: `N`, `I`, `D`, `V`, `E`, `O`, `U`, or `-` without options that
    /// say what to do with cookies.
    pub flag: u8,
    /// When the client got its cookie.
    pub(super) first: Option<Date>,
    /// When it was last refreshed.
    pub(super) last: Option<Date>,
    pub(super) ignored: bool,
}

impl CookieState {
    /// Before the request was looked at: what the log says of a request that is answered before (a redirect).
    pub fn new(cookie: &Cookie) -> Self {
        Self {
            server: None,
            flag: if is_reported(cookie) { b'N' } else { b'-' },
            first: None,
            last: None,
            ignored: false,
        }
    }

    /// The client's server could not be reached and the request goes to another one. The caller has the balancer
    /// choose it, and says so in [`super::Exchange::balanced`].
    pub fn on_redispatch(&mut self) {
        self.server = None;
        if self.flag == b'V' {
            self.flag = b'D';
        }
    }
}

/// Whether the log tells about cookies: a cookie that is only looked at doesn't count.
pub(super) fn is_reported(cookie: &Cookie) -> bool {
    cookie.mode != CookieMode::Passive || cookie.indirect
}

/// Looks at a request's cookies, and takes out what isn't for the server: white space around each `=`, the prefix
/// (also an unknown one), the whole cookie where `insert` and `indirect` are set.
///
/// The first cookie that names a usable server wins; an expired one is still reported if it comes later.
pub fn on_request(
    head: &mut Head,
    cookie: &Cookie,
    servers: &impl NamedServers,
    regard: Regard,
    now: Date,
) -> CookieState {
    let mut state = CookieState::new(cookie);
    state.ignored = regard == Regard::Ignored;
    let name = cookie.name.as_bytes();
    let mut named = false;
    let mut next = head.position_of(Name::Cookie, 0);
    while let Some(index) = next {
        let header = head.value(index);
        let mut is_tidy = true;
        for pair in cookie::pairs(header) {
            is_tidy &= has_bare_equals(&pair);
            if pair.is(header, name) {
                named = true;
                let value = pair.value_in(header);
                is_tidy &= prefix_length(cookie, value) == 0;
                look_at(&mut state, cookie, value, servers, regard, now);
            }
        }
        if !is_tidy {
            let new = tidied(header, |pair| {
                if pair.is(header, name) {
                    prefix_length(cookie, pair.value_in(header))
                } else {
                    0
                }
            });
            head.replace_value(index, &new);
        }
        next = head.position_of(Name::Cookie, index + 1);
    }
    if named && cookie.indirect && cookie.mode == CookieMode::Insert {
        cookie::remove(head, name);
    }
    if !is_reported(cookie) {
        state.flag = b'-';
    }
    state
}

/// Takes the white space around the `=` of a request's cookies out, as looking for a cookie does (manual: "capture
/// cookie"). [`on_request`] does it itself.
pub fn tidy_request(head: &mut Head) {
    let mut next = head.position_of(Name::Cookie, 0);
    while let Some(index) = next {
        let header = head.value(index);
        if !cookie::pairs(header).all(|pair| has_bare_equals(&pair)) {
            let new = tidied(header, |_| 0);
            head.replace_value(index, &new);
        }
        next = head.position_of(Name::Cookie, index + 1);
    }
}

fn look_at(
    state: &mut CookieState,
    cookie: &Cookie,
    value: &[u8],
    servers: &impl NamedServers,
    regard: Regard,
    now: Date,
) {
    let value = match cookie.mode {
        CookieMode::Prefix => match prefix_length(cookie, value) {
            0 => value,
            length => &value[..length - 1],
        },
        _ => {
            let mut parts = value.splitn(3, |byte| *byte == b'|');
            let value = parts.next().unwrap_or_default();
            let last = parts.next();
            let first = parts.next();
            if !read_dates(state, cookie, last, first, now) {
                return;
            }
            value
        }
    };
    if state.server.is_some() {
        return;
    }
    if matches!(regard, Regard::Ignored | Regard::Outranked) {
        if state.flag == b'N' {
            state.flag = b'U';
        }
        return;
    }
    let usable = servers.usable(value);
    if usable.is_some() && (regard == Regard::Usual || usable == servers.any(value)) {
        state.server = usable;
        state.flag = b'V';
    } else if let Some(down) = servers.any(value) {
        state.server = Some(down).filter(|_| regard == Regard::Forced);
        state.flag = b'D';
    } else if state.flag == b'N' {
        state.flag = b'I';
    }
}

/// Whether the cookie's dates let it count. An expired one makes those of earlier cookies forgotten too.
fn read_dates(
    state: &mut CookieState,
    cookie: &Cookie,
    last: Option<&[u8]>,
    first: Option<&[u8]>,
    now: Date,
) -> bool {
    let last = last.and_then(Date::read);
    let first = first.and_then(Date::read);
    let is_over = |date: Option<Date>, limit: Option<_>| match (date, limit) {
        (Some(date), Some(limit)) => date.is_expired(now, limit),
        _ => false,
    };
    // One that is over in both ways is told as too old (observed).
    let expired = if is_over(first, cookie.maxlife) {
        Some(b'O')
    } else if is_over(last, cookie.maxidle) {
        Some(b'E')
    } else {
        None
    };
    if let Some(flag) = expired {
        state.flag = flag;
        (state.first, state.last) = (None, None);
        return false;
    }
    state.last = last.or(state.last);
    state.first = first.or(state.first);
    true
}

/// Length of the server's prefix with its `~`; 0 if there is none.
fn prefix_length(cookie: &Cookie, value: &[u8]) -> usize {
    if cookie.mode != CookieMode::Prefix {
        return 0;
    }
    value
        .iter()
        .position(|byte| *byte == b'~')
        .map_or(0, |at| at + 1)
}

pub(super) fn has_bare_equals(pair: &Pair) -> bool {
    pair.value
        .as_ref()
        .is_none_or(|value| value.start == pair.name.end + 1)
}

/// A header's value without white space around each `=`, and without as many bytes at each value's start as `skip` says.
fn tidied(header: &[u8], skip: impl Fn(&Pair) -> usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(header.len());
    let mut from = 0;
    for pair in cookie::pairs(header) {
        if let Some(value) = &pair.value {
            out.extend_from_slice(&header[from..pair.name.end]);
            out.push(b'=');
            from = value.start + skip(&pair);
        }
    }
    out.extend_from_slice(&header[from..]);
    out
}
