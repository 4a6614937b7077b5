//! `filter trace [name NAME] [random-forwarding] [quiet] [hexdump]` (manual 9.1): tells on standard error what passes.
//!
//! ```text
//! filter trace name BEFORE-HTTP-COMP
//! ```
//!
//! The lines are those of the reference for a message's heads, data and ends, and for the begin and the end of a
//! stream. The reference also tells the steps of its analysers, which are its own inner life.

use std::io::Write as _;

use locum_runtime::{
    filter::{Direction, Filter, FilterDef},
    http::message::Head,
};

pub(super) static TRACE: FilterDef = FilterDef {
    name: "trace",
    make: |words| {
        let after = |word: &str| {
            let at = words.iter().position(|found| found == word)?;
            words.get(at + 1).cloned()
        };
        Box::new(Trace {
            name: after("name").unwrap_or_else(|| "TRACE".to_owned()),
            quiet: words.iter().any(|word| word == "quiet"),
            hexdump: words.iter().any(|word| word == "hexdump"),
            passed: [0; 2],
        })
    },
};

struct Trace {
    name: String,
    quiet: bool,
    hexdump: bool,
    /// Bytes that went by, per direction.
    passed: [usize; 2],
}

impl Trace {
    /// Starts a line with the filter's name, and the name of the hook.
    fn line(&self, what: &str, out: &mut Vec<u8>) {
        // Writing to a vector can't fail.
        let _ = write!(out, "[{:<20}] {what}", self.name);
    }

    fn message(&self, hook: &str, direction: Direction, out: &mut Vec<u8>) {
        let channel = channel(direction);
        self.line(&format!("{hook:<25}: channel={channel:<10}"), out);
    }
}

fn channel(direction: Direction) -> &'static str {
    match direction {
        Direction::Request => "REQUEST",
        Direction::Response => "RESPONSE",
    }
}

impl Filter for Trace {
    fn on_start(&mut self, out: &mut Vec<u8>) {
        if !self.quiet {
            self.line("trace_stream_start\n", out);
        }
    }

    fn on_head(&mut self, direction: Direction, head: &mut Head, out: &mut Vec<u8>) {
        if self.quiet {
            return;
        }
        self.message("trace_http_headers", direction, out);
        let version = String::from_utf8_lossy(head.version_text());
        let line = match direction {
            Direction::Request => [head.method(), head.uri(), version.as_bytes()].join(&b' '),
            Direction::Response => {
                let status = head.status().to_string();
                [version.as_bytes(), status.as_bytes(), head.reason()].join(&b' ')
            }
        };
        out.push(b'\t');
        out.extend_from_slice(&line);
        out.push(b'\n');
        for (name, value) in head.iter() {
            self.line("\t", out);
            out.extend_from_slice(name);
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.push(b'\n');
        }
    }

    fn on_data(&mut self, direction: Direction, bytes: &[u8], out: &mut Vec<u8>) {
        if self.quiet {
            return;
        }
        self.message("trace_http_payload", direction, out);
        let passed = &mut self.passed[usize::from(direction == Direction::Response)];
        let _ = writeln!(out, " - offset={passed} - len={}", bytes.len());
        *passed += bytes.len();
        if self.hexdump {
            dump(bytes, out);
        }
    }

    fn on_end(&mut self, direction: Direction, out: &mut Vec<u8>) {
        if !self.quiet {
            self.message("trace_http_end", direction, out);
            out.push(b'\n');
        }
    }

    fn on_stop(&mut self, out: &mut Vec<u8>) {
        if !self.quiet {
            self.line("trace_stream_stop\n", out);
        }
    }
}

/// Sixteen bytes a line, in hexadecimal and as text.
fn dump(bytes: &[u8], out: &mut Vec<u8>) {
    for (row, chunk) in bytes.chunks(16).enumerate() {
        let hex: String = chunk.iter().map(|byte| format!("{byte:02x} ")).collect();
        let text: String = chunk
            .iter()
            .map(|&byte| {
                if (0x20..0x7f).contains(&byte) {
                    char::from(byte)
                } else {
                    '.'
                }
            })
            .collect();
        let _ = writeln!(out, "\t0x{:06x}: {hex:<50}|{text}|", row * 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_trace_says_nothing() {
        let said = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            let (mut filter, mut out) = ((TRACE.make)(&words), Vec::new());
            filter.on_start(&mut out);
            filter.on_data(Direction::Response, b"ab\n", &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(said(&["name", "T", "quiet"]), "");
        let lines = said(&["name", "T", "hexdump"]);
        assert!(lines.starts_with("[T                   ] trace_stream_start\n"));
        // The reference's spacing.
        let dumped = "\t0x000000: 61 62 0a                                          |ab.|\n";
        assert!(lines.ends_with(dumped), "{lines}");
    }
}
