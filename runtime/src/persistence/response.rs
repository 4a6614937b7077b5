//! The persistence cookie of a response (manual: "cookie"): the server's own is kept, replaced, prefixed or taken out,
//! ours is added. Example: `cookie SRV insert nocache` adds `Set-Cookie: SRV=s1; path=/`, and
//! `Cache-Control: private` if a cache could keep the response.

use locum_model::proxy::{Cookie, CookieMode};

use super::{
    cacheability::Cacheability,
    cookie::{CookieState, has_bare_equals, is_reported},
    date::Date,
};
use crate::http::{Head, cookie};

/// What the response's cookie depends on.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The backend's cookie with what the request's one said.
    pub cookie: Option<(&'a Cookie, &'a CookieState)>,
    /// The cookie value of the server that answered (its own or the dynamic one).
    pub server_value: Option<&'a [u8]>,
    /// A server answered: no client can come back to what has no name.
    pub has_server: bool,
    /// The balancer chose the server: no cookie, stick table or `use-server` rule did.
    pub balanced: bool,
    /// The request's method.
    pub method: &'a [u8],
    /// `option checkcache`.
    pub check_cache: bool,
    /// The date to write.
    pub now: Date,
}

/// What became of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The fourth character of the termination state: `N`, `P`, `I`, `U`, `R`, `D` or `-`.
    pub flag: u8,
    /// The client must not get it: a cache could keep its cookies (`option checkcache`). An alert goes to the log.
    pub blocked: bool,
}

/// Edits a response head, after its rules. Ours is added behind all other headers.
pub fn on_response(head: &mut Head, exchange: &Exchange<'_>) -> Outcome {
    let has_cookie = exchange.check_cache && head.iter().any(|(name, _)| is_set_cookie(name));
    let judges = has_cookie || exchange.cookie.is_some_and(|(cookie, _)| cookie.nocache);
    let mut cacheability = if judges {
        Cacheability::of(exchange.method, head)
    } else {
        Cacheability::NONE
    };
    let mut flag = b'-';
    if let Some((cookie, state)) = exchange.cookie {
        let treated = treat_servers(head, cookie, state, exchange);
        let inserted = if treated == Some(b'P') {
            None
        } else {
            insert(head, cookie, state, exchange)
        };
        if inserted.is_some() && cookie.nocache && cacheability.response {
            head.add(b"cache-control", b"private");
            cacheability = Cacheability::NONE;
        }
        if is_reported(cookie) {
            flag = inserted.or(treated).unwrap_or(b'N');
        }
    }
    Outcome {
        flag,
        blocked: has_cookie && cacheability.cookies,
    }
}

/// Takes the white space around the `=` of a response's cookies out (manual: "capture cookie"). [`on_response`]
/// does it itself.
pub fn tidy_response(head: &mut Head) {
    edit_servers(head, |_, _| Verdict::Keep);
}

fn is_set_cookie(name: &[u8]) -> bool {
    matches!(name, b"set-cookie" | b"set-cookie2")
}

/// What to do with one cookie of the server.
#[derive(Clone, Copy)]
enum Verdict<'a> {
    Keep,
    Remove,
    /// Put this in the value's place.
    Replace(&'a [u8]),
    /// Put this and a `~` before the value.
    Prefix(&'a [u8]),
}

/// Treats the server's own cookies of our name; the flag if there was one.
fn treat_servers(
    head: &mut Head,
    cookie: &Cookie,
    state: &CookieState,
    exchange: &Exchange<'_>,
) -> Option<u8> {
    if state.ignored {
        tidy_response(head);
        return None;
    }
    let is_removed = cookie.mode == CookieMode::Insert || cookie.indirect && !exchange.balanced;
    let (verdict, flag) = match (cookie.mode, exchange.server_value) {
        _ if cookie.preserve => (Verdict::Keep, b'P'),
        _ if is_removed => (Verdict::Remove, b'D'),
        (CookieMode::Rewrite, Some(value)) => (Verdict::Replace(value), b'R'),
        (CookieMode::Prefix, Some(value)) => (Verdict::Prefix(value), b'R'),
        _ => (Verdict::Keep, b'P'),
    };
    let mut found = None;
    edit_servers(head, |header, pair| {
        if pair.is(header, cookie.name.as_bytes()) {
            found = Some(flag);
            verdict
        } else {
            Verdict::Keep
        }
    });
    found
}

/// Asks about each cookie of a response and edits it. Set-Cookie holds one, Set-Cookie2 several between commas.
fn edit_servers<'a>(head: &mut Head, mut ask: impl FnMut(&[u8], &cookie::Pair) -> Verdict<'a>) {
    let mut index = 0;
    while index < head.len() {
        let is_list = match head.name(index) {
            b"set-cookie" => false,
            b"set-cookie2" => true,
            _ => {
                index += 1;
                continue;
            }
        };
        match edited(head.value(index), is_list, &mut ask) {
            Some(new) if new.is_empty() => head.remove_at(index),
            Some(new) => {
                head.replace_value(index, &new);
                index += 1;
            }
            None => index += 1,
        }
    }
}

/// The header's new value; empty: it goes; `None`: it stays as it is.
fn edited<'a>(
    header: &[u8],
    is_list: bool,
    ask: &mut impl FnMut(&[u8], &cookie::Pair) -> Verdict<'a>,
) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut is_changed = false;
    // While a cookie is being taken out: nothing is copied before the next one begins.
    let mut is_removing = false;
    let cookies = cookie::pairs(header).filter(|pair| pair.begins_cookie(header));
    for pair in cookies.take(if is_list { usize::MAX } else { 1 }) {
        if is_removing {
            from = pair.name.start;
            is_removing = false;
        }
        let Some(value) = &pair.value else { continue };
        let verdict = ask(header, &pair);
        if matches!(verdict, Verdict::Keep) && has_bare_equals(&pair) {
            continue;
        }
        is_changed = true;
        if let Verdict::Remove = verdict {
            out.extend_from_slice(&header[from..pair.name.start]);
            from = header.len();
            is_removing = is_list;
            if !is_list {
                break;
            }
            continue;
        }
        out.extend_from_slice(&header[from..pair.name.end]);
        out.push(b'=');
        from = value.start;
        match verdict {
            Verdict::Replace(new) => {
                out.extend_from_slice(new);
                from = value.end;
            }
            Verdict::Prefix(prefix) => {
                out.extend_from_slice(prefix);
                out.push(b'~');
            }
            Verdict::Keep | Verdict::Remove => {}
        }
    }
    if !is_changed {
        return None;
    }
    out.extend_from_slice(&header[from..]);
    if is_removing {
        let kept = out
            .iter()
            .rposition(|byte| !matches!(byte, b' ' | b'\t' | b','));
        out.truncate(kept.map_or(0, |last| last + 1));
    }
    Some(out)
}

/// Adds our cookie if the client needs it; the flag if so.
fn insert(
    head: &mut Head,
    cookie: &Cookie,
    state: &CookieState,
    exchange: &Exchange<'_>,
) -> Option<u8> {
    if cookie.mode != CookieMode::Insert
        || state.ignored
        || !exchange.has_server
        || cookie.postonly && exchange.method != b"POST"
        || !exchange.balanced && !is_stale(cookie, state, exchange.now)
    {
        return None;
    }
    let mut text = Vec::with_capacity(64);
    text.extend_from_slice(cookie.name.as_bytes());
    text.push(b'=');
    match exchange.server_value {
        Some(value) => {
            text.extend_from_slice(value);
            write_dates(&mut text, cookie, state, exchange.now);
            text.extend_from_slice(b"; path=/");
        }
        // A server without a value: the client shall forget its cookie.
        None => text.extend_from_slice(b"; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/"),
    }
    write_attributes(&mut text, cookie);
    head.add(b"set-cookie", &text);
    let is_update = !exchange.balanced && exchange.server_value.is_some();
    Some(if is_update { b'U' } else { b'I' })
}

/// Whether the client's cookie has other dates than it should have.
fn is_stale(cookie: &Cookie, state: &CookieState, now: Date) -> bool {
    cookie.maxidle.is_some() && state.last.is_none()
        || cookie.maxlife.is_some() != state.first.is_some()
        || state.last.is_some_and(|last| last.age(now) > 0)
}

fn write_dates(text: &mut Vec<u8>, cookie: &Cookie, state: &CookieState, now: Date) {
    if cookie.maxidle.is_some() || cookie.maxlife.is_some() {
        text.push(b'|');
        now.write(text);
    }
    if cookie.maxlife.is_some() {
        text.push(b'|');
        state.first.unwrap_or(now).write(text);
    }
}

fn write_attributes(text: &mut Vec<u8>, cookie: &Cookie) {
    for domain in &cookie.domains {
        text.extend_from_slice(b"; domain=");
        text.extend_from_slice(domain.as_bytes());
    }
    if cookie.httponly {
        text.extend_from_slice(b"; HttpOnly");
    }
    if cookie.secure {
        text.extend_from_slice(b"; Secure");
    }
    for attribute in &cookie.attributes {
        text.extend_from_slice(b"; ");
        text.extend_from_slice(attribute.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{
        super::{
            cookie::{Regard, on_request},
            recorded::{Recorded, cookie},
        },
        *,
    };
    use crate::http::Version;

    fn now() -> Date {
        Date::of(UNIX_EPOCH + Duration::from_secs(1_795_362_092))
    }

    /// Values of the response's headers, and its two characters.
    fn answered(
        options: &str,
        sent: &str,
        headers: &[(&str, &str)],
        server_value: Option<&str>,
        edit: impl Fn(&mut CookieState),
    ) -> (Vec<String>, String) {
        let cookie = cookie(options);
        let mut request = Head::request(b"GET", b"/", Version::HTTP_11);
        request.add(b"Cookie", sent.as_bytes());
        let mut state = on_request(&mut request, &cookie, &Recorded, Regard::Usual, now());
        edit(&mut state);
        let mut head = Head::response(Version::HTTP_11, 200, b"OK");
        for (name, value) in headers {
            head.add(name.as_bytes(), value.as_bytes());
        }
        let outcome = on_response(
            &mut head,
            &Exchange {
                cookie: Some((&cookie, &state)),
                server_value: server_value.map(str::as_bytes),
                has_server: true,
                balanced: state.server.is_none(),
                method: b"GET",
                check_cache: false,
                now: now(),
            },
        );
        let values = head
            .iter()
            .map(|(_, value)| String::from_utf8(value.to_vec()).unwrap());
        let flags = String::from_utf8(vec![state.flag, outcome.flag]).unwrap();
        (values.collect(), flags)
    }

    #[test]
    fn a_redispatched_client_gets_the_new_servers_cookie_and_keeps_its_first_date() {
        let options = "insert indirect maxidle 1h maxlife 8h";
        let sent = "SRV=c1|awMNL|awMGJ";
        let redispatch = CookieState::on_redispatch;
        let (values, flags) = answered(options, sent, &[], Some("c2"), redispatch);
        assert_eq!(values, ["SRV=c2|awMNL|awMGJ; path=/"]);
        assert_eq!(flags, "DI");
        let (_, flags) = answered(options, "SRV=zz", &[], Some("c2"), redispatch);
        assert_eq!(flags, "II");
    }

    #[test]
    fn a_server_without_a_value_makes_the_client_forget_its_cookie() {
        let options = "insert indirect nocache httponly secure domain .a.com attr X maxidle 1h";
        let (values, flags) = answered(options, "SRV=zz", &[("ETag", "1")], None, |_| {});
        assert_eq!(
            values,
            [
                "1",
                "SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/; domain=.a.com; HttpOnly; Secure; X",
                "private"
            ]
        );
        assert_eq!(flags, "II");
        for (options, header) in [("rewrite", "SRV=foo; p"), ("prefix", "SRV=foo; p")] {
            let (values, flags) =
                answered(options, "SRV=zz", &[("Set-Cookie", header)], None, |_| {});
            assert_eq!((&values[..], &flags[..]), (&[header.to_owned()][..], "IP"));
        }
    }

    #[test]
    fn a_cookie_is_taken_out_of_a_set_cookie2_list() {
        for (before, after) in [
            ("a=1, SRV=foo; path=/, b=2", "a=1, b=2"),
            ("SRV=foo; path=/, b=2", "b=2"),
            ("a=1, SRV=foo", "a=1"),
            ("SRV=foo, SRV=bar; x, c=d", "c=d"),
            ("a = 1; p, SRV = foo ; q , b = 2", "a=1; p, b=2"),
            ("SRV=\"a,b\"; p, c=1; d = 2", "c=1; d = 2"),
            ("SRV;a, SRV=foo", "SRV;a"),
            ("SRV=foo; path=/", ""),
        ] {
            let header = [("Set-Cookie2", before)];
            let (values, flags) = answered("insert", "SRV=c1", &header, Some("c1"), |_| {});
            assert_eq!(values.join("|"), after, "{before}");
            assert_eq!(flags, "VD");
        }
    }

    #[test]
    fn tidying_alone_changes_nothing_but_white_space_around_the_equals_sign() {
        let mut head = Head::response(Version::HTTP_11, 200, b"OK");
        head.add(b"Set-Cookie", b"SRV = foo; path = /");
        head.add(b"Set-Cookie2", b"a = b, c = d");
        tidy_response(&mut head);
        assert_eq!(
            (head.value(0), head.value(1)),
            (&b"SRV=foo; path = /"[..], &b"a=b, c=d"[..])
        );
        let mut head = Head::request(b"GET", b"/", Version::HTTP_11);
        head.add(b"Cookie", b"SRV = c1; a = 2");
        super::super::cookie::tidy_request(&mut head);
        assert_eq!(head.value(0), b"SRV=c1; a=2");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_edits_panic(
            sent in "[SRVac1=;, ~|\"\\\\$]{0,30}",
            header in "[SRVac1=;, ~|\"\\\\$]{0,30}",
            options in "(insert|rewrite|prefix|) (indirect|preserve|) (maxidle 1h|)",
        ) {
            let headers = [("Set-Cookie", &header[..]), ("Set-Cookie2", &header[..])];
            answered(&options, &sent, &headers, Some("c1"), |_| {});
        }
    }
}
