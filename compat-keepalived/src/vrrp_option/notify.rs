//! Whom an instance or a sync group tells: scripts, mail, FIFOs (`notify…`, `smtp_alert`).

use locum_model::{script::Script, vrrp::Notify};
use locum_parser::keepalived::Line;

use super::{current, name};
use crate::{
    load::{Abort, Pass, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("notify", |pass, line| {
        of_instance(pass, line, |notify| &mut notify.any)
    }),
    row("notify_backup", |pass, line| {
        of_instance(pass, line, |notify| &mut notify.backup)
    }),
    row("notify_deleted", |pass, line| {
        current(pass).model.notify.tell_deleted = true;
        if line.words.len() < 2 {
            return Ok(());
        }
        of_instance(pass, line, |notify| &mut notify.deleted)
    }),
    row("notify_fault", |pass, line| {
        of_instance(pass, line, |notify| &mut notify.fault)
    }),
    row("notify_master", |pass, line| {
        of_instance(pass, line, |notify| &mut notify.master)
    }),
    row("notify_master_rx_lower_pri", |pass, line| {
        of_instance(pass, line, |notify| &mut notify.master_rx_lower_pri)
    }),
    row("notify_priority_changes", |pass, line| {
        match value::switch(line) {
            Ok(on) => current(pass).notify_priority_changes = Some(on),
            Err(text) => {
                let name = name(pass);
                pass.error(format!(
                    "({name}) Invalid value '{text}' for notify_priority_changes specified"
                ));
            }
        }
        Ok(())
    }),
    row("notify_stop", |pass, line| {
        of_instance(pass, line, |notify| &mut notify.stop)
    }),
    row("smtp_alert", |pass, line| {
        match value::switch(line) {
            Ok(on) => current(pass).smtp_alert = Some(on),
            Err(text) => pass.error(format!("Invalid vrrp_instance smtp_alert parameter {text}")),
        }
        Ok(())
    }),
];

/// A place for a script.
pub(crate) type Slot = fn(&mut Notify) -> &mut Option<Box<Script>>;

fn of_instance(pass: &mut Pass<'_>, line: &Line, slot: Slot) -> Result<(), Abort> {
    let name = name(pass);
    let taken = slot(&mut current(pass).model.notify).is_some();
    let script = read(pass, line, &name, taken)?;
    if script.is_some() {
        *slot(&mut current(pass).model.notify) = script.map(Box::new);
    }
    Ok(())
}

/// `WORD SCRIPT [USER [GROUP]]` of an instance or group of this name.
pub(crate) fn read(
    pass: &mut Pass<'_>,
    line: &Line,
    name: &str,
    taken: bool,
) -> Result<Option<Script>, Abort> {
    if line.strings().is_err() {
        // Says why.
        return Ok(pass.notify_script(line));
    }
    let text = pass.parameter(line, 1)?;
    if taken {
        let word = value::word(line, 0).unwrap_or_default();
        pass.error(format!(
            "({name}) {word} script already specified - ignoring {text}"
        ));
        return Ok(None);
    }
    Ok(pass.notify_script(line))
}
