//! `timeout NAME TIME`: how long each phase may take (manual 4.2). 0 is "never".
//!
//! ```text
//! timeout connect 5s
//! timeout client  50s
//! ```

use std::time::Duration;

use locum_model::proxy::Timeouts;
use locum_parser::haproxy::units::{self, TimeError, TimeUnit};

use super::{ProxyKeyword, Sections};
use crate::load::{Capability, Fault, Lowered, ProxyLine};

/// The row; the old names are among [`super::old`]'s.
pub static ROWS: &[ProxyKeyword] = &[ProxyKeyword::executed(
    "timeout",
    Sections::ALL,
    "<name> <time>",
    timeout,
)];

/// A timeout: its name, the side that needs it, its field.
type Row = (
    &'static str,
    Option<Capability>,
    fn(&mut Timeouts) -> &mut Option<Duration>,
);

const TIMEOUTS: &[Row] = &[
    ("check", Some(Capability::Backend), |timeouts| {
        &mut timeouts.check
    }),
    ("client", Some(Capability::Frontend), |timeouts| {
        &mut timeouts.client
    }),
    ("client-fin", Some(Capability::Frontend), |timeouts| {
        &mut timeouts.client_fin
    }),
    ("connect", Some(Capability::Backend), |timeouts| {
        &mut timeouts.connect
    }),
    ("http-keep-alive", None, |timeouts| {
        &mut timeouts.http_keep_alive
    }),
    ("http-request", None, |timeouts| &mut timeouts.http_request),
    ("queue", Some(Capability::Backend), |timeouts| {
        &mut timeouts.queue
    }),
    ("server", Some(Capability::Backend), |timeouts| {
        &mut timeouts.server
    }),
    ("server-fin", Some(Capability::Backend), |timeouts| {
        &mut timeouts.server_fin
    }),
    ("tarpit", None, |timeouts| &mut timeouts.tarpit),
    ("tunnel", Some(Capability::Backend), |timeouts| {
        &mut timeouts.tunnel
    }),
];

fn timeout(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let name = line.line.text(1);
    if OLD_NAMES.iter().any(|(old, _)| *old == name) {
        return by_old_name(line, &name, 2);
    }
    set(line, &name, 2)
}

/// The names that timeouts had first.
const OLD_NAMES: &[(&str, &str)] = &[
    ("clitimeout", "client"),
    ("contimeout", "connect"),
    ("srvtimeout", "server"),
];

/// A timeout by its first name, with the time at word `at`.
///
/// # Errors
/// As `timeout`; under `--compat 2.6` always.
pub(super) fn by_old_name(line: &mut ProxyLine<'_, '_>, name: &str, at: usize) -> Lowered {
    let known = OLD_NAMES.iter().find(|(old, _)| *old == name);
    let modern = known.map_or("", |(_, modern)| modern);
    line.old_word(&format!("timeout {modern}"), |_| {
        format!(
            "the '{name}' directive is not supported anymore since HAProxy 2.1. Use 'timeout {modern}'."
        )
        .into()
    })?;
    set(line, modern, at)
}

/// Reads the time at word `at` into the timeout called `name`.
fn set(line: &mut ProxyLine<'_, '_>, name: &str, time_at: usize) -> Lowered {
    let Some((_, capability, field)) = TIMEOUTS.iter().find(|(known, _, _)| *known == name) else {
        return Err(format!(
            "'timeout' supports 'client', 'server', 'connect', 'check', 'queue', 'http-keep-alive', 'http-request', 'tunnel', 'tarpit', 'client-fin' and 'server-fin' (got '{name}')"
        )
        .into());
    };
    if !line.line.has(time_at) {
        return Err(format!("'timeout {name}' expects an integer value (in milliseconds)").into());
    }
    let text = line.line.text(time_at);
    let value = match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) => {
            if let Some(warning) = time.warning(&text) {
                let at = line.line.at.clone();
                line.line.shared.warn(&at, warning);
            }
            time.value
        }
        Err(TimeError::Overflow) => {
            return Err(format!(
                "timer overflow in argument '{text}' to 'timeout {name}' (maximum value is 2147483647 ms or ~24.8 days)"
            )
            .into());
        }
        Err(TimeError::Empty) => return Err(Fault::Reported),
        Err(TimeError::Unexpected(byte)) => {
            return Err(format!(
                "unexpected character '{}' in 'timeout {name}'",
                char::from(byte)
            )
            .into());
        }
    };
    if line.line.has(time_at + 1) {
        return Err(format!(
            "'timeout {name}' : unexpected extra argument '{}' after value '{text}'.",
            line.line.text(time_at + 1)
        )
        .into());
    }
    if let Some(capability) = capability
        && !line.draft.can(*capability)
    {
        let text = format!(
            "'timeout {name}' will be ignored because {} has no {} capability",
            line.proxy_shown(),
            capability.word()
        );
        line.line.warn(&text);
    }
    *field(&mut line.draft.proxy.timeouts) =
        (value > 0).then(|| Duration::from_millis(u64::from(value)));
    Ok(())
}
