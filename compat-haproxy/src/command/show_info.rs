//! `show info`: what the process is and does; `show schema json`: the form of what is told as JSON.

use locum_model::proxy::StatsLevel;
use locum_runtime::{
    admin::{CommandDef, Reply},
    stats::Process,
};

use crate::stats::{info, typed};

pub(super) static SHOW: CommandDef = CommandDef {
    words: &["show", "info"],
    usage: "show info [desc|json|typed|float]*",
    summary: "report information about the running process",
    level: StatsLevel::User,
    run: |view, words| {
        let process = Process::of(view.plan, view.live, view.now);
        let described = words.contains(&"desc");
        Reply::Text(if words.contains(&"json") {
            info::json(&process)
        } else if words.contains(&"typed") {
            info::typed(&process, described)
        } else {
            info::text(&process, described)
        })
    },
};

pub(super) static SCHEMA: CommandDef = CommandDef {
    words: &["show", "schema", "json"],
    usage: "show schema json",
    summary: "report schema used for stats",
    level: StatsLevel::User,
    run: |_, _| Reply::Text(typed::SCHEMA.to_owned()),
};
