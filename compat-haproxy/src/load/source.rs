//! `-f`: files, directories and pipes, read completely before anything is parsed (management manual 3).

use std::{io::Read, sync::Arc};

use crate::message::{Level, Message};

/// A configuration file as it was read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name as messages spell it.
    pub name: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// Reads what `-f` options name. A directory stands for the `*.cfg` files in it that don't begin with a dot, in the
/// order of their names; `-` is standard input.
///
/// # Errors
/// The messages of the reference for what can't be read.
pub fn read_sources(paths: &[String]) -> Result<Vec<Source>, Vec<Message>> {
    let mut sources = Vec::new();
    for path in paths {
        if path == "-" {
            sources.push(read_one("/dev/stdin", path)?);
            continue;
        }
        let found = std::fs::metadata(path).map_err(|error| {
            let reason = reason(&error);
            alert(format!(
                "Cannot open configuration file/directory {path} : {reason}"
            ))
        })?;
        if !found.is_dir() {
            sources.push(read_one(path, path)?);
            continue;
        }
        for name in directory(path)? {
            let full = format!("{path}/{name}");
            sources.push(read_one(&full, &full)?);
        }
    }
    Ok(sources)
}

/// The names in a directory that count, sorted.
fn directory(path: &str) -> Result<Vec<String>, Vec<Message>> {
    let entries = std::fs::read_dir(path).map_err(|error| {
        alert(format!(
            "Cannot open configuration directory {path} : {}",
            reason(&error)
        ))
    })?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| std::fs::metadata(entry.path()).is_ok_and(|found| found.is_file()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".cfg") && !name.starts_with('.'))
        .collect();
    names.sort();
    Ok(names)
}

fn read_one(path: &str, name: &str) -> Result<Source, Vec<Message>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(|error| {
            alert(format!(
                "Could not open configuration file {name} : {}",
                reason(&error)
            ))
        })?;
    Ok(Source {
        name: name.to_owned(),
        bytes: bytes.into(),
    })
}

fn alert(text: String) -> Vec<Message> {
    vec![Message {
        level: Level::Alert,
        text,
        at: None,
    }]
}

/// The system's text for an error, without the number that the standard library adds.
pub fn reason(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).desc().to_owned(),
        None => error.to_string(),
    }
}
