//! Gratuitous ARP and unsolicited NA of an instance (`garp_…`).

use std::time::Duration;

use locum_parser::keepalived::Line;

use super::{current, name, required_number};
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("garp_extra_if", |pass, line| {
        extra_if(pass, line, "garp_extra_if")
    }),
    row("garp_lower_prio_delay", |pass, line| {
        let delay = seconds(pass, line, "garp_lower_prio_delay")?;
        let garp = &mut current(pass).garp;
        garp.lower_prio_delay = delay.or(garp.lower_prio_delay);
        Ok(())
    }),
    row("garp_lower_prio_repeat", |pass, line| {
        let times = required_number(pass, line, (0, u32::MAX), |name, text| {
            format!("({name}): Invalid garp_lower_prio_repeat '{text}'")
        })?;
        let garp = &mut current(pass).garp;
        garp.lower_prio_repeat = times.or(garp.lower_prio_repeat);
        Ok(())
    }),
    row("garp_master_delay", |pass, line| {
        let delay = seconds(pass, line, "garp_master_delay")?;
        let garp = &mut current(pass).garp;
        garp.master_delay = delay.or(garp.master_delay);
        Ok(())
    }),
    row("garp_master_refresh", |pass, line| {
        let refresh = required_number(pass, line, (0, u32::MAX), |name, text| {
            format!("({name}): Invalid garp_master_refresh '{text}' - ignoring")
        })?;
        let garp = &mut current(pass).garp;
        garp.master_refresh = refresh
            .map(|seconds| Duration::from_secs(seconds.into()))
            .or(garp.master_refresh);
        Ok(())
    }),
    row("garp_master_refresh_repeat", |pass, line| {
        let times = repeat(pass, line, "garp_master_refresh_repeat")?;
        let garp = &mut current(pass).garp;
        garp.master_refresh_repeat = times.or(garp.master_refresh_repeat);
        Ok(())
    }),
    row("garp_master_repeat", |pass, line| {
        let times = repeat(pass, line, "garp_master_repeat")?;
        let garp = &mut current(pass).garp;
        garp.master_repeat = times.or(garp.master_repeat);
        Ok(())
    }),
    row("vmac_garp_intvl", |pass, line| {
        pass.error("Keyword \"vmac_garp_intvl\" is deprecated - please use \"garp_extra_if\"");
        extra_if(pass, line, "vmac_garp_intvl")
    }),
];

fn seconds(pass: &mut Pass<'_>, line: &Line, word: &str) -> Result<Option<Duration>, Abort> {
    let seconds = required_number(pass, line, (0, u32::MAX), |name, text| {
        format!("({name}): {word} '{text}' invalid - ignoring")
    })?;
    Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
}

fn repeat(pass: &mut Pass<'_>, line: &Line, word: &str) -> Result<Option<u32>, Abort> {
    let times = required_number(pass, line, (0, u32::MAX), |name, text| {
        format!("({name}): {word} '{text}' invalid - ignoring")
    })?;
    if times == Some(0) {
        let name = name(pass);
        pass.error(format!(
            "({name}): {word} must be greater than 0, setting to 1"
        ));
    }
    Ok(times.map(|times| times.max(1)))
}

/// `garp_extra_if [all] SECONDS`; 0 turns it off.
fn extra_if(pass: &mut Pass<'_>, line: &Line, word: &str) -> Result<(), Abort> {
    let name = name(pass);
    let all = value::word(line, 1).as_deref() == Some("all");
    if line.words.len() < 2 + usize::from(all) {
        pass.error(format!(
            "({name}): {word} specified without time - ignoring"
        ));
        return Ok(());
    }
    let text = value::word(line, line.words.len() - 1).unwrap_or_default();
    match pass.number(number::unsigned(&text, 0, 86_400)) {
        Some(seconds) => {
            current(pass).garp.extra_if = Some((all, Duration::from_secs(seconds.into())));
        }
        None => pass.error(format!("({name}): {word} '{text}' invalid - ignoring")),
    }
    Ok(())
}
