//! `disable frontend` and `enable frontend`: pauses a frontend's sockets and takes them up again.

use locum_model::proxy::StatsLevel;
use locum_runtime::{
    admin::{CommandDef, CommandView, Reply},
    event::Event,
    live::FrontendState,
};

use super::{answer, find_frontend};

pub(super) static DISABLE: CommandDef = CommandDef {
    words: &["disable", "frontend"],
    usage: "disable frontend <frontend>",
    summary: "temporarily disable specific frontend",
    level: StatsLevel::Admin,
    run: |view, words| answer(turn(view, words, false)),
};

pub(super) static ENABLE: CommandDef = CommandDef {
    words: &["enable", "frontend"],
    usage: "enable frontend <frontend>",
    summary: "re-enable specific frontend",
    level: StatsLevel::Admin,
    run: |view, words| answer(turn(view, words, true)),
};

fn turn(view: &CommandView<'_>, words: &[&str], on: bool) -> Result<Reply, Reply> {
    let id = find_frontend(view, words.first())?;
    let live = view.live.proxy(id);
    match (live.state(), on) {
        (FrontendState::Stopped, _) => {
            return Err(Reply::line(
                "Frontend was previously shut down, cannot be changed.",
            ));
        }
        (FrontendState::Open, true) => {
            return Err(Reply::line("All sockets are already enabled."));
        }
        (FrontendState::Paused, false) => {
            return Err(Reply::line("All sockets are already disabled."));
        }
        _ => {}
    }
    view.control.listen(id, on);
    let (state, event) = if on {
        (FrontendState::Open, Event::Resumed { proxy: id })
    } else {
        (FrontendState::Paused, Event::Paused { proxy: id })
    };
    live.set_state(state);
    view.control.emit(event);
    Ok(Reply::done())
}
