//! Scripts and FIFOs of the daemon (`script_user`, `startup_script`, `notify_fifo` …).

use std::time::Duration;

use locum_model::{
    keepalived::Global,
    script::{Fifo, Script},
};
use locum_parser::keepalived::Line;

use super::named_switch;
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, accepted, row},
};

pub(super) const ROWS: &[Row] = &[
    row("enable_script_security", |pass, _| {
        pass.draft.configuration.global.script_security = true;
        Ok(())
    }),
    row("fifo_write_vrrp_states_on_reload", |pass, _| {
        pass.draft
            .configuration
            .global
            .fifo_write_vrrp_states_on_reload = true;
        Ok(())
    }),
    accepted("lvs_notify_fifo", |pass, line| {
        fifo(pass, line, |global| &mut global.lvs_notify_fifo)
    }),
    accepted("lvs_notify_fifo_script", |pass, line| {
        fifo_script(pass, line, |global| &mut global.lvs_notify_fifo)
    }),
    row("notify_fifo", |pass, line| {
        fifo(pass, line, |global| &mut global.notify_fifo)
    }),
    row("notify_fifo_script", |pass, line| {
        fifo_script(pass, line, |global| &mut global.notify_fifo)
    }),
    row("script_user", script_user),
    row("shutdown_script", |pass, line| {
        once(pass, line, "shutdown", |global| &mut global.shutdown_script)
    }),
    row("shutdown_script_timeout", |pass, line| {
        timeout(pass, line, |global| &mut global.shutdown_script_timeout)
    }),
    row("startup_script", |pass, line| {
        once(pass, line, "startup", |global| &mut global.startup_script)
    }),
    row("startup_script_timeout", |pass, line| {
        timeout(pass, line, |global| &mut global.startup_script_timeout)
    }),
    row("vrrp_notify_fifo", |pass, line| {
        fifo(pass, line, |global| &mut global.vrrp_notify_fifo)
    }),
    row("vrrp_notify_fifo_script", |pass, line| {
        fifo_script(pass, line, |global| &mut global.vrrp_notify_fifo)
    }),
    row("vrrp_notify_priority_changes", |pass, line| {
        if let Some(on) = named_switch(pass, line, "vrrp_notify_priority_changes") {
            pass.draft.configuration.global.vrrp_notify_priority_changes = on;
        }
        Ok(())
    }),
];

fn script_user(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let Some(user) = value::word(line, 1) else {
        pass.error("No script username specified");
        return Ok(());
    };
    let group = value::word(line, 2);
    match pass.account(&user, group.as_deref()) {
        Some(account) if !pass.draft.script_user_failed => {
            pass.draft.configuration.global.script_user = Some(account);
        }
        _ => {
            pass.draft.script_user_failed = true;
            pass.error("Error setting global script uid/gid");
        }
    }
    Ok(())
}

/// `notify_fifo PATH [USER [GROUP]]`; an owner that doesn't exist makes the reference forget the FIFO.
fn fifo(
    pass: &mut Pass<'_>,
    line: &Line,
    field: fn(&mut Global) -> &mut Fifo,
) -> Result<(), Abort> {
    let name = value::word(line, 0).unwrap_or_default();
    let Some(path) = value::word(line, 1) else {
        pass.error(format!("No {name} name specified"));
        return Ok(());
    };
    if field(&mut pass.draft.configuration.global).path.is_some() {
        pass.error(format!("{name} already specified - ignoring {path}"));
        return Ok(());
    }
    let owner = match value::word(line, 2) {
        Some(user) => pass.account(&user, value::word(line, 3).as_deref()),
        None => Some(pass.system().own_account()),
    };
    if let Some(owner) = owner {
        let fifo = field(&mut pass.draft.configuration.global);
        fifo.path = Some(path.into());
        fifo.owner = owner;
    }
    Ok(())
}

fn fifo_script(
    pass: &mut Pass<'_>,
    line: &Line,
    field: fn(&mut Global) -> &mut Fifo,
) -> Result<(), Abort> {
    let name = value::word(line, 0).unwrap_or_default();
    let Some(text) = value::word(line, 1) else {
        pass.error(format!("No {name} specified"));
        return Ok(());
    };
    if field(&mut pass.draft.configuration.global).script.is_some() {
        pass.error(format!("{name} already specified - ignoring {text}"));
        return Ok(());
    }
    let script = pass.notify_script(line);
    field(&mut pass.draft.configuration.global).script = script;
    Ok(())
}

fn once(
    pass: &mut Pass<'_>,
    line: &Line,
    name: &str,
    field: fn(&mut Global) -> &mut Option<Script>,
) -> Result<(), Abort> {
    if line.words.len() < 2 {
        pass.error(format!("{name} script missing"));
        return Ok(());
    }
    if field(&mut pass.draft.configuration.global).is_some() {
        pass.error(format!("{name} script already specified"));
        return Ok(());
    }
    match pass.notify_script(line) {
        Some(script) => {
            *field(&mut pass.draft.configuration.global) = Some(script);
        }
        None => pass.error(format!("Invalid {name} script")),
    }
    Ok(())
}

fn timeout(
    pass: &mut Pass<'_>,
    line: &Line,
    field: fn(&mut Global) -> &mut Duration,
) -> Result<(), Abort> {
    let name = value::word(line, 0).unwrap_or_default();
    let Some(text) = value::word(line, 1) else {
        pass.error(format!("{name} requires value"));
        return Ok(());
    };
    match pass.number(number::unsigned(&text, 1, 1000)) {
        Some(seconds) => {
            *field(&mut pass.draft.configuration.global) = Duration::from_secs(seconds.into());
        }
        None => pass.error(format!("{name} '{text}' must be in [1, 1000] - ignoring")),
    }
    Ok(())
}
