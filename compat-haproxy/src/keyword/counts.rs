//! Plain numbers of a proxy: `maxconn`, `backlog`, `fullconn`, `retries`, `rate-limit sessions` … (manual 4.2).
//!
//! The reference reads most of them as C does: `maxconn ten` is 0.

use super::{ProxyKeyword, Sections};
use crate::load::{Capability, Fault, Lowered, ProxyLine};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    ProxyKeyword::executed("backlog", Sections::CLIENTS, "<conns>", backlog),
    ProxyKeyword::executed("fullconn", Sections::SERVERS, "<conns>", fullconn),
    ProxyKeyword::executed(
        "hash-balance-factor",
        Sections::SERVERS,
        "<factor>",
        hash_balance_factor,
    ),
    ProxyKeyword::executed(
        "max-keep-alive-queue",
        Sections::SERVERS,
        "<value>",
        max_keep_alive_queue,
    ),
    ProxyKeyword::executed("maxconn", Sections::CLIENTS, "<conns>", maxconn),
    ProxyKeyword::executed(
        "rate-limit",
        Sections::CLIENTS,
        "sessions <rate>",
        rate_limit,
    ),
    ProxyKeyword::executed("retries", Sections::SERVERS, "<value>", retries),
];

fn maxconn(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks_with(
        Capability::Frontend,
        "maxconn",
        " Maybe you want 'fullconn' instead ?",
    );
    let number = required(line, "expects an integer argument.")?;
    line.draft.frontend.maxconn = (number > 0).then_some(number);
    Ok(())
}

fn backlog(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Frontend, "backlog");
    let number = required(line, "expects an integer argument.")?;
    line.draft.frontend.backlog = (number > 0).then_some(number);
    Ok(())
}

fn fullconn(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks_with(
        Capability::Backend,
        "fullconn",
        " Maybe you want 'maxconn' instead ?",
    );
    let number = required(line, "expects an integer argument.")?;
    line.draft.backend.fullconn = (number > 0).then_some(number);
    Ok(())
}

fn retries(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "retries");
    let number = required(
        line,
        "expects an integer argument (dispatch counts for one).",
    )?;
    line.draft.backend.retries = Some(number);
    Ok(())
}

fn required(line: &mut ProxyLine<'_, '_>, otherwise: &str) -> Result<u32, Fault> {
    if !line.line.has(1) {
        return Err(format!("'{}' {otherwise}", line.line.text(0)).into());
    }
    let number = u32::try_from(line.line.lenient_number(1)).unwrap_or(0);
    line.line.at_most(1, 1)?;
    Ok(number)
}

fn hash_balance_factor(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err("'hash-balance-factor' expects an integer argument.".into());
    }
    let number = u32::try_from(line.line.lenient_number(1)).unwrap_or(0);
    if number != 0 && number <= 100 {
        return Err("'hash-balance-factor' must be 0 or greater than 100.".into());
    }
    line.draft.backend.hash_balance_factor = (number > 0).then_some(number);
    Ok(())
}

fn max_keep_alive_queue(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err(
            "'max-keep-alive-queue' expects expects an integer value (or -1 to disable)".into(),
        );
    }
    let number = strict(line, 1, "max-keep-alive-queue")?;
    if !line.draft.can(Capability::Backend) {
        let text = format!(
            "max-keep-alive-queue will be ignored because {} has no backend capability",
            line.proxy_shown()
        );
        line.line.warn(&text);
    }
    line.draft.backend.max_keep_alive_queue = u32::try_from(number).ok();
    Ok(())
}

fn rate_limit(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if line.line.bytes(1) != b"sessions" {
        return Err(format!(
            "'rate-limit' only supports 'sessions' (got '{}')",
            line.line.text(1)
        )
        .into());
    }
    if !line.line.has(2) {
        return Err(
            "'rate-limit sessions' expects expects an integer value (in sessions/second)".into(),
        );
    }
    let number = strict(line, 2, "rate-limit sessions")?;
    if !line.draft.can(Capability::Frontend) {
        let text = format!(
            "rate-limit sessions will be ignored because {} has no frontend capability",
            line.proxy_shown()
        );
        line.line.warn(&text);
    }
    line.draft.frontend.rate_limit_sessions =
        u32::try_from(number).ok().filter(|number| *number > 0);
    Ok(())
}

fn strict(line: &ProxyLine<'_, '_>, index: usize, name: &str) -> Result<i64, Fault> {
    let text = line.line.text(index);
    let digits = text.strip_prefix('-').unwrap_or(&text);
    match digits.char_indices().find(|(_, c)| !c.is_ascii_digit()) {
        Some((at, _)) => {
            let rest = &digits[at..];
            Err(format!(
                "'{name}' : unexpected character '{}' in integer value '{text}'",
                rest.chars().next().unwrap_or(' ')
            )
            .into())
        }
        None => Ok(line.line.lenient_number(index)),
    }
}
