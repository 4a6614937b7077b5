//! `garp_group { … }`: pauses between gratuitous ARPs on interfaces that share a switch.

use std::time::Duration;

use locum_model::keepalived::GarpGroup;
use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Pass, Process, number},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("garp_interval", |pass, line| {
        let pause = interval(pass, line, "garp_interval")?;
        if let Some(group) = current(pass) {
            group.garp_interval = pause.or(group.garp_interval);
        }
        Ok(())
    }),
    row("gna_interval", |pass, line| {
        let pause = interval(pass, line, "gna_interval")?;
        if let Some(group) = current(pass) {
            group.gna_interval = pause.or(group.gna_interval);
        }
        Ok(())
    }),
    row("interface", |pass, line| {
        let name = pass.parameter(line, 1)?;
        interface(pass, name);
        Ok(())
    }),
    row("interfaces", interfaces),
];

pub(super) fn garp_group(pass: &mut Pass<'_>, _line: &Line) -> Result<(), Abort> {
    if pass.process != Process::Vrrp {
        pass.skip_block();
        return Ok(());
    }
    pass.draft.configuration.garp_groups.push(GarpGroup {
        garp_interval: None,
        gna_interval: None,
        interfaces: Vec::new(),
    });
    pass.block(&[ROWS])?;
    let empty = current(pass)
        .is_some_and(|group| group.garp_interval.is_none() && group.gna_interval.is_none());
    if empty {
        pass.draft.configuration.garp_groups.pop();
        pass.error("garp group 0 does not have any delay set - removing");
    }
    Ok(())
}

fn current<'a>(pass: &'a mut Pass<'_>) -> Option<&'a mut GarpGroup> {
    pass.draft.configuration.garp_groups.last_mut()
}

/// What isn't a number at all counts as no pause.
fn interval(pass: &mut Pass<'_>, line: &Line, word: &str) -> Result<Option<Duration>, Abort> {
    let text = pass.parameter(line, 1)?;
    let read = number::seconds(&text, 0, 2_147_483_647);
    let malformed = read.malformed;
    let pause = pass.number(read);
    if pause.is_none() && !malformed {
        pass.error(format!("garp_group {word} '{text}' invalid"));
    }
    Ok(pause.or(malformed.then_some(Duration::ZERO)))
}

fn interfaces(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    pass.no_parameters(line);
    let mut names = Vec::new();
    pass.lines(|_, line| {
        names.extend(line.words.iter().map(|word| word.lossy().into_owned()));
        Ok(())
    })?;
    if names.is_empty() {
        pass.error("Warning - empty garp_group interfaces block");
    }
    for name in names {
        interface(pass, name);
    }
    Ok(())
}

fn interface(pass: &mut Pass<'_>, name: String) {
    pass.interface_named(&name, || {
        format!("WARNING - interface {name} specified for garp_group doesn't exist")
    });
    let taken = pass.draft.configuration.garp_groups.iter();
    let taken = taken
        .flat_map(|group| &group.interfaces)
        .any(|one| one.value == name);
    if taken {
        pass.error(format!(
            "garp_group already specified for {name} - ignoring"
        ));
        return;
    }
    let name = pass.located(name);
    if let Some(group) = current(pass) {
        group.interfaces.push(name);
    }
}
