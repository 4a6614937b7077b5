//! `haproxy -c` and nothing else: judges the files given by `-f`.
//!
//! ```text
//! cargo run -p locum-compat-haproxy --example check -- -f /etc/haproxy/haproxy.cfg
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{collections::BTreeMap, os::unix::ffi::OsStringExt, process::ExitCode};

use locum_compat_haproxy::{
    check::judge,
    load::{LoadOptions, load, read_sources},
    message::{Printing, render},
};

fn main() -> ExitCode {
    let mut files = Vec::new();
    let mut options = LoadOptions::default();
    let mut printing = Printing {
        pid: std::process::id(),
        version: options.version.clone(),
        executable: "/usr/sbin/haproxy".to_owned(),
        ..Printing::default()
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-f" => files.extend(words.next()),
            "-q" => printing.quiet = true,
            "-dW" => options.zero_warning = true,
            "-dD" => printing.diagnostics = true,
            _ => {
                if let Some(allowed) = word.strip_prefix("--allow-unexecuted=") {
                    options.allow_unexecuted.insert(allowed.to_owned());
                }
            }
        }
    }
    options.environment = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.into_vec()))
        .collect::<BTreeMap<_, _>>();
    let sources = match read_sources(&files) {
        Ok(sources) => sources,
        Err(messages) => {
            eprint!("{}", render(&messages, &printing, &|_| None));
            return ExitCode::from(1);
        }
    };
    let loaded = load(&sources, &options);
    let judged = judge(&loaded, &printing);
    eprint!("{}", judged.stderr);
    print!("{}", judged.stdout);
    ExitCode::from(judged.exit_code)
}
