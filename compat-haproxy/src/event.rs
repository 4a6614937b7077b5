//! Events as HAProxy words them: the line of the log with its level, and the line on standard error.

use locum_model::proxy::ProxyKind;
use locum_runtime::{
    check::{CheckInfo, CheckResult, Verdict},
    event::{Event, Resource},
    log::level,
    net::listener::{BindError, SocketOption, Step, Warning},
    plan::{Plan, Proxy, ProxyId},
    server::{Admin, Cause, Counts, Event as ServerEvent},
};

use crate::stats::{check_description, check_details, os_error};

/// An event in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whose log gets it.
    pub audience: Audience,
    /// The level of the log line.
    pub level: u8,
    /// The log line.
    pub text: String,
    /// How bad it is on standard error.
    pub severity: Severity,
    /// The line on standard error, where it differs.
    pub console: Option<String>,
}

/// Whose log targets get a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A proxy's.
    Proxy(ProxyId),
    /// Those of `global`.
    Global,
    /// Nobody's: it is on standard error only.
    Nobody,
}

/// The tag before a line on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// `[WARNING]`
    Warning,
    /// `[ALERT]`
    Alert,
    /// No tag: the line stands there alone.
    Untagged,
    /// Standard error has nothing of it.
    Silent,
}

impl Message {
    fn warning(proxy: ProxyId, level: u8, text: String) -> Self {
        Self::warning_to(Audience::Proxy(proxy), level, text)
    }

    /// A message that is a warning on standard error.
    pub fn warning_to(audience: Audience, level: u8, text: String) -> Self {
        Self {
            audience,
            level,
            text,
            severity: Severity::Warning,
            console: None,
        }
    }

    /// `[WARNING]  (1234) : text`, as standard error has it.
    pub fn console_line(&self, pid: u32) -> String {
        let text = self.console.as_ref().unwrap_or(&self.text);
        let tag = match self.severity {
            Severity::Warning => "[WARNING] ",
            Severity::Alert => "[ALERT]   ",
            Severity::Untagged => return format!("{text}\n"),
            Severity::Silent => return String::new(),
        };
        format!("{tag} ({pid}) : {text}\n")
    }
}

/// Words an event; `None`: nothing is said of it.
pub fn word(plan: &Plan, event: &Event) -> Option<Message> {
    Some(match event {
        Event::Server { backend, event } => return server_event(plan.proxy(*backend), event),
        Event::Stopped {
            proxy,
            frontend_connections,
            backend_sessions,
        } => Message::warning(
            *proxy,
            level::WARNING,
            stopped(
                &plan.proxy(*proxy).name,
                *frontend_connections,
                *backend_sessions,
            ),
        ),
        Event::HardStop => Message::warning_to(
            Audience::Global,
            level::WARNING,
            "soft-stop running for too long, performing a hard-stop.".into(),
        ),
        Event::HardStopped { proxy, connections } => Message::warning(
            *proxy,
            level::WARNING,
            format!(
                "Proxy {} hard-stopped ({connections} remaining conns will be closed).",
                plan.proxy(*proxy).name
            ),
        ),
        Event::Paused { proxy } => Message::warning(
            *proxy,
            level::WARNING,
            format!("Paused {}.", title(plan.proxy(*proxy))),
        ),
        Event::Resumed { proxy } => Message::warning(
            *proxy,
            level::WARNING,
            format!("Resumed {}.", title(plan.proxy(*proxy))),
        ),
        Event::Exhausted {
            proxy,
            resource,
            to_server,
        } => exhausted(plan, *proxy, *resource, *to_server),
        Event::NoSource { proxy } => {
            let text = format!(
                "Cannot bind to source address before connect() for backend {}.",
                plan.proxy(*proxy).name
            );
            Message {
                audience: Audience::Proxy(*proxy),
                level: level::EMERG,
                console: Some(format!("{text} Aborting.")),
                text,
                severity: Severity::Alert,
            }
        }
        Event::LogFailure { logger, error } => {
            let errno = error.raw_os_error().unwrap_or(0);
            Message {
                audience: Audience::Nobody,
                level: level::ALERT,
                text: format!(
                    "sendmsg()/writev() failed in logger #{logger}: {} (errno={errno})",
                    os_error(errno)
                ),
                severity: Severity::Alert,
                console: None,
            }
        }
    })
}

fn exhausted(plan: &Plan, proxy: ProxyId, resource: Resource, to_server: bool) -> Message {
    let (what, advice) = match resource {
        Resource::ProcessDescriptors => {
            ("process FD limit", "Please check 'ulimit-n' and restart.")
        }
        Resource::SystemDescriptors => ("system FD limit", "Please check system tunables."),
        Resource::Memory => ("system memory limit", "Please check system tunables."),
    };
    let name = &plan.proxy(proxy).name;
    let most = plan.limits.max_descriptors;
    Message {
        audience: Audience::Proxy(proxy),
        level: level::EMERG,
        text: format!("Proxy {name} reached {what} (maxsock={most}). {advice}"),
        severity: if to_server {
            Severity::Untagged
        } else {
            Severity::Silent
        },
        console: to_server.then(|| "Cannot get a server socket.".to_owned()),
    }
}

/// What is said of a proxy that has stopped.
pub fn stopped(name: &str, frontend_connections: u64, backend_sessions: u64) -> String {
    format!(
        "Proxy {name} stopped (cumulated conns: FE: {frontend_connections}, BE: {backend_sessions})."
    )
}

fn title(proxy: &Proxy) -> String {
    let kind = match proxy.kind {
        ProxyKind::Frontend => "frontend",
        ProxyKind::Backend => "backend",
        ProxyKind::Listen => "proxy",
    };
    format!("{kind} {}", proxy.name)
}

fn server_event(proxy: &Proxy, event: &ServerEvent) -> Option<Message> {
    let name = |server: &u32| server_name(proxy, *server);
    let tells_checks = proxy.options.log_health_checks;
    Some(match event {
        ServerEvent::Checked {
            server,
            result,
            up,
            progress,
            ..
        } => {
            if !tells_checks {
                return None;
            }
            let outcome = match result.status.verdict() {
                Verdict::Failed => "failed",
                Verdict::ConditionallyPassed => "conditionally succeeded",
                _ => "succeeded",
            };
            let subject = name(server);
            let backup = if subject.starts_with("Backup") {
                "backup "
            } else {
                ""
            };
            let path = subject.rsplit(' ').next().unwrap_or_default();
            let text = format!(
                "Health check for {backup}server {path} {outcome}{}, status: {}/{} {}.",
                reason(result),
                progress.0,
                progress.1,
                if *up { "UP" } else { "DOWN" }
            );
            Message::warning(proxy.id, level::NOTICE, text)
        }
        ServerEvent::Down {
            server,
            cause,
            counts,
            ..
        } => Message::warning(
            proxy.id,
            level::ALERT,
            format!(
                "{} is DOWN{}. {}",
                name(server),
                cause_text(cause, tells_checks),
                left(counts)
            ),
        ),
        ServerEvent::Up {
            server,
            cause,
            counts,
            ..
        } => Message::warning(
            proxy.id,
            level::NOTICE,
            format!(
                "{} is UP{}. {}",
                name(server),
                cause_text(cause, tells_checks),
                online(counts)
            ),
        ),
        ServerEvent::Stopping {
            server,
            stops,
            cause,
            counts,
        } => Message::warning(
            proxy.id,
            level::NOTICE,
            format!(
                "{} {}{}. {}",
                name(server),
                if *stops { "is stopping" } else { "is UP" },
                cause_text(cause, tells_checks),
                online(counts)
            ),
        ),
        ServerEvent::Admin {
            server,
            was,
            is,
            up,
            cause,
            counts,
            ..
        } => admin_change(proxy, &name(server), *was, *is, *up, cause, counts)?,
        ServerEvent::NoServerLeft => Message {
            audience: Audience::Proxy(proxy.id),
            level: level::EMERG,
            text: format!("{} has no server available!", title_of_pool(proxy, false)),
            severity: Severity::Alert,
            console: Some(format!(
                "{} has no server available!",
                title_of_pool(proxy, true)
            )),
        },
    })
}

/// `backend b`, quoted on standard error.
fn title_of_pool(proxy: &Proxy, quoted: bool) -> String {
    let kind = match proxy.kind {
        ProxyKind::Listen => "proxy",
        _ => "backend",
    };
    if quoted {
        format!("{kind} '{}'", proxy.name)
    } else {
        format!("{kind} {}", proxy.name)
    }
}

/// `Server b/s1`, `Backup Server b/s2`.
fn server_name(proxy: &Proxy, index: u32) -> String {
    let server = proxy
        .backend
        .as_ref()
        .and_then(|backend| backend.servers.get(index as usize));
    let (backup, name) = server.map_or((false, ""), |server| {
        (server.settings.member.backup, &*server.name)
    });
    let backup = if backup { "Backup " } else { "" };
    format!("{backup}Server {}/{name}", proxy.name)
}

/// `, reason: …`, `, changed from CLI`, ` via b/s1`.
fn cause_text(cause: &Cause, checks_are_told: bool) -> String {
    match cause {
        // The line about the check has just said it.
        Cause::Check(_) if checks_are_told => String::new(),
        Cause::Check(result) => reason(result),
        Cause::Administration => ", changed from CLI".into(),
        Cause::Tracked(by) => format!(" via {by}"),
    }
}

/// `, reason: Layer7 wrong status, code: 500, info: "Oops", check duration: 1ms`
fn reason(result: &CheckResult) -> String {
    let mut text = format!(", reason: {}", check_description(result.status));
    if let Some(code) = result.code {
        text.push_str(&format!(", code: {code}"));
    }
    let details = check_details(result);
    // A check that passed is told without the server's words.
    if !details.is_empty() && result.status.verdict() == Verdict::Failed {
        text.push_str(&format!(", info: \"{details}\""));
    }
    // What traffic showed was no check that could have lasted.
    if !matches!(result.info, CheckInfo::ConsecutiveErrors(..)) {
        let duration = result.duration.as_millis();
        text.push_str(&format!(", check duration: {duration}ms"));
    }
    text
}

fn on_backup(counts: &Counts) -> &'static str {
    if counts.backups_in_use {
        " Running on backup."
    } else {
        ""
    }
}

fn left(counts: &Counts) -> String {
    format!(
        "{} active and {} backup servers left.{} {} sessions active, {} requeued, {} remaining in queue.",
        counts.active,
        counts.backup,
        on_backup(counts),
        counts.sessions,
        counts.requeued,
        counts.waiting
    )
}

fn online(counts: &Counts) -> String {
    format!(
        "{} active and {} backup servers online.{} {} sessions requeued, {} total in queue.",
        counts.active,
        counts.backup,
        on_backup(counts),
        counts.requeued,
        counts.waiting
    )
}

/// A change of the administrative state.
fn admin_change(
    proxy: &Proxy,
    name: &str,
    was: Admin,
    is: Admin,
    up: bool,
    cause: &Cause,
    counts: &Counts,
) -> Option<Message> {
    let via = match cause {
        Cause::Tracked(by) => format!(" via {by}"),
        _ => String::new(),
    };
    let maint = (was.is_maint(), is.is_maint());
    let drain = (was.is_drain(), is.is_drain());
    let (level, text) = match (maint, drain) {
        ((false, true), (drained, _)) => (
            // A server that took no load anyway is no loss.
            if drained { level::NOTICE } else { level::ALERT },
            format!(
                "{name} is going DOWN for maintenance{via}. {}",
                left(counts)
            ),
        ),
        ((true, false), (_, drains)) => {
            let state = match (up, drains) {
                (true, true) => "UP/DRAIN",
                (true, false) => "UP/READY",
                (false, true) => "DOWN/DRAIN",
                (false, false) => "DOWN/READY",
            };
            let forced = if via.is_empty() { "forced " } else { "" };
            (
                level::NOTICE,
                format!("{name} is {state} (leaving {forced}maintenance)."),
            )
        }
        ((false, false), (false, true)) => (
            level::NOTICE,
            format!("{name} enters drain state{via}. {}", online(counts)),
        ),
        ((false, false), (true, false)) => (
            level::NOTICE,
            format!(
                "{name} is {} (leaving forced drain).",
                if up { "UP" } else { "DOWN" }
            ),
        ),
        _ => return None,
    };
    Some(Message::warning(proxy.id, level, text))
}

/// Why a socket could not be bound, on standard error: with `[ALERT]`, for the `bind` line at `place` (`FILE:LINE`) of
/// a frontend (`GLOBAL` for stats sockets).
pub fn bind_error(place: &str, frontend: &str, failure: &BindError) -> String {
    let what = match failure.step {
        Step::Create | Step::CreateUnix => "cannot create receiving socket",
        Step::Transparent => "cannot make receiving socket transparent",
        Step::Bind => "cannot bind socket",
        Step::Listen => "cannot listen to socket",
        Step::UnlinkUnix => "error when trying to unlink previous UNIX socket",
        Step::PreserveUnix => "error when trying to preserve previous UNIX socket",
        Step::BindUnix => "cannot bind UNIX socket",
        Step::AccessUnix => "cannot change UNIX socket ownership",
        Step::RenameUnix => "cannot switch final and temporary UNIX sockets",
        Step::ListenUnix => "cannot listen to UNIX socket",
        Step::Inherit => "cannot use file descriptor",
    };
    let address = &failure.address;
    let errno = os_error(failure.error.raw_os_error().unwrap_or(0));
    match failure.step {
        Step::Listen | Step::ListenUnix => {
            format!("Starting [{place}] for frontend {frontend}: {what} for [{address}]")
        }
        Step::Transparent => {
            format!("Binding [{place}] for frontend {frontend}: {what} for [{address}]")
        }
        Step::Create | Step::Bind | Step::Inherit => {
            format!("Binding [{place}] for frontend {frontend}: {what} ({errno}) for [{address}]")
        }
        _ => format!("Binding [{place}] for frontend {frontend}: {what} ({errno}) [{address}]"),
    }
}

/// What a socket had to do without, on standard error with `[WARNING]`.
pub fn bind_warning(
    place: &str,
    frontend: &str,
    bind: &locum_model::proxy::Bind,
    warning: &Warning,
) -> String {
    let errno = os_error(warning.error.raw_os_error().unwrap_or(0));
    let (stage, what) = match warning.option {
        SocketOption::Interface => {
            let interface = bind.interface.as_deref().unwrap_or_default();
            (
                "Binding",
                format!("cannot bind receiver to device '{interface}' ({errno})"),
            )
        }
        SocketOption::Mss => (
            "Starting",
            format!("cannot set MSS to {}", bind.mss.unwrap_or_default()),
        ),
        SocketOption::UserTimeout => ("Starting", "cannot set TCP User Timeout".into()),
        SocketOption::DeferAccept => ("Starting", "cannot enable DEFER_ACCEPT".into()),
        SocketOption::FastOpen => ("Starting", "cannot enable TCP_FASTOPEN".into()),
    };
    format!(
        "{stage} [{place}] for frontend {frontend}: {what} for [{}]",
        bind.address
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use locum_model::{address::Address, proxy::Bind};
    use locum_runtime::check::{CheckInfo, CheckStatus};

    use super::*;

    #[test]
    fn a_failed_check_is_told_with_its_reason() {
        let refused = CheckResult::new(CheckStatus::L4Connection, Duration::ZERO)
            .with(CheckInfo::Os(nix::errno::Errno::ECONNREFUSED as i32));
        assert_eq!(
            reason(&refused),
            ", reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms"
        );
        let wrong = CheckResult::new(CheckStatus::L7Status, Duration::from_millis(1))
            .with(CheckInfo::Reason(b"Oops".to_vec()))
            .with_code(500);
        assert_eq!(
            reason(&wrong),
            ", reason: Layer7 wrong status, code: 500, info: \"Oops\", check duration: 1ms"
        );
    }

    #[test]
    fn what_is_left_is_told_as_the_reference_tells_it() {
        let counts = Counts {
            backup: 1,
            backups_in_use: true,
            ..Counts::default()
        };
        assert_eq!(
            left(&counts),
            "0 active and 1 backup servers left. Running on backup. 0 sessions active, 0 requeued, 0 remaining in queue."
        );
        assert_eq!(
            online(&Counts::default()),
            "0 active and 0 backup servers online. 0 sessions requeued, 0 total in queue."
        );
    }

    #[test]
    fn a_taken_address_is_told_with_its_place() {
        let address = Address::Ip {
            ip: "127.0.0.1".parse().unwrap(),
            port: 19001,
        };
        let failure = BindError {
            step: Step::Bind,
            address: address.clone(),
            error: std::io::Error::from_raw_os_error(nix::errno::Errno::EADDRINUSE as i32),
        };
        assert_eq!(
            bind_error("e/t.cfg:9", "f", &failure),
            "Binding [e/t.cfg:9] for frontend f: cannot bind socket (Address already in use) for [127.0.0.1:19001]"
        );
        let mut bind = Bind::at(address);
        bind.interface = Some("nope".into());
        let warning = Warning {
            option: SocketOption::Interface,
            error: std::io::Error::from_raw_os_error(nix::errno::Errno::ENODEV as i32),
        };
        assert_eq!(
            bind_warning("e/t.cfg:9", "f", &bind, &warning),
            "Binding [e/t.cfg:9] for frontend f: cannot bind receiver to device 'nope' (No such device) for [127.0.0.1:19001]"
        );
    }
}
