//! `shutdown frontend`, `shutdown session`, `shutdown sessions server`.

use locum_model::proxy::StatsLevel;
use locum_runtime::{
    admin::{CommandDef, Kill, Reply},
    live::FrontendState,
};

use super::{answer, find_frontend, find_server, show_sess};

pub(super) static FRONTEND: CommandDef = CommandDef {
    words: &["shutdown", "frontend"],
    usage: "shutdown frontend <frontend>",
    summary: "stop a specific frontend",
    level: StatsLevel::Admin,
    run: |view, words| {
        answer(find_frontend(view, words.first()).and_then(|id| {
            let live = view.live.proxy(id);
            if live.state() == FrontendState::Stopped {
                return Err(Reply::line("Frontend was already shut down."));
            }
            view.control.stop(id);
            live.set_state(FrontendState::Stopped);
            Ok(Reply::done())
        }))
    },
};

pub(super) static SESSION: CommandDef = CommandDef {
    words: &["shutdown", "session"],
    usage: "shutdown session [id]",
    summary: "kill a specific session",
    level: StatsLevel::Admin,
    run: |_, words| match words.first() {
        None => Reply::line("Session pointer expected (use 'show sess')."),
        Some(word) => match show_sess::number(word) {
            Some(number) => Reply::Kill(Kill::Stream(number), none_found),
            None => Reply::Text(none_found(0)),
        },
    },
};

fn none_found(killed: usize) -> String {
    if killed == 0 {
        "No such session (use 'show sess').\n".into()
    } else {
        String::new()
    }
}

pub(super) static SESSIONS: CommandDef = CommandDef {
    words: &["shutdown", "sessions", "server"],
    usage: "shutdown sessions server <bk>/<srv>",
    summary: "kill sessions on a server",
    level: StatsLevel::Admin,
    run: |view, words| {
        answer(
            find_server(view, words.first())
                .map(|id| Reply::Kill(Kill::Server(id), |_| String::new())),
        )
    },
};
