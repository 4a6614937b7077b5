//! `-dKall`, `-dKCLASS,CLASS`: lists the words of each class, in the reference's layout (management manual 3, "-dK").
//!
//! ```text
//! # List of registered filter names:
//! trace [TRACE]
//! ```
//! It tells what is here: words that are only known are left out, and those of the reference's parser that its
//! own list forgets (`mode`, `balance` …) are in it.

use std::fmt::Write;

use locum_runtime::vocab::RuleSets;

use crate::{
    action, bind_option, command, converter,
    face::console,
    fetch, filter,
    keyword::{self, State},
    lowering::{
        known::{self, Kind},
        place::DESCRIPTIONS,
    },
    option::{self, Side},
    server_option,
};

/// What `-dKhelp` prints.
const CLASSES: &str = "\
# List of supported keyword classes:
all: list all keywords
acl: ACL keywords
cfg: configuration keywords
cli: CLI keywords
cnv: sample converter keywords
flt: filter names
smp: sample fetch functions
svc: service names
";

/// A class and what lists it.
type Class = (&'static str, fn(&mut String));

const LISTS: [Class; 7] = [
    ("acl", access_lists),
    ("cfg", configuration),
    ("cli", commands),
    ("cnv", converters),
    ("flt", filters),
    ("smp", fetches),
    ("svc", services),
];

/// The lists of these classes, separated by commas. Words that are no class list nothing.
pub fn list(classes: &str) -> String {
    let mut out = String::new();
    for class in classes.split(',') {
        if class == "help" {
            out.push_str(CLASSES);
        }
        let wanted = LISTS
            .iter()
            .filter(|(name, _)| class == *name || class == "all");
        wanted.for_each(|(_, write)| write(&mut out));
    }
    out
}

fn access_lists(out: &mut String) {
    out.push_str("# List of registered ACL keywords:\n");
    for (word, fetched, method) in known::ACL_WORDS {
        if fetch::is_executed(fetched) {
            // The reference lists it so; what it does is another comparison.
            let method = if *method == "meth" { "str" } else { method };
            let _ = writeln!(out, "{word} = {fetched} -m {method}");
        }
    }
}

fn commands(out: &mut String) {
    out.push_str("# List of registered CLI keywords:\n");
    let masters: Vec<&[&str]> = console::words().collect();
    let mut words: Vec<&[&str]> = command::COMMANDS.iter().map(|row| row.words).collect();
    words.extend(&masters);
    words.sort_unstable_by_key(|words| words.join(" "));
    words.dedup();
    for words in words {
        let _ = write!(out, "{} ", words.join(" "));
        if masters.contains(&words) {
            out.push_str("[MASTER] ");
        }
        if command::COMMANDS.iter().any(|row| row.words == words) {
            out.push_str("[WORKER] ");
        }
        out.push('\n');
    }
}

fn converters(out: &mut String) {
    out.push_str("# List of registered sample converter functions:\n");
    for row in known::CONVERTERS {
        if converter::definition(row.name).is_some() {
            let arguments = arguments(row.signature, row.required);
            let (output, input) = (kind(row.output), kind(row.input));
            let _ = writeln!(out, "{}{arguments}: {output} => {input}", row.name);
        }
    }
}

fn filters(out: &mut String) {
    out.push_str("# List of registered filter names:\n");
    for row in filter::FILTERS {
        let _ = writeln!(out, "{} [{}]", row.name, row.name.to_uppercase());
    }
}

fn services(out: &mut String) {
    out.push_str("# List of registered service names:\n");
}

fn fetches(out: &mut String) {
    out.push_str("# List of registered sample fetch functions:\n");
    let columns = DESCRIPTIONS.len();
    for (column, point) in DESCRIPTIONS.iter().enumerate() {
        let (margin, bars) = (" ".repeat(columns - column + 1), "/ ".repeat(column));
        let line = "-".repeat(columns - column);
        let _ = writeln!(out, "#{margin}{bars}_.{line} {point}");
    }
    let _ = writeln!(out, "# {} ", "/ ".repeat(columns));
    let _ = writeln!(out, "# {}", "| ".repeat(columns));
    for row in known::FETCHES {
        if !fetch::is_executed(row.name) {
            continue;
        }
        out.push_str("[ ");
        for column in 0..columns {
            out.push_str(if row.points.0 >> column & 1 == 1 {
                "Y "
            } else {
                ". "
            });
        }
        let arguments = arguments(row.signature, row.required);
        let _ = writeln!(out, "] {}{arguments}: {}", row.name, kind(row.output));
    }
}

/// `(string[,integer])`: those that must be there, then the others.
fn arguments(signature: &str, required: usize) -> String {
    if signature.is_empty() {
        return String::new();
    }
    let words: Vec<&str> = signature.split(',').collect();
    let required = required.min(words.len());
    let (must, may) = words.split_at(required);
    let comma = if must.is_empty() { "" } else { "," };
    match may {
        [] => format!("({})", must.join(",")),
        _ => format!("({}[{comma}{}])", must.join(","), may.join(",")),
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Any => "any",
        Kind::Bool => "bool",
        Kind::Int => "sint",
        Kind::Ip => "addr",
        Kind::Ipv4 => "ipv4",
        Kind::Ipv6 => "ipv6",
        Kind::Str => "str",
        Kind::Bin => "bin",
        Kind::Method => "meth",
    }
}

fn configuration(out: &mut String) {
    out.push_str("# List of registered configuration keywords:\nglobal\n");
    let rows = keyword::GLOBAL_FAMILIES.iter().flat_map(|rows| rows.iter());
    let words = rows.filter(|row| {
        is_here(row.state)
            && !keyword::removed::GLOBAL
                .iter()
                .any(|gone| gone.name == row.name)
    });
    sorted(out, words.map(|row| row.name.to_owned()));
    out.push_str("listen\n");
    let rows = keyword::PROXY_FAMILIES.iter().flat_map(|rows| rows.iter());
    let words = rows.filter(|row| {
        is_here(row.state)
            && !keyword::removed::PROXY
                .iter()
                .any(|gone| gone.name == row.name)
    });
    sorted(out, words.map(|row| row.name.to_owned()));
    let counted = |name: &str, arguments: usize| match arguments {
        0 => name.to_owned(),
        _ => format!("{name} +{arguments}"),
    };
    let rows = bind_option::ROWS.iter().filter(|row| is_here(row.state));
    sorted(
        out,
        rows.map(|row| format!("bind <addr> {}", counted(row.name, row.arguments))),
    );
    let rows = server_option::ROWS.iter().filter(|row| is_here(row.state));
    sorted(
        out,
        rows.map(|row| format!("server <name> <addr> {}", counted(row.name, row.arguments))),
    );
    let rows = option::SWITCHES
        .iter()
        .filter(|row| is_here(row.state) && !row.removed);
    sorted(out, rows.map(switch));
    for (name, set) in RULE_SETS {
        let rows = action::ACTIONS.iter().map(|row| row.def);
        let rows = rows.filter(|def| def.rule_sets.contains(set));
        // The reference marks those that take parentheses.
        let shown = |stem: &str| {
            let words = known::expected_actions(set);
            let takes = words
                .iter()
                .any(|word| word.strip_suffix("(*)") == Some(stem));
            format!("{name} {stem}{}", if takes { "*" } else { "" })
        };
        sorted(out, rows.map(|def| shown(def.name)));
    }
    out.push_str("userlist\n\tgroup\n\tuser\n");
}

const RULE_SETS: [(&str, RuleSets); 7] = [
    ("tcp-request connection", RuleSets::TCP_REQUEST_CONNECTION),
    ("tcp-request session", RuleSets::TCP_REQUEST_SESSION),
    ("tcp-request content", RuleSets::TCP_REQUEST_CONTENT),
    ("tcp-response content", RuleSets::TCP_RESPONSE_CONTENT),
    ("http-request", RuleSets::HTTP_REQUEST),
    ("http-response", RuleSets::HTTP_RESPONSE),
    ("http-after-response", RuleSets::HTTP_AFTER_RESPONSE),
];

fn is_here(state: State) -> bool {
    state == State::Executed
}

/// `option checkcache [ BE HTTP ]`
fn switch(row: &option::Switch) -> String {
    let side = match row.side {
        Side::Clients => " FE",
        Side::Servers => " BE",
        Side::Both => " FE BE",
    };
    let http = if row.http { " HTTP" } else { "" };
    format!("option {} [{side}{http} ]", row.name)
}

fn sorted(out: &mut String, lines: impl Iterator<Item = String>) {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    for line in lines {
        let _ = writeln!(out, "\t{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_listed_as_often_as_they_are_asked_for() {
        assert_eq!(
            list("svc,flt,nosuch,svc"),
            list("svc") + &list("flt") + &list("svc")
        );
        let titles = list("all");
        let titles = titles.lines().filter(|line| line.starts_with("# List"));
        assert_eq!(titles.count(), 7);
    }

    #[test]
    fn arguments_that_may_be_left_out_stand_in_brackets() {
        assert_eq!(arguments("", 0), "");
        assert_eq!(arguments("string,integer", 0), "([string,integer])");
        assert_eq!(
            arguments("string,string,string", 2),
            "(string,string[,string])"
        );
        assert_eq!(arguments("integer,string", 2), "(integer,string)");
    }

    #[test]
    fn a_fetch_shows_where_it_has_a_value() {
        let line = "[ . . Y Y Y Y Y Y Y Y Y . . . . . . . . . . . ] path: str";
        assert!(list("smp").lines().any(|listed| listed == line));
    }
}
