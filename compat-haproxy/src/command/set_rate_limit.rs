//! `set rate-limit connections|sessions global VALUE`: what may begin each second in the whole process.

use std::sync::atomic::Ordering::Relaxed;

use locum_model::proxy::StatsLevel;
use locum_runtime::admin::{CommandDef, Reply};

const EXPECTED: &str = "'set rate-limit' only supports :\n   \
    - 'connections global' to set the per-process maximum connection rate\n   \
    - 'sessions global' to set the per-process maximum session rate\n   \
    - 'ssl-sessions global' to set the per-process maximum SSL session rate\n   \
    - 'http-compression global' to set the per-process maximum compression speed in kB/s";

pub(super) static SET: CommandDef = CommandDef {
    words: &["set", "rate-limit"],
    usage: "set rate-limit <setting> <value>",
    summary: "change a rate limiting value",
    level: StatsLevel::Admin,
    run: |view, words| {
        let [what, "global", rest @ ..] = words else {
            return Reply::line(EXPECTED);
        };
        let limits = &view.live.rate_limits;
        let limit = match *what {
            "connections" => &limits.connections,
            "sessions" => &limits.sessions,
            // There is neither TLS nor compression to limit.
            "ssl-sessions" | "http-compression" => return Reply::line("Not supported."),
            _ => return Reply::line(EXPECTED),
        };
        let Some(value) = rest.first() else {
            return Reply::line("Expects an integer value.");
        };
        // What isn't a number is 0, which is no limit.
        match u32::try_from(value.parse::<i64>().unwrap_or(0)) {
            Ok(value) => {
                limit.store(value, Relaxed);
                Reply::done()
            }
            Err(_) => Reply::line("Value out of range."),
        }
    },
};
