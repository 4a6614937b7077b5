//! `force-persist`, `ignore-persist`, `http-reuse`, `retry-on`, `http-send-name-header`, TCP keep-alive parameters
//! (manual 4.2).

use std::time::Duration;

use locum_model::{
    Located, Text,
    proxy::{HttpReuse, RetryOn},
};
use locum_parser::haproxy::units::{self, TimeUnit};

use super::{ProxyKeyword, Sections};
use crate::{
    load::{Capability, Fault, Lowered, ProxyLine},
    lowering::{ConditionError, Point, Points, lower_required_condition},
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    ProxyKeyword::executed("clitcpka-cnt", Sections::CLIENTS, "<count>", count),
    ProxyKeyword::executed("clitcpka-idle", Sections::CLIENTS, "<timeout>", idle),
    ProxyKeyword::executed("clitcpka-intvl", Sections::CLIENTS, "<timeout>", idle),
    ProxyKeyword::executed(
        "force-persist",
        Sections::PROXIES,
        "{ if | unless } <condition>",
        persist,
    ),
    ProxyKeyword::executed(
        "http-reuse",
        Sections::SERVERS,
        "{ never | safe | aggressive | always }",
        http_reuse,
    ),
    ProxyKeyword::executed(
        "http-send-name-header",
        Sections::SERVERS,
        "[<header>]",
        send_name_header,
    ),
    ProxyKeyword::executed(
        "ignore-persist",
        Sections::PROXIES,
        "{ if | unless } <condition>",
        persist,
    ),
    ProxyKeyword::executed(
        "retry-on",
        Sections::SERVERS,
        "[list of keywords]",
        retry_on,
    ),
    ProxyKeyword::executed("srvtcpka-cnt", Sections::SERVERS, "<count>", count),
    ProxyKeyword::executed("srvtcpka-idle", Sections::SERVERS, "<timeout>", idle),
    ProxyKeyword::executed("srvtcpka-intvl", Sections::SERVERS, "<timeout>", idle),
];

fn persist(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    line.not_in_defaults(&word)?;
    line.lacks(Capability::Backend, &word);
    let words = line.line.words;
    let points = Points::of(Point::BackendContent);
    let condition =
        lower_required_condition(&words[1..], &mut line.place(points, "persist expression"))
            .map_err(|error| match error {
                ConditionError::Unexpected(_) => {
                    format!("'{word}' requires either 'if' or 'unless' followed by a condition.")
                }
                ConditionError::Wrong(reason) => {
                    format!("error detected while parsing a '{word}' rule : {reason}.")
                }
            })?;
    let rule = (word == "force-persist", condition);
    line.draft
        .proxy
        .rules
        .persist
        .push(Located::new(rule, line.line.at.clone()));
    Ok(())
}

fn http_reuse(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "http-reuse");
    line.draft.backend.http_reuse = match line.line.bytes(1) {
        b"never" => HttpReuse::Never,
        b"safe" => HttpReuse::Safe,
        b"aggressive" => HttpReuse::Aggressive,
        b"always" => HttpReuse::Always,
        _ => {
            return Err(
                "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.".into(),
            );
        }
    };
    line.line.at_most(1, 1)
}

fn send_name_header(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "http-send-name-header");
    if !line.line.has(1) {
        return Err("'http-send-name-header' requires a header string.".into());
    }
    line.draft.backend.send_name_header = Some(Text::from(line.line.bytes(1)));
    Ok(())
}

const RETRY_ON: &[&str] = &[
    "0rtt-rejected",
    "401",
    "403",
    "404",
    "408",
    "425",
    "500",
    "501",
    "502",
    "503",
    "504",
    "all-retryable-errors",
    "conn-failure",
    "empty-response",
    "junk-response",
    "none",
    "response-timeout",
];

fn retry_on(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err("'retry-on' needs at least one keyword to specify when to retry".into());
    }
    if !line.draft.can(Capability::Backend) {
        return Err("'retry-on' only available in backend or listen section".into());
    }
    let mut retry = RetryOn::NEVER;
    let mut at = 1;
    while line.line.has(at) {
        let word = line.line.text(at);
        if !RETRY_ON.contains(&word.as_str()) {
            return Err(format!("'retry-on': unknown keyword '{word}'").into());
        }
        if word == "none" && (at > 1 || line.line.has(at + 1)) {
            return Err("'retry-on': 'none' keyword only usable alone".into());
        }
        add_retry(&mut retry, &word);
        at += 1;
    }
    line.draft.backend.retry_on = retry;
    Ok(())
}

fn add_retry(retry: &mut RetryOn, word: &str) {
    let all = word == "all-retryable-errors";
    retry.connection |= all || word == "conn-failure";
    retry.empty_response |= all || word == "empty-response";
    retry.junk_response |= all || word == "junk-response";
    retry.response_timeout |= all || word == "response-timeout";
    retry.early_data |= all || word == "0rtt-rejected";
    if all {
        retry.statuses.extend([500, 502, 503, 504]);
    }
    retry.statuses.extend(word.parse::<u16>());
}

fn count(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    if !line.line.has(1) {
        return Err(format!("'{word}' expects an integer value").into());
    }
    let text = line.line.text(1);
    let Ok(number) = text.parse::<u32>() else {
        let bad = text
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .chars()
            .next()
            .unwrap_or(' ');
        return Err(
            format!("'{word}' : unexpected character '{bad}' in integer value '{text}'").into(),
        );
    };
    line.line.at_most(1, 1)?;
    let keepalive = match word.starts_with("cli") {
        true => &mut line.draft.frontend.tcp_keepalive,
        false => &mut line.draft.backend.tcp_keepalive,
    };
    keepalive.count = Some(number);
    Ok(())
}

fn idle(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    if !line.line.has(1) {
        return Err(format!("'{word}' expects an integer value").into());
    }
    let text = line.line.text(1);
    let seconds = match units::time(text.as_bytes(), TimeUnit::Seconds) {
        Ok(time) if time.trailing.is_none() => time.value,
        Ok(units::Time {
            trailing: Some(byte),
            ..
        })
        | Err(units::TimeError::Unexpected(byte)) => {
            return Err(Fault::Spaced(format!(
                "unexpected character '{}' in argument to <{word}>.",
                char::from(byte)
            )));
        }
        _ => {
            return Err(Fault::Spaced(format!(
                "timer overflow in argument '{text}' to <{word}> (maximum value is 2147483647 s or ~68 years)."
            )));
        }
    };
    line.line.at_most(1, 1)?;
    let keepalive = match word.starts_with("cli") {
        true => &mut line.draft.frontend.tcp_keepalive,
        false => &mut line.draft.backend.tcp_keepalive,
    };
    let value = Some(Duration::from_secs(u64::from(seconds)));
    if word.ends_with("idle") {
        keepalive.idle = value;
    } else {
        keepalive.interval = value;
    }
    Ok(())
}
