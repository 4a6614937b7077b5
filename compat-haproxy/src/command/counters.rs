//! `clear counters [all]`: sets the maxima of the statistics back, or all of them.

use locum_model::proxy::StatsLevel;
use locum_runtime::{
    admin::{CommandDef, Reply},
    stats,
};

pub(super) static CLEAR: CommandDef = CommandDef {
    words: &["clear", "counters"],
    usage: "clear counters [all]",
    summary: "clear max statistics counters (or all counters)",
    level: StatsLevel::Operator,
    run: |view, words| {
        let all = words.first() == Some(&"all");
        // All of them are for administrators only, the maxima for operators too.
        if all && view.level < StatsLevel::Admin {
            return Reply::line(super::WORDING.denied);
        }
        stats::clear(view.live, all);
        Reply::done()
    },
};
