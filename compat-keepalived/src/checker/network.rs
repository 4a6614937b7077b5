//! TCP_CHECK, PING_CHECK, SMTP_CHECK, DNS_CHECK, UDP_CHECK: something is sent over the network.

use locum_model::{
    Text,
    check::{CheckerKind, Connection},
};
use locum_parser::keepalived::Line;

use super::{COMMON, TIMING, connection, keep, plain, read, set_kind};
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, Rows, accepted},
};

pub(crate) const PLAIN: Rows = &[COMMON, TIMING, connection::ROWS];
pub(crate) const DNS: Rows = &[COMMON, TIMING, connection::ROWS, DNS_WORDS];
pub(crate) const SMTP: Rows = &[COMMON, TIMING, connection::ROWS, SMTP_WORDS];
pub(crate) const UDP: Rows = &[COMMON, TIMING, connection::ROWS, UDP_WORDS];
/// Words of SMTP_CHECK's `host`.
pub(super) const HOST: Rows = PLAIN;

pub(super) fn tcp_check(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    plain(pass, line, CheckerKind::Tcp, PLAIN)
}

pub(super) fn ping_check(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    plain(pass, line, CheckerKind::Ping, PLAIN)
}

pub(super) fn smtp_check(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let kind = CheckerKind::Smtp {
        helo_name: None,
        hosts: Vec::new(),
    };
    plain(pass, line, kind, SMTP)
}

const SMTP_WORDS: &[Row] = &[
    accepted("helo_name", |pass, line| match line.words.get(1) {
        Some(word) => {
            let name = Text::from(word.text.clone());
            set_kind(pass, |kind| {
                if let CheckerKind::Smtp { helo_name, .. } = kind {
                    *helo_name = Some(name);
                }
            })
        }
        None => {
            pass.error("SMTP_CHECK helo name missing");
            Ok(())
        }
    }),
    accepted("host", |pass, _| {
        pass.draft.lvs.host = Some(Connection::default());
        pass.block(HOST)?;
        let host = pass.draft.lvs.host.take();
        set_kind(pass, |kind| {
            if let CheckerKind::Smtp { hosts, .. } = kind {
                hosts.extend(host);
            }
        })
    }),
];

/// Types of records that are asked for.
const RECORDS: &[&str] = &["A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA"];

pub(super) fn dns_check(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let kind = CheckerKind::Dns {
        record: "SOA".to_owned(),
        name: Text::from(b".".to_vec()),
    };
    plain(pass, line, kind, DNS)
}

const DNS_WORDS: &[Row] = &[
    accepted("name", |pass, line| {
        let text = pass.parameter(line, 1)?;
        if text != "." && text.trim_end_matches('.').split('.').any(str::is_empty) {
            pass.error(format!(
                "DNS_CHECK name '{text}' has empty label - ignoring"
            ));
            return Ok(());
        }
        set_kind(pass, |kind| {
            if let CheckerKind::Dns { name, .. } = kind {
                *name = Text::from(text.into_bytes());
            }
        })
    }),
    accepted("type", |pass, line| {
        let text = pass.parameter(line, 1)?;
        let known = RECORDS
            .iter()
            .find(|record| record.eq_ignore_ascii_case(&text));
        let Some(known) = known else {
            pass.error(format!("Unknown DNS check type {text} - ignoring"));
            return Ok(());
        };
        set_kind(pass, |kind| {
            if let CheckerKind::Dns { record, .. } = kind {
                *record = (*known).to_owned();
            }
        })
    }),
];

/// The longest reply that is looked at unless told otherwise.
const LONGEST_REPLY: u16 = 255;

pub(super) fn udp_check(pass: &mut Pass<'_>, _line: &Line) -> Result<(), Abort> {
    let kind = CheckerKind::Udp {
        payload: Vec::new(),
        reply: None,
        shortest: 0,
        longest: LONGEST_REPLY,
    };
    let checker = read(pass, kind, UDP)?;
    if let Some(CheckerKind::Udp {
        shortest, longest, ..
    }) = checker.as_ref().map(|checker| &checker.kind.value)
        && shortest > longest
    {
        pass.error(format!(
            "UDP_CHECK min_reply length {shortest} > max_reply_length {longest} - will always fail"
        ));
    }
    keep(pass, checker);
    Ok(())
}

const UDP_WORDS: &[Row] = &[
    accepted("max_reply_length", |pass, line| {
        let length = length(pass, line, "max")?;
        set_kind(pass, |kind| {
            if let CheckerKind::Udp { longest, .. } = kind {
                *longest = length.unwrap_or(*longest);
            }
        })
    }),
    accepted("min_reply_length", |pass, line| {
        let length = length(pass, line, "min")?;
        set_kind(pass, |kind| {
            if let CheckerKind::Udp { shortest, .. } = kind {
                *shortest = length.unwrap_or(*shortest);
            }
        })
    }),
    accepted("payload", |pass, line| {
        if line.words.len() < 2 {
            pass.error("UDP_CHECK payload requires a payload");
            return Ok(());
        }
        let Some(bytes) = bytes(line, false) else {
            pass.error("Invalid hex string for UDP_CHECK payload");
            return Ok(());
        };
        set_kind(pass, |kind| {
            if let CheckerKind::Udp { payload, .. } = kind {
                *payload = bytes.into_iter().map(|(byte, _)| byte).collect();
            }
        })
    }),
    accepted("require_reply", |pass, line| {
        let Some(bytes) = bytes(line, true) else {
            pass.error("Invalid hex string for UDP_CHECK reply");
            return Ok(());
        };
        set_kind(pass, |kind| {
            if let CheckerKind::Udp { reply, .. } = kind {
                *reply = Some(bytes);
            }
        })
    }),
];

fn length(pass: &mut Pass<'_>, line: &Line, what: &str) -> Result<Option<u16>, Abort> {
    let text = pass.parameter(line, 1)?;
    let number = pass.number(number::unsigned(&text, 0, 65535));
    if number.is_none() {
        pass.error(format!(
            "UDP_CHECK {what} length {text} not valid - must be between 0 & 65535"
        ));
    }
    Ok(number.and_then(|number| u16::try_from(number).ok()))
}

/// Bytes in hexadecimal digits, each with the bits that count: in each word two digits make a byte, an odd one at the
/// end stands alone. With `masked` an X stands for four bits that don't matter.
fn bytes(line: &Line, masked: bool) -> Option<Vec<(u8, u8)>> {
    let nibble = |digit: char| match digit {
        'x' | 'X' if masked => Some((0, 0)),
        _ => digit
            .to_digit(16)
            .map(|digit| (digit.to_le_bytes()[0], 0xf)),
    };
    let mut bytes = Vec::new();
    let words = (1..).map_while(|index| value::word(line, index));
    for word in words {
        let nibbles: Vec<(u8, u8)> = word.chars().map(nibble).collect::<Option<_>>()?;
        bytes.extend(nibbles.chunks(2).map(|pair| match *pair {
            [(high, high_mask), (low, low_mask)] => (high << 4 | low, high_mask << 4 | low_mask),
            [(low, mask), ..] => (low, 0xf0 | mask),
            [] => (0, 0),
        }));
    }
    Some(bytes)
}
