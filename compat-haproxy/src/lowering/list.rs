//! Lists of patterns: each file is read once, whoever uses it, and each of its patterns is checked once for each way in
//! which it is used (manual 7.1, 7.3.1 "map").

use std::{
    collections::BTreeMap,
    net::{IpAddr, ToSocketAddrs},
};

use locum_model::{
    Located, Origin, Text,
    pattern::{MapValue, PatternLine, PatternList, PatternRef, PatternSource, PatternUse, lines},
};
use locum_runtime::rules::pattern::is_value;

use super::pattern::check;

/// All lists named so far, in the order in which they were.
#[derive(Debug, Default)]
pub struct PatternLists {
    lists: Vec<PatternList>,
    /// The ids that `-u` gave, for each list.
    ids: Vec<Option<i64>>,
    /// The lists in the order in which they were read.
    order: Vec<usize>,
}

impl PatternLists {
    /// The list of a file, which is read unless it was before.
    ///
    /// # Errors
    /// A file that can't be read, or that was read with the other number of columns.
    pub fn of_file(&mut self, path: &str, two_columns: bool) -> Result<usize, String> {
        let list = self.named(path, two_columns);
        if let PatternSource::File {
            text,
            two_columns: before,
            ..
        } = &mut self.lists[list].source
        {
            if text.is_none() {
                let read = std::fs::read(path)
                    .map_err(|_| format!("failed to open pattern file <{path}>"))?;
                *text = Some(Text::from(read));
                *before = two_columns;
                self.order.push(list);
            } else if *before != two_columns {
                let words = |two| if two { "two" } else { "one" };
                return Err(format!(
                    "The file \"{path}\" is already used as {} column file and cannot be used by as {} column file.",
                    words(*before),
                    words(two_columns)
                ));
            }
        }
        Ok(list)
    }

    /// The list of a file that need not be read: an action changes it.
    pub fn named(&mut self, path: &str, two_columns: bool) -> usize {
        let known = self.lists.iter().position(
            |list| matches!(&list.source, PatternSource::File { path: other, .. } if other == path),
        );
        known.unwrap_or_else(|| {
            let source = PatternSource::File {
                path: path.to_owned(),
                text: None,
                two_columns,
            };
            self.push(source, None)
        })
    }

    /// The list of a line's own patterns.
    ///
    /// # Errors
    /// An id that another list has.
    pub fn of_line(
        &mut self,
        word: String,
        at: &Origin,
        patterns: Vec<Text>,
        id: Option<i64>,
    ) -> Result<usize, String> {
        if id.is_some() && self.ids.contains(&id) {
            return Err("the id is already used".to_owned());
        }
        let word = Located::new(word, at.clone());
        let list = self.push(PatternSource::Line { word, patterns }, id);
        self.order.push(list);
        Ok(list)
    }

    fn push(&mut self, source: PatternSource, id: Option<i64>) -> usize {
        self.lists.push(PatternList {
            id: -1,
            source,
            uses: Vec::new(),
            resolved: BTreeMap::new(),
        });
        self.ids.push(id);
        self.lists.len() - 1
    }

    /// Notes a use and checks the list's patterns for it.
    ///
    /// # Errors
    /// The reference's wording for a pattern or value that the use can't take, with its line in a file.
    pub fn use_by(
        &mut self,
        list: usize,
        by: PatternUse,
        at: &Origin,
    ) -> Result<PatternRef, String> {
        let entry = &mut self.lists[list];
        if !entry.uses.iter().any(|other| other.value == by) {
            check_list(entry, &by)?;
        }
        entry.uses.push(Located::new(by, at.clone()));
        Ok(PatternRef {
            list,
            by: entry.uses.len() - 1,
        })
    }

    /// The patterns of a list as text.
    pub fn words(&self, list: usize) -> Vec<String> {
        let shown = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        match self.lists.get(list).map(|list| &list.source) {
            Some(PatternSource::Line { patterns, .. }) => {
                patterns.iter().map(|word| shown(word)).collect()
            }
            Some(PatternSource::File {
                text: Some(text),
                two_columns,
                ..
            }) => lines(text, *two_columns)
                .map(|line| shown(line.key))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// All lists, with their ids: those that got none take what is free, in the order in which they were read; lists
    /// that never were have none.
    pub fn finish(self) -> Vec<PatternList> {
        let mut lists = self.lists;
        let mut next = 0;
        for place in self.order {
            let id = self.ids.get(place).copied().flatten();
            let id = id.unwrap_or_else(|| {
                while self.ids.contains(&Some(next)) {
                    next += 1;
                }
                next += 1;
                next - 1
            });
            if let Some(list) = lists.get_mut(place) {
                list.id = id;
            }
        }
        lists
    }
}

fn check_list(list: &mut PatternList, by: &PatternUse) -> Result<(), String> {
    let resolved = &mut list.resolved;
    match &list.source {
        PatternSource::File {
            path,
            text: Some(text),
            two_columns,
        } => {
            // What any text fits needs no look.
            if !needs_check(by) {
                return Ok(());
            }
            for line in lines(text, *two_columns) {
                check_line(&line, by, resolved).map_err(|reason| {
                    format!("{reason} at line {} of file '{path}'", line.number)
                })?;
            }
            Ok(())
        }
        PatternSource::File { text: None, .. } => Ok(()),
        PatternSource::Line { patterns, .. } => patterns
            .iter()
            .try_for_each(|pattern| check_pattern(pattern, by, resolved)),
    }
}

fn needs_check(by: &PatternUse) -> bool {
    matches!(by.matcher.as_str(), "int" | "len" | "ip" | "bin" | "reg")
        || matches!(by.value, Some(MapValue::Int | MapValue::Ip))
}

fn check_line(
    line: &PatternLine<'_>,
    by: &PatternUse,
    resolved: &mut BTreeMap<String, IpAddr>,
) -> Result<(), String> {
    check_pattern(line.key, by, resolved)?;
    check_value(by, line.value)
}

/// Checks a map's value for a use.
///
/// # Errors
/// The reference's wording.
pub fn check_value(by: &PatternUse, value: &[u8]) -> Result<(), String> {
    match by.value {
        Some(kind) if !is_value(kind, value) => Err(format!(
            "unable to parse '{}'",
            String::from_utf8_lossy(value)
        )),
        _ => Ok(()),
    }
}

fn check_pattern(
    pattern: &[u8],
    by: &PatternUse,
    resolved: &mut BTreeMap<String, IpAddr>,
) -> Result<(), String> {
    if by.matcher == "ip" && !by.no_dns {
        resolve(pattern, resolved);
    }
    check(pattern, by, resolved)
}

/// Looks a name up that stands for an address, of IPv4 where it has one.
fn resolve(pattern: &[u8], resolved: &mut BTreeMap<String, IpAddr>) {
    let Ok(text) = std::str::from_utf8(pattern) else {
        return;
    };
    let host = text.split('/').next().unwrap_or(text);
    let is_name = host.bytes().any(|byte| byte.is_ascii_alphabetic()) && !host.contains(':');
    let is_hexadecimal = host.starts_with("0x") || host.starts_with("0X");
    if !is_name || is_hexadecimal || resolved.contains_key(host) {
        return;
    }
    let found: Vec<IpAddr> = (host, 0)
        .to_socket_addrs()
        .map(|all| all.map(|address| address.ip()).collect())
        .unwrap_or_default();
    let chosen = found.iter().find(|ip| ip.is_ipv4()).or(found.first());
    if let Some(ip) = chosen {
        resolved.insert(host.to_owned(), *ip);
    }
}
