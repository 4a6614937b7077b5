//! `set maxconn frontend|global|server`.

use locum_model::proxy::StatsLevel;
use locum_runtime::admin::{CommandDef, CommandView, Reply};

use super::{answer, farm, find_frontend, find_server};

pub(super) static FRONTEND: CommandDef = CommandDef {
    words: &["set", "maxconn", "frontend"],
    usage: "set maxconn frontend <frontend> <value>",
    summary: "change a frontend's maxconn setting",
    level: StatsLevel::Admin,
    run: |view, words| {
        answer(find_frontend(view, words.first()).and_then(|id| {
            let value = words
                .get(1)
                .ok_or_else(|| Reply::line("Integer value expected."))?;
            // What isn't a number is 0, which is the process's limit.
            let bound = match value.parse().unwrap_or(0) {
                0 => view.live.connections.bound(),
                bound => bound,
            };
            view.live.proxy(id).clients.set_bound(bound);
            Ok(Reply::done())
        }))
    },
};

pub(super) static GLOBAL: CommandDef = CommandDef {
    words: &["set", "maxconn", "global"],
    usage: "set maxconn global <value>",
    summary: "change the per-process maxconn setting",
    level: StatsLevel::Admin,
    run: |view, words| answer(global(view, words)),
};

fn global(view: &CommandView<'_>, words: &[&str]) -> Result<Reply, Reply> {
    let value = words
        .first()
        .ok_or_else(|| Reply::line("Expects an integer value."))?;
    let value: u32 = value.parse().unwrap_or(0);
    if value > view.plan.maxconn {
        return Err(Reply::line("Value out of range."));
    }
    let bound = if value == 0 { view.plan.maxconn } else { value };
    view.live.connections.set_bound(bound);
    Ok(Reply::done())
}

pub(super) static SERVER: CommandDef = CommandDef {
    words: &["set", "maxconn", "server"],
    usage: "set maxconn server <bk>/<srv>",
    summary: "change a server's maxconn setting",
    level: StatsLevel::Admin,
    run: |view, words| answer(server(view, words)),
};

fn server(view: &CommandView<'_>, words: &[&str]) -> Result<Reply, Reply> {
    let id = find_server(view, words.first())?;
    let word = words
        .get(1)
        .ok_or_else(|| Reply::line("Require <maxconn>."))?;
    let limit: u32 = word
        .parse()
        .map_err(|_| Reply::line("maxconn string empty or preceded by garbage"))?;
    farm(view, id)?.set_maxconn(id.index, Some(limit).filter(|n| *n > 0));
    Ok(Reply::done())
}
