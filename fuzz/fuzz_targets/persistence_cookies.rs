//! Any bytes as cookies of a request and a response under all options of a persistence cookie: nothing panics, and
//! what the options hide is hidden.
#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use libfuzzer_sys::fuzz_target;
use locum_model::{
    Text,
    proxy::{Cookie, CookieMode},
};
use locum_runtime::{
    http::{Head, Version, cookie as pairs},
    persistence::{Exchange, NamedServers, Regard, date::Date, on_request, on_response},
};

struct Servers;

impl NamedServers for Servers {
    fn usable(&self, value: &[u8]) -> Option<u32> {
        (value == b"a").then_some(0)
    }

    fn any(&self, value: &[u8]) -> Option<u32> {
        matches!(value, b"a" | b"b").then_some(0)
    }
}

fn cookie(bits: u16) -> Cookie {
    let bit = |shift: u32| bits >> shift & 1 == 1;
    Cookie {
        name: Text::from("S"),
        mode: match bits & 3 {
            0 => CookieMode::Passive,
            1 => CookieMode::Rewrite,
            2 => CookieMode::Insert,
            _ => CookieMode::Prefix,
        },
        indirect: bit(2),
        nocache: bit(3),
        postonly: bit(4),
        preserve: bit(5),
        httponly: bit(6),
        secure: bit(7),
        domains: Vec::new(),
        maxidle: bit(8).then_some(Duration::from_secs(60)),
        maxlife: bit(9).then_some(Duration::from_secs(600)),
        dynamic: false,
        dynamic_key: None,
        attributes: Vec::new(),
    }
}

fuzz_target!(|input: (u16, Vec<u8>)| {
    let (bits, bytes) = input;
    let cookie = cookie(bits);
    let regard = match bits >> 10 & 3 {
        0 => Regard::Usual,
        1 => Regard::Forced,
        2 => Regard::Outranked,
        _ => Regard::Ignored,
    };
    let now = Date::of(UNIX_EPOCH + Duration::from_secs(1_795_362_092));
    let mut request = Head::request(b"GET", b"/", Version::HTTP_11);
    let mut response = Head::response(Version::HTTP_11, 200, b"OK");
    for (index, line) in bytes.split(|byte| *byte == b'\n').take(20).enumerate() {
        match index % 4 {
            0 => request.add(b"Cookie", line),
            1 => response.add(b"Set-Cookie", line),
            2 => response.add(b"Set-Cookie2", line),
            _ => response.add(b"Cache-Control", line),
        }
    }
    let state = on_request(&mut request, &cookie, &Servers, regard, now);
    if cookie.mode == CookieMode::Insert && cookie.indirect {
        assert_eq!(pairs::find(&request, b"S"), None);
    }
    let exchange = Exchange {
        cookie: Some((&cookie, &state)),
        server_value: (bits >> 12 & 1 == 1).then_some(b"a"),
        has_server: bits >> 14 & 1 == 0,
        balanced: state.server.is_none(),
        method: b"GET",
        check_cache: bits >> 13 & 1 == 1,
        now,
    };
    let outcome = on_response(&mut response, &exchange);
    if cookie.mode == CookieMode::Insert && !cookie.preserve && regard != Regard::Ignored {
        let named = |(_, value): &(&[u8], &[u8])| {
            pairs::set_cookie(value).is_some_and(|pair| pair.is(value, b"S"))
        };
        let ours = matches!(outcome.flag, b'I' | b'U') as usize;
        let is_set_cookie = |(name, _): &(&[u8], &[u8])| name.starts_with(b"set-cookie");
        assert_eq!(response.iter().filter(is_set_cookie).filter(named).count(), ours);
    }
});
