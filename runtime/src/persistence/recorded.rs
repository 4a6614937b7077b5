//! Exchanges recorded from HAProxy 2.6.12, played to our functions. `recorded.tsv` has one a line:
//! options of `cookie SRV`, `checkcache` or `-`, the rule that matched or `-`, seconds since 1970, method, status,
//! Cookie headers sent, response headers sent, Cookie headers that the server saw, response headers that the client saw
//! or `blocked`, the two cookie characters of the termination state, the server.

use std::time::{Duration, UNIX_EPOCH};

use locum_model::{
    Text,
    proxy::{Cookie, CookieMode},
};

use super::{date::Date, *};
use crate::http::{Head, Version};

/// The servers of the recording: name, cookie value, takes clients bound to it.
const SERVERS: [(&str, &str, bool); 9] = [
    ("s1", "c1", true),
    ("s2", "c2", true),
    ("dn", "cdn", false),
    ("mt", "cmt", false),
    ("dr", "cdr", true),
    ("bk", "cbk", true),
    ("nc", "", true),
    ("tw1", "tw", false),
    ("tw2", "tw", true),
];

pub(super) struct Recorded;

impl NamedServers for Recorded {
    fn usable(&self, value: &[u8]) -> Option<u32> {
        index(|server| server.1.as_bytes() == value && !value.is_empty() && server.2)
    }

    fn any(&self, value: &[u8]) -> Option<u32> {
        index(|server| server.1.as_bytes() == value && !value.is_empty())
    }
}

fn index(is_it: impl Fn(&(&str, &str, bool)) -> bool) -> Option<u32> {
    SERVERS.iter().position(is_it).map(|index| index as u32)
}

/// Reads the options of `cookie SRV`.
pub(super) fn cookie(options: &str) -> Cookie {
    let mut cookie = Cookie {
        name: Text::from("SRV"),
        mode: CookieMode::Passive,
        indirect: false,
        nocache: false,
        postonly: false,
        preserve: false,
        httponly: false,
        secure: false,
        domains: Vec::new(),
        maxidle: None,
        maxlife: None,
        dynamic: false,
        dynamic_key: None,
        attributes: Vec::new(),
    };
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap();
        match word {
            "insert" => cookie.mode = CookieMode::Insert,
            "rewrite" => cookie.mode = CookieMode::Rewrite,
            "prefix" => cookie.mode = CookieMode::Prefix,
            "indirect" => cookie.indirect = true,
            "nocache" => cookie.nocache = true,
            "postonly" => cookie.postonly = true,
            "preserve" => cookie.preserve = true,
            "httponly" => cookie.httponly = true,
            "secure" => cookie.secure = true,
            "domain" => cookie.domains.push(next().to_owned()),
            "attr" => cookie.attributes.push(Text::from(next())),
            "maxidle" => cookie.maxidle = Some(hours(next())),
            "maxlife" => cookie.maxlife = Some(hours(next())),
            other => unreachable!("{other}"),
        }
    }
    cookie
}

fn hours(text: &str) -> Duration {
    let hours: u64 = text.trim_end_matches('h').parse().unwrap();
    Duration::from_secs(hours * 3600)
}

fn list(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap()
}

fn lines(head: &Head) -> Vec<String> {
    head.iter()
        .map(|(name, value)| {
            let text = [name, b": ", value].concat();
            String::from_utf8(text).unwrap()
        })
        .collect()
}

/// What the client and the server saw of one recorded exchange, and its characters.
fn play(columns: &[&str]) -> [String; 3] {
    let cookie = cookie(columns[0]);
    let regard = match columns[2] {
        "force" => Regard::Forced,
        "ignore" => Regard::Ignored,
        "use" | "nc" => Regard::Outranked,
        _ => Regard::Usual,
    };
    let now = Date::of(UNIX_EPOCH + Duration::from_secs(columns[3].parse().unwrap()));

    let mut request = Head::request(columns[4].as_bytes(), b"/", Version::HTTP_11);
    for value in list(columns[6]) {
        request.add(b"Cookie", value.trim_matches([' ', '\t']).as_bytes());
    }
    let state = on_request(&mut request, &cookie, &Recorded, regard, now);
    let seen: Vec<_> = request
        .iter()
        .map(|(_, value)| String::from_utf8(value.to_vec()).unwrap())
        .collect();

    let server = SERVERS
        .iter()
        .find(|server| server.0 == columns[11])
        .unwrap();
    if let Some(named) = state.server {
        assert_eq!(SERVERS[named as usize].0, server.0, "{columns:?}");
    }
    let status = columns[5].parse().unwrap();
    let mut response = Head::response(Version::HTTP_11, status, b"X");
    for header in list(columns[7]) {
        let (name, value) = header.split_once(':').unwrap();
        response.add(name.as_bytes(), value.trim_matches([' ', '\t']).as_bytes());
    }
    let outcome = on_response(
        &mut response,
        &Exchange {
            cookie: Some((&cookie, &state)),
            server_value: Some(server.1.as_bytes()).filter(|value| !value.is_empty()),
            has_server: true,
            balanced: state.server.is_none() && regard != Regard::Outranked,
            method: columns[4].as_bytes(),
            check_cache: columns[1] == "checkcache",
            now,
        },
    );
    let client = if outcome.blocked {
        "blocked".to_owned()
    } else {
        serde_json::to_string(&lines(&response)).unwrap()
    };
    let flags = String::from_utf8(vec![state.flag, outcome.flag]).unwrap();
    [serde_json::to_string(&seen).unwrap(), client, flags]
}

#[test]
fn every_recorded_exchange_is_repeated_to_the_byte() {
    let mut wrong = Vec::new();
    let recorded = include_str!("recorded.tsv");
    for line in recorded.lines() {
        let columns: Vec<_> = line.split('\t').collect();
        let client = if columns[9] == "blocked" {
            columns[9].to_owned()
        } else {
            serde_json::to_string(&list(columns[9])).unwrap()
        };
        let seen = serde_json::to_string(&list(columns[8])).unwrap();
        let expected = [seen, client, columns[10].to_owned()];
        let ours = play(&columns);
        if ours != expected {
            wrong.push(format!("{line}\n  ours {ours:?}"));
        }
    }
    assert!(recorded.lines().count() > 2000);
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
}
