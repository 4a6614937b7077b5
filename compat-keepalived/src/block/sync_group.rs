//! `vrrp_sync_group NAME { … }`: instances that change together.

use locum_model::{
    script::Script,
    track,
    vrrp::{Notify, SyncGroup},
};
use locum_parser::keepalived::Line;

use crate::{
    draft::{Group, Tracks},
    load::{Abort, Pass, Process, value},
    row::{Row, row},
    vrrp_option::{
        notify,
        tracking::{self, Wording},
    },
};

pub(super) const ROWS: &[Row] = &[
    row("global_tracking", |pass, _| {
        let name = name(pass);
        pass.error(format!("({name}) global_tracking is deprecated. Use track_interface/script/file on the sync group"));
        current(pass).model.tracking_weight = true;
        Ok(())
    }),
    row("group", group),
    row("notify", |pass, line| {
        script(pass, line, |notify| &mut notify.any)
    }),
    row("notify_backup", |pass, line| {
        script(pass, line, |notify| &mut notify.backup)
    }),
    row("notify_fault", |pass, line| {
        script(pass, line, |notify| &mut notify.fault)
    }),
    row("notify_master", |pass, line| {
        script(pass, line, |notify| &mut notify.master)
    }),
    row("notify_priority_changes", |pass, line| {
        match value::switch(line) {
            Ok(on) => current(pass).notify_priority_changes = Some(on),
            Err(text) => {
                let name = name(pass);
                pass.error(format!("({name}) Invalid value '{text}' for sync group notify_priority_changes specified"));
            }
        }
        Ok(())
    }),
    row("notify_stop", |pass, line| {
        script(pass, line, |notify| &mut notify.stop)
    }),
    row("smtp_alert", |pass, line| {
        match value::switch(line) {
            Ok(on) => current(pass).smtp_alert = Some(on),
            Err(text) => pass.error(format!("Invalid vrrp_group smtp_alert parameter {text}")),
        }
        Ok(())
    }),
    row("sync_group_tracking_weight", |pass, _| {
        current(pass).model.tracking_weight = true;
        Ok(())
    }),
    row("track_bfd", |pass, line| track(pass, line, &tracking::BFD)),
    row("track_file", |pass, line| {
        track(pass, line, &tracking::FILE)
    }),
    row("track_interface", |pass, line| {
        track(pass, line, &tracking::INTERFACE)
    }),
    row("track_process", |pass, line| {
        track(pass, line, &tracking::PROCESS)
    }),
    row("track_script", |pass, line| {
        track(pass, line, &tracking::SCRIPT)
    }),
];

pub(super) fn vrrp_sync_group(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    if pass.process != Process::Vrrp {
        pass.skip_block();
        return Ok(());
    }
    let (Some(name), 2) = (value::word(line, 1), line.words.len()) else {
        pass.error("vrrp_sync_group must have a name - skipping");
        pass.skip_block();
        return Ok(());
    };
    if pass
        .draft
        .groups
        .iter()
        .any(|one| one.model.name.value == name)
    {
        pass.error(format!("vrrp sync group {name} already defined"));
        pass.skip_block();
        return Ok(());
    }
    let name = pass.located(name);
    pass.draft.groups.push(Group {
        model: SyncGroup {
            name,
            members: Vec::new(),
            tracks: track::Tracks::default(),
            notify: Notify::default(),
            smtp_alert: false,
            notify_priority_changes: false,
            tracking_weight: false,
        },
        listed: false,
        smtp_alert: None,
        notify_priority_changes: None,
        tracks: Tracks::default(),
    });
    pass.block(&[ROWS])
}

fn current<'a>(pass: &'a mut Pass<'_>) -> &'a mut Group {
    let last = pass.draft.groups.len() - 1;
    &mut pass.draft.groups[last]
}

fn name(pass: &mut Pass<'_>) -> String {
    current(pass).model.name.value.clone()
}

/// `group { NAME … }`. A second one confuses the reference: its closing brace ends the sync group.
fn group(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let name = name(pass);
    if current(pass).listed {
        pass.error(format!(
            "Group list already specified for sync group {name}"
        ));
        pass.skip_to_closing();
        return Ok(());
    }
    pass.no_parameters(line);
    current(pass).listed = true;
    let mut members = Vec::new();
    pass.lines(|pass, line| {
        let names = line.words.iter().map(|word| word.lossy().into_owned());
        members.extend(names.map(|name| pass.located(name)));
        Ok(())
    })?;
    if members.is_empty() {
        pass.error(format!("Warning - sync group {name} has empty group block"));
    }
    current(pass).model.members = members;
    Ok(())
}

fn script(
    pass: &mut Pass<'_>,
    line: &Line,
    slot: fn(&mut Notify) -> &mut Option<Box<Script>>,
) -> Result<(), Abort> {
    let name = name(pass);
    let taken = slot(&mut current(pass).model.notify).is_some();
    let script = notify::read(pass, line, &name, taken)?;
    if script.is_some() {
        *slot(&mut current(pass).model.notify) = script.map(Box::new);
    }
    Ok(())
}

fn track(pass: &mut Pass<'_>, line: &Line, wording: &Wording) -> Result<(), Abort> {
    pass.no_parameters(line);
    let owner = name(pass);
    pass.lines(|pass, line| {
        let mut tracks = std::mem::take(&mut current(pass).tracks);
        let read = tracking::read(pass, line, &owner, wording, &mut tracks);
        current(pass).tracks = tracks;
        read
    })
}
