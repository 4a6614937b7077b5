//! What hosts logged, as the text that is compared.

use super::scenario::Scenario;
use crate::normalise::keepalived as normalise;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The lines of each syslog ident, in its order: those of different processes have none.
#[must_use]
pub fn text(lines: &[String], scenario: &Scenario) -> String {
    let all = |patterns: &[String]| -> Vec<Regex> {
        let compiled = patterns.iter().map(|p| Regex::new(p));
        compiled.filter_map(Result::ok).collect()
    };
    let (mut ignored, collapsed) = (all(&scenario.ignore_log), all(&scenario.collapse_log));
    // Told of a machine that is busy.
    ignored.extend(Regex::new("A thread timer expired"));
    let only = scenario.only_ident.as_deref().map(Regex::new);
    let mut idents: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        let line = normalise(line);
        // <30>DATE Keepalived_vrrp[PID]: text
        let Some((head, text)) = line.split_once(": ") else {
            idents.entry(String::new()).or_default().push(line);
            continue;
        };
        let (priority, ident) = head.split_once("DATE ").unwrap_or(("", head));
        let line = format!("{priority} {text}");
        if ignored.iter().any(|p| p.is_match(&line)) {
            continue;
        }
        if let Some(Ok(only)) = &only
            && !only.is_match(ident.trim_end_matches("[PID]"))
        {
            continue;
        }
        let lines = idents.entry(ident.to_owned()).or_default();
        if lines.last() != Some(&line) || !collapsed.iter().any(|p| p.is_match(&line)) {
            lines.push(line);
        }
    }
    let mut out = String::new();
    for (ident, mut lines) in idents {
        if scenario.unique_log {
            let mut before = BTreeSet::new();
            lines.retain(|line| before.insert(line.clone()));
        }
        if scenario.sort_log {
            lines.sort();
        }
        let _infallible = writeln!(out, "----- {ident}");
        for line in lines {
            let _infallible = writeln!(out, "{}", line.trim_end_matches('\n'));
        }
    }
    out
}
