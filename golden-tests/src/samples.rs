//! The recorded verdicts of `haproxy -c` in samples/haproxy-check-samples.txt, each a case of its own.

use crate::compare::Captures;
use crate::normalise::normalise;
use crate::process::Finished;
use crate::scenario::{Case, Scenario, Script, Step};
use std::collections::BTreeMap;

/// A sample as a case to play, and what it must give.
#[derive(Debug)]
pub struct Sample {
    /// One step in a folder with `cs/t.cfg` and what the samples refer to.
    pub case: Case,
    /// The recorded text, normalised.
    pub expected: Captures,
}

/// Reads all samples of the file's text.
///
/// # Errors
/// Names the sample that isn't complete.
pub fn parse(text: &str) -> Result<Vec<Sample>, String> {
    let parts = text.split("\n===== ").skip(1);
    parts.map(sample).collect()
}

fn sample(part: &str) -> Result<Sample, String> {
    let title = part.lines().next().unwrap_or_default();
    let broken = || format!("sample '{title}' is not complete");
    let (number, name) = title.split_once(". ").ok_or_else(broken)?;
    let (head, rest) = part.split_once("\n----- config\n").ok_or_else(broken)?;
    let (config, rest) = rest.split_once("\n----- exit code: ").ok_or_else(broken)?;
    let (code, rest) = rest.split_once("\n----- stdout\n").ok_or_else(broken)?;
    let (stdout, stderr) = rest.split_once("----- stderr\n").ok_or_else(broken)?;
    let command = head
        .split_once("\n$ haproxy ")
        .map(|(_, c)| c.trim_end())
        .ok_or_else(broken)?;
    // A blank line separates the samples.
    let stderr = stderr
        .strip_suffix('\n')
        .filter(|s| s.ends_with('\n') || s.is_empty())
        .unwrap_or(stderr);
    let finished = Finished {
        status: format!("exit {code}"),
        stdout: stdout.to_owned(),
        stderr: stderr.replace("(PID)", "(1)"),
    };
    let expected = normalise(&format!("$ haproxy {command}\n{}", finished.shown()));
    let number: u32 = number.parse().map_err(|_| broken())?;
    Ok(Sample {
        case: Case {
            name: format!("samples/haproxy/{number:03} {name}"),
            script: Script::Proxy(Scenario {
                about: name.to_owned(),
                // They were recorded from a version that has no words of older ones.
                ours: BTreeMap::from([("-c".to_owned(), "--compat 2.6 -c".to_owned())]),
                steps: vec![Step {
                    run: Some(command.to_owned()),
                    ..Step::default()
                }],
                ..Scenario::default()
            }),
            files: files(config, name),
            folder: None,
        },
        expected: Captures::from([("commands".to_owned(), expected)]),
    })
}

const VALID: &str = "defaults\n    mode http\n    timeout connect 1s\n    timeout client 1s\n    timeout server 1s\n";

/// The sample's configuration and the files that some of the samples refer to.
fn files(config: &str, name: &str) -> Vec<(String, Vec<u8>)> {
    let mut text = config.replace("\\r\n", "\r\n").replace("\\0", "\0");
    if let Some(line) = text.strip_suffix("\\r") {
        text = format!("{line}\r");
    }
    if name != "no newline at end" {
        text.push('\n');
    }
    let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
    vec![
        file("cs/t.cfg", &text),
        file("cs/bad.pem", "this is not a certificate\n"),
        file("cs/d/1.cfg", VALID),
        file(
            "cs/d/2.cfg",
            "frontend f\n    bind 127.0.0.1:18999\n    default_backend b\nbackend b\n    server s1 127.0.0.1:8080\n",
        ),
        file("cs/d/3.txt", "not read: the name does not end in .cfg\n"),
    ]
}
