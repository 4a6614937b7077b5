//! The parts of a request target as the reference sees them.

/// A request target (RFC 9112 §3.2) taken apart; the parts are slices of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    whole: &'a [u8],
    /// `http` of an absolute target.
    pub scheme: Option<&'a [u8]>,
    /// Host and port with what stands before an `@`; of an absolute or authority target.
    pub authority: Option<&'a [u8]>,
    /// From the first slash after the authority to the `?`; `*` of `OPTIONS *`; empty if there is none.
    pub path: &'a [u8],
    /// What follows the `?`.
    pub query: Option<&'a [u8]>,
}

impl<'a> Target<'a> {
    /// Takes a target apart; never fails.
    #[inline]
    pub fn of(whole: &'a [u8]) -> Self {
        let (scheme, authority, from) = match whole.first() {
            Some(b'/' | b'*') | None => (None, None, 0),
            Some(_) => before_path(whole),
        };
        let rest = &whole[from..];
        let (path, query) = match memchr::memchr(b'?', rest) {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        Self {
            whole,
            scheme,
            authority,
            path,
            query,
        }
    }

    /// Everything before the path: scheme and authority, or nothing.
    pub fn before_path(&self) -> &'a [u8] {
        let query = self.query.map_or(0, |query| query.len() + 1);
        &self.whole[..self.whole.len() - self.path.len() - query]
    }

    /// Path and query together.
    pub fn path_and_query(&self) -> &'a [u8] {
        &self.whole[self.before_path().len()..]
    }
}

/// Scheme, authority and the position of the path of a target that begins with neither slash nor star. The reference
/// takes everything up to the first slash as the authority, also a `?`.
fn before_path(whole: &[u8]) -> (Option<&[u8]>, Option<&[u8]>, usize) {
    let scheme_end = scheme_end(whole);
    let from = scheme_end.map_or(0, |end| end + 3);
    let end = memchr::memchr(b'/', &whole[from..]).map_or(whole.len(), |at| from + at);
    (
        scheme_end.map(|end| &whole[..end]),
        Some(&whole[from..end]),
        end,
    )
}

/// Where the scheme ends, if `://` follows it (RFC 3986 §3.1).
fn scheme_end(whole: &[u8]) -> Option<usize> {
    if !whole.first()?.is_ascii_alphabetic() {
        return None;
    }
    let end = whole
        .iter()
        .position(|&byte| !(byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)))?;
    whole[end..].starts_with(b"://").then_some(end)
}

/// The host and port of an authority: what follows the last `@`.
pub fn host_and_port(authority: &[u8]) -> &[u8] {
    memchr::memrchr(b'@', authority).map_or(authority, |at| &authority[at + 1..])
}

/// Host and port apart: the port is the run of digits (or nothing) behind the last colon.
pub fn split_port(host: &[u8]) -> (&[u8], Option<&[u8]>) {
    let digits = host
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let colon = host.len() - digits;
    if colon > 0 && host[colon - 1] == b':' {
        (&host[..colon - 1], Some(&host[colon..]))
    } else {
        (host, None)
    }
}

/// Whether a port says nothing beyond the scheme: an empty one, 80 of http, 443 of https. Without a scheme (CONNECT)
/// both numbers count.
pub fn is_default_port(scheme: Option<&[u8]>, port: &[u8]) -> bool {
    match port {
        b"" => true,
        b"80" => scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case(b"http")),
        b"443" => scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case(b"https")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(whole: &str) -> (Option<String>, Option<String>, String, Option<String>) {
        let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
        let target = Target::of(whole.as_bytes());
        assert_eq!(
            [target.before_path(), target.path_and_query()].concat(),
            whole.as_bytes()
        );
        (
            target.scheme.map(text),
            target.authority.map(text),
            text(target.path),
            target.query.map(text),
        )
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_target_falls_into_its_parts() {
        assert_eq!(parts("/a?b?c"), (None, None, "/a".into(), some("b?c")));
        assert_eq!(parts("*"), (None, None, "*".into(), None));
        assert_eq!(
            parts("http://u@h:1/a?b"),
            (some("http"), some("u@h:1"), "/a".into(), some("b"))
        );
        assert_eq!(
            parts("http://h"),
            (some("http"), some("h"), "".into(), None)
        );
        assert_eq!(
            parts("http://h?x/y"),
            (some("http"), some("h?x"), "/y".into(), None)
        );
        assert_eq!(parts("h:80"), (None, some("h:80"), "".into(), None));
        assert_eq!(parts("1x://h/"), (None, some("1x:"), "//h/".into(), None));
        assert_eq!(parts(""), (None, None, "".into(), None));
    }

    #[test]
    fn the_port_stands_behind_the_last_colon_and_may_be_empty() {
        assert_eq!(split_port(b"[::1]:80"), (&b"[::1]"[..], Some(&b"80"[..])));
        assert_eq!(split_port(b"a:"), (&b"a"[..], Some(&b""[..])));
        assert_eq!(split_port(b"a"), (&b"a"[..], None));
        assert_eq!(split_port(b"80"), (&b"80"[..], None));
        assert_eq!(host_and_port(b"a@b@c:1"), b"c:1");
    }

    #[test]
    fn a_default_port_depends_on_the_scheme() {
        assert!(is_default_port(Some(b"HTTP"), b"80") && !is_default_port(Some(b"http"), b"443"));
        assert!(is_default_port(Some(b"https"), b"443") && is_default_port(Some(b"x"), b""));
        assert!(is_default_port(None, b"443") && !is_default_port(None, b"8080"));
    }
}
