//! `disable server`, `enable server`, `disable health`, `enable health`.

use locum_model::proxy::StatsLevel;
use locum_runtime::{
    admin::{CommandDef, CommandView, Reply},
    server::{Admin, Cause},
};

use super::{answer, emit, farm, find_server};

pub(super) static DISABLE: CommandDef = CommandDef {
    words: &["disable", "server"],
    usage: "disable server (DEPRECATED)",
    summary: "disable a server for maintenance (use 'set server' instead)",
    level: StatsLevel::Admin,
    run: |view, words| answer(change(view, words, Admin::FORCED_MAINT, Admin::empty())),
};

pub(super) static ENABLE: CommandDef = CommandDef {
    words: &["enable", "server"],
    usage: "enable server  (DEPRECATED)",
    summary: "enable a disabled server (use 'set server' instead)",
    level: StatsLevel::Admin,
    run: |view, words| {
        let off = Admin::FORCED_MAINT | Admin::CONFIGURED_MAINT;
        answer(change(view, words, Admin::empty(), off))
    },
};

fn change(
    view: &CommandView<'_>,
    words: &[&str],
    add: Admin,
    remove: Admin,
) -> Result<Reply, Reply> {
    let id = find_server(view, words.first())?;
    let farm = farm(view, id)?;
    let events = farm.set_admin(
        view.now.instant,
        id.index,
        add,
        remove,
        Cause::Administration,
    );
    emit(view, id.backend, events);
    Ok(Reply::done())
}

pub(super) static DISABLE_HEALTH: CommandDef = CommandDef {
    words: &["disable", "health"],
    usage: "disable health",
    summary: "disable health checks",
    level: StatsLevel::Admin,
    run: |view, words| answer(checks(view, words, false)),
};

pub(super) static ENABLE_HEALTH: CommandDef = CommandDef {
    words: &["enable", "health"],
    usage: "enable health",
    summary: "enable health checks",
    level: StatsLevel::Admin,
    run: |view, words| answer(checks(view, words, true)),
};

fn checks(view: &CommandView<'_>, words: &[&str], on: bool) -> Result<Reply, Reply> {
    let id = find_server(view, words.first())?;
    if let Some(state) = farm(view, id)?.servers.get(id.index as usize) {
        if on && !state.rules.checked {
            return Err(Reply::line(
                "Health check was not configured on this server, cannot enable.",
            ));
        }
        state.enable_checks(on);
    }
    Ok(Reply::done())
}
