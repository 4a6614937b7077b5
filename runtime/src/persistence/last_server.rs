//! Staying on a server that the session holds a connection to (manual: "option prefer-last-server").
//!
//! A session holds only connections that no other session may use: those of `http-reuse never`, and those on which a
//! server asked for NTLM or Negotiate. All others go to the idle pool of their server and count for nobody; with the
//! default reuse the option alone has no effect.

use crate::http::{Head, list::elements};

/// Whether a response asks for authentication that belongs to its connection: from then on the connection is the
/// session's own, and the session prefers its servers as if the option were set.
pub fn binds_session(response: &Head) -> bool {
    let name: &[u8] = match response.status() {
        401 => b"www-authenticate",
        407 => b"proxy-authenticate",
        _ => return false,
    };
    let begins = |scheme: &[u8], text: &[u8]| {
        scheme
            .get(..text.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(text))
    };
    response
        .all(name)
        .flat_map(elements)
        .any(|scheme| begins(scheme, b"nego") || begins(scheme, b"ntlm"))
}

/// The server to prefer: the first one that the session holds a connection to (in the order in which it got the first
/// to each) and that takes new clients; draining ones and those of weight 0 don't. Cookies and rules come before it.
///
/// `by_request`: the algorithm computes the server from the request (`source`, `uri`, `hdr` …); none is preferred then.
pub fn preferred(
    by_request: bool,
    mut held: impl Iterator<Item = u32>,
    is_usable: impl Fn(u32) -> bool,
) -> Option<u32> {
    if by_request {
        return None;
    }
    held.find(|server| is_usable(*server))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Version;

    #[test]
    fn ntlm_and_negotiate_bind_a_session_to_its_connection() {
        for (status, name, value, expected) in [
            (401, "WWW-Authenticate", "NTLM", true),
            (401, "WWW-Authenticate", "Negotiate", true),
            (401, "WWW-Authenticate", "Nego2", true),
            (401, "WWW-Authenticate", "ntlm x", true),
            (401, "WWW-Authenticate", "Basic realm=x, NTLM", true),
            (401, "WWW-Authenticate", "Basic realm=x", false),
            (401, "Proxy-Authenticate", "NTLM", false),
            (407, "Proxy-Authenticate", "NTLM", true),
            (407, "WWW-Authenticate", "NTLM", false),
            (200, "WWW-Authenticate", "NTLM", false),
        ] {
            let mut head = Head::response(Version::HTTP_11, status, b"");
            head.add(name.as_bytes(), value.as_bytes());
            assert_eq!(binds_session(&head), expected, "{status} {name}: {value}");
        }
    }

    #[test]
    fn the_first_usable_server_with_a_held_connection_is_preferred() {
        assert_eq!(preferred(false, [4, 2].into_iter(), |_| true), Some(4));
        assert_eq!(preferred(false, [4, 2].into_iter(), |s| s != 4), Some(2));
        assert_eq!(preferred(false, [4].into_iter(), |_| false), None);
        assert_eq!(preferred(true, [4].into_iter(), |_| true), None);
    }
}
