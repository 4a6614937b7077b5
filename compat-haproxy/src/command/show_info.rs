//! `show info`: what the process is and does.

use locum_model::proxy::StatsLevel;
use locum_runtime::{
    admin::{CommandDef, Reply},
    stats::Process,
};

use crate::stats::info;

pub(super) static SHOW: CommandDef = CommandDef {
    words: &["show", "info"],
    usage: "show info [desc|json|typed|float]*",
    summary: "report information about the running process",
    level: StatsLevel::User,
    run: |view, words| {
        let process = Process::of(view.plan, view.live, view.now);
        Reply::Text(if words.contains(&"typed") {
            info::typed(&process)
        } else {
            info::text(&process)
        })
    },
};
