//! `show acl`, `show map`, `get acl`, `get map`: lists of patterns and what a value matches in them (management.txt 9.3).

use locum_model::{
    pattern::{MapValue, PatternSource, PatternUse},
    proxy::StatsLevel,
};
use locum_runtime::{
    admin::{CommandDef, CommandView, Reply},
    rules::pattern::{Hit, Reference, Shape, number},
    sample::value::{Arena, Value},
};

use super::{
    answer,
    pattern::{Kind, version},
};
use crate::matcher;

pub(super) static SHOW_ACL: CommandDef = CommandDef {
    words: &["show", "acl"],
    usage: "show acl [@<ver>] <acl>]",
    summary: "report available acls or dump an acl's contents",
    level: StatsLevel::User,
    run: |view, words| answer(show(view, words, Kind::Acl)),
};

pub(super) static SHOW_MAP: CommandDef = CommandDef {
    words: &["show", "map"],
    usage: "show map [@ver] [map]",
    summary: "report available maps or dump a map's contents",
    level: StatsLevel::User,
    run: |view, words| answer(show(view, words, Kind::Map)),
};

pub(super) static GET_ACL: CommandDef = CommandDef {
    words: &["get", "acl"],
    usage: "get acl <acl> <value>",
    summary: "report the patterns matching a sample for an ACL",
    level: StatsLevel::User,
    run: |view, words| answer(look_up(view, words, Kind::Acl)),
};

pub(super) static GET_MAP: CommandDef = CommandDef {
    words: &["get", "map"],
    usage: "get map <acl> <value>",
    summary: "report the keys and values matching a sample for a map",
    level: StatsLevel::User,
    run: |view, words| answer(look_up(view, words, Kind::Map)),
};

/// Lists that commands of a kind see, by their numbers: those that something matches against.
fn lists<'v>(view: &CommandView<'v>, kind: Kind) -> Vec<&'v Reference> {
    let lists = view.plan.pattern_lists.iter().map(|list| &**list);
    let mut lists: Vec<&Reference> = lists
        .filter(|list| !list.list.uses.is_empty())
        .filter(|list| match kind {
            Kind::Acl => list.list.uses.iter().any(|by| by.value.value.is_none()),
            Kind::Map => list.is_map(),
        })
        .collect();
    lists.sort_by_key(|list| list.list.id);
    lists
}

/// The list of `#ID` or a file's name.
pub(super) fn find<'v>(
    view: &CommandView<'v>,
    name: &str,
    kind: Kind,
) -> Result<&'v Reference, Reply> {
    let wanted = name.strip_prefix('#');
    let is_it = |list: &&Reference| match wanted {
        Some(id) => id.parse() == Ok(list.list.id),
        None => list.file() == Some(name),
    };
    lists(view, kind).into_iter().find(is_it).ok_or_else(|| {
        let kind = kind.shown();
        Reply::line(format!(
            "Unknown {kind} identifier. Please use #<id> or <file>."
        ))
    })
}

fn show(view: &CommandView<'_>, words: &[&str], kind: Kind) -> Result<Reply, Reply> {
    if words.is_empty() {
        let mut out = String::from("# id (file) description\n");
        for list in lists(view, kind) {
            let versions = list.versions();
            out.push_str(&format!(
                "{} ({}) {}. curr_ver={} next_ver={} entry_cnt={}\n",
                list.list.id,
                list.file().unwrap_or(""),
                description(list),
                versions.current,
                versions.next,
                versions.count
            ));
        }
        return Ok(Reply::Text(out));
    }
    let (version, words) = version(words);
    let list = find(view, words.first().unwrap_or(&""), kind)?;
    let mut out = String::new();
    for entry in list.entries(version) {
        let key = String::from_utf8_lossy(&entry.key);
        out.push_str(&format!("{:#x} {key}", number(&entry)));
        if list.is_map() {
            out.push(' ');
            entry.with_value(|value| out.push_str(&String::from_utf8_lossy(value)));
        }
        out.push('\n');
    }
    Ok(Reply::Text(out))
}

/// Where a list comes from and who uses it.
fn description(list: &Reference) -> String {
    match &list.list.source {
        PatternSource::Line { word, .. } => {
            format!(
                "acl '{}' file '{}' line {}",
                word.value, word.at.file, word.at.line
            )
        }
        PatternSource::File { path, .. } => {
            let kind = if list.is_map() { "map" } else { "acl" };
            let uses = list
                .list
                .uses
                .iter()
                .map(|by| format!("by {kind} at file '{}' line {}", by.at.file, by.at.line));
            let uses: Vec<String> = uses.collect();
            format!("pattern loaded from file '{path}' used {}", uses.join(", "))
        }
    }
}

fn look_up(view: &CommandView<'_>, words: &[&str], kind: Kind) -> Result<Reply, Reply> {
    let [name, value, ..] = words else {
        let kind = kind.shown();
        return Err(Reply::line(format!(
            "Missing {kind} identifier and/or key."
        )));
    };
    let list = find(view, name, kind)?;
    let mut out = String::new();
    for shape in list.shapes() {
        if let Some(by) = list.list.uses.get(shape.first) {
            out.push_str(&found(list, shape, by, value, kind));
            out.push('\n');
        }
    }
    Ok(Reply::Text(out))
}

/// What a value matches in the way of one shape.
fn found(list: &Reference, shape: &Shape, by: &PatternUse, value: &str, kind: Kind) -> String {
    let method = match by.value {
        Some(MapValue::Groups) => "regm",
        _ => matcher::definition(&by.matcher).map_or("", |def| def.name),
    };
    let case = if by.ignore_case {
        "insensitive"
    } else {
        "sensitive"
    };
    let word = match kind {
        Kind::Acl => "match",
        Kind::Map => "found",
    };
    let arena = Arena::new();
    let line = Value::Str(value.as_bytes())
        .cast(shape.method.input(), &arena)
        .and_then(|value| {
            list.find(list.way(shape.first), value, |hit| {
                format!("yes, {}", shown(&hit, by, kind))
            })
        });
    let line = line.unwrap_or_else(|| "no".to_owned());
    format!("type={method}, case={case}, {word}={line}")
}

fn shown(hit: &Hit<'_>, by: &PatternUse, kind: Kind) -> String {
    let index = if hit.in_tree { "tree" } else { "list" };
    let key = String::from_utf8_lossy(&hit.entry.key);
    if kind == Kind::Acl {
        return format!("idx={index}, pattern=\"{key}\"");
    }
    let value = match by.value {
        None => "value=none".to_owned(),
        Some(kind) => hit.entry.with_value(|value| typed(kind, value)),
    };
    format!("idx={index}, key=\"{key}\", {value}")
}

fn typed(kind: MapValue, value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let kind = match kind {
        MapValue::Str | MapValue::Groups => "str",
        MapValue::Int => "sint",
        MapValue::Ip if text.contains(':') => "ipv6",
        MapValue::Ip => "ipv4",
    };
    format!("value=\"{text}\", type=\"{kind}\"")
}
