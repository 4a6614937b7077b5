//! `help [<command>]`: lists all commands, or those like the words; the same list answers unknown commands.

use locum_model::proxy::StatsLevel;
use locum_runtime::admin::{CommandDef, CommandView, Reply};

pub(super) static HELP: CommandDef = CommandDef {
    words: &["help"],
    usage: "help [<command>]",
    summary: "list matching or all commands",
    level: StatsLevel::User,
    run: |view, words| {
        let mut out = String::from("The following commands are valid at this level:\n");
        list(view, words, &mut out);
        Reply::Text(out)
    },
};

/// A line of the list.
pub(super) fn line(command: &CommandDef) -> String {
    format!("  {:<40}: {}", command.usage, command.summary)
}

/// The answer to words that are no command.
pub fn unknown(view: &CommandView<'_>, words: &[&str]) -> String {
    let mut out = String::new();
    if words.is_empty() {
        out.push_str("Unknown command. Please enter one of the following commands only:\n");
    } else {
        out.push_str("Unknown command, but maybe one of the following ones is a better match:\n");
    }
    list(view, words, &mut out);
    out
}

/// The commands that match the words best, and the three that always help.
fn list(view: &CommandView<'_>, words: &[&str], out: &mut String) {
    let always = |command: &CommandDef| matches!(command.words, ["help" | "prompt" | "quit"]);
    let (general, own): (Vec<_>, Vec<_>) = view.commands.iter().partition(|c| always(c));
    for command in matching(&own, words).into_iter().chain(general) {
        out.push_str(&line(command));
        out.push('\n');
    }
}

/// Commands that begin with as many of the words as any does; where none does, those with a similar first word.
fn matching<'a>(
    commands: &[&'a &'static CommandDef],
    words: &[&str],
) -> Vec<&'a &'static CommandDef> {
    if words.is_empty() {
        return commands.to_vec();
    }
    let shared = |command: &CommandDef| {
        let pairs = command.words.iter().zip(words);
        pairs.take_while(|(own, given)| own == given).count()
    };
    let most = commands.iter().map(|c| shared(c)).max().unwrap_or(0);
    if most > 0 {
        let best: Vec<_> = commands
            .iter()
            .filter(|c| shared(c) == most)
            .copied()
            .collect();
        let next = words.get(most).copied().unwrap_or_default();
        let close: Vec<_> = best
            .iter()
            .filter(|c| c.words.get(most).is_some_and(|word| is_similar(word, next)))
            .copied()
            .collect();
        return if close.is_empty() { best } else { close };
    }
    let similar =
        |c: &&&'a &'static CommandDef| c.words.iter().any(|word| is_similar(word, words[0]));
    commands.iter().filter(similar).copied().collect()
}

fn is_similar(a: &str, b: &str) -> bool {
    !b.is_empty() && (a.starts_with(b) || strsim::jaro(a, b) > 0.8)
}
