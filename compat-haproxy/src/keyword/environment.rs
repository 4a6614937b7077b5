//! `setenv`, `presetenv`, `unsetenv`, `resetenv`, `default-path`: what later lines expand to (manual 3.1).
//!
//! ```text
//! setenv ADDRESS 192.0.2.1
//! presetenv PORT 8080
//! ```

use super::GlobalKeyword;
use crate::{
    load::{DefaultPath, Fault, Lowered},
    section::GlobalLine,
};

/// Rows.
pub static ROWS: &[GlobalKeyword] = &[
    GlobalKeyword::executed(
        "default-path",
        "{ current | config | parent | origin <path> }",
        default_path,
    ),
    GlobalKeyword::executed("presetenv", "<name> <value>", setenv),
    GlobalKeyword::executed("resetenv", "[<name> …]", resetenv),
    GlobalKeyword::executed("setenv", "<name> <value>", setenv),
    GlobalKeyword::executed("unsetenv", "[<name> …]", unsetenv),
];

fn setenv(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    line.line.at_most(2, 1)?;
    if !line.line.has(2) {
        return Err(Fault::tight(format!(
            "'{word}' expects a name and a value."
        )));
    }
    let (name, value) = (line.line.text(1), line.line.bytes(2).to_vec());
    // `presetenv` leaves a variable alone that exists.
    if word == "presetenv" && line.line.shared.environment.has(&name) {
        return Ok(());
    }
    line.line.shared.environment.set(&name, &value);
    Ok(())
}

fn unsetenv(line: &mut GlobalLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err(Fault::tight(
            "'unsetenv' expects at least one variable name.",
        ));
    }
    let mut at = 1;
    while line.line.has(at) {
        let name = line.line.text(at);
        line.line.shared.environment.unset(&name);
        at += 1;
    }
    Ok(())
}

fn resetenv(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let names: Vec<String> = (1..line.line.words.len())
        .map(|index| line.line.text(index))
        .collect();
    line.line.shared.environment.keep_only(&names);
    Ok(())
}

fn default_path(line: &mut GlobalLine<'_, '_>) -> Lowered {
    const MODES: &str =
        "for 'default-path', supported modes include 'current', 'config', 'parent', and 'origin'.";
    let mode = line.line.text(1);
    line.line.shared.default_path = match mode.as_str() {
        "" => return Err(format!("missing default-path mode '' {MODES}").into()),
        "current" => DefaultPath::Current,
        "config" => DefaultPath::Config,
        "parent" => DefaultPath::Parent,
        "origin" if !line.line.has(2) => {
            return Err("'default-path' expects a directory as an argument for 'origin'.".into());
        }
        "origin" => DefaultPath::Origin(line.line.text(2)),
        _ => return Err(format!("unsupported default-path mode '{mode}' {MODES}").into()),
    };
    Ok(())
}
