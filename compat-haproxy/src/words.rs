//! What the runtime gets of this face: the vocabulary, and texts for what happens outside of traffic.

use locum_model::proxy::Global;
use locum_runtime::{
    log::Identity,
    process::{Trouble, limits::LimitError, privileges::PrivilegeError},
    vocab::Vocabulary,
};

use crate::{message::Level, version::System};

/// The machine, for the version texts.
pub fn system() -> System {
    let uname = nix::sys::utsname::uname();
    let part = |text: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
        uname
            .as_ref()
            .map(|uname| text(uname).to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    System {
        name: part(|uname| uname.sysname()),
        release: part(|uname| uname.release()),
        build: part(|uname| uname.version()),
        machine: part(|uname| uname.machine()),
        default_threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    }
}

/// All words, for the plan.
pub fn vocabulary() -> Vocabulary {
    Vocabulary {
        fetch: crate::fetch::definition,
        converter: crate::converter::definition,
        matcher: crate::matcher::definition,
        action: crate::action::definition,
        alias: crate::log_alias::definition,
        tells_server_source: |name| matches!(name, "bi" | "bp" | "bc_src" | "bc_src_port"),
        filter: crate::filter::definition,
        stats_page: crate::stats::page::serve,
        failed_connection: crate::log_alias::connection::write,
        dump: None,
    }
}

/// Who log lines are from.
pub fn identity(global: &Global) -> Identity {
    let hostname = global.log_send_hostname.as_ref().map(|name| {
        if name.is_empty() {
            nix::unistd::gethostname()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default()
        } else {
            name.clone()
        }
    });
    let program = std::env::args_os().next().unwrap_or_default();
    let program = std::path::Path::new(&program).file_name();
    Identity {
        hostname,
        tag: program.map_or_else(
            || "haproxy".into(),
            |name| name.to_string_lossy().into_owned(),
        ),
        ..Identity::default()
    }
}

/// What prevents a start, as the reference words it behind the name of its main function.
pub fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Limit(LimitError::CannotRaise { wanted, allowed }) => {
            format!("Cannot raise FD limit to {wanted}, limit is {allowed}.")
        }
        Trouble::Limit(LimitError::TooLow {
            allowed,
            maxconn,
            needed,
        }) => format!(
            "FD limit ({allowed}) too low for maxconn={maxconn}/maxsock={needed}. Please raise 'ulimit-n' to {needed} or more to avoid any trouble."
        ),
        Trouble::Limit(LimitError::System(errno)) => {
            format!("Cannot read FD limit: {errno}")
        }
        Trouble::Pidfile(path, _) => {
            format!("Cannot create pidfile {}", path.display())
        }
        Trouble::Fork(_) => "Cannot fork.".to_owned(),
        Trouble::Privileges(error) => privilege(error),
    }
}

/// How bad that is: a limit that can't be raised only warns where the process starts all the same; one that is too low
/// for what is configured is an alert even then.
pub fn trouble_level(trouble: &Trouble, fatal: bool) -> Level {
    match trouble {
        Trouble::Limit(LimitError::CannotRaise { .. }) if !fatal => Level::Warning,
        _ => Level::Alert,
    }
}

/// Why the process can't become who it is to be.
pub fn privilege(error: &PrivilegeError) -> String {
    match error {
        PrivilegeError::UnknownUser(name) => format!("Cannot find user id for '{name}'."),
        PrivilegeError::UnknownGroup(name) => format!("Cannot find group id for '{name}'."),
        PrivilegeError::Chroot(path, _) => format!("Cannot chroot({}).", path.display()),
        PrivilegeError::Groups(_) => "Cannot drop supplementary groups.".to_owned(),
        PrivilegeError::Gid(gid, _) => format!("Cannot set gid {gid}."),
        PrivilegeError::Uid(uid, _) => format!("Cannot set uid {uid}."),
        PrivilegeError::Dumpable(errno) => format!("Cannot set the dumpable flag: {errno}."),
    }
}
