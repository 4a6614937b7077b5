//! `include` and its kin (manual, DESCRIPTION and `include_check`).

use super::text::{Text, is_space};

/// What makes an `include` an error; `include_check` in global_defs sets it for the file that is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IncludeCheck {
    /// A match is not a readable file.
    pub readable: bool,
    /// No file matches, and the name has no wildcard.
    pub matching: bool,
    /// No file matches, even with a wildcard.
    pub wildcard_match: bool,
    /// A brace expansion doesn't match a file.
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

    /// Both together; each kind of match includes being readable.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let matching = self.matching || other.matching;
        let wildcard_match = self.wildcard_match || other.wildcard_match;
        let brace_match = self.brace_match || other.brace_match;
        Self {
            readable: self.readable || other.readable || matching || wildcard_match || brace_match,
            matching,
            wildcard_match,
            brace_match,
        }
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

/// Recognises an `include` line, which must not be indented any more.
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
        check: none.with(check),
        pattern: line.slice(length..line.len()).trimmed(),
    })
}
