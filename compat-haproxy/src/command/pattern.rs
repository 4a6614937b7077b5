//! Commands that change lists of patterns (management.txt 9.3): `add`, `set`, `del` and `clear` of `acl` and `map`, and
//! `prepare` and `commit` of their versions.
//!
//! ```text
//! add map @2 /etc/haproxy/hosts.map www.example.com be1
//! ```

use std::collections::BTreeMap;

use locum_model::proxy::StatsLevel;
use locum_runtime::{
    admin::{CommandDef, CommandFn, CommandView, Reply},
    rules::pattern::{AddError, Reference, Which},
};

use super::{answer, pattern_show::find};
use crate::lowering::{list::check_value, pattern};

/// Which of the two kinds of lists a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `acl`: any list.
    Acl,
    /// `map`: lists with values.
    Map,
}

impl Kind {
    /// How messages call it.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Kind::Acl => "ACL",
            Kind::Map => "map",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Acl => "acl",
            Kind::Map => "map",
        }
    }
}

const fn command(
    words: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    run: CommandFn,
) -> CommandDef {
    CommandDef {
        words,
        usage,
        summary,
        // Anybody on the socket may change lists (observed).
        level: StatsLevel::User,
        run,
    }
}

pub(super) static ADD_ACL: CommandDef = command(
    &["add", "acl"],
    "add acl [@<ver>] <acl> <pattern>",
    "add an acl entry",
    |view, words| answer(add_acl(view, words)),
);

pub(super) static ADD_MAP: CommandDef = command(
    &["add", "map"],
    "add map [@<ver>] <map> <key> <val>",
    "add a map entry (payload supported instead of key/val)",
    |view, words| answer(add_map(view, words)),
);

pub(super) static CLEAR_ACL: CommandDef = command(
    &["clear", "acl"],
    "clear acl [@<ver>] <acl>",
    "clear the contents of this acl",
    |view, words| answer(clear(view, words, Kind::Acl)),
);

pub(super) static CLEAR_MAP: CommandDef = command(
    &["clear", "map"],
    "clear map [@<ver>] <map>",
    "clear the contents of this map",
    |view, words| answer(clear(view, words, Kind::Map)),
);

pub(super) static COMMIT_ACL: CommandDef = command(
    &["commit", "acl"],
    "commit acl @<ver> <acl>",
    "commit the ACL at this version",
    |view, words| answer(commit(view, words, Kind::Acl)),
);

pub(super) static COMMIT_MAP: CommandDef = command(
    &["commit", "map"],
    "commit map @<ver> <map>",
    "commit the map at this version",
    |view, words| answer(commit(view, words, Kind::Map)),
);

pub(super) static DEL_ACL: CommandDef = command(
    &["del", "acl"],
    "del acl <acl> [<key>|#<ref>]",
    "delete acl entries matching <key>",
    |view, words| answer(delete(view, words, Kind::Acl)),
);

pub(super) static DEL_MAP: CommandDef = command(
    &["del", "map"],
    "del map <map> [<key>|#<ref>]",
    "delete map entries matching <key>",
    |view, words| answer(delete(view, words, Kind::Map)),
);

pub(super) static PREPARE_ACL: CommandDef = command(
    &["prepare", "acl"],
    "prepare acl <acl>",
    "prepare a new version for atomic ACL replacement",
    |view, words| answer(prepare(view, words, Kind::Acl)),
);

pub(super) static PREPARE_MAP: CommandDef = command(
    &["prepare", "map"],
    "prepare map <acl>",
    "prepare a new version for atomic map replacement",
    |view, words| answer(prepare(view, words, Kind::Map)),
);

pub(super) static SET_MAP: CommandDef = command(
    &["set", "map"],
    "set map <map> [<key>|#<ref>] <value>",
    "modify a map entry",
    |view, words| answer(set_map(view, words)),
);

/// Takes `@VERSION` off the words; one below zero is none (observed), and what is no number is 0.
pub(super) fn version<'w, 'v>(words: &'w [&'v str]) -> (Option<u32>, &'w [&'v str]) {
    match words.split_first() {
        Some((first, rest)) if first.starts_with('@') => {
            let text = &first[1..];
            let digits = text.strip_prefix('-').unwrap_or(text);
            let end = digits.find(|c: char| !c.is_ascii_digit());
            let number: u32 = digits[..end.unwrap_or(digits.len())].parse().unwrap_or(0);
            let is_negative = text.starts_with('-') && number > 0;
            ((!is_negative).then_some(number), rest)
        }
        _ => (None, words),
    }
}

fn which(word: &str) -> Which<'_> {
    match word.strip_prefix('#') {
        Some(number) => {
            let digits = number.strip_prefix("0x").unwrap_or(number);
            Which::Number(usize::from_str_radix(digits, 16).unwrap_or(0))
        }
        None => Which::Key(word.as_bytes()),
    }
}

fn add_acl(view: &CommandView<'_>, words: &[&str]) -> Result<Reply, Reply> {
    let (version, words) = version(words);
    let [name, key, ..] = words else {
        let said = "'add acl' expects two parameters: ACL identifier and pattern.";
        return Err(Reply::line(said));
    };
    let list = find(view, name, Kind::Acl)?;
    if list.is_map() {
        return Err(Reply::line(
            "This ACL is shared with a map containing samples. You must use the command 'add map' to add values.",
        ));
    }
    add(list, &[(key, "")], version, Kind::Acl)
}

fn add_map(view: &CommandView<'_>, words: &[&str]) -> Result<Reply, Reply> {
    let (version, words) = version(words);
    match (words, view.payload) {
        ([name, ..], Some(payload)) => {
            let list = find(view, name, Kind::Map)?;
            let (pairs, missing) = pairs(payload);
            let reply = add(list, &pairs, version, Kind::Map)?;
            match missing {
                Some(key) => Err(Reply::line(format!("Missing value for key '{key}'."))),
                None => Ok(reply),
            }
        }
        ([name, key, value, ..], None) => add(
            find(view, name, Kind::Map)?,
            &[(key, value)],
            version,
            Kind::Map,
        ),
        _ => Err(Reply::line(
            "'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload",
        )),
    }
}

/// Keys and values of a payload, and the key that has no value, behind which nothing is read. A key ends at a blank,
/// not at the line's end (observed).
fn pairs(payload: &str) -> (Vec<(&str, &str)>, Option<&str>) {
    let is_blank = |c: char| matches!(c, ' ' | '\t');
    let mut rest = payload.strip_suffix('\n').unwrap_or(payload);
    let mut pairs = Vec::new();
    loop {
        let Some((key, behind)) = rest.split_once(is_blank) else {
            return (pairs, Some(rest));
        };
        let behind = behind.trim_start_matches(is_blank);
        let (value, next) = behind.split_once('\n').unwrap_or((behind, ""));
        pairs.push((key, value));
        rest = next;
        if rest.is_empty() {
            return (pairs, None);
        }
    }
}

/// Adds patterns up to the first that a use can't take.
fn add(
    list: &Reference,
    pairs: &[(&str, &str)],
    version: Option<u32>,
    kind: Kind,
) -> Result<Reply, Reply> {
    let wrong = pairs.iter().enumerate().find_map(|(at, (key, value))| {
        let reason = check(list, key, value).err()?;
        Some((at, reason))
    });
    let good = &pairs[..wrong.as_ref().map_or(pairs.len(), |(at, _)| *at)];
    let bytes = good
        .iter()
        .map(|(key, value)| (key.as_bytes(), value.as_bytes()));
    let future = format!(
        "Version number in the future, please use 'prepare {}' before.",
        kind.word()
    );
    list.add(bytes, version).map_err(|error| match error {
        AddError::Version => Reply::line(future),
        AddError::Pattern(_) => Reply::line("out of memory."),
    })?;
    match wrong {
        Some((_, reason)) => Err(Reply::line(format!("{reason}."))),
        None => Ok(Reply::done()),
    }
}

fn check(list: &Reference, key: &str, value: &str) -> Result<(), String> {
    let resolved: &BTreeMap<_, _> = &list.list.resolved;
    for shape in list.shapes() {
        if let Some(by) = list.list.uses.get(shape.first) {
            check_value(by, value.as_bytes())?;
            pattern::check(key.as_bytes(), by, resolved)?;
        }
    }
    Ok(())
}

fn set_map(view: &CommandView<'_>, words: &[&str]) -> Result<Reply, Reply> {
    let [name, key, value, ..] = words else {
        // Who names a list that isn't there hears of the missing words first.
        let said = "'set map' expects three parameters: map identifier, key and value.";
        return Err(Reply::line(said));
    };
    let list = find(view, name, Kind::Map)?;
    let wanted = which(key);
    if list.set(wanted, value.as_bytes()) {
        return Ok(Reply::done());
    }
    Err(Reply::line(match wanted {
        Which::Key(_) => "entry not found.",
        Which::Number(_) => "key or pattern not found.",
    }))
}

fn delete(view: &CommandView<'_>, words: &[&str], kind: Kind) -> Result<Reply, Reply> {
    let [name, key, ..] = words else {
        let kind = kind.shown();
        let said = format!("This command expects two parameters: {kind} identifier and key.");
        return Err(Reply::line(said));
    };
    // The reference calls an access list a map here.
    let list = find(view, name, kind)
        .map_err(|_| Reply::line("Unknown map identifier. Please use #<id> or <file>."))?;
    if list.delete(which(key)) {
        Ok(Reply::done())
    } else {
        Err(Reply::line("Key not found."))
    }
}

fn clear(view: &CommandView<'_>, words: &[&str], kind: Kind) -> Result<Reply, Reply> {
    let (version, words) = version(words);
    let Some(name) = words.first() else {
        return Err(Reply::line(format!("Missing {} identifier.", kind.shown())));
    };
    find(view, name, kind)?.clear(version);
    Ok(Reply::done())
}

fn prepare(view: &CommandView<'_>, words: &[&str], kind: Kind) -> Result<Reply, Reply> {
    let list = find(view, words.first().unwrap_or(&""), kind)?;
    Ok(Reply::line(format!(
        "New version created: {}",
        list.prepare()
    )))
}

fn commit(view: &CommandView<'_>, words: &[&str], kind: Kind) -> Result<Reply, Reply> {
    if !words.first().is_some_and(|word| word.starts_with('@')) {
        return Err(Reply::line("Missing version number."));
    }
    let (version, words) = version(words);
    let Some(name) = words.first() else {
        return Err(Reply::line(format!("Missing {} identifier.", kind.shown())));
    };
    if find(view, name, kind)?.commit(version.unwrap_or(0)) {
        Ok(Reply::done())
    } else {
        Err(Reply::line("Version number out of range."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Recorded from the reference.
    #[test]
    fn a_payload_is_pairs_whose_keys_end_at_blanks() {
        let two = vec![("1", "2"), ("3\n4", "5")];
        assert_eq!(pairs("1 2\n3\n4 5\n"), (two, None));
        assert_eq!(pairs("7 7\n8\n"), (vec![("7", "7")], Some("8")));
        assert_eq!(pairs("  3   4 5  \n"), (vec![("", "3   4 5  ")], None));
    }

    #[test]
    fn a_version_stands_before_the_list() {
        assert_eq!(version(&["@2", "a"]), (Some(2), &["a"][..]));
        assert_eq!(version(&["@x", "a"]), (Some(0), &["a"][..]));
        assert_eq!(version(&["@-1", "a"]), (None, &["a"][..]));
        assert_eq!(version(&["a"]), (None, &["a"][..]));
    }
}
