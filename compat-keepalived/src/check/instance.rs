//! An instance at the end: what it inherits, what doesn't go together.

use std::{net::IpAddr, time::Duration};

use locum_model::{
    Text,
    keepalived::Global,
    vrrp::{Authentication, Family, Garp, InitialState, Version},
};

use super::strict;
use crate::{
    draft::{AuthType, Instance},
    load::{Kind, Pass},
};

/// The priority of who owns the addresses (RFC 5798 §5.2.4).
const OWNER: u8 = 255;

/// Whether an instance lacks its id or its interface: nothing is judged further then, and the daemon doesn't start.
pub(super) fn nameless(pass: &mut Pass<'_>) -> bool {
    let fault = pass.draft.instances.iter().find_map(|instance| {
        let what = match (instance.vrid, &instance.model.interface) {
            (None, _) => "the virtual router id must be set",
            (_, None) => "Unknown interface!",
            _ => return None,
        };
        Some(format!("({}) {what}", instance.name()))
    });
    let Some(text) = fault else {
        return false;
    };
    pass.fatal = true;
    pass.tell(Kind::Error, text);
    true
}

/// Completes every instance. False: one has a fault that keeps the daemon from starting.
pub(super) fn complete(pass: &mut Pass<'_>) -> bool {
    let global = pass.draft.configuration.global.clone();
    let mut instances = std::mem::take(&mut pass.draft.instances);
    let all = instances
        .iter_mut()
        .all(|instance| one(pass, instance, &global));
    pass.draft.instances = instances;
    all
}

/// Tells something about an instance: `(VI_1) …`.
pub(super) fn tell(pass: &mut Pass<'_>, instance: &Instance, text: &str) {
    pass.tell(Kind::Error, format!("({}) {text}", instance.name()));
}

fn one(pass: &mut Pass<'_>, instance: &mut Instance, global: &Global) -> bool {
    instance.model.vrid = instance.vrid.unwrap_or_default();
    inherit(instance, global);
    version(pass, instance, global);
    if !addresses(pass, instance) {
        pass.fatal = true;
        return false;
    }
    ownership(pass, instance);
    authentication(pass, instance);
    interval(pass, instance);
    strict::enforce(pass, instance, global);
    unicast(pass, instance, global);
    virtual_interface(pass, instance);
    preemption(pass, instance);
    true
}

fn inherit(instance: &mut Instance, global: &Global) {
    let own = instance.garp;
    let common = global.vrrp_garp;
    let master_delay = own.master_delay.unwrap_or(common.master_delay);
    let master_repeat = own.master_repeat.unwrap_or(common.master_repeat);
    // A repeat of the instance's own is what its lower_prio_… repeat, unless the globals say otherwise.
    let lower_delay = own.lower_prio_delay.or(global.vrrp_garp_lower_prio_delay);
    let lower_repeat = own.lower_prio_repeat.or(global.vrrp_garp_lower_prio_repeat);
    let (extra_if_all, extra_if) = own
        .extra_if
        .unwrap_or((common.extra_if_all, common.extra_if));
    instance.model.garp = Garp {
        master_delay,
        master_repeat,
        master_refresh: own.master_refresh.unwrap_or(common.master_refresh),
        master_refresh_repeat: own
            .master_refresh_repeat
            .unwrap_or(common.master_refresh_repeat),
        lower_prio_delay: lower_delay.unwrap_or(master_delay),
        lower_prio_repeat: lower_repeat.unwrap_or(master_repeat),
        extra_if,
        extra_if_all,
    };
    let model = &mut instance.model;
    let mail = &global.smtp;
    model.smtp_alert = instance
        .smtp_alert
        .or(mail.alert_vrrp)
        .or(mail.alert)
        .unwrap_or(false);
    model.notify_priority_changes = instance
        .notify_priority_changes
        .unwrap_or(global.vrrp_notify_priority_changes);
    model.skip_check_adv_addr = instance
        .skip_check_adv_addr
        .unwrap_or(global.vrrp_skip_check_adv_addr);
    model.check_unicast_src |= global.vrrp_check_unicast_src;
    model.down_timer_adverts = instance
        .down_timer_adverts
        .unwrap_or(global.vrrp_down_timer_adverts);
    model.strict = instance.strict.unwrap_or(global.vrrp_strict);
}

/// Who says neither priority nor, with the highest one, state: an owner is master at once, and a master without a
/// priority is the owner. It never waits for others.
fn ownership(pass: &mut Pass<'_>, instance: &mut Instance) {
    let model = &mut instance.model;
    if model.state == InitialState::Master && !instance.priority_given {
        model.priority = OWNER;
    }
    if model.priority != OWNER {
        return;
    }
    if !instance.state_given {
        model.state = InitialState::Master;
    }
    if model.nopreempt {
        model.nopreempt = false;
        tell(
            pass,
            instance,
            "nopreempt is incompatible with priority 255. resetting nopreempt",
        );
    }
}

/// IPv6 means version 3, unless version 2 was asked for and nobody is strict.
fn version(pass: &mut Pass<'_>, instance: &mut Instance, global: &Global) {
    let family = instance.family.unwrap_or(Family::Inet);
    instance.model.family = family;
    let default = match family {
        Family::Inet => global.vrrp_version,
        Family::Inet6 => Version::V3,
    };
    instance.model.version = instance.version.unwrap_or(default);
    if family == Family::Inet6 && instance.model.version == Version::V2 && instance.model.strict {
        tell(
            pass,
            instance,
            "cannot use IPv6 with VRRP version 2; setting version 3",
        );
        instance.model.version = Version::V3;
    }
    instance.model.multicast = instance.multicast.unwrap_or(match family {
        Family::Inet => IpAddr::V4(global.vrrp_mcast_group4),
        Family::Inet6 => IpAddr::V6(global.vrrp_mcast_group6),
    });
}

/// Whether there is one, where there must be.
fn addresses(pass: &mut Pass<'_>, instance: &Instance) -> bool {
    let model = &instance.model;
    let Some(first) = model.addresses.first() else {
        let required = model.version == Version::V3 || model.strict;
        let word = if required { "required" } else { "sensible" };
        let text = format!("No VIP specified; at least one is {word}");
        tell(pass, instance, &text);
        return !required;
    };
    if let IpAddr::V6(ip) = first.ip()
        && !ip.is_unicast_link_local()
    {
        if model.strict {
            tell(
                pass,
                instance,
                "the first IPv6 VIP address must be link local",
            );
        } else {
            let text = format!(
                "({}) the first IPv6 VIP address should be link local",
                instance.name()
            );
            pass.tell(Kind::Log, text);
        }
    }
    true
}

fn authentication(pass: &mut Pass<'_>, instance: &mut Instance) {
    let Some(kind) = instance.auth_type else {
        return;
    };
    if instance.model.strict {
        tell(
            pass,
            instance,
            "Strict mode does not support authentication. Ignoring.",
        );
        return;
    }
    if instance.model.version == Version::V3 {
        tell(
            pass,
            instance,
            "VRRP version 3 does not support authentication. Ignoring.",
        );
        return;
    }
    let Some(secret) = instance
        .auth_pass
        .take()
        .filter(|secret| !secret.is_empty())
    else {
        tell(
            pass,
            instance,
            "Authentication specified but no password given. Ignoring",
        );
        return;
    };
    let secret: Text = secret;
    instance.model.authentication = match kind {
        AuthType::Pass => Authentication::Pass(secret),
        AuthType::Ah => Authentication::Ah(secret),
    };
}

/// Whole seconds in version 2, hundredths below 40.96 s in version 3.
fn interval(pass: &mut Pass<'_>, instance: &mut Instance) {
    const LONGEST: Duration = Duration::from_millis(40_950);
    let interval = instance.model.advert_int;
    let seconds = interval.as_secs_f64();
    if instance.model.version == Version::V2 {
        if interval.subsec_nanos() != 0 {
            let text =
                format!("VRRPv2 advertisement interval {seconds:.6}s must be an integer. rounding");
            tell(pass, instance, &text);
            let whole = interval.as_secs() + u64::from(interval.subsec_millis() >= 500);
            instance.model.advert_int = Duration::from_secs(whole.max(1));
        }
        return;
    }
    let micros = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX);
    if micros > 40_959_999 {
        let text = format!(
            "VRRPv3 advertisement interval {seconds:.2}s is out of range. Must be less than 40.96s. Setting to 40.95s"
        );
        tell(pass, instance, &text);
        instance.model.advert_int = LONGEST;
    } else if micros % 10_000 != 0 {
        let text = format!(
            "VRRPv3 advertisement interval {seconds:.6}s must be in units of 10ms - rounding"
        );
        tell(pass, instance, &text);
        let hundredths = (micros + 5_000) / 10_000;
        instance.model.advert_int = Duration::from_millis(hundredths.max(1) * 10).min(LONGEST);
    }
}

fn unicast(pass: &mut Pass<'_>, instance: &mut Instance, global: &Global) {
    let model = &mut instance.model;
    if model.unicast_peers.is_empty() {
        if model.unicast_configured && !model.unicast_fault_no_peer {
            tell(
                pass,
                instance,
                "A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration.",
            );
        }
        return;
    }
    if instance.multicast.is_some() {
        model.multicast = match model.family {
            Family::Inet => IpAddr::V4(global.vrrp_mcast_group4),
            Family::Inet6 => IpAddr::V6(global.vrrp_mcast_group6),
        };
        tell(
            pass,
            instance,
            "multicast destination specified with unicast - ignoring",
        );
    }
}

fn virtual_interface(pass: &mut Pass<'_>, instance: &mut Instance) {
    let model = &mut instance.model;
    if model.vmac_xmit_base && model.vmac.is_none() {
        model.vmac_xmit_base = false;
        tell(pass, instance, "vmac_xmit_base is only valid with a vmac");
    }
    let model = &instance.model;
    let addressless = model
        .ipvlan
        .as_ref()
        .is_some_and(|one| one.address.is_none());
    if addressless && model.family == Family::Inet && model.vmac.is_none() {
        tell(
            pass,
            instance,
            "IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state",
        );
    }
}

fn preemption(pass: &mut Pass<'_>, instance: &mut Instance) {
    let master = instance.model.state == InitialState::Master;
    if instance.model.nopreempt && master {
        tell(
            pass,
            instance,
            "Warning - nopreempt will not work with initial state MASTER - clearing",
        );
        instance.model.nopreempt = false;
    }
    if instance.model.preempt_delay.is_zero() {
        return;
    }
    if instance.model.strict && instance.model.priority != OWNER {
        tell(
            pass,
            instance,
            "preempt_delay is incompatible with strict mode - resetting",
        );
        if !instance.model.nopreempt {
            instance.model.preempt_delay = Duration::ZERO;
            return;
        }
    }
    let why = if instance.model.nopreempt {
        "preempt_delay is incompatible with nopreempt mode - resetting"
    } else if master {
        "Warning - preempt delay will not work with initial state MASTER - clearing"
    } else {
        return;
    };
    tell(pass, instance, why);
    instance.model.preempt_delay = Duration::ZERO;
}
