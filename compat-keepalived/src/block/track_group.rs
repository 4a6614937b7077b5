//! `track_group NAME { group { … } }`: instances that watch static addresses, routes and rules.

use locum_model::track::TrackGroup;
use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Pass, Process, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[row("group", group)];

pub(super) fn track_group(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    if pass.process != Process::Vrrp {
        pass.skip_block();
        return Ok(());
    }
    let (Some(name), 2) = (value::word(line, 1), line.words.len()) else {
        pass.error("track_group must have a name - skipping");
        pass.skip_block();
        return Ok(());
    };
    let groups = &pass.draft.configuration.track_groups;
    if groups.iter().any(|group| group.name.value == name) {
        pass.error(format!("track_group {name} already defined"));
        pass.skip_block();
        return Ok(());
    }
    let name = pass.located(name);
    pass.draft.configuration.track_groups.push(TrackGroup {
        name,
        instances: Vec::new(),
    });
    pass.block(&[ROWS])
}

fn group(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    pass.no_parameters(line);
    let mut members = Vec::new();
    pass.lines(|pass, line| {
        let names = line.words.iter().map(|word| word.lossy().into_owned());
        members.extend(names.map(|name| pass.located(name)));
        Ok(())
    })?;
    let group = pass.draft.configuration.track_groups.last_mut();
    let Some(group) = group else {
        return Ok(());
    };
    group.instances.extend(members);
    if group.instances.is_empty() {
        let text = format!(
            "Warning - track group {} has empty group block",
            group.name.value
        );
        pass.error(text);
    }
    Ok(())
}
