//! `locum`: the faces under their own names, and our subcommands, one folder each.

pub mod demo;
pub mod links;

use std::{
    ffi::{OsStr, OsString},
    io::Write,
    path::Path,
};

use locum_runtime::process::Exit;

/// What `locum` alone says.
const USAGE: &str = "\
Usage: locum <command>

  demo                    serve an embedded configuration with three origins, and say what to try
  links DIR               make the links `haproxy` and `keepalived` in DIR, for swapping the binaries
  haproxy ARGS...         be haproxy with these arguments
  keepalived ARGS...      be keepalived with these arguments

Under the name `haproxy` or `keepalived` (a link) it takes that program's command line.
";

/// Runs the program under the name it was called by.
pub fn run(argv: &[OsString]) -> Exit {
    let name = argv
        .first()
        .map(Path::new)
        .and_then(Path::file_name)
        .unwrap_or(OsStr::new("locum"));
    match name.to_str() {
        Some("haproxy") => return locum_compat_haproxy::face::run(argv),
        Some("keepalived") => return locum_compat_keepalived::run(argv),
        _ => {}
    }
    let rest = argv.get(1..).unwrap_or_default();
    match rest.first().and_then(|word| word.to_str()) {
        Some("haproxy") => locum_compat_haproxy::face::run(rest),
        Some("keepalived") => locum_compat_keepalived::run(rest),
        Some("demo") => demo::run(&rest[1..]),
        Some("links") => links::run(&rest[1..]),
        Some("help" | "--help" | "-h") => print(USAGE, 0),
        _ => {
            let _ = std::io::stderr().write_all(USAGE.as_bytes());
            Exit::Status(2)
        }
    }
}

/// Whether this command line asks for a face whose memory matters more than the time of an allocation: failover idles,
/// in several processes. Called before there is an allocator.
pub fn is_frugal(words: &mut dyn Iterator<Item = &[u8]>) -> bool {
    let name = words.next().unwrap_or_default();
    match name.rsplit(|byte| *byte == b'/').next() {
        Some(b"keepalived") => true,
        Some(b"haproxy") | None => false,
        Some(_) => words.next() == Some(b"keepalived"),
    }
}

fn print(text: &str, status: u8) -> Exit {
    // A reader that has gone changes nothing.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Exit::Status(status)
}
