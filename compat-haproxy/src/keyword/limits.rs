//! Numbers of `global`: `maxconn`, `ulimit-n`, rates, `spread-checks` … (manual 3.1, 3.2).

use std::time::Duration;

use locum_parser::haproxy::units::{self, TimeUnit};

use super::GlobalKeyword;
use crate::{
    load::{Fault, Lowered},
    section::GlobalLine,
};

/// Rows.
pub static ROWS: &[GlobalKeyword] = &[
    GlobalKeyword::executed("fd-hard-limit", "<number>", number),
    GlobalKeyword::executed(
        "max-spread-checks",
        "<delay in milliseconds>",
        max_spread_checks,
    ),
    GlobalKeyword::executed("maxconn", "<number>", number),
    GlobalKeyword::executed("maxconnrate", "<number>", number),
    GlobalKeyword::executed("maxpipes", "<number>", number),
    GlobalKeyword::executed("maxsessrate", "<number>", number),
    GlobalKeyword::executed("spread-checks", "<0..50, in percent>", spread_checks),
    GlobalKeyword::executed("ulimit-n", "<number>", number),
];

fn number(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    line.line.at_most(1, 1)?;
    if !line.line.has(1) {
        return Err(format!("'{word}' expects an integer argument.").into());
    }
    let before = match word.as_str() {
        "maxconn" => line.process.maxconn,
        "ulimit-n" => line.process.ulimit_n,
        "maxpipes" => line.process.maxpipes,
        _ => None,
    };
    if before.is_some() {
        // The reference says so as an alert, keeps the first value and goes on.
        let had = line.line.shared.fatal;
        let at = line.line.at.clone();
        let text = format!("parsing [{at}] : '{word}' already specified. Continuing.");
        line.line.shared.alert(&at, text);
        line.line.shared.fatal = had;
        return Ok(());
    }
    let number = line.line.lenient_number(1);
    let wide = u64::try_from(number).ok().filter(|number| *number > 0);
    let narrow = u32::try_from(number).ok().filter(|number| *number > 0);
    match word.as_str() {
        "fd-hard-limit" => line.process.fd_hard_limit = wide,
        "maxconn" => line.process.maxconn = wide,
        "maxpipes" => line.process.maxpipes = wide,
        "ulimit-n" => line.process.ulimit_n = wide,
        "maxconnrate" => line.global.maxconnrate = narrow,
        _ => line.global.maxsessrate = narrow,
    }
    Ok(())
}

fn spread_checks(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    if !line.line.has(1) {
        return Err(Fault::tight(
            "'spread-checks' expects an integer argument (0..50).",
        ));
    }
    match u32::try_from(line.line.lenient_number(1)) {
        Ok(percent @ 0..=50) => line.global.spread_checks = percent,
        _ => {
            return Err(Fault::tight(
                "'spread-checks' needs a positive value in range 0..50.",
            ));
        }
    }
    Ok(())
}

fn max_spread_checks(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    let text = line.line.text(1);
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_none() => {
            line.global.max_spread_checks = Some(Duration::from_millis(u64::from(time.value)));
            Ok(())
        }
        Err(units::TimeError::Empty) => Err(Fault::tight(
            "'max-spread-checks' expects an integer argument (0..50).",
        )),
        Ok(units::Time {
            trailing: Some(byte),
            ..
        })
        | Err(units::TimeError::Unexpected(byte)) => Err(Fault::tight(format!(
            "unsupported character '{}' in 'max-spread-checks' (wants an integer delay).",
            char::from(byte)
        ))),
        _ => Err(Fault::tight(format!(
            "timer overflow in argument <{text}> to <max-spread-checks>, maximum value is 2147483647 ms (~24.8 days)."
        ))),
    }
}
