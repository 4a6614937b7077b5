//! How files are made and read: umask, where copies of the configuration go, what `include` is strict about.

use std::path::PathBuf;

use locum_parser::keepalived::{IncludeCheck, Line};

use super::named_switch;
use crate::inside::names::c_number;
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, accepted, row},
};

pub(super) const ROWS: &[Row] = &[
    accepted("config_save_dir", |pass, line| {
        let directory = pass.parameter(line, 1)?;
        pass.draft.configuration.global.config_save_dir = Some(PathBuf::from(directory));
        Ok(())
    }),
    row("data_use_instance", |pass, line| {
        if let Some(on) = named_switch(pass, line, "date_use_instance") {
            pass.draft.configuration.global.data_use_instance = on;
        }
        Ok(())
    }),
    row("include_check", include_check),
    // Version 1.2 had it; the reference calls it unknown.
    row("plugin_dir", |pass, line| {
        pass.error("Unknown keyword 'plugin_dir'");
        pass.draft.configuration.global.plugin_dir = value::word(line, 1).map(PathBuf::from);
        Ok(())
    }),
    accepted("random_seed", |pass, line| {
        let text = pass.parameter(line, 1)?;
        match pass.number(number::unsigned(&text, 0, u32::MAX)) {
            Some(seed) => pass.draft.configuration.global.random_seed = Some(seed),
            None => pass.error(format!("random_seed {text} invalid")),
        }
        Ok(())
    }),
    accepted("tmp_config_directory", |pass, line| {
        match value::word(line, 1) {
            Some(directory) => {
                pass.draft.configuration.global.tmp_config_directory = Some(directory.into());
            }
            None => pass.error("tmp_config_directory missing directory name"),
        }
        Ok(())
    }),
    row("umask", umask),
];

/// `include_check [+-]OPTION …`; the reference doesn't know the `readable` of its manual, and no two plain words.
fn include_check(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    if line.words.len() == 1 {
        pass.reader().set_include_check(IncludeCheck::ALL);
        return Ok(());
    }
    let before = pass.reader().include_check();
    let mut check = before;
    for index in 1..line.words.len() {
        let text = value::word(line, index).unwrap_or_default();
        let sign = text.chars().next().filter(|sign| matches!(sign, '+' | '-'));
        let name = text.strip_prefix(['+', '-']).unwrap_or(&text);
        if sign.is_none() && index > 1 {
            pass.error(format!(
                "Duplicate include_check '{name}' specified - ignoring"
            ));
            continue;
        }
        let on = sign != Some('-');
        if sign.is_none() {
            check = IncludeCheck::default();
        }
        match name {
            "match" => check.matching = on,
            "wildcard_match" => check.wildcard_match = on,
            "brace_match" => check.brace_match = on,
            _ => pass.error(format!("Unknown include_check type '{name}' - ignoring")),
        }
    }
    let none = IncludeCheck::default();
    pass.reader().set_include_check(none.with(check));
    Ok(())
}

const BITS: [(&str, u32); 12] = [
    ("IRUSR", 0o400),
    ("IWUSR", 0o200),
    ("IXUSR", 0o100),
    ("IRGRP", 0o040),
    ("IWGRP", 0o020),
    ("IXGRP", 0o010),
    ("IROTH", 0o004),
    ("IWOTH", 0o002),
    ("IXOTH", 0o001),
    ("IRWXU", 0o700),
    ("IRWXG", 0o070),
    ("IRWXO", 0o007),
];

/// `umask NUMBER` in C's notation, or `umask BIT | BIT …`.
fn umask(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let first = pass.parameter(line, 1)?;
    if first.starts_with(|first: char| first.is_ascii_digit()) {
        if line.words.len() > 2 {
            pass.error("Extra parameter(s) to umask option");
            return Ok(());
        }
        match c_number(&first).filter(|mask| *mask <= 0o777) {
            Some(mask) => pass.draft.configuration.global.umask = Some(mask),
            None => pass.error(format!("invalid umask value {first}")),
        }
        return Ok(());
    }
    let rest = String::from_utf8_lossy(line.rest(1)).into_owned();
    let mut mask = 0;
    for bit in rest.split(['|', ' ', '\t']).filter(|bit| !bit.is_empty()) {
        let bit = bit.trim_matches('"');
        match BITS.iter().find(|(name, _)| *name == bit) {
            Some((_, value)) => mask |= value,
            None => {
                let bit = if first.contains(bit) { &first } else { bit };
                pass.error(format!("Unknown umask bit {bit}"));
                return Ok(());
            }
        }
    }
    pass.draft.configuration.global.umask = Some(mask);
    Ok(())
}
