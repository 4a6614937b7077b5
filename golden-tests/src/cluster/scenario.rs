//! What a `scenario.toml` below scenarios/keepalived says.
//!
//! The format is told in golden-tests/README.md; the field comments here are its reference.

use super::forge::Packet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A scenario with one or more hosts on a wire.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One sentence: what behaviour this settles.
    pub about: String,
    /// What the machine must have: `root` (several uids).
    #[serde(default)]
    pub needs: Vec<String>,
    /// Seconds until the whole scenario counts as stuck; default 60.
    #[serde(default)]
    pub deadline: Option<u64>,
    /// The hosts, by letter. `a` is 192.0.2.11 and 2001:db8::11, `b` 12 … `f` 16. Default: `["a"]`.
    #[serde(default)]
    pub hosts: Vec<char>,
    /// Run on every host before anything else, each a call of ip(8): interfaces, addresses, routes.
    #[serde(default)]
    pub ip: Vec<String>,
    /// FIFOs that the harness reads from the beginning: host -> path. Their lines go to `fifo-HOST.txt`.
    #[serde(default)]
    pub fifos: BTreeMap<char, String>,
    /// Sockets that take datagrams (sd_notify): host -> path. They go to `notify-HOST.txt`. Process 1 is then called
    /// systemd, as the reference wants it.
    #[serde(default)]
    pub sockets: BTreeMap<char, String>,
    /// Mail servers: host -> `IP:PORT`. The conversations go to `smtp-HOST.txt`.
    #[serde(default)]
    pub mail: BTreeMap<char, String>,
    /// Log lines come in no order: sort them.
    #[serde(default)]
    pub sort_log: bool,
    /// Several processes write to one stdout and stderr in no order: sort the lines.
    #[serde(default)]
    pub sort_output: bool,
    /// How often a log line repeats depends on time: equal lines of a process are recorded once.
    #[serde(default)]
    pub unique_log: bool,
    /// How often log lines that fit any of these repeat depends on time: equal ones in a row are recorded once.
    #[serde(default)]
    pub collapse_log: Vec<String>,
    /// Log lines that fit any of these are left out.
    #[serde(default)]
    pub ignore_log: Vec<String>,
    /// Only the syslog idents that fit this are recorded (`_vrrp$`).
    #[serde(default)]
    pub only_ident: Option<String>,
    /// Leave the adverts (`vrrp`), the announcements (`arp`, `na`) or `bfd` out of what is recorded from the wire.
    #[serde(default)]
    pub ignore_wire: Vec<String>,
    /// Record the time between bursts of announcements, in half seconds.
    #[serde(default)]
    pub time_announcements: bool,
    /// What happens, in order. None at all means one: `keepalived -t -f a.conf` on host a.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// One step. Exactly one of the verbs (the first block) is set; the others shape it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Run the program with these arguments to its end: exit code, stdout, stderr go to `commands.txt`.
    pub run: Option<String>,
    /// Start the program with these arguments (empty: `-n -D -f HOST.conf`).
    pub start: Option<String>,
    /// SIGTERM to the started program, and wait until it has ended.
    pub stop: Option<String>,
    /// Send a signal by name or number.
    pub signal: Option<String>,
    /// Send a packet to every host, made from these fields.
    pub send: Option<Packet>,
    /// No more of a `send` that repeats.
    pub silence: Option<String>,
    /// Run ip(8) with these arguments.
    pub ip: Option<String>,
    /// Run a shell command; what it prints goes to `commands.txt`.
    pub sh: Option<String>,
    /// Write `text` into this file (by rename, unless it is there and no regular file).
    pub write: Option<String>,
    /// Take this file away.
    pub remove: Option<String>,
    /// Addresses, routes, rules, links, sysctls, nft: put them into `state.txt` under this title.
    pub snapshot: Option<String>,
    /// Wait until the log has a line that fits this pattern (`count` of them), since the last act.
    pub wait_log: Option<String>,
    /// Wait until this address is there (`absent`: is gone).
    pub wait_address: Option<String>,
    /// Wait until a packet of this host was seen that fits this pattern (`count` of them), since the last act.
    pub wait_packet: Option<String>,
    /// Wait until this file is there and fits `fits`, or has `count` lines.
    pub wait_file: Option<String>,
    /// Wait until the FIFO or the notify socket of this host gave a line that fits (`count`), since the beginning.
    pub wait_line: Option<String>,
    /// Wait until the mail server of `host` has heard so many whole conversations.
    pub wait_mail: Option<usize>,
    /// Wait until a shell command ends with 0.
    pub wait_sh: Option<String>,
    /// Wait until the started program has ended.
    pub wait_exit: Option<String>,
    /// Wait until no process of this host is left.
    pub wait_gone: Option<char>,
    /// Nothing that fits this pattern may be seen from `host` for `within`, since the last act.
    pub no_packet: Option<String>,
    /// Nothing that fits this pattern may be logged by `host` for `within`, since the last act.
    pub no_log: Option<String>,
    /// Put the time between two packets into `timing.txt`, as `about` if it is `within` of that.
    pub measure: Option<String>,
    /// Let time pass where time is the point.
    pub pause: Option<String>,

    /// On which host; default `a`.
    pub host: Option<char>,
    /// `start`: a name of its own; default `main`.
    pub name: Option<String>,
    /// `start`, `run`: environment.
    pub env: Option<BTreeMap<String, String>>,
    /// `start`: this configuration file's text takes the place of HOST.conf (default: HOST.conf).
    pub conf: Option<String>,
    /// `signal`: `main` (what was started), `vrrp`, `checkers`, `bfd` (its child), or `all` of the host's processes.
    pub to: Option<String>,
    /// `send`: again and again at this interval, until `silence`.
    pub every: Option<String>,
    /// `send`: so many times.
    pub times: Option<usize>,
    /// `write`: the text.
    pub text: Option<String>,
    /// `write`: the mode, octal.
    pub mode: Option<String>,
    /// `snapshot`: `addr`, `route`, `rule`, `link`, `sysctl`, `nft`, `neigh`. Default: addr.
    pub what: Option<Vec<String>>,
    /// `wait_*`, `no_*`: how long (default 10s; `no_*`: 500ms). `measure`: how late it may be; early it may be
    /// by a fifth of `about`, at most so much.
    pub within: Option<String>,
    /// `wait_*`: how many.
    pub count: Option<usize>,
    /// `wait_address`: until it is gone.
    #[serde(default)]
    pub absent: bool,
    /// `wait_file`: the pattern.
    pub fits: Option<String>,
    /// `run`, `sh`, `snapshot`: only lines that fit this pattern; with groups, only these.
    pub keep: Option<String>,
    /// `run`, `sh`: sort the lines, each once: messages of a test of the configuration have no order.
    #[serde(default)]
    pub sort: bool,
    /// `measure`: the earlier packet, the last that fits before the later one (of `from_host`). Default: the last act.
    pub from: Option<String>,
    /// `measure`: who sent the earlier packet; default `host`.
    pub from_host: Option<char>,
    /// `measure`: what it is to be.
    pub about: Option<String>,
}

impl Step {
    /// Whether the step only looks: `since the last act` counts from the last one that does something.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        let waits = [
            &self.wait_log,
            &self.wait_address,
            &self.wait_packet,
            &self.wait_file,
            &self.wait_line,
            &self.wait_sh,
            &self.wait_exit,
            &self.no_packet,
            &self.no_log,
            &self.measure,
            &self.pause,
            &self.snapshot,
            &self.sh,
        ];
        waits.iter().any(|verb| verb.is_some())
            || self.wait_gone.is_some()
            || self.wait_mail.is_some()
    }
}
