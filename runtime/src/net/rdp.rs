//! The cookie in the first packet of an RDP connection (MS-RDPBCGR 2.2.1.1; manual 7.3.5: "req.rdp_cookie").
//!
//! ```text
//! 4 bytes TPKT | 7 bytes X.224 connection request | Cookie: mstshash=user\r\n
//! ```

/// What is known of the cookie by the bytes that have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie<'a> {
    /// Its value.
    Value(&'a [u8]),
    /// It isn't there, nor will it come.
    Absent,
    /// More bytes may bring it.
    NotYet,
}

/// Bytes in front of the cookie; the reference looks at none of them (observed).
const HEADERS: usize = 11;
const WORD: &[u8] = b"Cookie:";

/// The first cookie of the packet if its name is `name`, whatever its case; without a name, whatever it is called.
pub fn cookie<'a>(packet: &'a [u8], name: Option<&[u8]>) -> Cookie<'a> {
    // Nothing is decided on fewer bytes than a name of one byte takes (observed).
    let Some(rest) = packet.get(HEADERS..).filter(|rest| rest.len() > WORD.len()) else {
        return Cookie::NotYet;
    };
    let (word, rest) = rest.split_at(WORD.len());
    if !word.eq_ignore_ascii_case(WORD) {
        return Cookie::Absent;
    }
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    match value_start(&rest[spaces..], name) {
        Ok(value) => line(value),
        Err(undecided) => undecided,
    }
}

/// What follows the name and its `=`.
fn value_start<'a>(rest: &'a [u8], name: Option<&[u8]>) -> Result<&'a [u8], Cookie<'a>> {
    let Some(name) = name else {
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'=' | b'\r' | b'\n'))
            .ok_or(Cookie::NotYet)?;
        return match rest[end] {
            b'=' => Ok(&rest[end + 1..]),
            _ => Err(Cookie::Absent),
        };
    };
    // Compared once there are bytes enough, not before (observed).
    if rest.len() <= name.len() {
        return Err(Cookie::NotYet);
    }
    match rest[name.len()] == b'=' && rest[..name.len()].eq_ignore_ascii_case(name) {
        true => Ok(&rest[name.len() + 1..]),
        false => Err(Cookie::Absent),
    }
}

/// A value ends at its carriage return; nothing but a line feed may follow.
fn line(value: &[u8]) -> Cookie<'_> {
    let Some(end) = memchr::memchr(b'\r', value) else {
        return Cookie::NotYet;
    };
    match value.get(end + 1) {
        None => Cookie::NotYet,
        Some(b'\n') => Cookie::Value(&value[..end]),
        Some(_) => Cookie::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, name: Option<&str>) -> Cookie<'static> {
        let packet = [b"\x03\0\0\x26\x21\xe0\0\0\0\0\0", text.as_bytes()].concat();
        cookie(packet.leak(), name.map(str::as_bytes))
    }

    // All recorded from the reference, which was given these packets.
    #[test]
    fn the_first_cookie_counts() {
        let user = Cookie::Value(b"user1");
        assert_eq!(of("Cookie: mstshash=user1\r\n", None), user);
        assert_eq!(of("cookie:MSTSHASH=user1\r\n", Some("mstshash")), user);
        assert_eq!(of("Cookie: =user1\r\n", None), user);
        assert_eq!(of("Cookie: a=\r\n", None), Cookie::Value(b""));
        assert_eq!(
            of("Cookie: n=a;b =c\r\n", Some("n")),
            Cookie::Value(b"a;b =c")
        );
        let second = "Cookie: a=b\r\nCookie: mstshash=user1\r\n";
        assert_eq!(of(second, Some("mstshash")), Cookie::Absent);
    }

    #[test]
    fn other_packets_have_none() {
        for text in [
            "Cookies: a=b\r\n",
            "x\r\nCookie: a=b\r\n",
            "Cookie: ab\r\n",
            "Cookie: a\n=b\r\n",
            "Cookie: a=b\rx",
            "\x01\0\x08\0\x03\0\0\0",
        ] {
            assert_eq!(of(text, None), Cookie::Absent, "{text:?}");
        }
        assert_eq!(
            of("Cookie: mstshas=a\r\n", Some("mstshash")),
            Cookie::Absent
        );
        assert_eq!(of("Cookie: a=bbbbb\r\n", Some("mstshash")), Cookie::Absent);
    }

    #[test]
    fn what_may_still_come_is_waited_for() {
        for text in [
            "",
            "xxxxxxx",
            "Cookie:   ",
            "Cookie: a",
            "Cookie: a=b",
            "Cookie: a=b\r",
        ] {
            assert_eq!(of(text, None), Cookie::NotYet, "{text:?}");
        }
        assert_eq!(of("Cookie: a=bbbb\r\n", Some("mstshash")), Cookie::NotYet);
    }
}
