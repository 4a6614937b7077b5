//! What `strict_mode` forbids (manual: `vrrp_strict`). What is inherited gives way silently, what the instance says is
//! told and reset.

use std::time::Duration;

use locum_model::{
    keepalived::Global,
    vrrp::{InitialState, Version},
};

use super::instance::tell;
use crate::{draft::Instance, load::Pass};

/// Decides what depends on strict mode.
pub(super) fn enforce(pass: &mut Pass<'_>, instance: &mut Instance, global: &Global) {
    let owner = instance.model.priority == 255;
    if !instance.model.strict {
        let model = &mut instance.model;
        model.accept = instance.accept.unwrap_or(true);
        model.lower_prio_no_advert = instance
            .lower_prio_no_advert
            .or(global.vrrp_lower_prio_no_advert)
            .unwrap_or(false);
        model.higher_prio_send_advert = instance
            .higher_prio_send_advert
            .unwrap_or(global.vrrp_higher_prio_send_advert);
        return;
    }
    let master = instance.model.state == InitialState::Master;
    if instance.state_given && master != owner {
        tell(
            pass,
            instance,
            "State MASTER must match being address owner",
        );
    }
    instance.model.state = if owner {
        InitialState::Master
    } else {
        InitialState::Backup
    };
    accept(pass, instance, owner);
    if instance.lower_prio_no_advert == Some(false) {
        tell(
            pass,
            instance,
            "Strict mode requires no lower priority advert. resetting",
        );
    }
    instance.model.lower_prio_no_advert = true;
    if instance.higher_prio_send_advert == Some(true) {
        tell(
            pass,
            instance,
            "strict mode requires higher_prio_send_advert to be clear. resetting",
        );
    }
    instance.model.higher_prio_send_advert = false;
    garp(pass, instance);
    if instance
        .down_timer_adverts
        .is_some_and(|adverts| adverts != 3)
    {
        tell(
            pass,
            instance,
            "down_timer_adverts is incompatible with strict mode - resetting",
        );
    }
    instance.model.down_timer_adverts = 3;
    if instance.model.vmac_xmit_base {
        instance.model.vmac_xmit_base = false;
        tell(
            pass,
            instance,
            "xmit_base is incompatible with strict mode - resetting",
        );
    }
}

fn accept(pass: &mut Pass<'_>, instance: &mut Instance, owner: bool) {
    let asked = instance.accept;
    if asked == Some(true) && !owner && instance.model.version == Version::V2 {
        tell(
            pass,
            instance,
            "warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting",
        );
        instance.model.accept = false;
        return;
    }
    instance.model.accept = asked.unwrap_or(owner);
}

fn garp(pass: &mut Pass<'_>, instance: &mut Instance) {
    let given = instance.garp;
    if given.lower_prio_delay.is_some_and(|delay| !delay.is_zero()) {
        tell(
            pass,
            instance,
            "Strict mode requires no repeat garp delay. resetting",
        );
    }
    if given.lower_prio_repeat.is_some_and(|times| times != 0) {
        tell(
            pass,
            instance,
            "Strict mode requires no repeat garps. resetting",
        );
    }
    instance.model.garp.lower_prio_delay = Duration::ZERO;
    instance.model.garp.lower_prio_repeat = 0;
}
