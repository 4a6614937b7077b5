//! `log`, `log-tag`, `log-send-hostname` of `global` (manual 3.1).

use super::{GlobalKeyword, log};
use crate::{load::Lowered, section::GlobalLine};

/// Rows.
pub static ROWS: &[GlobalKeyword] = &[
    GlobalKeyword::executed(
        "log",
        "<address> [len <length>] [format <format>] <facility> [max level [min level]]",
        log_line,
    ),
    GlobalKeyword::executed("log-send-hostname", "[<string>]", send_hostname),
    GlobalKeyword::executed("log-tag", "<string>", tag),
];

fn log_line(line: &mut GlobalLine<'_, '_>) -> Lowered {
    if line.line.negated.is_some() {
        line.global.logs.clear();
        return Ok(());
    }
    if line.line.bytes(1) == b"global" && !line.line.has(2) {
        return Err("log : 'global' is not supported for a global syslog server".into());
    }
    let target = log::target(&mut line.line, "")?;
    line.global.logs.push(target);
    Ok(())
}

fn send_hostname(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.global.log_send_hostname = Some(line.line.text(1));
    Ok(())
}

fn tag(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    if !line.line.has(1) {
        return Err("'log-tag' expects a tag for use in syslog.".into());
    }
    line.global.log_tag = Some(line.line.text(1));
    Ok(())
}
