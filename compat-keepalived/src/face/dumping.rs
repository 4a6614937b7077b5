//! How a process of the daemon dumps: what it tells of itself, where the file is, and the log's copy that `-d` asks for.

use locum_model::keepalived::Configuration;
use locum_runtime::log::level;
use nix::unistd::{User, geteuid, gethostname};

use super::{log::Log, parent::UMASK, role::Role};
use crate::{
    args::Args,
    dump::{self, Facts, Text, file},
    line::Line,
};

/// Whom scripts run as unless `script_user` says otherwise (manual, SCRIPTS).
const SCRIPT_USER: &str = "keepalived_script";

/// What dumps show of the machine and of this process; `role` is `None` in the parent.
pub(super) fn facts(args: &Args, configuration: &Configuration, role: Option<Role>) -> Facts {
    let global = &configuration.global;
    let name = |user: User| user.name;
    let user = User::from_uid(geteuid()).ok().flatten().map(name);
    let vrrp = role == Some(Role::Vrrp);
    Facts {
        vrrp,
        firewall: vrrp && dump::needs_firewall(configuration),
        hostname: gethostname().map_or(String::new(), |name| name.to_string_lossy().into_owned()),
        user: user.unwrap_or_else(|| "root".to_owned()),
        namespace: args.namespace.clone().or(global.net_namespace.clone()),
        realtime: role
            .and_then(|role| role.settings(global).rt_priority)
            .map(u32::from),
        umask: args.umask.or(global.umask).unwrap_or(UMASK),
    }
}

/// Writes a dump: a child behind its event loop's back; the parent, which forks and must have one thread, by itself.
/// `ident_suffix` is what stands behind the identity of log lines.
pub(super) fn write(
    log: &Log,
    kind: file::Kind,
    configuration: &Configuration,
    facts: &Facts,
    ident_suffix: &str,
    bytes: Vec<u8>,
) {
    if matches!(kind, file::Kind::Parent | file::Kind::Vrrp)
        && let Some(line) = script_user(configuration)
    {
        log.say(line);
    }
    let daemon = configuration
        .global
        .data_use_instance
        .then(|| ident_suffix.trim_start_matches('_'))
        .filter(|daemon| !daemon.is_empty());
    let path = file::path(kind, daemon);
    let written = match kind {
        file::Kind::Parent => file::write(&path, &bytes, facts.umask),
        _ => file::write_behind(path.clone(), bytes, facts.umask),
    };
    if let Err(error) = written {
        let reason = crate::line::errno(&error);
        let text = format!("Can't open dump file {} ({reason})", path.display());
        log.at(level::INFO, text);
    }
}

/// Whoever dumps the default account of scripts looks for it first.
fn script_user(configuration: &Configuration) -> Option<String> {
    let is_default = configuration.global.script_user.is_none();
    let missing = is_default && matches!(User::from_name(SCRIPT_USER), Ok(None));
    missing.then(|| format!("Script user '{SCRIPT_USER}' does not exist"))
}

/// `-d` of the VRRP process.
pub(super) fn lines_of_vrrp(configuration: &Configuration, text: &Text) -> Vec<Line> {
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with(" Default script uid:gid") {
            lines.extend(script_user(configuration).map(Line::info));
        }
        lines.push(Line::info(line.to_owned()));
    }
    lines
}

/// `-d`: a dump goes to the log, a line each.
pub(super) fn log(log: &Log, text: &Text) {
    for line in text.lines() {
        log.say(line);
    }
}
