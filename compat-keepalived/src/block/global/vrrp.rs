//! What VRRP instances inherit and share (`vrrp_…`, `vmac_prefix`, `dynamic_interfaces`).

use std::net::{Ipv4Addr, Ipv6Addr};

use locum_model::{keepalived::DynamicInterfaces, vrrp::Version};
use locum_parser::keepalived::Line;

use super::{plain_switch, required_number};
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("disable_local_igmp", |pass, _| {
        pass.draft.configuration.global.disable_local_igmp = true;
        Ok(())
    }),
    row("dynamic_interfaces", dynamic_interfaces),
    row("log_unknown_vrids", |pass, _| {
        pass.draft.configuration.global.log_unknown_vrids = true;
        Ok(())
    }),
    row("vmac_addr_prefix", |pass, line| {
        let prefix = pass.parameter(line, 1)?;
        pass.draft.configuration.global.vmac_addr_prefix = Some(prefix);
        Ok(())
    }),
    row("vmac_prefix", |pass, line| {
        let prefix = pass.parameter(line, 1)?;
        pass.draft.configuration.global.vmac_prefix = Some(prefix);
        Ok(())
    }),
    row("vrrp_check_unicast_src", |pass, _| {
        pass.draft.configuration.global.vrrp_check_unicast_src = true;
        Ok(())
    }),
    row("vrrp_down_timer_adverts", |pass, line| {
        let adverts = required_number(pass, line, (1, 100), |text| {
            format!("Invalid vrrp_down_timer_adverts [1:100] '{text}'")
        })?;
        if let Some(adverts) = adverts {
            pass.draft.configuration.global.vrrp_down_timer_adverts = adverts;
        }
        Ok(())
    }),
    row("vrrp_higher_prio_send_advert", |pass, line| {
        if let Some(on) = plain_switch(pass, line, "vrrp_higher_prio_send_advert") {
            pass.draft.configuration.global.vrrp_higher_prio_send_advert = on;
        }
        Ok(())
    }),
    row("vrrp_lower_prio_no_advert", |pass, line| {
        if let Some(on) = plain_switch(pass, line, "vrrp_lower_prio_no_advert") {
            pass.draft.configuration.global.vrrp_lower_prio_no_advert = Some(on);
        }
        Ok(())
    }),
    row("vrrp_mcast_group4", multicast_v4),
    row("vrrp_mcast_group6", multicast_v6),
    row("vrrp_skip_check_adv_addr", |pass, _| {
        pass.draft.configuration.global.vrrp_skip_check_adv_addr = true;
        Ok(())
    }),
    row("vrrp_startup_delay", startup_delay),
    row("vrrp_strict", |pass, _| {
        pass.draft.configuration.global.vrrp_strict = true;
        Ok(())
    }),
    row("vrrp_version", version),
];

fn dynamic_interfaces(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let dynamic = match value::word(line, 1).as_deref() {
        None => DynamicInterfaces::Yes,
        Some("allow_if_changes") => DynamicInterfaces::AllowChanges,
        Some(other) => {
            pass.error(format!("Unknown dynamic_interfaces option '{other}'"));
            DynamicInterfaces::Yes
        }
    };
    pass.draft.configuration.global.dynamic_interfaces = dynamic;
    Ok(())
}

fn multicast_v4(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match text.parse::<Ipv4Addr>() {
        Err(_) => pass.error(format!("Can't parse vrrp_mcast_group4 [{text}]. Skipping")),
        Ok(group) if !group.is_multicast() => pass.error(format!(
            "vrrp_mcast_group4 [{text}] is not multicast. Skipping"
        )),
        Ok(group) => pass.draft.configuration.global.vrrp_mcast_group4 = group,
    }
    Ok(())
}

fn multicast_v6(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match text.parse::<Ipv6Addr>() {
        Err(_) => pass.error(format!("Can't parse vrrp_mcast_group6 [{text}]. Skipping")),
        Ok(group) if !group.is_multicast() => pass.error(format!(
            "vrrp_mcast_group6 [{text}] is not multicast. Skipping"
        )),
        Ok(group) => {
            if group.segments()[0] & 0xf != 2 {
                pass.error(format!(
                    "vrrp_mcast_group6 [{text}] should be link-local multicast."
                ));
            }
            pass.draft.configuration.global.vrrp_mcast_group6 = group;
        }
    }
    Ok(())
}

fn startup_delay(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match pass.number(number::seconds(&text, 1000, u32::MAX.into())) {
        Some(delay) => pass.draft.configuration.global.vrrp_startup_delay = delay,
        None => pass.error(format!("vrrp_startup_delay '{text}' is invalid")),
    }
    Ok(())
}

fn version(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match pass.number(number::signed(&text, 2, 3)) {
        Some(2) => pass.draft.configuration.global.vrrp_version = Version::V2,
        Some(_) => pass.draft.configuration.global.vrrp_version = Version::V3,
        None => pass.error("VRRP Error: Version must be either 2 or 3"),
    }
    Ok(())
}
