//! What trackers watch outside of the network: scripts, files, processes.

pub(super) mod file;
pub(super) mod process;
pub(super) mod script;

use std::collections::HashSet;

use locum_model::{
    keepalived::Configuration,
    track::{Tracked, Tracks},
};

/// The names that at least one instance or group tracks in a block; what nobody tracks isn't run or read.
fn tracked<'a>(
    configuration: &'a Configuration,
    block: impl Fn(&'a Tracks) -> &'a Vec<Tracked>,
) -> HashSet<&'a str> {
    let instances = configuration.instances.iter().map(|i| &i.tracks);
    let groups = configuration.sync_groups.iter().map(|g| &g.tracks);
    instances
        .chain(groups)
        .flat_map(block)
        .map(|line| line.name.value.as_str())
        .collect()
}
