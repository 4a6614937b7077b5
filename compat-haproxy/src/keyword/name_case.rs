//! `h1-case-adjust FROM TO`, `h1-case-adjust-file FILE`: how names of fields are written to peers of
//! `option h1-case-adjust-bogus-client` and `-server` (manual 3.1).
//!
//! ```text
//! h1-case-adjust content-length Content-Length
//! ```

use std::collections::{BTreeMap, btree_map::Entry};

use super::GlobalKeyword;
use crate::{
    load::{Loader, Lowered},
    section::GlobalLine,
};

/// Rows.
pub static ROWS: &[GlobalKeyword] = &[
    GlobalKeyword::executed("h1-case-adjust", "<from> <to>", case_adjust),
    GlobalKeyword::executed("h1-case-adjust-file", "<file>", case_adjust_file),
];

fn case_adjust(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(2, 1)?;
    let (from, to) = (line.line.text(1), line.line.text(2));
    if from.is_empty() || to.is_empty() {
        return Err("'h1-case-adjust' expects <from> and <to> as argument.".into());
    }
    add(&mut line.global.h1_case_adjust, &from, &to).map_err(Into::into)
}

/// The last file counts, and it is read when all else has been.
fn case_adjust_file(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    if !line.line.has(1) {
        return Err("'h1-case-adjust-file' expects <file> as argument.".into());
    }
    line.facts.case_file = Some(line.line.text(1));
    Ok(())
}

/// Reads the file that `h1-case-adjust-file` named.
pub(crate) fn read_file(loader: &mut Loader<'_>) {
    let Some(path) = loader.global_facts.case_file.take() else {
        return;
    };
    let result = match std::fs::read(&path) {
        Ok(bytes) => read(
            &String::from_utf8_lossy(&bytes),
            &mut loader.model.global.h1_case_adjust,
        )
        .map_err(|reason| format!("h1-headers-case-adjust-file '{path}' : {reason}.")),
        Err(_) => Err(format!(
            "h1-headers-case-adjust-file '{path}': failed to open file."
        )),
    };
    if let Err(text) = result {
        loader.shared.alert_plain(text);
    }
}

/// A pair a line; empty lines and those that begin with `#` are passed over.
fn read(text: &str, names: &mut BTreeMap<String, String>) -> Result<(), String> {
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (from, to) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let to = to.trim_start_matches([' ', '\t']);
        let added = match to {
            "" => Err("expect <to>".to_owned()),
            to => add(names, from, to),
        };
        added.map_err(|reason| format!("{reason} at line {}", number + 1))?;
    }
    Ok(())
}

fn add(names: &mut BTreeMap<String, String>, from: &str, to: &str) -> Result<(), String> {
    if !from.eq_ignore_ascii_case(to) {
        return Err("<from> and <to> must not differ execpt the case".to_owned());
    }
    match names.entry(from.to_owned()) {
        Entry::Occupied(_) => Err(format!("duplicate entry '{from}'")),
        Entry::Vacant(place) => {
            place.insert(to.to_owned());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Recorded from the reference.
    #[test]
    fn a_file_has_a_pair_a_line() {
        let read = |text| {
            let mut names = BTreeMap::new();
            read(text, &mut names).map(|()| names.into_values().collect::<Vec<_>>().join(","))
        };
        assert_eq!(
            read("# c\n   \n\tx-a\tX-A\t\nx-b X-B\n").unwrap(),
            "X-A,X-B"
        );
        assert_eq!(read("x-a").unwrap_err(), "expect <to> at line 1");
        assert_eq!(
            read("x-a X-A\nx-a X-a").unwrap_err(),
            "duplicate entry 'x-a' at line 2"
        );
        assert_eq!(
            read("x-a X-A # c").unwrap_err(),
            "<from> and <to> must not differ execpt the case at line 1"
        );
    }
}
