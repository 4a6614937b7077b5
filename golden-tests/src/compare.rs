//! Judges what a subject did: equal to what is expected, or different as known-differences.toml says, and only so.

use regex::Regex;
use serde::Deserialize;
use similar::TextDiff;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Capture name -> text.
pub type Captures = BTreeMap<String, String>;

/// Every intended difference, and what isn't there yet.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// One per scenario.
    #[serde(default)]
    pub difference: Vec<Difference>,
    /// Scenarios that are recorded before ours can play them.
    #[serde(default)]
    pub pending: Vec<Pending>,
    /// Recordings of HAProxy 1.5.0 that ours does not follow, with the reason. No scenario here plays them.
    #[serde(default)]
    pub older: Vec<Older>,
}

/// A recording of an older version that ours doesn't follow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Older {
    /// Its name.
    pub recording: String,
    /// Why.
    pub reason: String,
}

/// Scenarios that ours isn't asked to play yet. They are counted in the last lines of every run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The name of a test, or how names begin if it ends with `/`.
    pub scenario: String,
    /// What is missing.
    pub reason: String,
}

/// One scenario in which ours differs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The name of the test.
    pub scenario: String,
    /// Why.
    pub reason: String,
    /// Which captures differ: each of them must, all others must not.
    pub differs: Vec<String>,
    /// Lines that ours must show in the captures that differ.
    #[serde(default)]
    pub ours_shows: Vec<String>,
    /// Patterns of lines that ours alone shows in them. If this or `only_theirs` is given, all other lines must be equal.
    #[serde(default)]
    pub only_ours: Vec<String>,
    /// Patterns of lines that the reference alone shows in them.
    #[serde(default)]
    pub only_theirs: Vec<String>,
    /// The word of the configuration that isn't there yet.
    pub word: Option<String>,
}

impl Known {
    /// Reads known-differences.toml.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let known: Self = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut names = BTreeSet::new();
        for entry in &known.difference {
            if entry.reason.trim().is_empty() || entry.differs.is_empty() {
                return Err(format!("{}: no reason, or nothing differs", entry.scenario));
            }
            if !names.insert(&entry.scenario) {
                return Err(format!("{}: listed twice", entry.scenario));
            }
        }
        Ok(known)
    }

    /// The entry of this test.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<&Difference> {
        self.difference.iter().find(|d| d.scenario == name)
    }

    /// Why ours isn't asked to play this test yet.
    #[must_use]
    pub fn pending(&self, name: &str) -> Option<&Pending> {
        self.pending.iter().find(|p| p.covers(name))
    }

    /// Entries whose test does not exist.
    #[must_use]
    pub fn strangers(&self, names: &BTreeSet<String>) -> Vec<String> {
        let unknown = self.difference.iter().map(|d| d.scenario.clone());
        let unknown = unknown.filter(|name| !names.contains(name));
        let pending = self.pending.iter();
        let pending = pending.filter(|p| !names.iter().any(|name| p.covers(name)));
        unknown.chain(pending.map(|p| p.scenario.clone())).collect()
    }
}

impl Pending {
    fn covers(&self, name: &str) -> bool {
        name == self.scenario || (self.scenario.ends_with('/') && name.starts_with(&self.scenario))
    }
}

/// The names of the captures that differ.
#[must_use]
pub fn differing(expected: &Captures, actual: &Captures) -> BTreeSet<String> {
    let names = expected.keys().chain(actual.keys());
    names
        .filter(|name| expected.get(*name) != actual.get(*name))
        .cloned()
        .collect()
}

/// Ok if `actual` is as expected, or differs exactly as the entry says.
///
/// # Errors
/// A diff, or the entry that is no longer true.
pub fn judge(
    expected: &Captures,
    actual: &Captures,
    known: Option<&Difference>,
) -> Result<(), String> {
    let differing = differing(expected, actual);
    let Some(known) = known else {
        return match differing.is_empty() {
            true => Ok(()),
            false => Err(diff(expected, actual, &differing)),
        };
    };
    let listed: BTreeSet<String> = known.differs.iter().cloned().collect();
    if differing.is_empty() {
        return Err(
            "known-differences.toml lists this scenario, but it no longer differs: \
                    take the entry out"
                .to_owned(),
        );
    }
    let unlisted: BTreeSet<String> = differing.difference(&listed).cloned().collect();
    if !unlisted.is_empty() {
        return Err(diff(expected, actual, &unlisted));
    }
    if let Some(equal) = listed.difference(&differing).next() {
        return Err(format!(
            "known-differences.toml lists '{equal}', but it no longer differs"
        ));
    }
    let ours: String = listed
        .iter()
        .filter_map(|n| actual.get(n))
        .cloned()
        .collect();
    if let Some(line) = known.ours_shows.iter().find(|line| !ours.contains(*line)) {
        return Err(format!(
            "known-differences.toml says that ours shows '{line}', but it shows:\n{ours}"
        ));
    }
    if known.only_ours.is_empty() && known.only_theirs.is_empty() {
        return Ok(());
    }
    let expected = without(expected, &listed, &known.only_theirs)?;
    let actual = without(actual, &listed, &known.only_ours)?;
    let differing = self::differing(&expected, &actual);
    match differing.is_empty() {
        true => Ok(()),
        false => Err(diff(&expected, &actual, &differing)),
    }
}

/// The named captures without the lines that fit patterns, each of which must fit a line.
fn without(
    captures: &Captures,
    names: &BTreeSet<String>,
    patterns: &[String],
) -> Result<Captures, String> {
    let mut left: Captures = captures.clone();
    left.retain(|name, _| names.contains(name));
    for pattern in patterns {
        let fits = Regex::new(pattern).map_err(|error| error.to_string())?;
        let before = left.clone();
        for text in left.values_mut() {
            let lines = text.split_inclusive('\n');
            *text = lines
                .filter(|line| !fits.is_match(line.trim_end_matches('\n')))
                .collect();
        }
        if left == before {
            return Err(format!(
                "known-differences.toml says that lines fit '{pattern}', but none does"
            ));
        }
    }
    Ok(left)
}

/// Ok if `actual`, where one host runs ours and another the reference, differs at most where the entry says that ours does.
///
/// # Errors
/// A diff.
pub fn judge_mixed(
    expected: &Captures,
    actual: &Captures,
    known: Option<&Difference>,
) -> Result<(), String> {
    let mut differing = differing(expected, actual);
    differing.retain(|name| known.is_none_or(|known| !known.differs.contains(name)));
    match differing.is_empty() {
        true => Ok(()),
        false => Err(diff(expected, actual, &differing)),
    }
}

fn diff(expected: &Captures, actual: &Captures, names: &BTreeSet<String>) -> String {
    let empty = String::new();
    let mut out = String::new();
    for name in names {
        let before = expected.get(name).unwrap_or(&empty);
        let after = actual.get(name).unwrap_or(&empty);
        let diff = TextDiff::from_lines(before, after);
        out.push_str(
            &diff
                .unified_diff()
                .context_radius(4)
                .header(&format!("expected/{name}.txt"), &format!("actual/{name}"))
                .to_string(),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captures(text: &str) -> Captures {
        BTreeMap::from([("client".to_owned(), text.to_owned())])
    }

    fn entry() -> Difference {
        Difference {
            scenario: "x".to_owned(),
            reason: "because".to_owned(),
            differs: vec!["client".to_owned()],
            ours_shows: vec!["400".to_owned()],
            only_ours: Vec::new(),
            only_theirs: Vec::new(),
            word: None,
        }
    }

    #[test]
    fn a_known_difference_must_differ_as_it_says() {
        let (theirs, ours) = (captures("200\n"), captures("400\n"));
        assert!(judge(&theirs, &ours, None).unwrap_err().contains("+400"));
        assert_eq!(judge(&theirs, &ours, Some(&entry())), Ok(()));
        assert!(judge(&theirs, &theirs, Some(&entry())).is_err());
        assert!(judge(&theirs, &captures("500\n"), Some(&entry())).is_err());
    }

    #[test]
    fn lines_of_one_alone_leave_the_others_to_be_compared() {
        let entry = Difference {
            ours_shows: Vec::new(),
            only_ours: vec!["^hint".to_owned()],
            ..entry()
        };
        let theirs = captures("200\nbye\n");
        let judged = |ours: &str| judge(&theirs, &captures(ours), Some(&entry));
        assert_eq!(judged("200\nhint 1\nbye\nhint 2\n"), Ok(()));
        assert!(judged("200\nhint\n").unwrap_err().contains("-bye"));
        assert!(judged("200\nbye\nbye\n").unwrap_err().contains("^hint"));
        assert!(judged("200\nbye\n").is_err());
    }

    #[test]
    fn a_capture_that_is_missing_differs() {
        assert_eq!(differing(&captures("a"), &Captures::new()).len(), 1);
    }
}
