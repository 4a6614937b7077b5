//! Words outside of all blocks, which the parent reads: namespaces, instance names, pid files.

use std::time::Duration;

use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Kind, Pass, Process, number, value},
    row::{Row, accepted, refused, row},
};

pub(super) const ROWS: &[Row] = &[
    row("child_wait_time", |pass, line| {
        of_parent(pass, line, child_wait_time)
    }),
    row("instance", |pass, line| of_parent(pass, line, instance)),
    refused("linkbeat_use_polling", |pass, line| {
        of_parent(pass, line, |pass, _| {
            pass.draft.configuration.global.linkbeat_use_polling = true;
            Ok(())
        })
    }),
    accepted("namespace_with_ipsets", |pass, line| {
        of_parent(pass, line, |pass, _| {
            pass.draft.configuration.global.namespace_with_ipsets = true;
            Ok(())
        })
    }),
    row("net_namespace", |pass, line| {
        of_parent(pass, line, net_namespace)
    }),
    accepted("net_namespace_ipvs", |pass, line| {
        of_parent(pass, line, |pass, line| {
            let name = value::word(line, 1).unwrap_or_default();
            pass.draft.configuration.global.net_namespace_ipvs = Some(name);
            Ok(())
        })
    }),
    row("use_pid_dir", |pass, line| {
        of_parent(pass, line, |pass, _| {
            pass.draft.configuration.global.use_pid_dir = true;
            Ok(())
        })
    }),
];

fn of_parent(
    pass: &mut Pass<'_>,
    line: &Line,
    read: fn(&mut Pass<'_>, &Line) -> Result<(), Abort>,
) -> Result<(), Abort> {
    if pass.process == Process::Parent {
        read(pass, line)?;
    }
    Ok(())
}

fn child_wait_time(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match pass.number(number::unsigned(&text, 0, u32::MAX)) {
        Some(seconds) => {
            pass.draft.configuration.global.child_wait_time = Duration::from_secs(seconds.into());
        }
        None => pass.error(format!("Invalid child_wait_time {text}")),
    }
    Ok(())
}

fn instance(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let Some(name) = value::word(line, 1) else {
        pass.error("instance name missing - ignoring");
        return Ok(());
    };
    if pass.draft.configuration.global.instance.is_some() {
        pass.error(format!("Duplicate instance definition {name} - ignoring"));
        return Ok(());
    }
    pass.draft.configuration.global.instance = Some(name);
    Ok(())
}

fn net_namespace(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let Some(name) = value::word(line, 1) else {
        pass.error("net_namespace name missing - ignoring");
        return Ok(());
    };
    if pass.draft.configuration.global.net_namespace.is_some() {
        let text = format!("Duplicate net_namespace definition {name} - ignoring");
        pass.say(Kind::Information, text);
        return Ok(());
    }
    pass.draft.configuration.global.net_namespace = Some(name);
    Ok(())
}
