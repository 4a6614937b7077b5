//! `help [<command>]`: lists all commands, or those like the words; the same list answers unknown commands.

use locum_model::proxy::StatsLevel;
use locum_runtime::admin::{CommandDef, CommandView, Reply};

pub(super) static HELP: CommandDef = CommandDef {
    words: &["help"],
    usage: "help [<command>]",
    summary: "list matching or all commands",
    level: StatsLevel::User,
    run: |view, words| Reply::Text(help(&entries(view), words)),
};

/// A line of the list.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The words that call it.
    pub words: &'a [&'a str],
    usage: &'a str,
    summary: &'a str,
}

impl<'a> Entry<'a> {
    /// The words that call it, its words and arguments, and what it does.
    pub const fn new(words: &'a [&'a str], usage: &'a str, summary: &'a str) -> Self {
        Self {
            words,
            usage,
            summary,
        }
    }

    /// As the list shows it.
    pub(super) fn line(&self) -> String {
        format!("  {:<40}: {}", self.usage, self.summary)
    }
}

impl From<&CommandDef> for Entry<'static> {
    fn from(command: &CommandDef) -> Self {
        Self::new(command.words, command.usage, command.summary)
    }
}

fn entries(view: &CommandView<'_>) -> Vec<Entry<'static>> {
    view.commands
        .iter()
        .map(|&command| command.into())
        .collect()
}

/// The answer to `help`.
pub fn help(entries: &[Entry<'_>], words: &[&str]) -> String {
    let mut out = String::from("The following commands are valid at this level:\n");
    list(entries, words, &mut out);
    out
}

/// The answer to words that are no command.
pub fn unknown(view: &CommandView<'_>, words: &[&str]) -> String {
    unknown_among(&entries(view), words)
}

/// The answer to words that are none of these commands.
pub fn unknown_among(entries: &[Entry<'_>], words: &[&str]) -> String {
    let mut out = String::new();
    if words.is_empty() {
        out.push_str("Unknown command. Please enter one of the following commands only:\n");
    } else {
        out.push_str("Unknown command, but maybe one of the following ones is a better match:\n");
    }
    list(entries, words, &mut out);
    out
}

/// The commands that match the words best, and the three that always help.
fn list(entries: &[Entry<'_>], words: &[&str], out: &mut String) {
    let always = |entry: &Entry<'_>| matches!(entry.words, ["help" | "prompt" | "quit"]);
    let (general, own): (Vec<_>, Vec<_>) = entries.iter().copied().partition(always);
    for entry in matching(&own, words).into_iter().chain(general) {
        out.push_str(&entry.line());
        out.push('\n');
    }
}

/// Commands that begin with as many of the words as any does; where none does, those with a similar first word.
fn matching<'a>(entries: &[Entry<'a>], words: &[&str]) -> Vec<Entry<'a>> {
    if words.is_empty() {
        return entries.to_vec();
    }
    let shared = |entry: &Entry<'_>| {
        let pairs = entry.words.iter().zip(words);
        pairs.take_while(|(own, given)| own == given).count()
    };
    let most = entries.iter().map(shared).max().unwrap_or(0);
    if most > 0 {
        let best: Vec<_> = entries
            .iter()
            .filter(|entry| shared(entry) == most)
            .copied()
            .collect();
        let next = words.get(most).copied().unwrap_or_default();
        let close: Vec<_> = best
            .iter()
            .filter(|entry| {
                entry
                    .words
                    .get(most)
                    .is_some_and(|word| is_similar(word, next))
            })
            .copied()
            .collect();
        return if close.is_empty() { best } else { close };
    }
    let similar = |entry: &&Entry<'_>| entry.words.iter().any(|word| is_similar(word, words[0]));
    entries.iter().filter(similar).copied().collect()
}

fn is_similar(a: &str, b: &str) -> bool {
    !b.is_empty() && (a.starts_with(b) || strsim::jaro(a, b) > 0.8)
}
