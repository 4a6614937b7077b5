//! Who becomes master and when: priority, intervals, preemption, what other adverts do.

use std::time::Duration;

use locum_model::vrrp::InitialState;
use locum_parser::keepalived::Line;

use super::{current, name, required_number, switch};
use crate::{
    load::{Abort, Pass, number},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("accept", |pass, _| {
        current(pass).accept = Some(true);
        Ok(())
    }),
    row("advert_int", advert_int),
    row("down_timer_adverts", |pass, line| {
        let adverts = required_number(pass, line, (1, 100), |name, text| {
            format!("({name}): Invalid down_timer_adverts [1:100] '{text}'")
        })?;
        if adverts.is_some() {
            current(pass).down_timer_adverts = adverts;
        }
        Ok(())
    }),
    row("higher_prio_send_advert", |pass, line| {
        let on = switch(pass, line);
        let instance = current(pass);
        instance.higher_prio_send_advert = on.or(instance.higher_prio_send_advert);
        Ok(())
    }),
    row("lower_prio_no_advert", |pass, line| {
        let on = switch(pass, line);
        let instance = current(pass);
        instance.lower_prio_no_advert = on.or(instance.lower_prio_no_advert);
        Ok(())
    }),
    row("no_accept", |pass, _| {
        current(pass).accept = Some(false);
        Ok(())
    }),
    row("nopreempt", |pass, _| {
        current(pass).model.nopreempt = true;
        Ok(())
    }),
    row("preempt", |pass, _| {
        current(pass).model.nopreempt = false;
        Ok(())
    }),
    row("preempt_delay", preempt_delay),
    row("priority", priority),
    row("skip_check_adv_addr", |pass, line| {
        let on = switch(pass, line);
        let instance = current(pass);
        instance.skip_check_adv_addr = on.or(instance.skip_check_adv_addr);
        Ok(())
    }),
    row("state", state),
    row("strict_mode", |pass, line| {
        let on = switch(pass, line);
        let instance = current(pass);
        instance.strict = on.or(instance.strict);
        Ok(())
    }),
];

fn advert_int(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match pass.number(number::seconds(&text, 10_000, 255_000_000)) {
        Some(interval) => current(pass).model.advert_int = interval,
        None => {
            let name = name(pass);
            pass.error(format!(
                "({name}) Advert interval ({text}) not valid! Must be > 0 - ignoring"
            ));
        }
    }
    Ok(())
}

/// What isn't a number at all counts as no delay.
fn preempt_delay(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let read = number::seconds(&text, 0, 1_000_000_000);
    let malformed = read.malformed;
    match pass.number(read) {
        Some(delay) => current(pass).model.preempt_delay = delay,
        None if malformed => current(pass).model.preempt_delay = Duration::ZERO,
        None => {
            let name = name(pass);
            pass.error(format!(
                "({name}) Preempt_delay not valid! must be between 0-1000"
            ));
        }
    }
    Ok(())
}

fn priority(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let priority = required_number(pass, line, (1, 255), |name, _| {
        format!("({name}) Priority not valid! must be between 1 & 255. Using default 100")
    })?;
    let instance = current(pass);
    instance.priority_given = true;
    instance.model.priority = priority
        .and_then(|value| u8::try_from(value).ok())
        .unwrap_or(100);
    Ok(())
}

fn state(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let state = match text.as_str() {
        "MASTER" => InitialState::Master,
        "BACKUP" => InitialState::Backup,
        _ => {
            let name = name(pass);
            pass.error(format!(
                "({name}) unknown state '{text}', defaulting to BACKUP"
            ));
            InitialState::Backup
        }
    };
    let instance = current(pass);
    instance.model.state = state;
    instance.state_given = true;
    Ok(())
}
