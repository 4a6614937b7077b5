//! Commands about the connection itself and small answers: `prompt`, `quit`, `user`, `operator`, `set timeout cli`,
//! `show cli …`, `show backend`, `show version`.

use std::time::Duration;

use locum_model::{address::Address, proxy::StatsLevel};
use locum_parser::haproxy::units;
use locum_runtime::admin::{CommandDef, Reply};

pub(super) static PROMPT: CommandDef = CommandDef {
    words: &["prompt"],
    usage: "prompt",
    summary: "toggle interactive mode with prompt",
    level: StatsLevel::User,
    run: |_, _| Reply::TogglePrompt,
};

pub(super) static QUIT: CommandDef = CommandDef {
    words: &["quit"],
    usage: "quit",
    summary: "disconnect",
    level: StatsLevel::User,
    run: |_, _| Reply::Quit,
};

pub(super) static USER: CommandDef = CommandDef {
    words: &["user"],
    usage: "user",
    summary: "lower the level of the current CLI session to user",
    level: StatsLevel::User,
    run: |_, _| Reply::Level(StatsLevel::User),
};

pub(super) static OPERATOR: CommandDef = CommandDef {
    words: &["operator"],
    usage: "operator",
    summary: "lower the level of the current CLI session to operator",
    level: StatsLevel::Operator,
    run: |_, _| Reply::Level(StatsLevel::Operator),
};

pub(super) static SET_TIMEOUT: CommandDef = CommandDef {
    words: &["set", "timeout"],
    usage: "set timeout [cli] <delay>",
    summary: "change a timeout setting",
    level: StatsLevel::User,
    run: |_, words| match words {
        ["cli", delay, ..] => match seconds(delay) {
            Some(timeout) => Reply::Timeout(timeout),
            None => Reply::line("Invalid timeout value."),
        },
        ["cli"] => Reply::line("Expects an integer value."),
        _ => Reply::line("'set timeout' only supports 'cli'."),
    },
};

/// A time whose plain numbers are seconds.
fn seconds(text: &str) -> Option<Duration> {
    let time = units::time(text.as_bytes(), units::TimeUnit::Seconds).ok()?;
    (time.value > 0).then(|| Duration::from_secs(time.value.into()))
}

pub(super) static SHOW_LEVEL: CommandDef = CommandDef {
    words: &["show", "cli", "level"],
    usage: "show cli level",
    summary: "display the level of the current CLI session",
    level: StatsLevel::User,
    run: |view, _| Reply::line(level(view.level)),
};

/// A level's name.
pub fn level(level: StatsLevel) -> &'static str {
    match level {
        StatsLevel::User => "user",
        StatsLevel::Operator => "operator",
        StatsLevel::Admin => "admin",
    }
}

pub(super) static SHOW_SOCKETS: CommandDef = CommandDef {
    words: &["show", "cli", "sockets"],
    usage: "show cli sockets",
    summary: "dump list of cli sockets",
    level: StatsLevel::Operator,
    run: |view, _| {
        let mut out = String::from("# socket lvl processes\n");
        for socket in &view.plan.global.stats_sockets {
            let bind = &socket.value.bind;
            let address = match &bind.address {
                Address::Unix(path) => format!("unix@{}", path.display()),
                Address::Ip { ip, port } if ip.is_ipv4() => format!("ipv4@{ip}:{port}"),
                Address::Ip { ip, port } => format!("ipv6@{ip}:{port}"),
                address => address.to_string(),
            };
            let level = level(bind.level.unwrap_or_default());
            out.push_str(&format!("{address} {level} all\n"));
        }
        Reply::Text(out)
    },
};

pub(super) static SHOW_BACKEND: CommandDef = CommandDef {
    words: &["show", "backend"],
    usage: "show backend",
    summary: "list backends in the current running config",
    level: StatsLevel::User,
    run: |view, _| {
        let mut out = String::from("# name\n");
        for proxy in view.plan.proxies.iter().filter(|p| p.backend.is_some()) {
            out.push_str(&proxy.name);
            out.push('\n');
        }
        Reply::Text(out)
    },
};

pub(super) static SHOW_VERSION: CommandDef = CommandDef {
    words: &["show", "version"],
    usage: "show version",
    summary: "show version of the current process",
    level: StatsLevel::User,
    run: |_, _| Reply::line(crate::version::VERSION),
};
