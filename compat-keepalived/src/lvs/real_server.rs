//! `real_server ADDRESS [PORT] { … }` in a virtual server.

use locum_model::lvs::RealServer;
use locum_parser::keepalived::Line;

use super::{
    address, finish,
    forwarding::forwarding,
    script, server, switch, timing,
    virtual_server::{HEAVIEST, first_word, one_word},
};
use crate::{
    checker,
    load::{Abort, Pass, number, value},
    row::{Row, Rows, accepted},
};

pub(super) const ROWS: Rows = &[WORDS, checker::ROWS, timing::REAL];

const WORDS: &[Row] = &[
    accepted("alpha", |pass, line| {
        let alpha = switch(pass, line, "Invalid alpha parameter");
        set(pass, |real| real.alpha = alpha.or(real.alpha))
    }),
    accepted("inhibit_on_failure", |pass, line| {
        let inhibit = switch(pass, line, "Invalid inhibit_on_failure parameter");
        set(pass, |real| {
            real.inhibit_on_failure = inhibit.or(real.inhibit_on_failure)
        })
    }),
    accepted("lthreshold", |pass, line| {
        let threshold = threshold(pass, line)?;
        set(pass, |real| {
            real.lower_threshold = threshold.or(real.lower_threshold)
        })
    }),
    accepted("lvs_method", |pass, line| {
        let method = forwarding(pass, line, "real server")?;
        set(pass, |real| real.forwarding = method.or(real.forwarding))
    }),
    accepted("notify_down", |pass, line| {
        let given = get(pass).is_some_and(|real| real.notify_down.is_some());
        match script(pass, line, given)? {
            Some(script) => set(pass, |real| real.notify_down = Some(script)),
            None => Ok(()),
        }
    }),
    accepted("notify_up", |pass, line| {
        let given = get(pass).is_some_and(|real| real.notify_up.is_some());
        match script(pass, line, given)? {
            Some(script) => set(pass, |real| real.notify_up = Some(script)),
            None => Ok(()),
        }
    }),
    accepted("smtp_alert", |pass, line| {
        let alert = switch(pass, line, "Invalid real_server smtp_alert parameter");
        set(pass, |real| real.smtp_alert = alert.or(real.smtp_alert))
    }),
    accepted("snmp_name", |pass, line| match one_word(line) {
        Some(name) => set(pass, |real| real.snmp_name = Some(name)),
        None => {
            pass.error("real server snmp_name missing or extra parameters");
            Ok(())
        }
    }),
    accepted("uthreshold", |pass, line| {
        let threshold = threshold(pass, line)?;
        set(pass, |real| {
            real.upper_threshold = threshold.or(real.upper_threshold)
        })
    }),
    accepted("virtualhost", |pass, line| match first_word(line) {
        Some(host) => set(pass, |real| real.virtualhost = Some(host)),
        None => {
            pass.error("real server virtualhost missing");
            Ok(())
        }
    }),
    accepted("weight", |pass, line| {
        let text = pass.parameter(line, 1)?;
        match pass.number(number::unsigned(&text, 0, HEAVIEST)) {
            Some(weight) => set(pass, |real| real.weight = Some(weight)),
            None => {
                pass.error(format!(
                    "Real server weight {text} is outside range 0-{HEAVIEST}"
                ));
                Ok(())
            }
        }
    }),
];

pub(super) fn real_server(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let Some(address) = address(pass, line, 1)? else {
        let port = value::word(line, 2).map_or_else(String::new, |port| format!("/{port}"));
        pass.error(format!(
            "Invalid real server ip address/port {text}{port} - skipping"
        ));
        pass.skip_block();
        return Ok(());
    };
    let address = pass.located(address);
    pass.draft.lvs.real = Some(RealServer::new(address));
    pass.block(ROWS)?;
    if let Some(real) = pass.draft.lvs.real.take()
        && finish::family_fits(pass, &real)
    {
        server(pass).real_servers.push(real);
    }
    Ok(())
}

fn get<'a>(pass: &'a Pass<'_>) -> Option<&'a RealServer> {
    pass.draft.lvs.real.as_ref()
}

fn set(pass: &mut Pass<'_>, change: impl FnOnce(&mut RealServer)) -> Result<(), Abort> {
    if let Some(real) = &mut pass.draft.lvs.real {
        change(real);
    }
    Ok(())
}

fn threshold(pass: &mut Pass<'_>, line: &Line) -> Result<Option<u32>, Abort> {
    let text = pass.parameter(line, 1)?;
    let number = pass.number(number::unsigned(&text, 0, u32::MAX));
    if number.is_none() {
        let word = value::word(line, 0).unwrap_or_default();
        pass.error(format!("Invalid real_server {word} '{text}' - ignoring"));
    }
    Ok(number)
}
