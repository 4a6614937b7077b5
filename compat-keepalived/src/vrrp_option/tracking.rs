//! What an instance or a group watches: `track_interface`, `track_script`, `track_file`, `track_process`, `track_bfd`.
//!
//! The lines of these blocks are alike, their messages are not: [`Wording`] holds the differences.

use locum_model::track::Weight;
use locum_parser::keepalived::Line;

use super::{current, name};
use crate::{
    draft::{Tracked, Tracks},
    load::{Abort, Pass, number, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("track_bfd", |pass, line| of_instance(pass, line, &BFD)),
    row("track_file", |pass, line| of_instance(pass, line, &FILE)),
    row("track_interface", |pass, line| {
        of_instance(pass, line, &INTERFACE)
    }),
    row("track_process", |pass, line| {
        of_instance(pass, line, &PROCESS)
    }),
    row("track_script", |pass, line| {
        of_instance(pass, line, &SCRIPT)
    }),
];

/// A kind of tracker: what its lines are called and where they go.
pub(crate) struct Wording {
    kind: Kind,
    /// `duplicate track_script s - ignoring`
    word: &'static str,
    /// The greatest weight that reading a number accepts.
    limit: i32,
    list: fn(&mut Tracks) -> &mut Vec<Tracked>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Interface,
    Script,
    File,
    Process,
    Bfd,
}

pub(crate) const INTERFACE: Wording = Wording {
    kind: Kind::Interface,
    word: "track_interface",
    limit: 254,
    list: |tracks| &mut tracks.interfaces,
};
pub(crate) const SCRIPT: Wording = Wording {
    kind: Kind::Script,
    word: "track_script",
    limit: 254,
    list: |tracks| &mut tracks.scripts,
};
pub(crate) const FILE: Wording = Wording {
    kind: Kind::File,
    word: "track_file",
    limit: 254,
    list: |tracks| &mut tracks.files,
};
pub(crate) const PROCESS: Wording = Wording {
    kind: Kind::Process,
    word: "track_process",
    limit: 254,
    list: |tracks| &mut tracks.processes,
};
pub(crate) const BFD: Wording = Wording {
    kind: Kind::Bfd,
    word: "track_bfd",
    limit: 253,
    list: |tracks| &mut tracks.bfd,
};

impl Wording {
    fn missing(&self, name: &str) -> String {
        match self.kind {
            Kind::Interface => format!("tracked interface {name} doesn't exist"),
            Kind::Script => format!("track script {name} not found, ignoring..."),
            Kind::File => format!("track file {name} not found, ignoring..."),
            Kind::Process => format!("track process {name} not found, ignoring..."),
            Kind::Bfd => format!("track bfd {name} not found, ignoring..."),
        }
    }

    fn no_value(&self, name: &str) -> String {
        let what = match self.kind {
            Kind::Interface => "track_interface",
            Kind::Script => "track script",
            Kind::File => "track file",
            Kind::Process => "track process",
            Kind::Bfd => "track bfd",
        };
        format!("weight without value specified for {what} {name} - ignoring")
    }

    fn bad_weight(&self, name: &str, text: &str) -> String {
        match self.kind {
            Kind::Interface => format!(
                "weight {text} for {name} must be between [-253..253] inclusive. Ignoring..."
            ),
            Kind::Script => format!(
                "track script {name}: weight must be between [-253..253] inclusive, ignoring..."
            ),
            Kind::File => format!(
                "weight for track file {name} must be in [-254..254] inclusive. Ignoring..."
            ),
            Kind::Process => format!(
                "weight for track process {name} must be in [-254..254] inclusive. Ignoring..."
            ),
            Kind::Bfd => {
                format!("weight for track bfd {name} must be in [-253..253] inclusive. Ignoring...")
            }
        }
    }

    fn unknown_option(&self, name: &str, option: &str) -> String {
        match self.kind {
            Kind::Interface => format!("unknown track_interface {name} option {option} - ignoring"),
            Kind::Script => format!("unknown track script option {option} - ignoring"),
            Kind::File => format!("unknown track file option {option} - ignoring"),
            Kind::Process => format!("unknown track process option {option} - ignoring"),
            Kind::Bfd => format!("unknown track bfd {name} option {option} - ignoring"),
        }
    }

    /// The reference spells the first of these so.
    fn unknown_weight_option(&self, name: &str, option: &str) -> String {
        let what = match self.kind {
            Kind::Interface => "track_interace",
            Kind::Script => "track_script",
            Kind::File => "track file",
            Kind::Process => "track_process",
            Kind::Bfd => "track bfd",
        };
        format!("unknown {what} {name} weight option {option} - ignoring")
    }

    /// The weight that is beyond what the message says though the number was readable.
    fn greatest(&self) -> i32 {
        match self.kind {
            Kind::Interface | Kind::Script | Kind::Bfd => 253,
            Kind::File | Kind::Process => 254,
        }
    }

    fn exists(&self, pass: &mut Pass<'_>, name: &str) -> bool {
        if self.kind == Kind::Interface {
            return pass.interface_is_usable(name);
        }
        let draft = &pass.draft;
        match self.kind {
            Kind::Interface => false,
            Kind::Script => draft.scripts.iter().any(|one| one.model.name.value == name),
            Kind::File => draft.files.iter().any(|one| one.model.name.value == name),
            Kind::Process => draft
                .configuration
                .track_processes
                .iter()
                .any(|one| one.name.value == name),
            Kind::Bfd => draft.bfd.iter().any(|one| one.name.value == name),
        }
    }
}

fn of_instance(pass: &mut Pass<'_>, line: &Line, wording: &Wording) -> Result<(), Abort> {
    pass.no_parameters(line);
    let owner = name(pass);
    pass.lines(|pass, line| {
        let mut tracks = std::mem::take(&mut current(pass).tracks);
        let read = read(pass, line, &owner, wording, &mut tracks);
        current(pass).tracks = tracks;
        read
    })
}

/// `NAME [weight N [reverse|noreverse]]` of an instance or group called `owner`.
pub(crate) fn read(
    pass: &mut Pass<'_>,
    line: &Line,
    owner: &str,
    wording: &Wording,
    tracks: &mut Tracks,
) -> Result<(), Abort> {
    let name = pass.parameter(line, 0)?;
    if !wording.exists(pass, &name) {
        pass.error(format!("({owner}) {}", wording.missing(&name)));
        if wording.kind != Kind::Interface {
            return Ok(());
        }
        pass.draft.interface_missing = true;
    }
    let list = (wording.list)(tracks);
    if list.iter().any(|one| one.name.value == name) {
        pass.error(format!(
            "({owner}) duplicate {} {name} - ignoring",
            wording.word
        ));
        return Ok(());
    }
    let weight = weight(pass, line, owner, wording, &name);
    let name = pass.located(name);
    list.push(Tracked { name, weight });
    Ok(())
}

fn weight(
    pass: &mut Pass<'_>,
    line: &Line,
    owner: &str,
    wording: &Wording,
    name: &str,
) -> Option<Weight> {
    let option = value::word(line, 1)?;
    if option != "weight" {
        pass.error(format!(
            "({owner}) {}",
            wording.unknown_option(name, &option)
        ));
        return None;
    }
    let Some(text) = value::word(line, 2) else {
        pass.error(format!("({owner}) {}", wording.no_value(name)));
        return None;
    };
    let read = pass.number(number::signed(&text, -wording.limit, wording.limit));
    let Some(value) = read.filter(|value| value.abs() <= wording.greatest()) else {
        pass.error(format!("({owner}) {}", wording.bad_weight(name, &text)));
        return None;
    };
    let mut reverse = false;
    match value::word(line, 3).as_deref() {
        None => {}
        Some("reverse") => reverse = true,
        Some("noreverse") if wording.kind != Kind::Interface => {}
        Some(other) => {
            pass.error(format!(
                "({owner}) {}",
                wording.unknown_weight_option(name, other)
            ));
        }
    }
    Some(Weight { value, reverse })
}
