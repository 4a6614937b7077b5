//! The recorded verdicts of the reference, replayed: exit status, standard output and standard error.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use locum_compat_haproxy::{
    check::judge,
    load::{LoadOptions, Source, load},
    message::Printing,
};

/// Samples that need something other than one configuration file.
const LEFT_OUT: &[(u32, &str)] = &[
    (4, "a directory"),
    (29, "a file of its own"),
    (95, "a missing file"),
];

/// Samples that we refuse by a word that isn't executed yet.
const WAITING: &[u32] = &[];

struct Sample {
    number: u32,
    args: String,
    config: Vec<u8>,
    code: u8,
    stdout: String,
    stderr: String,
}

fn samples() -> Vec<Sample> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../golden-tests/samples/haproxy-check-samples.txt"
    );
    let text = std::fs::read_to_string(path).unwrap();
    text.split("\n===== ").skip(1).map(sample).collect()
}

fn sample(text: &str) -> Sample {
    let (title, rest) = text.split_once('\n').unwrap();
    let part = |from: &str, to: &str| {
        let begin = rest.find(from).map_or(0, |at| at + from.len());
        let end = rest[begin..].find(to).map_or(rest.len(), |at| begin + at);
        rest[begin..end].to_owned()
    };
    let mut config = part("----- config\n", "----- exit code").replace("\\r\n", "\r\n");
    if title.contains("no newline at end") {
        config = config.trim_end().to_owned();
    }
    Sample {
        number: title.split('.').next().unwrap().parse().unwrap(),
        args: part("$ haproxy -c ", "\n"),
        config: config.replace("\\0", "\0").into_bytes(),
        code: part("----- exit code: ", "\n").parse().unwrap(),
        stdout: part("----- stdout\n", "----- stderr"),
        stderr: part("----- stderr\n", "\0never"),
    }
}

fn disagreement(sample: &Sample) -> Option<String> {
    let options = LoadOptions {
        refuse_old_words: true,
        zero_warning: sample.args.contains("-dW"),
        environment: BTreeMap::from([("HOME".to_owned(), b"/root".to_vec())]),
        ..LoadOptions::default()
    };
    let printing = Printing {
        quiet: sample.args.contains("-q"),
        diagnostics: sample.args.contains("-dD"),
        pid: 4711,
        version: options.version.clone(),
        executable: "/usr/sbin/haproxy".to_owned(),
        ..Printing::default()
    };
    let source = Source {
        name: "cs/t.cfg".to_owned(),
        bytes: sample.config.clone().into(),
    };
    let judged = judge(&load(&[source], &options), &printing);
    let stderr = judged.stderr.replace("(4711)", "(PID)");
    let same = judged.exit_code == sample.code
        && judged.stdout.trim() == sample.stdout.trim()
        && stderr.trim() == sample.stderr.trim();
    (!same).then(|| {
        format!(
            "{}: exit {} for {}\n{stderr}",
            sample.number, judged.exit_code, sample.code
        )
    })
}

#[test]
fn recorded_verdicts_are_ours() {
    let mut wrong = Vec::new();
    let mut waiting = Vec::new();
    for sample in samples() {
        if LEFT_OUT.iter().any(|(number, _)| *number == sample.number) {
            continue;
        }
        match disagreement(&sample) {
            // Refused by a named word: the word is not there yet.
            Some(text) if text.contains("is known but not executed yet") => {
                waiting.push(sample.number)
            }
            Some(text) => wrong.push(text),
            None => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(waiting, WAITING);
}

#[test]
fn a_command_socket_is_a_listener() {
    let text = b"global\n    stats socket /run/haproxy/admin.sock mode 660 level admin\n";
    let source = Source {
        name: "haproxy.cfg".to_owned(),
        bytes: text.to_vec().into(),
    };
    let judged = judge(
        &load(&[source], &LoadOptions::default()),
        &Printing::default(),
    );
    assert_eq!(judged.exit_code, 0);
}
