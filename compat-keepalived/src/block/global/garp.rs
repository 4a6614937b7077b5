//! Gratuitous ARP and unsolicited NA: what instances inherit (`vrrp_garp_…`, `vrrp_gna_interval`).

use std::time::Duration;

use locum_parser::keepalived::Line;

use super::{plain_switch, required_number};
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("vrrp_garp_extra_if", |pass, line| {
        extra_if(pass, line, "vrrp_garp_extra_if")
    }),
    row("vrrp_garp_interval", |pass, line| {
        if let Some(pause) = interval(pass, line, "vrrp_garp_interval")? {
            pass.draft.configuration.global.vrrp_garp_interval = pause;
        }
        Ok(())
    }),
    row("vrrp_garp_lower_prio_delay", |pass, line| {
        let delay = seconds(pass, line, "vrrp_garp_lower_prio_delay")?;
        if delay.is_some() {
            pass.draft.configuration.global.vrrp_garp_lower_prio_delay = delay;
        }
        Ok(())
    }),
    row("vrrp_garp_lower_prio_repeat", |pass, line| {
        let times = required_number(pass, line, (0, u32::MAX), |text| {
            format!("Invalid vrrp_garp_lower_prio_repeat '{text}'")
        })?;
        if times.is_some() {
            pass.draft.configuration.global.vrrp_garp_lower_prio_repeat = times;
        }
        Ok(())
    }),
    row("vrrp_garp_master_delay", |pass, line| {
        if let Some(delay) = seconds(pass, line, "vrrp_garp_master_delay")? {
            pass.draft.configuration.global.vrrp_garp.master_delay = delay;
        }
        Ok(())
    }),
    row("vrrp_garp_master_refresh", |pass, line| {
        let refresh = required_number(pass, line, (0, u32::MAX), |text| {
            format!("Invalid vrrp_garp_master_refresh '{text}' - ignoring")
        })?;
        if let Some(refresh) = refresh {
            pass.draft.configuration.global.vrrp_garp.master_refresh =
                Duration::from_secs(refresh.into());
        }
        Ok(())
    }),
    row("vrrp_garp_master_refresh_repeat", |pass, line| {
        if let Some(times) = repeat(pass, line, "vrrp_garp_master_refresh_repeat")? {
            pass.draft
                .configuration
                .global
                .vrrp_garp
                .master_refresh_repeat = times;
        }
        Ok(())
    }),
    row("vrrp_garp_master_repeat", |pass, line| {
        if let Some(times) = repeat(pass, line, "vrrp_garp_master_repeat")? {
            pass.draft.configuration.global.vrrp_garp.master_repeat = times;
        }
        Ok(())
    }),
    row("vrrp_gna_interval", |pass, line| {
        if let Some(pause) = interval(pass, line, "vrrp_gna_interval")? {
            pass.draft.configuration.global.vrrp_gna_interval = pause;
        }
        Ok(())
    }),
    row("vrrp_min_garp", |pass, line| {
        if let Some(on) = plain_switch(pass, line, "vrrp_min_garp") {
            pass.draft.configuration.global.vrrp_min_garp = Some(on);
        }
        Ok(())
    }),
    row("vrrp_vmac_garp_intvl", |pass, line| {
        pass.error(
            "Keyword \"vrrp_vmac_garp_intvl\" is deprecated - please use \"vrrp_garp_extra_if\"",
        );
        extra_if(pass, line, "vrrp_vmac_garp_intvl")
    }),
];

fn seconds(pass: &mut Pass<'_>, line: &Line, name: &str) -> Result<Option<Duration>, Abort> {
    let seconds = required_number(pass, line, (0, u32::MAX), |text| {
        format!("{name} '{text}' invalid - ignoring")
    })?;
    Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
}

fn repeat(pass: &mut Pass<'_>, line: &Line, name: &str) -> Result<Option<u32>, Abort> {
    let times = required_number(pass, line, (0, u32::MAX), |text| {
        format!("{name} '{text}' invalid - ignoring")
    })?;
    if times == Some(0) {
        pass.error(format!("{name} must be greater than 0, setting to 1"));
    }
    Ok(times.map(|times| times.max(1)))
}

fn interval(pass: &mut Pass<'_>, line: &Line, name: &str) -> Result<Option<Duration>, Abort> {
    let text = pass.parameter(line, 1)?;
    let pause = pass.number(number::seconds(&text, 1, u32::MAX.into()));
    if pause.is_none() {
        pass.error(format!("{name} '{text}' is invalid"));
    }
    Ok(pause)
}

fn extra_if(pass: &mut Pass<'_>, line: &Line, name: &str) -> Result<(), Abort> {
    let all = value::word(line, 1).as_deref() == Some("all");
    let Some(text) = line
        .words
        .get(1 + usize::from(all))
        .and(value::word(line, line.words.len() - 1))
    else {
        pass.error(format!("{name} specified without time - ignoring"));
        return Ok(());
    };
    match pass.number(number::unsigned(&text, 1, 86_400)) {
        Some(seconds) => {
            let garp = &mut pass.draft.configuration.global.vrrp_garp;
            garp.extra_if = Duration::from_secs(seconds.into());
            garp.extra_if_all = all;
        }
        None => pass.error(format!("{name} '{text}' invalid - ignoring")),
    }
    Ok(())
}
