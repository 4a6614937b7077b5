//! A scenario: a folder with `scenario.toml`, the configuration files that it starts with, and `expected/`.
//!
//! The format is told in golden-tests/README.md; the field comments here are its reference.

use crate::cluster;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What `scenario.toml` says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One sentence: what behaviour this settles.
    pub about: String,
    /// What the machine must have: `root` (several uids).
    #[serde(default)]
    pub needs: Vec<String>,
    /// Seconds until the whole scenario counts as stuck.
    #[serde(default)]
    pub deadline: Option<u64>,
    /// Log lines of several workers have no order: sort them.
    #[serde(default)]
    pub sort_log: bool,
    /// How often a log line repeats depends on time: equal lines are recorded once.
    #[serde(default)]
    pub unique_log: bool,
    /// Several processes write to one stderr in no order: sort its lines.
    #[serde(default)]
    pub sort_output: bool,
    /// Servers behind the proxy, by name.
    #[serde(default)]
    pub origins: BTreeMap<String, Origin>,
    /// More log sinks beside 127.0.0.1:514 and /dev/log: name -> `IP:PORT` (UDP) or a path (unix datagram).
    #[serde(default)]
    pub sinks: BTreeMap<String, String>,
    /// Words of programs' arguments, and what ours gets in their place: an option that the reference doesn't know, a
    /// configuration in words that the reference has dropped.
    #[serde(default)]
    pub ours: BTreeMap<String, String>,
    /// What happens, in order. None at all means one: `haproxy -c -f haproxy.cfg`.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// A scripted server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// `IP:PORT` or a path of a unix socket.
    pub listen: String,
    /// HTTP answers; the first that fits is taken. Without any: 200 with the origin's name as body.
    #[serde(default)]
    pub replies: Vec<Reply>,
    /// Raw connections instead of HTTP: what to do on the first, second … connection; the last one repeats.
    #[serde(default)]
    pub scripts: Vec<Vec<Act>>,
    /// Takes part of the TCP handshake only: the queue of the listening socket is full.
    #[serde(default)]
    pub deaf: bool,
    /// Closed from the beginning; a `listen` step opens it.
    #[serde(default)]
    pub closed: bool,
    /// A PROXY header comes before each connection's first request.
    #[serde(default)]
    pub proxy_header: bool,
    /// Don't write down what was received (health checks, whose number varies).
    #[serde(default)]
    pub unrecorded: bool,
}

/// One HTTP answer of an origin.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Only for this request target (exactly).
    pub path: Option<String>,
    /// Only for this method.
    pub method: Option<String>,
    /// Only for the n-th request of this origin, from 1.
    pub nth: Option<usize>,
    /// Only for the n-th request of its connection, from 1.
    pub nth_on_connection: Option<usize>,
    /// The bytes of the answer (escapes as in `send`). Default: 200 with the origin's name.
    pub send: Option<String>,
    /// A second part, sent after `pause`.
    pub then_send: Option<String>,
    /// Between `send` and `then_send`.
    pub pause: Option<String>,
    /// Wait so long before answering.
    pub delay: Option<String>,
    /// Wait for the step `release = "ORIGIN"` before answering.
    #[serde(default)]
    pub hold: bool,
    /// Answer once the head is there, without waiting for the body.
    #[serde(default)]
    pub early: bool,
    /// `close`, `reset`, `hang` (never answer more) or `echo` (tunnel) behind the answer. Default: the next request.
    pub then: Option<String>,
}

/// One act of a raw origin connection.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// Send these bytes.
    pub send: Option<String>,
    /// Receive: `head`, `request`, `close`, or `N bytes`.
    pub recv: Option<String>,
    /// Receive until these bytes came.
    pub recv_until: Option<String>,
    /// Wait.
    pub pause: Option<String>,
    /// `close`, `reset`, `half-close`, `hang`, `echo`, `hold` (until released).
    pub act: Option<String>,
}

/// One step. Exactly one of the verbs (the first block) is set; the others shape it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Run the program with these arguments to its end: exit code, stdout, stderr go to `commands.txt`.
    pub run: Option<String>,
    /// Start the program with these arguments (empty: `-db -f haproxy.cfg`).
    pub start: Option<String>,
    /// Open a client connection with this name.
    pub open: Option<String>,
    /// Send these bytes on `on`, or on the connection opened last.
    pub send: Option<String>,
    /// Receive: `response`, `head`, `close`, `N bytes`, or `nothing` (for `within`).
    pub recv: Option<String>,
    /// Receive until these bytes came.
    pub recv_until: Option<String>,
    /// Shut down the sending side of a connection.
    pub half_close: Option<String>,
    /// Close a connection.
    pub close: Option<String>,
    /// Close a connection with a reset.
    pub reset: Option<String>,
    /// A request on a connection of its own: open, send, receive the response, close.
    pub get: Option<String>,
    /// Send a signal: `USR1`, `TERM` …
    pub signal: Option<String>,
    /// A command on the stats socket; the answer goes to `cli.txt`.
    pub cli: Option<String>,
    /// Wait until the log has a line that fits this pattern (`count` of them).
    pub wait_log: Option<String>,
    /// Wait until this command's answer fits `fits`.
    pub wait_cli: Option<String>,
    /// Wait until a started program (`name`) has written text that fits this pattern.
    pub wait_output: Option<String>,
    /// Wait until this file exists.
    pub wait_file: Option<String>,
    /// Wait until a started program has ended; its status goes to `process-NAME.txt` anyway.
    pub wait_exit: Option<String>,
    /// Wait until an origin has seen `requests`, `connections` and `closed` so many.
    pub wait_origin: Option<String>,
    /// Let what an origin holds go on.
    pub release: Option<String>,
    /// Close an origin's listening socket (connections are refused) and what it has accepted; or a log sink.
    pub down: Option<String>,
    /// Open an origin's listening socket (again), or a log sink.
    pub listen: Option<String>,
    /// A log sink reads no more: what is sent to it fills its queue. `listen` lets a new one read.
    pub stall: Option<String>,
    /// Change the descriptor limit of a running program (`name`) to this.
    pub limit_descriptors: Option<u64>,
    /// Fails when a running program (`name`) has ever taken more memory than so many KiB (VmHWM).
    pub peak_memory_kib: Option<u64>,
    /// Write `text` into this file.
    pub write: Option<String>,
    /// Put a file's kind, mode, owner and text into `files.txt`.
    pub file: Option<String>,
    /// Let time pass where time is the point (a slow client).
    pub pause: Option<String>,

    /// `start`: a name of its own; `signal`: to which. Default `main`.
    pub name: Option<String>,
    /// `start`: ready when this address or socket path listens (default 127.0.0.1:8000), or `exit`, or `none`.
    pub ready: Option<String>,
    /// `run`, `start`: environment.
    pub env: Option<BTreeMap<String, String>>,
    /// `run`, `start`: a descriptor limit in place of 4096.
    pub descriptors: Option<u64>,
    /// `start`: descriptor 0 is a listening socket on this address.
    pub stdin_listens: Option<String>,
    /// `start`: standard output is a pipe that is `closed` at its other end, or that nobody reads (`unread`, 4 KiB).
    pub stdout: Option<String>,
    /// `open`, `get`: to where (`IP:PORT` or a path). Default 127.0.0.1:8000.
    pub to: Option<String>,
    /// `open`, `get`: from which `IP` or `IP:PORT`.
    pub from: Option<String>,
    /// `send`, `recv`: on which connection.
    pub on: Option<String>,
    /// `get`: these header lines beside Host.
    pub headers: Option<Vec<String>>,
    /// `get`: another method.
    pub method: Option<String>,
    /// `get`: a body, sent with its Content-Length.
    pub body: Option<String>,
    /// `get`: this Host in place of `example.org`.
    pub host: Option<String>,
    /// `recv`: how long at most (default 5s; `nothing`: 200ms). `wait_*`: likewise.
    pub within: Option<String>,
    /// `run`, `cli`, `get`, `recv`, `file`: only lines that fit this pattern; with groups, only these.
    pub keep: Option<String>,
    /// `cli`, `get`: of a CSV answer only these columns.
    pub columns: Option<Vec<String>>,
    /// `cli`: the socket, default `/tmp/scenario/cli.sock`.
    pub socket: Option<String>,
    /// `wait_cli`: the pattern.
    pub fits: Option<String>,
    /// `wait_log`: how many lines.
    pub count: Option<usize>,
    /// `wait_origin`: so many requests.
    pub requests: Option<usize>,
    /// `wait_origin`: so many connections.
    pub connections: Option<usize>,
    /// `wait_origin`: so many closed connections; the record shows them as closed.
    pub closed: Option<usize>,
    /// `write`: the text.
    pub text: Option<String>,
    /// `get`: so many times, one after another.
    pub times: Option<usize>,
}

/// What a case plays: the first part of its name tells which.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Script {
    /// `haproxy/…`
    Proxy(Scenario),
    /// `keepalived/…`
    Cluster(Box<cluster::scenario::Scenario>),
}

impl Script {
    /// What the machine must have.
    #[must_use]
    pub fn needs(&self) -> &[String] {
        match self {
            Self::Proxy(scenario) => &scenario.needs,
            Self::Cluster(scenario) => &scenario.needs,
        }
    }

    /// Seconds until it counts as stuck.
    #[must_use]
    pub fn deadline_seconds(&self) -> u64 {
        match self {
            Self::Proxy(scenario) => scenario.deadline.unwrap_or(30),
            Self::Cluster(scenario) => scenario.deadline.unwrap_or(90),
        }
    }

    /// Whether programs on several hosts talk with each other.
    #[must_use]
    pub fn is_conversation(&self) -> bool {
        match self {
            Self::Proxy(_) => false,
            Self::Cluster(scenario) => scenario.hosts.len() > 1,
        }
    }

    /// Whether a capture of this name is a log whose lines the end of a replay waits for.
    #[must_use]
    pub fn is_log(&self, name: &str) -> bool {
        match self {
            Self::Proxy(scenario) => {
                name == "log" || name == "devlog" || scenario.sinks.contains_key(name)
            }
            Self::Cluster(_) => false,
        }
    }
}

/// A scenario with its name and its files, as the holder gets it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    /// `haproxy/<topic>/<name>` or `keepalived/<topic>/<name>`.
    pub name: String,
    /// What to do.
    pub script: Script,
    /// The files that lie in the working directory: name, bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// Where `expected/` is; none for a case that isn't a folder.
    pub folder: Option<PathBuf>,
}

/// Every scenario below `root`, sorted by name.
///
/// # Errors
/// Names the file that can't be read.
pub fn walk(root: &Path) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    collect(root, root, &mut cases)?;
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

fn collect(root: &Path, folder: &Path, cases: &mut Vec<Case>) -> Result<(), String> {
    if folder.join("scenario.toml").is_file() {
        cases.push(load(root, folder)?);
        return Ok(());
    }
    for path in children(folder)? {
        if path.is_dir() {
            collect(root, &path, cases)?;
        }
    }
    Ok(())
}

fn load(root: &Path, folder: &Path) -> Result<Case, String> {
    let file = folder.join("scenario.toml");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let name = folder
        .strip_prefix(root)
        .unwrap_or(folder)
        .to_string_lossy()
        .into_owned();
    let wrong = |e: toml::de::Error| format!("{}: {e}", file.display());
    let script = if name.starts_with("keepalived/") {
        Script::Cluster(Box::new(toml::from_str(&text).map_err(wrong)?))
    } else {
        Script::Proxy(toml::from_str(&text).map_err(wrong)?)
    };
    let mut files = Vec::new();
    files_below(folder, "", &mut files)?;
    Ok(Case {
        name,
        script,
        files,
        folder: Some(folder.to_owned()),
    })
}

fn files_below(
    folder: &Path,
    prefix: &str,
    files: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), String> {
    for path in children(folder)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let name = format!("{prefix}{name}");
        if name == "scenario.toml" || name == "expected" {
            continue;
        }
        if path.is_dir() {
            files_below(&path, &format!("{name}/"), files)?;
        } else {
            let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            files.push((name, bytes));
        }
    }
    Ok(())
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|e| e.path()).collect();
    paths.sort();
    Ok(paths)
}
