//! `-c`: the exit status and the lines a configuration gets (management manual 3).

use crate::{
    load::{Loaded, Verdict},
    message::{Level, Printing, render},
};

/// What `-c` prints and returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// 0 valid, 1 errors, 2 no listener.
    pub exit_code: u8,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Judges what was loaded.
pub fn judge(loaded: &Loaded, printing: &Printing) -> Judged {
    let quiet = printing.quiet || loaded.quiet;
    let file = |name: &str| {
        loaded
            .sources
            .iter()
            .find(|source| source.name == name)
            .map(|source| source.bytes.to_vec())
    };
    let printing = Printing {
        quiet,
        ..printing.clone()
    };
    let stderr = render(&loaded.messages, &printing, &file);
    let warned = loaded
        .messages
        .iter()
        .any(|message| message.level == Level::Warning);
    let (exit_code, line) = match loaded.verdict {
        Verdict::Invalid => (1, ""),
        Verdict::Valid => (0, "Configuration file is valid\n"),
        Verdict::NoListener => (
            2,
            "Configuration file has no error but will not start (no listener) => exit(2).\n",
        ),
    };
    let mut stdout = String::new();
    if !quiet && !line.is_empty() {
        if warned {
            stdout.push_str("Warnings were found.\n");
        }
        stdout.push_str(line);
    }
    Judged {
        exit_code,
        stdout,
        stderr,
    }
}
