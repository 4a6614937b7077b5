//! Weights of what is tracked, resolved against the trackers' own; where priorities can't move they are dropped.

use locum_model::track::{Tracked as Final, Tracks as FinalTracks, Weight};

use crate::{
    draft::{Draft, Tracked, Tracks},
    load::{Kind, Pass},
};

pub(super) fn complete(pass: &mut Pass<'_>) {
    let bound: Vec<String> = pass
        .draft
        .groups
        .iter()
        .filter(|group| !group.model.tracking_weight)
        .flat_map(|group| {
            group
                .model
                .members
                .iter()
                .map(|member| member.value.clone())
        })
        .collect();
    let mut instances = std::mem::take(&mut pass.draft.instances);
    for instance in &mut instances {
        let name = instance.name().to_owned();
        let interface = instance
            .model
            .interface
            .as_ref()
            .map(|one| one.value.clone());
        let mut tracks = std::mem::take(&mut instance.tracks);
        tracks.interfaces.retain(|tracked| {
            let own = Some(&tracked.name.value) == interface.as_ref();
            if own {
                pass.tell(
                    Kind::Error,
                    format!(
                        "({name}) Ignoring track_interface {} since own interface",
                        tracked.name.value
                    ),
                );
            }
            !own
        });
        let fixed = if instance.model.priority == 255 {
            Some("address_owner")
        } else if bound.contains(&name) {
            Some("SYNC group")
        } else {
            None
        };
        instance.model.tracks = match fixed {
            Some(why) => without_weights(pass, &name, tracks, why),
            None => resolved(&pass.draft, tracks),
        };
    }
    let mut groups = std::mem::take(&mut pass.draft.groups);
    for group in &mut groups {
        let tracks = std::mem::take(&mut group.tracks);
        let owner = group.model.members.iter().any(|member| {
            let mut instances = instances.iter();
            instances.any(|one| one.name() == member.value && one.model.priority == 255)
        });
        group.model.tracks = if owner {
            owners_group(pass, &group.model.name.value, tracks)
        } else {
            resolved(&pass.draft, tracks)
        };
    }
    pass.draft.instances = instances;
    pass.draft.groups = groups;
}

/// The weight of a tracker that a line without one takes.
fn own_weight(draft: &Draft, kind: Kinds, name: &str) -> Weight {
    let found = match kind {
        Kinds::Interface => None,
        Kinds::Script => {
            let mut all = draft.scripts.iter();
            all.find(|one| one.model.name.value == name)
                .map(|one| one.model.weight)
        }
        Kinds::File => {
            let mut all = draft.files.iter();
            all.find(|one| one.model.name.value == name)
                .map(|one| one.model.weight)
        }
        Kinds::Process => {
            let mut all = draft.configuration.track_processes.iter();
            all.find(|one| one.name.value == name).map(|one| one.weight)
        }
        Kinds::Bfd => {
            let mut all = draft.bfd.iter();
            all.find(|one| one.name.value == name).map(|one| one.weight)
        }
    };
    found.unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinds {
    Interface,
    Script,
    File,
    Process,
    Bfd,
}

/// Each line as `f` resolves it; without those that it drops.
fn each(tracks: Tracks, mut f: impl FnMut(Kinds, Tracked) -> Option<Final>) -> FinalTracks {
    let mut all = |kind, list: Vec<Tracked>| {
        let lines = list.into_iter();
        lines.filter_map(|one| f(kind, one)).collect()
    };
    FinalTracks {
        interfaces: all(Kinds::Interface, tracks.interfaces),
        scripts: all(Kinds::Script, tracks.scripts),
        files: all(Kinds::File, tracks.files),
        processes: all(Kinds::Process, tracks.processes),
        bfd: all(Kinds::Bfd, tracks.bfd),
    }
}

fn resolved(draft: &Draft, tracks: Tracks) -> FinalTracks {
    each(tracks, |kind, one| {
        let own = || own_weight(draft, kind, &one.name.value);
        Some(Final {
            weight: one.weight.unwrap_or_else(own),
            name: one.name,
        })
    })
}

/// The owner of the addresses always has 255, members of a group have one priority. What has a weight is then not
/// tracked at all: without one its failure would be a fault. A file whose weight nobody gave stays without one. An
/// interface of a group's member is said to lose its weight and keeps it; of processes the reference doesn't think.
fn without_weights(pass: &mut Pass<'_>, owner: &str, tracks: Tracks, why: &str) -> FinalTracks {
    let mut texts = Vec::new();
    let tracks = each(tracks, |kind, one| {
        let name = one.name.value.clone();
        let own = || own_weight(&pass.draft, kind, &name);
        let weight = one.weight.unwrap_or_else(own);
        let value = weight.value;
        let weightless = Final {
            name: one.name.clone(),
            weight: Weight { value: 0, ..weight },
        };
        let as_given = Final {
            name: one.name,
            weight,
        };
        if value == 0 || kind == Kinds::Process {
            return Some(as_given);
        }
        let (text, stays) = match kind {
            Kinds::Interface if why == "SYNC group" => (
                format!("ignoring {name} tracked interface weight due to SYNC group"),
                Some(as_given),
            ),
            Kinds::File if value == 1 => (
                format!("ignoring weight from tracked file {name} due to {why}. specify weight 0"),
                Some(weightless),
            ),
            Kinds::Interface => (
                format!("ignoring {name} tracked interface due to address owner"),
                None,
            ),
            Kinds::Script => (
                format!("ignoring tracked script {name} with weights due to {why}"),
                None,
            ),
            Kinds::File => (
                format!("ignoring tracked file {name} with weight {value} due to {why}"),
                None,
            ),
            Kinds::Bfd | Kinds::Process => (
                format!("ignoring tracked bfd {name} with weight {value} due to {why}"),
                None,
            ),
        };
        texts.push(text);
        stays
    });
    for text in texts {
        pass.tell(Kind::Error, format!("({owner}) {text}"));
    }
    tracks
}

fn owners_group(pass: &mut Pass<'_>, group: &str, tracks: Tracks) -> FinalTracks {
    let mut texts = Vec::new();
    let tracks = each(tracks, |kind, one| {
        let name = one.name.value.clone();
        let given = one.weight;
        let weight = given.unwrap_or_else(|| own_weight(&pass.draft, kind, &name));
        if weight.value != 0 {
            let (what, doing) = match kind {
                Kinds::Interface => ("interface", "clearing weight"),
                Kinds::Script => ("script", "clearing weight"),
                Kinds::File => ("file", "setting weight 0"),
                Kinds::Process => ("process", "setting weight 0"),
                Kinds::Bfd => ("bfd", "setting weight 0"),
            };
            if !(kind == Kinds::Process && given.is_none()) {
                texts.push(format!("({group}) Cannot have weighted track {what} '{name}' with member having priority 255 - {doing}"));
            }
        }
        let weight = Weight { value: 0, ..weight };
        Some(Final {
            name: one.name,
            weight,
        })
    });
    for text in texts {
        pass.tell(Kind::Error, text);
    }
    tracks
}
