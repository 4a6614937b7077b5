//! What docs/ARCHITECTURE.md promises and a test can check: the arrows between crates, where `unsafe` is, which words the
//! runtime may not spell, how long files are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test; clippy only knows those that are #[test] themselves"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

/// Which of our crates each of them may use. Nothing else is an arrow.
const ARROWS: &[(&str, &[&str])] = &[
    ("locum-parser", &[]),
    ("locum-model", &[]),
    ("locum-kernel", &[]),
    ("locum-runtime", &["locum-kernel", "locum-model"]),
    (
        "locum-compat-haproxy",
        &["locum-model", "locum-parser", "locum-runtime"],
    ),
    (
        "locum-vrrp",
        &["locum-kernel", "locum-model", "locum-runtime"],
    ),
    (
        "locum-compat-keepalived",
        &["locum-model", "locum-parser", "locum-runtime", "locum-vrrp"],
    ),
    ("golden-tests", &[]),
    // The root uses the faces, and of the runtime how a process ends; golden-tests as a library.
    (
        "locum",
        &[
            "golden-tests",
            "locum-compat-haproxy",
            "locum-compat-keepalived",
            "locum-runtime",
        ],
    ),
];

/// The only crate that may say `unsafe`, and that therefore has a table of lints of its own.
const UNSAFE_ROOM: &str = "runtime/kernel";

/// How many files may be longer than [`LONG`] lines: the present ones. Split one, then lower this.
const LONG_FILES: usize = 4;
const LONG: usize = 600;

/// Words of HAProxy's configuration that mean nothing else: the runtime gets them from the faces.
const CONFIGURATION_WORDS: &[&str] = &[
    "abortonclose",
    "accept-proxy",
    "default-server",
    "default_backend",
    "dynamic-cookie-key",
    "errorfile",
    "forwardfor",
    "hash-type",
    "http-after-response",
    "http-buffer-request",
    "http-check",
    "http-keep-alive",
    "http-request",
    "http-response",
    "http-reuse",
    "http-server-close",
    "httpchk",
    "httpclose",
    "httplog",
    "init-addr",
    "leastconn",
    "log-format",
    "max-reuse",
    "monitor-uri",
    "on-marked-down",
    "pool-low-conn",
    "pool-max-conn",
    "pool-purge-delay",
    "redispatch",
    "roundrobin",
    "send-proxy",
    "send-proxy-v2",
    "slowstart",
    "static-rr",
    "stick-table",
    "tcp-check",
    "tcp-request",
    "tcp-response",
    "tcplog",
    "timeout http-request",
    "use-server",
    "use_backend",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The workspace's manifests by folder, the root's (`.`) included.
fn manifests() -> BTreeMap<String, Table> {
    let workspace = manifest(".");
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let mut all: BTreeMap<String, Table> = members
        .iter()
        .map(|member| member.as_str().unwrap())
        .map(|member| (member.to_owned(), manifest(member)))
        .collect();
    all.insert(".".into(), workspace);
    all
}

fn manifest(folder: &str) -> Table {
    let path = root().join(folder).join("Cargo.toml");
    fs::read_to_string(&path).unwrap().parse().unwrap()
}

fn name(manifest: &Table) -> &str {
    manifest["package"]["name"].as_str().unwrap()
}

/// All crates that a manifest names, of every kind: normal, build, test, and per target.
fn dependencies(table: &Table, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        match (key.as_str(), value) {
            ("dependencies" | "dev-dependencies" | "build-dependencies", Value::Table(crates)) => {
                for (name, how) in crates {
                    // `alias = { package = "name" }` is the crate `name`.
                    let package = how.get("package").and_then(Value::as_str);
                    found.insert(package.unwrap_or(name).to_owned());
                }
            }
            ("target", Value::Table(targets)) => {
                for target in targets.values().filter_map(Value::as_table) {
                    dependencies(target, found);
                }
            }
            _ => {}
        }
    }
}

/// Every file below a folder with this ending; target folders and hidden ones are left out.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_symlink() || name.starts_with('.') && name != ".ci" {
            continue;
        }
        if path.is_dir() {
            if name != "target" && name != "corpus" && name != "artifacts" {
                files(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    files(&root().join(folder), ".rs", &mut paths);
    paths
        .into_iter()
        .map(|path| (shown(&path), fs::read_to_string(&path).unwrap()))
        .collect()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

#[test]
fn crates_use_each_other_only_along_the_arrows() {
    let manifests = manifests();
    let ours: BTreeSet<&str> = manifests.values().map(name).collect();
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for manifest in manifests.values() {
        let allowed = arrows
            .get(name(manifest))
            .unwrap_or_else(|| panic!("{} has no row among the arrows", name(manifest)));
        let mut used = BTreeSet::new();
        dependencies(manifest, &mut used);
        let wrong: Vec<_> = used
            .iter()
            .filter(|used| ours.contains(used.as_str()) && !allowed.contains(&used.as_str()))
            .collect();
        assert!(
            wrong.is_empty(),
            "{} may not use {wrong:?}: see docs/ARCHITECTURE.md, arrows",
            name(manifest)
        );
    }
}

#[test]
fn every_crate_inherits_the_lints_of_the_workspace() {
    let manifests = manifests();
    for (folder, manifest) in &manifests {
        let lints = manifest["lints"].as_table().unwrap();
        if folder == UNSAFE_ROOM {
            assert!(lints["clippy"].get("undocumented_unsafe_blocks").is_some());
        } else {
            let inherits = lints.get("workspace").and_then(Value::as_bool);
            assert_eq!(inherits, Some(true), "{folder}");
        }
    }
    let workspace = &manifests["."]["workspace"];
    let unsafe_code = workspace["lints"]["rust"]["unsafe_code"].as_str();
    assert_eq!(unsafe_code, Some("forbid"));
}

#[test]
fn unsafe_code_is_in_the_kernel_crate_only() {
    let forms = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
    for member in manifests().keys().filter(|member| *member != ".") {
        for (path, text) in sources(member) {
            let inside = path.starts_with(UNSAFE_ROOM);
            let found = code(&text).any(|(_, line)| forms.iter().any(|form| line.contains(form)));
            assert!(inside || !found, "{path}");
        }
    }
    for (path, text) in sources("src") {
        assert!(
            !code(&text).any(|(_, line)| line.contains("unsafe {")),
            "{path}"
        );
    }
}

/// The lines of a file that aren't comments, numbered from 1.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn the_runtime_spells_no_configuration_word() {
    let literals: Vec<String> = CONFIGURATION_WORDS
        .iter()
        .flat_map(|word| [format!("\"{word}\""), format!("\"{word} ")])
        .collect();
    let mut found = Vec::new();
    for (path, text) in sources("runtime/src") {
        if path.ends_with("tests.rs") {
            continue;
        }
        // Tests stand last in a file.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (at, line) in code(text) {
            if literals.iter().any(|word| line.contains(word.as_str())) {
                found.push(format!("{path}:{at}: {}", line.trim()));
            }
        }
    }
    assert!(
        found.is_empty(),
        "words belong to a compat crate:\n{}",
        found.join("\n")
    );
}

#[test]
fn the_two_faces_never_name_each_other() {
    for (face, other) in [
        ("compat-haproxy", "locum_compat_keepalived"),
        ("compat-keepalived", "locum_compat_haproxy"),
    ] {
        for (path, text) in sources(face) {
            assert!(!text.contains(other), "{path}");
        }
    }
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    // Put together here, or this file would be found.
    let paths = [["/wor", "k/"].concat(), ["/root/", "."].concat()];
    let endings = [
        ".rs", ".toml", ".md", ".cfg", ".txt", ".html", ".css", ".csv", "run", ".lock",
    ];
    let mut found = Vec::new();
    for ending in endings {
        files(root(), ending, &mut found);
    }
    for path in found {
        let text = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&text);
        for (at, line) in text.lines().enumerate() {
            let named = paths.iter().any(|path| line.contains(path.as_str()));
            assert!(!named, "{}:{}: {line}", shown(&path), at + 1);
        }
    }
}

#[test]
fn long_files_do_not_grow_in_number() {
    let long: Vec<String> = sources(".")
        .into_iter()
        .map(|(path, text)| (text.lines().count(), path))
        .filter(|(lines, _)| *lines > LONG)
        .map(|(lines, path)| format!("{lines:5} {path}"))
        .collect();
    assert!(
        long.len() <= LONG_FILES,
        "a file past {LONG} lines is two files; there are {} where {LONG_FILES} were:\n{}",
        long.len(),
        long.join("\n")
    );
}

#[test]
fn every_source_file_opens_with_a_sentence() {
    for member in [
        "parser",
        "model",
        "runtime",
        "compat-haproxy",
        "compat-keepalived",
        "golden-tests",
        "src",
    ] {
        let silent: Vec<_> = sources(member)
            .into_iter()
            .filter(|(_, text)| !text.starts_with("//!"))
            .map(|(path, _)| path)
            .filter(|path| !path.ends_with("tests.rs") && !path.contains("/tests/"))
            .collect();
        assert!(silent.is_empty(), "no `//!` first: {silent:#?}");
    }
}
