//! The rows of options with arguments.

use locum_model::proxy::{ConnectionMode, RedispatchInterval, RestrictHeaderNames};

use super::{Special, forwardfor, health, logs};
use crate::{
    keyword::State,
    load::{Capability, Fault, Lowered, ProxyLine},
};

/// All of them, sorted.
pub static SPECIAL: &[Special] = &[
    row("external-check", false, State::Unexecuted, |line, _| {
        health::probe_option(line)
    }),
    row("forceclose", true, State::Executed, |line, off| {
        old(
            line,
            "option httpclose",
            "2.0, please just remove it, or use 'option httpclose' if absolutely needed.",
        )?;
        connection(line, off, ConnectionMode::Close)
    }),
    row("forwardfor", false, State::Executed, |line, _| {
        forwardfor::forwardfor(line)
    }),
    row(
        "http-restrict-req-hdr-names",
        false,
        State::Executed,
        |line, _| restrict_names(line),
    ),
    row("http-keep-alive", true, State::Executed, |line, off| {
        connection(line, off, ConnectionMode::KeepAlive)
    }),
    row("http-server-close", true, State::Executed, |line, off| {
        connection(line, off, ConnectionMode::ServerClose)
    }),
    row("http-tunnel", true, State::Executed, |line, off| {
        old(
            line,
            "option http-keep-alive",
            "2.1, please just remove it, it shouldn't be needed.",
        )?;
        connection(line, off, ConnectionMode::Tunnel)
    }),
    row("http_proxy", true, State::Executed, |line, _| {
        removed(
            line,
            "2.5. This option stopped working in HAProxy 1.9 and usually had nasty side effects. It can be more reliably implemented with combinations of 'http-request set-dst' and 'http-request set-uri', and even 'http-request do-resolve' if DNS resolution is desired.",
        )
    }),
    row("httpchk", false, State::Executed, |line, _| {
        health::httpchk(line)
    }),
    row("httpclose", true, State::Executed, |line, off| {
        connection(line, off, ConnectionMode::Close)
    }),
    row("httplog", false, State::Executed, |line, _| {
        logs::httplog(line)
    }),
    row("httpslog", false, State::Executed, |line, _| {
        logs::httpslog(line)
    }),
    row("ldap-check", false, State::Unexecuted, |line, _| {
        health::probe_option(line)
    }),
    row("mysql-check", false, State::Unexecuted, |line, _| {
        health::probe_option(line)
    }),
    row("originalto", false, State::Executed, |line, _| {
        forwardfor::originalto(line)
    }),
    row("pgsql-check", false, State::Unexecuted, |line, _| {
        health::probe_option(line)
    }),
    row("redis-check", false, State::Unexecuted, |line, _| {
        health::probe_option(line)
    }),
    row("redispatch", true, State::Executed, redispatch),
    row("smtpchk", false, State::Unexecuted, |line, _| {
        health::probe_option(line)
    }),
    row("spop-check", false, State::Unexecuted, |line, _| {
        health::probe_option(line)
    }),
    row("ssl-hello-chk", false, State::Unexecuted, |line, _| {
        health::probe_option(line)
    }),
    row("tcp-check", false, State::Executed, |line, _| {
        health::tcp_check(line)
    }),
    row("tcpka", false, State::Executed, |line, _| tcpka(line)),
    row("tcplog", false, State::Executed, |line, _| {
        logs::tcplog(line)
    }),
];

const fn row(
    name: &'static str,
    negatable: bool,
    state: State,
    lower: fn(&mut ProxyLine<'_, '_>, bool) -> Lowered,
) -> Special {
    Special {
        name,
        negatable,
        state,
        lower,
    }
}

fn connection(line: &mut ProxyLine<'_, '_>, off: bool, mode: ConnectionMode) -> Lowered {
    line.line.at_most(0, 2)?;
    let current = &mut line.draft.proxy.connection_mode;
    if !off {
        *current = Some(mode);
    } else if *current == Some(mode) {
        *current = None;
    }
    Ok(())
}

fn redispatch(line: &mut ProxyLine<'_, '_>, off: bool) -> Lowered {
    line.lacks(Capability::Backend, "redispatch");
    if off {
        line.draft.backend.redispatch = None;
        return Ok(());
    }
    let interval = match line.line.lenient_number(2) {
        _ if !line.line.has(2) => RedispatchInterval::LastRetry,
        -1 => RedispatchInterval::LastRetry,
        number if number < 0 => {
            RedispatchInterval::Last(u32::try_from(number.unsigned_abs()).unwrap_or(u32::MAX))
        }
        number => RedispatchInterval::Every(u32::try_from(number).unwrap_or(u32::MAX)),
    };
    line.draft.backend.redispatch = Some(interval);
    Ok(())
}

fn tcpka(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.line.at_most(0, 2)?;
    line.draft.proxy.options.clitcpka = true;
    line.draft.proxy.options.srvtcpka = true;
    Ok(())
}

fn removed(line: &mut ProxyLine<'_, '_>, instead: &str) -> Lowered {
    Err(gone(line, instead))
}

fn gone(line: &ProxyLine<'_, '_>, instead: &str) -> Fault {
    let name = line.line.text(1);
    Fault::Tight(format!(
        "option '{name}' is not supported any more since HAProxy {instead}"
    ))
}

fn old(line: &mut ProxyLine<'_, '_>, modern: &str, instead: &str) -> Lowered {
    line.old_word(modern, |line| gone(line, instead))
}

/// `option http-restrict-req-hdr-names { preserve | reject | delete }`
fn restrict_names(line: &mut ProxyLine<'_, '_>) -> Lowered {
    const EXPECTS: &str =
        "option 'http-restrict-req-hdr-names' expects 'preserve', 'reject' or 'delete' option.";
    line.draft.proxy.restrict_header_names = Some(match line.line.bytes(2) {
        b"preserve" => RestrictHeaderNames::Preserve,
        b"reject" => RestrictHeaderNames::Reject,
        b"delete" => RestrictHeaderNames::Delete,
        b"" => return Err(format!("missing parameter. {EXPECTS}").into()),
        _ => return Err(format!("invalid parameter '{}'. {EXPECTS}", line.line.text(2)).into()),
    });
    line.line.at_most(1, 2)
}
