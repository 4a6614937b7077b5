//! `-t`: the configuration is read as every process of the daemon would, and judged.

use std::{io::Write, path::Path};

use locum_runtime::process::Exit;

use super::{log::Log, reading::Reading};
use crate::args::Args;

/// Reads, says what there is to say on standard error or in a file, and ends with the reference's status.
pub(super) fn run(args: &Args, file: Option<&Path>) -> Exit {
    let log = match Log::of_test(file) {
        Ok(log) => log,
        Err(error) => {
            let text = format!(
                "Unable to open config-test log file {} {}\n",
                file.unwrap_or(Path::new("")).display(),
                reason(&error)
            );
            let _ = std::io::stderr().write_all(text.as_bytes());
            return Exit::Status(1);
        }
    };
    let loaded = Reading::of(args).test();
    for message in &loaded.messages {
        log.say(&message.text);
    }
    for line in loaded.refusals(&args.allowed) {
        log.say(line);
    }
    for line in loaded.warnings(&args.allowed) {
        log.say(line);
    }
    log.finish();
    Exit::Status(loaded.status.exit_code())
}

/// `2 - No such file or directory`
fn reason(error: &std::io::Error) -> String {
    let number = error.raw_os_error().unwrap_or(0);
    format!("{number} - {}", nix::errno::Errno::from_raw(number).desc())
}
