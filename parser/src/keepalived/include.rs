//! `include` and its kin (manual, DESCRIPTION and `include_check`).

use super::host::Host;
use super::text::{Text, is_space};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Patterns that the braces of one may make.
const MAX_ALTERNATIVES: usize = 1000;

/// What makes an `include` fail; `include_check` in global_defs sets it for the file that is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IncludeCheck {
    /// What matches is not a readable file.
    pub readable: bool,
    /// A file that is named outright isn't there.
    pub matching: bool,
    /// Nothing matches a wildcard.
    pub wildcard_match: bool,
    /// An alternative in braces isn't there.
    pub brace_match: bool,
}

impl IncludeCheck {
    /// Every check.
    pub const ALL: Self = Self {
        readable: true,
        matching: true,
        wildcard_match: true,
        brace_match: true,
    };

    /// What either of them asks for.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            readable: self.readable || other.readable,
            matching: self.matching || other.matching,
            wildcard_match: self.wildcard_match || other.wildcard_match,
            brace_match: self.brace_match || other.brace_match,
        }
    }

    /// Each kind of match includes being readable.
    fn wants_readable(self) -> bool {
        self.readable || self.matching || self.wildcard_match || self.brace_match
    }
}

/// An `include` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Include {
    /// What its letter adds to the checks.
    pub(super) check: IncludeCheck,
    /// Name or pattern, as written.
    pub(super) pattern: Text,
}

/// Recognises an `include` line, which has no white space at its ends.
pub(super) fn include(line: &Text) -> Option<Include> {
    let behind = line.bytes().strip_prefix(b"include")?;
    let none = IncludeCheck::default();
    let letter = behind.first().filter(|byte| !is_space(**byte));
    let check = match letter {
        None => none,
        Some(b'r') => IncludeCheck {
            readable: true,
            ..none
        },
        Some(b'm') => IncludeCheck {
            matching: true,
            ..none
        },
        Some(b'w') => IncludeCheck {
            wildcard_match: true,
            ..none
        },
        Some(b'b') => IncludeCheck {
            brace_match: true,
            ..none
        },
        Some(b'a') => IncludeCheck::ALL,
        Some(_) => return None,
    };
    let length = "include".len() + usize::from(letter.is_some());
    if !line.bytes().get(length).copied().is_some_and(is_space) {
        return None;
    }
    Some(Include {
        check,
        pattern: line.slice(length..line.len()).trimmed(),
    })
}

/// What a pattern led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Files and directories, in order.
    pub(super) paths: Vec<PathBuf>,
    /// What there is to complain about.
    pub(super) complaint: Option<Complaint>,
}

/// Something that isn't there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    /// In the reference's words.
    pub(super) message: String,
    /// A check fails by it.
    pub(super) fails: bool,
    /// The pattern names a file outright: that it isn't there is an error in any case.
    pub(super) outright: bool,
}

/// Looks for what a pattern names.
pub(super) fn find(
    pattern: &[u8],
    directory: &Path,
    check: IncludeCheck,
    host: &dyn Host,
) -> Found {
    let mut paths = Vec::new();
    let mut missing = false;
    for alternative in alternatives(pattern) {
        let found = host.glob(&alternative, directory);
        missing |= found.is_empty() && is_missing(&alternative, directory, host);
        paths.extend(found);
    }
    let name = String::from_utf8_lossy(pattern);
    let braced = pattern.contains(&b'{');
    let wild = has_wildcard(pattern);
    let absence_fails = if braced {
        check.brace_match
    } else {
        check.matching || check.wildcard_match
    };
    let complaint = if missing && paths.is_empty() {
        Some((format!("Config files missing '{name}'."), absence_fails))
    } else if missing {
        Some((
            format!("Some config files missing: \"{name}\"."),
            check.brace_match,
        ))
    } else if paths.is_empty() && check.wildcard_match {
        Some((format!("No config files matched '{name}'."), true))
    } else {
        None
    };
    Found {
        paths,
        complaint: complaint.map(|(message, fails)| Complaint {
            message,
            fails,
            outright: !braced && !wild,
        }),
    }
}

/// What is said of a match that is no file to be read, and whether a check fails by it.
pub(super) fn not_a_file(path: &Path, what: &str, check: IncludeCheck) -> (String, bool) {
    let message = format!("Configuration file '{}' {what} - skipping", path.display());
    (message, check.wants_readable())
}

/// Whether nothing matching means that something isn't there: a name without wildcard, or the directory that a
/// wildcard looks through, or what stands behind a directory that a wildcard found.
fn is_missing(pattern: &[u8], directory: &Path, host: &dyn Host) -> bool {
    let components: Vec<Range<usize>> = components(pattern);
    let wild = |range: &Range<usize>| has_wildcard(&pattern[range.clone()]);
    let Some(first) = components.iter().position(wild) else {
        return true;
    };
    let last = components.iter().rposition(wild).unwrap_or(first);
    let exists = |count: usize| {
        let end = components
            .get(count.wrapping_sub(1))
            .map_or(0, |range| range.end);
        end == 0 || !host.glob(&pattern[..end], directory).is_empty()
    };
    !exists(first) || (last + 1 < components.len() && exists(last + 1))
}

fn components(pattern: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut components = Vec::new();
    for part in pattern.split(|byte| *byte == b'/') {
        components.push(start..start + part.len());
        start += part.len() + 1;
    }
    components
}

fn has_wildcard(pattern: &[u8]) -> bool {
    pattern
        .iter()
        .any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// `a{b,c{d,e}}` as `ab`, `acd`, `ace`; braces without partner, and `{}`, are plain.
fn alternatives(pattern: &[u8]) -> Vec<Vec<u8>> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_vec()];
    while let Some(pattern) = open.pop() {
        match choice(&pattern) {
            Some(choices) if done.len() + open.len() + choices.len() <= MAX_ALTERNATIVES => {
                open.extend(choices.into_iter().rev());
            }
            _ => done.push(pattern),
        }
    }
    done
}

/// The first pair of braces resolved, or None if there is none.
fn choice(pattern: &[u8]) -> Option<Vec<Vec<u8>>> {
    let start = pattern.iter().position(|byte| *byte == b'{')?;
    let mut depth = 0usize;
    let mut cuts = vec![start];
    for (at, byte) in pattern.iter().enumerate().skip(start) {
        match byte {
            b'{' => depth += 1,
            b',' if depth == 1 => cuts.push(at),
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            cuts.push(at);
            break;
        }
    }
    if depth > 0 || cuts.last() == Some(&(start + 1)) {
        return None;
    }
    let behind = &pattern[cuts.last()? + 1..];
    let choices = cuts.windows(2).map(|cut| {
        let inner = &pattern[cut[0] + 1..cut[1]];
        [&pattern[..start], inner, behind].concat()
    });
    Some(choices.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pattern: &str) -> Vec<String> {
        let texts = alternatives(pattern.as_bytes()).into_iter();
        texts
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .collect()
    }

    #[test]
    fn braces_are_alternatives_in_their_order() {
        assert_eq!(cut("a.conf"), ["a.conf"]);
        assert_eq!(cut("{b,a}.conf"), ["b.conf", "a.conf"]);
        assert_eq!(
            cut("{foo/{,cat,dog},bar}x"),
            ["foo/x", "foo/catx", "foo/dogx", "barx"]
        );
        assert_eq!(cut("{a}{b,c}"), ["ab", "ac"]);
        assert_eq!(cut("a{b"), ["a{b"]);
        assert_eq!(cut("a}b"), ["a}b"]);
        assert_eq!(cut("a{}b"), ["a{}b"]);
    }

    #[test]
    fn braces_without_end_do_not_multiply_for_ever() {
        assert!(alternatives("{a,b}".repeat(40).as_bytes()).len() <= MAX_ALTERNATIVES);
    }

    #[test]
    fn an_include_may_have_one_of_five_letters() {
        let check =
            |line: &str| include(&Text::of_file(line.as_bytes(), 0)).map(|include| include.check);
        assert_eq!(check("include x"), Some(IncludeCheck::default()));
        assert_eq!(check("includea x"), Some(IncludeCheck::ALL));
        assert!(check("includem\tx").is_some_and(|check| check.matching && !check.brace_match));
        assert_eq!(check("included x"), None);
        assert_eq!(check("include"), None);
        assert_eq!(check("include_check"), None);
    }
}
