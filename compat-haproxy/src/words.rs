//! What the runtime gets of this face: the vocabulary, and texts for what happens outside of traffic.

use locum_model::proxy::Global;
use locum_runtime::{
    live::Live,
    log::Identity,
    net::listener::{BindError, Step},
    process::{Trouble, limits::LimitError},
    vocab::Vocabulary,
};

use crate::message::{Level, Message};

/// All words, for the plan.
pub fn vocabulary() -> Vocabulary {
    Vocabulary {
        fetch: crate::fetch::find,
        converter: crate::converter::find,
        matcher: locum_runtime::rules::pattern::find,
        action: crate::action::find,
        alias: crate::log_alias::find,
        filter: |_| None,
        stats_page: |_, _| Default::default(),
    }
}

/// Who log lines are from.
pub fn identity(global: &Global) -> Identity {
    let hostname = global.log_send_hostname.as_ref().map(|name| {
        if name.is_empty() {
            nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
        } else {
            name.clone()
        }
    });
    Identity { hostname: hostname.unwrap_or_default().into_bytes(), ..Identity::default() }
}

/// Why a socket could not be made, as the reference words it.
pub fn bind_error(error: &BindError) -> String {
    let reason = crate::load::reason(&error.error);
    let what = match error.step {
        Step::Create => "cannot create listening socket",
        Step::Bind => "cannot bind socket",
        Step::Listen => "cannot listen to socket",
        Step::CreateUnix => "cannot create receiving socket",
        Step::UnlinkUnix => "error when trying to unlink previous UNIX socket",
        Step::PreserveUnix => "error when trying to preserve previous UNIX socket",
        Step::BindUnix => "error when trying to bind UNIX socket",
        Step::AccessUnix => "error when trying to change UNIX socket ownership",
        Step::RenameUnix => "cannot switch final and temporary UNIX sockets",
        Step::ListenUnix => "cannot listen to socket",
        Step::Inherit => "cannot use inherited socket",
    };
    format!("{what} ({reason}) [{}]", error.address)
}

/// What prevents a start, as the reference words it.
pub fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Limit(LimitError::CannotRaise { wanted, allowed }) => {
            format!("[haproxy.main()] Cannot raise FD limit to {wanted}, limit is {allowed}.")
        }
        Trouble::Limit(LimitError::TooLow { allowed, maxconn, needed }) => format!(
            "[haproxy.main()] FD limit ({allowed}) too low for maxconn={maxconn}/maxsock={needed}. Please raise 'ulimit-n' to {needed} or more to avoid any trouble."
        ),
        Trouble::Limit(LimitError::System(errno)) => format!("[haproxy.main()] Cannot read FD limit: {errno}"),
        Trouble::Pidfile(path, _) => format!("[haproxy.main()] Cannot create pidfile {}", path.display()),
        Trouble::Fork(_) => "[haproxy.main()] Cannot fork.".to_owned(),
        Trouble::Privileges(error) => format!("[haproxy.main()] {error:?}"),
    }
}

/// The state of all proxies, for SIGHUP.
pub fn dump(live: &Live) -> Vec<Message> {
    let text = format!(
        "SIGHUP received, dumping servers states. {} connections now.",
        live.connections.now()
    );
    vec![Message { level: Level::Warning, text, at: None }]
}
