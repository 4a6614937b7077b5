//! `stats socket|timeout|maxconn` of `global`: where commands come in (manual 3.1).
//!
//! ```text
//! stats socket /run/haproxy/admin.sock mode 660 level admin
//! ```

use std::time::Duration;

use locum_model::{
    Located,
    address::Address,
    proxy::{Bind, StatsLevel, StatsSocket},
};
use locum_parser::haproxy::units::{self, TimeUnit};

use super::{GlobalKeyword, State, bind};
use crate::{
    bind_option::{self, BindLine},
    load::{Fault, Lowered},
    section::GlobalLine,
};

/// Rows.
pub static ROWS: &[GlobalKeyword] = &[
    GlobalKeyword {
        name: "stats",
        arguments: "{ socket … | timeout <time> | maxconn <connections> }",
        state: State::Executed,
        lower: stats,
    },
    GlobalKeyword {
        name: "unix-bind",
        arguments: "[ prefix <prefix> ] [ mode <mode> ] [ user <user> ] [ uid <uid> ] [ group <group> ] [ gid <gid> ]",
        state: State::Executed,
        lower: unix_bind,
    },
];

fn stats(line: &mut GlobalLine<'_, '_>) -> Lowered {
    match line.line.bytes(1) {
        b"socket" => socket(line),
        b"timeout" => timeout(line),
        b"maxconn" => {
            match u32::try_from(line.line.lenient_number(2)) {
                Ok(number) if number > 0 => line.global.stats_maxconn = Some(number),
                _ => {
                    return Err("'stats maxconn' expects a positive value".into());
                }
            }
            Ok(())
        }
        b"bind-process" => {
            line.line.warn("'stats bind-process' is deprecated and will be removed in version 2.7. Processes are not supported anymore.");
            Ok(())
        }
        _ => Err(format!(
            "'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout' (got '{}')",
            line.line.text(1)
        )
        .into()),
    }
}

fn socket(line: &mut GlobalLine<'_, '_>) -> Lowered {
    if !line.line.has(2) {
        return Err(
            "'stats socket' in global section expects an address or a path to a UNIX socket".into(),
        );
    }
    let text = line.line.text(2);
    let addresses = bind::addresses(&text, &line.line.shared.environment).map_err(|reason| {
        // The reference ends this one twice.
        let more = if reason.contains("resolves to an empty address") {
            "\n"
        } else {
            ""
        };
        Fault::from(format!(
            "parsing [{}] : 'stats socket' : {}{more}",
            line.line.at,
            crate::address::with_line_feed(reason)
        ))
    })?;
    let mut options = BindLine::new("'stats socket'", true);
    options.bind.access = line.facts.unix_bind.access.clone();
    options.bind.level = Some(StatsLevel::Operator);
    bind_option::read(&mut line.line, 3, &mut options).map_err(|fault| match fault {
        // The reference has wordings of its own here.
        Fault::Spaced(text) => {
            if let Some(unknown) = text.strip_prefix("'stats socket': ") {
                let unknown = bind_option::as_sentence(unknown);
                return Fault::Spaced(format!("'stats socket' : {unknown}"));
            }
            match text.strip_prefix("'stats socket' : '") {
                Some(rest) => Fault::Spaced(format!("'stats socket' : ''{rest}'")),
                None => Fault::Spaced(text),
            }
        }
        other => other,
    })?;
    for address in addresses {
        let address = match (address, &line.facts.unix_bind.prefix) {
            (Address::Unix(path), Some(prefix)) => {
                Address::Unix(format!("{prefix}{}", path.display()).into())
            }
            (address, _) => address,
        };
        let bind = Bind {
            address,
            ..options.bind.clone()
        };
        line.global
            .stats_sockets
            .push(Located::new(StatsSocket { bind }, line.line.at_word(2)));
    }
    Ok(())
}

fn timeout(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let text = line.line.text(2);
    if text.is_empty() {
        // The end of the text is the character that spoils it, and it ends the reference's message too.
        let at = &line.line.at;
        return Err(Fault::Whole(format!(
            "parsing [{at}] : 'stats timeout' : unexpected character '"
        )));
    }
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_none() && time.value > 0 => {
            line.global.stats_timeout = Some(Duration::from_millis(u64::from(time.value)));
            Ok(())
        }
        Err(units::TimeError::Overflow) => Err(format!(
            "timer overflow in argument '{text}' to 'stats timeout' (maximum value is 2147483647 ms or ~24.8 days)"
        )
        .into()),
        Ok(units::Time { trailing: Some(byte), .. }) | Err(units::TimeError::Unexpected(byte)) => {
            Err(format!("'stats timeout' : unexpected character '{}'", char::from(byte)).into())
        }
        _ => Err("'stats timeout' expects a positive value".into()),
    }
}

fn unix_bind(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let mut at = 1;
    let mut options = BindLine::new("'unix-bind'", true);
    while line.line.has(at) {
        let word = line.line.text(at);
        match word.as_str() {
            "prefix" => line.facts.unix_bind.prefix = Some(line.line.text(at + 1)),
            "mode" | "user" | "uid" | "group" | "gid" => {
                let Some(row) = bind_option::ROWS.iter().find(|row| row.name == word) else {
                    break;
                };
                (row.lower)(&mut options, &mut line.line, at).map_err(|_| {
                    Fault::from(match word.as_str() {
                        "user" => {
                            format!("'unix-bind' : '{}' : unknown user", line.line.text(at + 1))
                        }
                        "group" => {
                            format!("'unix-bind' : '{}' : unknown group", line.line.text(at + 1))
                        }
                        _ => format!("'unix-bind' : invalid mode '{}'", line.line.text(at + 1)),
                    })
                })?;
            }
            _ => {
                return Err(
                    "'unix-bind' only supports the 'prefix', 'mode', 'user', 'group', 'uid' and 'gid' options.".into()
                );
            }
        }
        at += 2;
    }
    let access = options.bind.access;
    let known = &mut line.facts.unix_bind.access;
    known.mode = access.mode.or(known.mode);
    known.uid = access.uid.or(known.uid);
    known.gid = access.gid.or(known.gid);
    Ok(())
}
