//! The recorded verdicts of the reference's configuration test, replayed: exit status and the set of messages.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use locum_compat_keepalived::load::{Loaded, Process, Request, load, test};

use crate::machine::Recorded;

/// Where ours is meant to say something else.
const DIFFERENT: &[(u32, &str)] = &[
    (5, "a missing file: the reference passes it"),
    (
        55,
        "a missing file that is included by its name: the reference passes it",
    ),
    (75, "the reference crashes"),
];

struct Sample {
    number: u32,
    command: String,
    config: String,
    code: u8,
    said: BTreeSet<String>,
}

fn text(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../golden-tests/samples/");
    std::fs::read_to_string(Path::new(folder).join(name)).unwrap()
}

fn samples() -> Vec<Sample> {
    let text = text("keepalived-config-test-samples.txt");
    let parts = text.split("\n=== ").skip(1);
    parts.filter_map(sample).collect()
}

fn sample(part: &str) -> Option<Sample> {
    let number: u32 = part.split('.').next()?.parse().unwrap();
    let between = |from: &str, to: &str| {
        let rest = part.split_once(from)?.1;
        Some(rest.split(to).next()?.to_owned())
    };
    let mut said = between("--- stderr\n", "\0never").unwrap();
    if let Some((_, file)) = said.clone().split_once("--- logf\n") {
        said = file.to_owned();
    }
    let mut config = between("--- config\n", "--- rc ").unwrap();
    if part.contains("CRLF") {
        config = config.replace('\n', "\r\n");
    }
    Some(Sample {
        number,
        command: between("--- cmd: ", "\n").unwrap(),
        config,
        // A crash has no status.
        code: between("--- rc ", "\n").unwrap().parse().unwrap_or(255),
        said: lines(&said),
    })
}

fn lines(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

fn said(loaded: &Loaded) -> BTreeSet<String> {
    let messages = loaded.messages.iter();
    messages.map(|message| message.text.clone()).collect()
}

fn played(config: &str, id: Option<&str>) -> Loaded {
    let name = "sample.conf";
    let included = "vrrp_instance VI_1 {\n    interface v0\n    virtual_router_id 51\n    virtual_ipaddress {\n        192.0.2.1/24\n    }\n}\n";
    let files = HashMap::from([
        (name.into(), config.as_bytes().to_vec()),
        ("inc1.conf".into(), included.as_bytes().to_vec()),
    ]);
    let machine = Recorded { files };
    test(&Request {
        file: Path::new(name),
        config_id: id,
        all_config: false,
        testing: true,
        system: &machine,
    })
}

#[test]
fn recorded_verdicts_are_ours() {
    let mut wrong = Vec::new();
    let samples = samples();
    assert_eq!(samples.len(), 88);
    for sample in samples {
        if DIFFERENT.iter().any(|(number, _)| *number == sample.number) {
            continue;
        }
        let id = sample.command.split_once("-i ").map(|(_, id)| id.trim());
        let loaded = played(&sample.config, id);
        let ours = said(&loaded);
        let code = loaded.status.exit_code();
        if code == sample.code && ours == sample.said {
            continue;
        }
        wrong.push(format!(
            "{}: exit {code} for {}\n  missing: {:#?}\n  more: {:#?}",
            sample.number,
            sample.code,
            sample.said.difference(&ours).collect::<Vec<_>>(),
            ours.difference(&sample.said).collect::<Vec<_>>(),
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The configurations themselves are the package's and stay there; what the reference says to them is recorded.
#[test]
fn the_samples_of_the_package_get_the_references_verdict() {
    let folder = Path::new("/usr/share/doc/keepalived/samples");
    let recorded = text("keepalived-package-samples.txt");
    let mut wrong = BTreeMap::new();
    for part in recorded.split("\n=== ").skip(1) {
        let (name, rest) = part.split_once('\n').unwrap();
        let Ok(config) = std::fs::read_to_string(folder.join(name)) else {
            continue;
        };
        let (code, rest) = rest.split_once('\n').unwrap();
        let code: u8 = code.strip_prefix("--- rc ").unwrap().parse().unwrap();
        let theirs = lines(rest);
        let loaded = played(&config, None);
        let ours = said(&loaded);
        if loaded.status.exit_code() != code || ours != theirs {
            let missing: Vec<_> = theirs.difference(&ours).cloned().collect();
            let more: Vec<_> = ours.difference(&theirs).cloned().collect();
            let code = (loaded.status.exit_code(), code);
            wrong.insert(name.to_owned(), (code, missing, more));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_parent_sees_what_is_refused_in_blocks_of_children() {
    let config = "vrrp_instance VI_1 {\n interface v0\n virtual_router_id 5\n vrf red\n virtual_ipaddress {\n 192.0.2.1 dev v1\n }\n}\n";
    let files = HashMap::from([("k.conf".into(), config.as_bytes().to_vec())]);
    let request = Request {
        file: Path::new("k.conf"),
        config_id: None,
        all_config: false,
        testing: false,
        system: &Recorded { files },
    };
    let loaded = load(&request, Process::Parent);
    let words: Vec<&str> = loaded.unexecuted.iter().map(|word| word.word).collect();
    assert_eq!(words, ["vrf"]);
    let allowed = ["vrf".to_owned()];
    assert!(loaded.refusals(&allowed).is_empty());
}

#[test]
fn a_missing_file_is_an_error() {
    let loaded = test(&Request {
        file: Path::new("nothere.conf"),
        config_id: None,
        all_config: false,
        testing: true,
        system: &Recorded::default(),
    });
    assert_eq!(loaded.status.exit_code(), 5);
    assert!(
        said(&loaded)
            .iter()
            .any(|text| text.contains("nothere.conf"))
    );
}

/// What a configuration test makes of this file.
fn tested(config: &str) -> Loaded {
    let files = HashMap::from([("k.conf".into(), config.as_bytes().to_vec())]);
    test(&Request {
        file: Path::new("k.conf"),
        config_id: None,
        all_config: false,
        testing: true,
        system: &Recorded { files },
    })
}

#[test]
fn a_refused_block_is_one_line_with_the_words_in_it() {
    let server = "virtual_server 192.0.2.10 80 {\n lb_algo rr\n real_server 192.0.2.21 80 {\n  weight 1\n }\n}\n";
    let loaded = tested(&format!("{server}{server}"));
    assert_eq!(
        loaded.refusals(&[]),
        [
            "k.conf:1: 'virtual_server' (2 of them, with 6 words) is known but not executed yet; --allow-unexecuted=virtual_server starts without it"
        ]
    );
    assert!(loaded.warnings(&[]).is_empty());
    let allowed = ["virtual_server".to_owned()];
    assert!(loaded.refusals(&allowed).is_empty());
    assert_eq!(loaded.warnings(&allowed).len(), 1);
}

#[test]
fn a_master_without_a_priority_owns_the_addresses() {
    let instance = |words: &str| {
        let loaded = tested(&format!(
            "vrrp_instance V {{\n interface v0\n virtual_router_id 7\n {words}\n virtual_ipaddress {{\n 192.0.2.7\n }}\n}}\n"
        ));
        loaded
            .configuration
            .instances
            .first()
            .map(|one| one.priority)
    };
    assert_eq!(instance("state MASTER"), Some(255));
    assert_eq!(instance("state MASTER\n priority 300"), Some(100));
    assert_eq!(instance("state BACKUP"), Some(100));
}

#[test]
fn an_instance_without_an_id_ends_the_judgement_and_the_start() {
    let loaded =
        tested("vrrp_instance A {\n interface v0\n}\nvrrp_sync_group G {\n group {\n  B\n }\n}\n");
    let texts: Vec<&str> = loaded
        .messages
        .iter()
        .map(|one| one.text.as_str())
        .collect();
    assert_eq!(texts, ["(A) the virtual router id must be set"]);
    assert!(loaded.fatal);
}
