//! `show events [SINK] [-w] [-n]`: what rings keep (management.txt 9.3).

use std::fmt::Write;

use locum_model::proxy::StatsLevel;
use locum_runtime::admin::{CommandDef, CommandView, Events, Reply};

use super::answer;

pub(super) static SHOW: CommandDef = CommandDef {
    words: &["show", "events"],
    usage: "show events [<sink>] [-w] [-n]",
    summary: "show event sink state",
    level: StatsLevel::Operator,
    run: |view, words| answer(show(view, words)),
};

fn show(view: &CommandView<'_>, words: &[&str]) -> Result<Reply, Reply> {
    let Some((name, options)) = words.split_first() else {
        return Ok(list(view));
    };
    if matches!(*name, "stdout" | "stderr") {
        return Err(told("Nothing to report for this sink"));
    }
    let rings = &view.plan.rings;
    let ring = rings
        .iter()
        .find(|ring| ring.settings.name == *name)
        .ok_or_else(|| told("No such event sink"))?;
    let (mut waits, mut only_new) = (false, false);
    for option in options {
        match *option {
            "-w" => waits = true,
            "-n" => only_new = true,
            "-wn" | "-nw" => (waits, only_new) = (true, true),
            _ => return Err(told("unknown option")),
        }
    }
    Ok(Reply::Events(Events {
        position: if only_new { ring.end() } else { ring.start() },
        ring: ring.clone(),
        waits,
    }))
}

/// An answer that only the end of the answer ends (observed).
fn told(text: &str) -> Reply {
    Reply::Text(text.to_owned())
}

/// All sinks; what couldn't be kept isn't counted here, since nothing that fits is ever dropped.
fn list(view: &CommandView<'_>) -> Reply {
    let mut out = String::from(
        "Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop\n",
    );
    for name in ["stdout", "stderr"] {
        // Both are told to be the output (observed).
        let number = if name == "stdout" { 1 } else { 2 };
        let _ = writeln!(
            out,
            "    {name:<10} : type=fd, 0 dropped, standard output (fd#{number})"
        );
    }
    for ring in &view.plan.rings {
        let _ = writeln!(
            out,
            "    {:<10} : type=buffer, 0 dropped, {}",
            ring.settings.name, ring.settings.description
        );
    }
    Reply::Text(out)
}
