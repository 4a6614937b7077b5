//! `show stat [<proxy> <type> <server>] [up|no-maint] [typed|json]`: the statistics.

use locum_model::proxy::StatsLevel;
use locum_runtime::admin::{CommandDef, CommandView, Reply};

use crate::stats::{
    columns::Selection,
    csv::{self, Shape},
};

pub(super) static SHOW: CommandDef = CommandDef {
    words: &["show", "stat"],
    usage: "show stat [desc|json|no-maint|typed|up]*",
    summary: "report counters for each proxy and server",
    level: StatsLevel::User,
    run: |view, words| match selection(view, words) {
        Some(selection) => {
            let wanted = (shape(words), selection);
            let all = |_: &locum_runtime::plan::Proxy| true;
            Reply::Text(csv::table(view.plan, view.live, view.now, wanted, all))
        }
        None => Reply::line("No such proxy."),
    },
};

fn shape(words: &[&str]) -> Shape {
    if words.contains(&"json") {
        Shape::Json
    } else if words.contains(&"typed") {
        Shape::Typed
    } else {
        Shape::Csv
    }
}

/// `None`: a proxy that isn't there.
fn selection(view: &CommandView<'_>, words: &[&str]) -> Option<Selection> {
    let mut selection = Selection::ALL;
    let mut rest = words;
    if let [proxy, kinds, server, more @ ..] = words {
        let all = |number: i64| u32::try_from(number).ok();
        selection.proxy = match proxy.parse::<i64>() {
            Ok(number) => all(number).filter(|n| *n > 0),
            Err(_) => {
                let found = view.plan.proxies.iter().find(|p| *p.name == **proxy)?;
                Some(found.number)
            }
        };
        selection.kinds = kinds.parse::<i64>().ok().and_then(all).unwrap_or(15);
        selection.server = server.parse::<i64>().ok().and_then(all).filter(|n| *n > 0);
        rest = more;
    }
    selection.only_up = rest.contains(&"up");
    selection.no_maint = rest.contains(&"no-maint");
    Some(selection)
}
