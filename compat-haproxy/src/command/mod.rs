//! The commands of the stats socket (management.txt 9.3), one file per family; the list below is `help`.

mod cli;
mod counters;
mod frontend;
mod get_var;
mod help;
mod pattern;
mod pattern_show;
mod server;
mod set_maxconn;
mod set_rate_limit;
mod set_server;
mod show_env;
mod show_events;
mod show_info;
mod show_servers;
mod show_sess;
mod show_stat;
mod shutdown;
mod table;
mod weight;

use locum_runtime::{
    admin::{CommandDef, CommandView, Reply, Wording},
    plan::{ProxyId, ServerId},
};

pub use cli::level as level_name;
pub use help::{Entry, help, unknown, unknown_among};

/// All commands, in the order of `help`.
pub static COMMANDS: &[&CommandDef] = &[
    &pattern::ADD_ACL,
    &pattern::ADD_MAP,
    &pattern::CLEAR_ACL,
    &counters::CLEAR,
    &pattern::CLEAR_MAP,
    &table::CLEAR,
    &pattern::COMMIT_ACL,
    &pattern::COMMIT_MAP,
    &pattern::DEL_ACL,
    &pattern::DEL_MAP,
    &frontend::DISABLE,
    &server::DISABLE_HEALTH,
    &server::DISABLE,
    &frontend::ENABLE,
    &server::ENABLE_HEALTH,
    &server::ENABLE,
    &pattern_show::GET_ACL,
    &pattern_show::GET_MAP,
    &get_var::GET,
    &weight::GET,
    &cli::OPERATOR,
    &pattern::PREPARE_ACL,
    &pattern::PREPARE_MAP,
    &pattern::SET_MAP,
    &set_maxconn::FRONTEND,
    &set_maxconn::GLOBAL,
    &set_maxconn::SERVER,
    &set_rate_limit::SET,
    &set_server::SET,
    &table::SET,
    &cli::SET_TIMEOUT,
    &weight::SET,
    &pattern_show::SHOW_ACL,
    &cli::SHOW_BACKEND,
    &cli::SHOW_LEVEL,
    &cli::SHOW_SOCKETS,
    &show_env::SHOW,
    &show_events::SHOW,
    &show_info::SHOW,
    &pattern_show::SHOW_MAP,
    &show_info::SCHEMA,
    &show_servers::CONN,
    &show_servers::STATE,
    &show_sess::SHOW,
    &show_stat::SHOW,
    &table::SHOW,
    &cli::SHOW_VERSION,
    &shutdown::FRONTEND,
    &shutdown::SESSION,
    &shutdown::SESSIONS,
    &cli::USER,
    &help::HELP,
    &cli::PROMPT,
    &cli::QUIT,
];

/// HAProxy's texts around the commands.
pub const WORDING: Wording = Wording {
    unknown,
    denied: "Permission denied",
    prompt: "> ",
};

/// `backend/server`, found.
fn find_server(view: &CommandView<'_>, name: Option<&&str>) -> Result<ServerId, Reply> {
    let Some((backend, server)) = name.and_then(|name| name.split_once('/')) else {
        return Err(Reply::line("Require 'backend/server'."));
    };
    let found = view
        .plan
        .proxies
        .iter()
        .filter(|proxy| proxy.backend.is_some())
        .find(|proxy| *proxy.name == *backend)
        .ok_or_else(|| Reply::line("No such backend."))?;
    let mut servers = found.backend.iter().flat_map(|backend| &backend.servers);
    servers
        .find(|candidate| *candidate.name == *server)
        .map(|candidate| candidate.id)
        .ok_or_else(|| Reply::line("No such server."))
}

/// A frontend by name.
fn find_frontend(view: &CommandView<'_>, name: Option<&&str>) -> Result<ProxyId, Reply> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(Reply::line("A frontend name is expected."));
    };
    view.plan
        .proxies
        .iter()
        .filter(|proxy| proxy.frontend.is_some())
        .find(|proxy| *proxy.name == **name)
        .map(|proxy| proxy.id)
        .ok_or_else(|| Reply::line("No such frontend."))
}

/// Runs what may end early with an answer.
fn answer(result: Result<Reply, Reply>) -> Reply {
    result.unwrap_or_else(|early| early)
}

/// Has the events of a backend worded and logged.
fn emit(view: &CommandView<'_>, backend: ProxyId, events: Vec<locum_runtime::server::Event>) {
    for event in events {
        view.control
            .emit(locum_runtime::event::Event::Server { backend, event });
    }
}

/// The farm of a server.
fn farm<'a>(
    view: &CommandView<'a>,
    id: ServerId,
) -> Result<&'a std::sync::Arc<locum_runtime::server::Farm>, Reply> {
    let farm = view.live.proxy(id.backend).farm.as_ref();
    farm.ok_or_else(|| Reply::line("No such server."))
}

#[cfg(test)]
mod tests;
