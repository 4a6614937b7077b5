//! `track_file NAME { … }` (once `vrrp_track_file`): a number in a file that instances and real servers watch.

use std::path::PathBuf;

use locum_model::track::{self, InitFile, Weight};
use locum_parser::keepalived::Line;

use super::script::default_weight;
use crate::{
    draft::TrackFile,
    load::{Abort, Kind, Pass, Process, number, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("file", |pass, line| {
        match value::word(line, 1) {
            Some(path) => {
                let file = current(pass);
                file.model.path = PathBuf::from(path);
                file.path_given = true;
            }
            None => pass.error("track file file name missing"),
        }
        Ok(())
    }),
    row("init_file", init_file),
    row("weight", |pass, line| {
        let name = current(pass).model.name.value.clone();
        let Some(text) = value::word(line, 1) else {
            pass.error(format!(
                "No weight specified for track file {name} - ignoring"
            ));
            return Ok(());
        };
        let bad = format!(
            "Weight ({text}) for track_file {name} must be between [-254..254] inclusive. Ignoring..."
        );
        let unknown = format!("track_file {name} unknown weight option");
        if let Some(weight) = default_weight(pass, line, 254, &bad, &unknown) {
            current(pass).model.weight = weight;
        }
        Ok(())
    }),
];

pub(super) fn track_file(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    if !matches!(pass.process, Process::Checkers | Process::Vrrp) {
        pass.skip_block();
        return Ok(());
    }
    if value::word(line, 0).as_deref() == Some("vrrp_track_file") {
        pass.tell(
            Kind::Log,
            "\"vrrp_track_file\" is deprecated, please use \"track_file\"",
        );
    }
    let name = pass.parameter(line, 1)?;
    let located = pass.located(name.clone());
    pass.draft.files.push(TrackFile {
        model: track::TrackFile {
            name: located,
            path: PathBuf::new(),
            weight: Weight {
                value: 1,
                reverse: false,
            },
            init: None,
        },
        path_given: false,
    });
    pass.block(&[ROWS])?;
    if !current(pass).path_given {
        pass.draft.files.pop();
        pass.error(format!("No file set for track_file {name} - ignoring"));
    }
    Ok(())
}

fn current<'a>(pass: &'a mut Pass<'_>) -> &'a mut TrackFile {
    let last = pass.draft.files.len() - 1;
    &mut pass.draft.files[last]
}

/// `init_file [VALUE] [overwrite]`
fn init_file(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let name = current(pass).model.name.value.clone();
    let mut init = InitFile::default();
    for index in 1..line.words.len() {
        let text = value::word(line, index).unwrap_or_default();
        if text == "overwrite" {
            init.overwrite = true;
            continue;
        }
        if !text.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
            pass.error(format!("Unknown track file init option {text}"));
            continue;
        }
        let Some(number) = pass.number(number::signed(&text, i32::MIN, i32::MAX)) else {
            pass.error(format!("Track file {name} init value {text} is invalid"));
            continue;
        };
        if !(-254..=254).contains(&number) {
            pass.error(format!(
                "Track file {name} init value {number} is outside sensible range [-254, 254]"
            ));
        }
        init.value = number;
    }
    current(pass).model.init = Some(init);
    Ok(())
}
