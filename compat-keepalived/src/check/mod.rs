//! What only shows when everything has been read: inheritance, what instances have in common, names that mean nothing.

mod duplicates;
mod groups;
mod instance;
mod scripts;
mod strict;
mod tracks;

pub(crate) use scripts::usable_script;

use std::sync::Arc;

use crate::load::{Kind, Pass, Process};

/// Completes the draft.
pub fn finish(pass: &mut Pass<'_>) {
    match pass.process {
        Process::Parent => {
            globals(pass);
            scripts::once(pass);
        }
        Process::Vrrp => vrrp(pass),
        Process::Checkers => {
            files(pass);
            crate::lvs::finish(pass);
        }
        Process::Bfd => {}
    }
}

/// What instances inherit: the second set of ARPs after a lower priority repeats the first unless said otherwise, and
/// `vrrp_min_garp` makes all of them one.
fn globals(pass: &mut Pass<'_>) {
    let global = &mut pass.draft.configuration.global;
    if global.vrrp_min_garp == Some(true) {
        global.vrrp_garp.master_delay = std::time::Duration::ZERO;
        global.vrrp_garp.master_repeat = 1;
    }
    global.vrrp_garp.lower_prio_delay = global
        .vrrp_garp_lower_prio_delay
        .unwrap_or(global.vrrp_garp.master_delay);
    global.vrrp_garp.lower_prio_repeat = global
        .vrrp_garp_lower_prio_repeat
        .unwrap_or(global.vrrp_garp.master_repeat);
}

fn files(pass: &mut Pass<'_>) {
    let files = std::mem::take(&mut pass.draft.files);
    let files = files.into_iter().map(|file| file.model);
    pass.draft.configuration.track_files = files.collect();
}

fn vrrp(pass: &mut Pass<'_>) {
    if pass.draft.interface_missing {
        pass.fatal = true;
        pass.tell(
            Kind::Error,
            "Non-existent interface specified in configuration",
        );
        return;
    }
    scripts::trackers(pass);
    scripts::notifications(pass);
    scripts::verdict(pass);
    if instance::nameless(pass) {
        return;
    }
    groups::complete(pass);
    if !instance::complete(pass) {
        return;
    }
    tracks::complete(pass);
    duplicates::find(pass);
    let scripts = std::mem::take(&mut pass.draft.scripts);
    pass.draft.configuration.scripts = scripts.into_iter().map(|one| one.model).collect();
    let instances = std::mem::take(&mut pass.draft.instances);
    pass.draft.configuration.instances = instances
        .into_iter()
        .map(|mut one| {
            one.model.shrink();
            Arc::new(one.model)
        })
        .collect();
    // Collected in the room of the drafts.
    pass.draft.configuration.instances.shrink_to_fit();
    let groups = std::mem::take(&mut pass.draft.groups);
    pass.draft.configuration.sync_groups = groups.into_iter().map(|one| one.model).collect();
    files(pass);
}
