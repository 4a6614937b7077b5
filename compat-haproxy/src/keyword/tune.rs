//! `tune.*` and other numbers of performance (manual 3.2).
//!
//! ```text
//! tune.bufsize 32768
//! ```

use super::{GlobalKeyword, State};
use crate::{load::Lowered, section::GlobalLine};

/// Rows.
#[rustfmt::skip]
pub static ROWS: &[GlobalKeyword] = &[
    row("maxcompcpuusage", State::Tuning, number),
    row("maxcomprate", State::Tuning, number),
    row("maxsslconn", State::Tuning, number),
    row("maxsslrate", State::Tuning, number),
    row("maxzlibmem", State::Tuning, number),
    row("tune.buffers.limit", State::Tuning, number),
    row("tune.buffers.reserve", State::Tuning, number),
    row("tune.bufsize", State::Executed, number),
    row("tune.comp.maxlevel", State::Tuning, number),
    row("tune.fail-alloc", State::Tuning, anything),
    row("tune.fd.edge-triggered", State::Tuning, experimental),
    row("tune.h2.header-table-size", State::Tuning, number),
    row("tune.h2.initial-window-size", State::Tuning, number),
    row("tune.h2.max-concurrent-streams", State::Tuning, number),
    row("tune.h2.max-frame-size", State::Tuning, number),
    row("tune.http.cookielen", State::Executed, number),
    row("tune.http.logurilen", State::Executed, number),
    row("tune.http.maxhdr", State::Executed, number),
    row("tune.idle-pool.shared", State::Executed, switch),
    row("tune.idletimer", State::Tuning, anything),
    row("tune.listener.multi-queue", State::Executed, switch),
    row("tune.lua.forced-yield", State::Tuning, anything),
    row("tune.lua.maxmem", State::Tuning, anything),
    row("tune.lua.service-timeout", State::Tuning, anything),
    row("tune.lua.session-timeout", State::Tuning, anything),
    row("tune.lua.task-timeout", State::Tuning, anything),
    row("tune.maxaccept", State::Executed, number),
    row("tune.maxpollevents", State::Tuning, number),
    row("tune.maxrewrite", State::Executed, number),
    row("tune.pattern.cache-size", State::Tuning, number),
    row("tune.peers.max-updates-at-once", State::Tuning, number),
    row("tune.pipesize", State::Tuning, number),
    row("tune.pool-high-fd-ratio", State::Executed, number),
    row("tune.pool-low-fd-ratio", State::Executed, number),
    row("tune.rcvbuf.client", State::Executed, number),
    row("tune.rcvbuf.server", State::Executed, number),
    row("tune.recv_enough", State::Tuning, number),
    row("tune.runqueue-depth", State::Tuning, number),
    row("tune.sched.low-latency", State::Tuning, switch),
    row("tune.sndbuf.client", State::Executed, number),
    row("tune.sndbuf.server", State::Executed, number),
    row("tune.ssl.cachesize", State::Tuning, number),
    row("tune.ssl.capture-buffer-size", State::Tuning, number),
    row("tune.ssl.capture-cipherlist-size", State::Tuning, anything),
    row("tune.ssl.default-dh-param", State::Tuning, number),
    row("tune.ssl.force-private-cache", State::Tuning, flag),
    row("tune.ssl.hard-maxrecord", State::Tuning, number),
    row("tune.ssl.keylog", State::Tuning, switch),
    row("tune.ssl.lifetime", State::Tuning, anything),
    row("tune.ssl.maxrecord", State::Tuning, number),
    row("tune.ssl.ssl-ctx-cache-size", State::Tuning, number),
    row("tune.stick-counters", State::Tuning, number),
    row("tune.vars.check-max-size", State::Tuning, number),
    row("tune.vars.global-max-size", State::Executed, variables),
    row("tune.vars.proc-max-size", State::Executed, variables),
    row("tune.vars.reqres-max-size", State::Executed, variables),
    row("tune.vars.sess-max-size", State::Executed, variables),
    row("tune.vars.txn-max-size", State::Executed, variables),
    row("tune.zlib.memlevel", State::Tuning, number),
    row("tune.zlib.windowsize", State::Tuning, number),
];

const fn row(
    name: &'static str,
    state: State,
    lower: fn(&mut GlobalLine<'_, '_>) -> Lowered,
) -> GlobalKeyword {
    GlobalKeyword {
        name,
        arguments: "<number>",
        state,
        lower,
    }
}

/// A number's bounds and the reference's wording: word, when missing (empty: it may be), low, high, when out of bounds,
/// whether more arguments are noticed. `{w}` stands for the word.
type Bounds = (&'static str, &'static str, i64, i64, &'static str, bool);

#[rustfmt::skip]
const BOUNDS: &[Bounds] = &[
    ("maxcompcpuusage", "'{w}' expects an integer argument between 0 and 100.", 0, 100, "'{w}' expects an integer argument between 0 and 100.", true),
    ("maxcomprate", "'{w}' expects an integer argument in kb/s.", i64::MIN, i64::MAX, "", true),
    ("maxsslconn", "'{w}' expects an integer argument.", 0, i64::MAX, "'{w}' expects a positive numeric value.", true),
    ("maxsslrate", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("maxzlibmem", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.buffers.limit", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.buffers.reserve", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.bufsize", "'{w}' expects an integer argument.", 1, i64::MAX, "'{w}' expects a positive integer argument.", true),
    ("tune.comp.maxlevel", "'{w}' expects a numeric value between 1 and 9", 1, 9, "'{w}' expects a numeric value between 1 and 9", true),
    ("tune.h2.header-table-size", "'{w}' expects a numeric value between 4096 and 65536.", 4096, 65536, "'{w}' expects a numeric value between 4096 and 65536.", true),
    ("tune.h2.initial-window-size", "", 0, i64::MAX, "'{w}' expects a positive numeric value.", true),
    ("tune.h2.max-concurrent-streams", "", 0, i64::MAX, "'{w}' expects a positive numeric value.", true),
    ("tune.h2.max-frame-size", "'{w}' expects a numeric value between 16384 and 16777215.", 16384, 16777215, "'{w}' expects a numeric value between 16384 and 16777215.", true),
    ("tune.http.cookielen", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.http.logurilen", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.http.maxhdr", "'{w}' expects an integer argument.", 1, 32767, "'{w}' expects a numeric value between 1 and 32767", true),
    ("tune.maxaccept", "'{w}' expects an integer argument.", -1, 2147483647, "'{w}' expects -1 or an integer from 0 to INT_MAX.", true),
    ("tune.maxpollevents", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.maxrewrite", "'{w}' expects an integer argument.", 0, i64::MAX, "'{w}' expects a positive integer argument.", true),
    ("tune.pattern.cache-size", "'{w}' expects a positive numeric value", 0, i64::MAX, "'{w}' expects a positive numeric value", false),
    ("tune.peers.max-updates-at-once", "'{w}' expects an integer argument greater than 0.", 1, i64::MAX, "'{w}' expects an integer argument greater than 0.", true),
    ("tune.pipesize", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.pool-high-fd-ratio", "'{w}' expects an integer argument between 0 and 100.", 0, 100, "'{w}' expects an integer argument between 0 and 100.", true),
    ("tune.pool-low-fd-ratio", "'{w}' expects an integer argument between 0 and 100.", 0, 100, "'{w}' expects an integer argument between 0 and 100.", true),
    ("tune.rcvbuf.client", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.rcvbuf.server", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.recv_enough", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.runqueue-depth", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.sndbuf.client", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.sndbuf.server", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.ssl.cachesize", "'{w}' expects an integer argument.", 0, i64::MAX, "'{w}' expects a positive numeric value.", true),
    ("tune.ssl.capture-buffer-size", "'{w}' expects an integer argument.", 0, i64::MAX, "'{w}' expects a positive numeric value.", true),
    ("tune.ssl.default-dh-param", "'{w}' expects an integer argument.", 1024, i64::MAX, "'{w}' expects a value >= 1024.", true),
    ("tune.ssl.hard-maxrecord", "'{w}' expects an integer argument.", 0, i64::MAX, "'{w}' expects a positive numeric value.", true),
    ("tune.ssl.maxrecord", "'{w}' expects an integer argument.", 0, i64::MAX, "'{w}' expects a positive numeric value.", true),
    ("tune.ssl.ssl-ctx-cache-size", "'{w}' expects an integer argument.", 0, i64::MAX, "'{w}' expects a positive numeric value.", true),
    ("tune.stick-counters", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.vars.check-max-size", "'{w}' expects an integer argument.", i64::MIN, i64::MAX, "", true),
    ("tune.zlib.memlevel", "'{w}' expects a numeric value between 1 and 9", 1, 9, "'{w}' expects a numeric value between 1 and 9", true),
    ("tune.zlib.windowsize", "'{w}' expects a numeric value between 8 and 15", 8, 15, "'{w}' expects a numeric value between 8 and 15", true),
];

fn number(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    let Some((_, missing, low, high, outside, strict)) = BOUNDS.iter().find(|row| row.0 == word)
    else {
        return Ok(());
    };
    if *strict {
        line.line.at_most(1, 1)?;
    }
    if !line.line.has(1) && !missing.is_empty() {
        return Err(missing.replace("{w}", &word).into());
    }
    let number = line.line.lenient_number(1);
    if !(*low..=*high).contains(&number) {
        return Err(outside.replace("{w}", &word).into());
    }
    let tune = &mut line.global.tune;
    let small = u32::try_from(number).ok();
    match word.as_str() {
        "tune.bufsize" => tune.bufsize = small,
        "tune.http.cookielen" => tune.http_cookielen = small.filter(|number| *number > 0),
        "tune.http.logurilen" => tune.http_logurilen = small.filter(|number| *number > 0),
        "tune.http.maxhdr" => tune.http_maxhdr = small,
        "tune.maxaccept" => tune.maxaccept = i32::try_from(number).ok(),
        "tune.maxrewrite" => tune.maxrewrite = small,
        "tune.pool-high-fd-ratio" => tune.pool_high_fd_ratio = small,
        "tune.pool-low-fd-ratio" => tune.pool_low_fd_ratio = small,
        "tune.rcvbuf.client" => tune.rcvbuf_client = small.filter(|number| *number > 0),
        "tune.rcvbuf.server" => tune.rcvbuf_server = small.filter(|number| *number > 0),
        "tune.sndbuf.client" => tune.sndbuf_client = small.filter(|number| *number > 0),
        "tune.sndbuf.server" => tune.sndbuf_server = small.filter(|number| *number > 0),
        _ => {
            tune.numbers.insert(word, number);
        }
    }
    Ok(())
}

/// A limit of variables' memory; anything behind it doesn't count (observed).
fn variables(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let (word, text) = (line.line.text(0), line.line.text(1));
    let size: i64 = match text.as_str() {
        "" => 0,
        text => text
            .parse()
            .map_err(|_| format!("{word}: '{text}' is an invalid size"))?,
    };
    line.global.tune.numbers.insert(word, size);
    Ok(())
}

fn switch(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    line.line.at_most(1, 1)?;
    let on = match line.line.bytes(1) {
        b"on" => true,
        b"off" => false,
        other => {
            let got = String::from_utf8_lossy(other);
            return Err(format!("'{word}' expects either 'on' or 'off' but got '{got}'.").into());
        }
    };
    match word.as_str() {
        "tune.idle-pool.shared" => line.global.tune.idle_pool_shared = Some(on),
        "tune.listener.multi-queue" => line.global.tune.listener_multi_queue = Some(on),
        _ => {
            line.global.tune.numbers.insert(word, i64::from(on));
        }
    }
    Ok(())
}

fn flag(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(0, 1)
}

fn anything(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)
}

fn experimental(line: &mut GlobalLine<'_, '_>) -> Lowered {
    if line.line.shared.notes.allows_experimental {
        return Ok(());
    }
    let word = line.line.text(0);
    Err(format!(
        "'{word}' directive is experimental, must be allowed via a global 'expose-experimental-directives'"
    )
    .into())
}
