//! Where in the configuration a value was written.

use std::{fmt, ops::Deref, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A place in a configuration file. Lines and columns count from 1; line 0 means "nowhere, a default".
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file's name as the user gave it.
    pub file: Arc<str>,
    /// Line in that file.
    pub line: u32,
    /// Column of the word in that line, in bytes.
    pub column: u32,
}

impl Origin {
    /// The origin of a value that no line of a file gave.
    pub fn nowhere() -> Self {
        Self {
            file: Arc::from(""),
            line: 0,
            column: 0,
        }
    }
}

impl Default for Origin {
    fn default() -> Self {
        Self::nowhere()
    }
}

/// `file:line`, the way messages name a place.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A value together with the place it was written at.
///
/// Equality and serialisation look at the value alone: a diff of two models must not see that a line moved, while
/// `explain`, late checks and run-time messages can still name it.
#[derive(Debug, Clone, Default)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub at: Origin,
}

impl<T> Located<T> {
    /// A value written at `at`.
    pub fn new(value: T, at: Origin) -> Self {
        Self { value, at }
    }

    /// A value that no file gave.
    pub fn built_in(value: T) -> Self {
        Self {
            value,
            at: Origin::nowhere(),
        }
    }

    /// The same place with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Located<U> {
        Located {
            value: f(self.value),
            at: self.at,
        }
    }
}

impl<T> Deref for Located<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Located<T> {}

impl<T: Serialize> Serialize for Located<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::built_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_ignores_the_place() {
        let here = Located::new(
            3,
            Origin {
                file: "a.cfg".into(),
                line: 1,
                column: 1,
            },
        );
        let there = Located::new(
            3,
            Origin {
                file: "b.cfg".into(),
                line: 9,
                column: 4,
            },
        );
        assert_eq!(here, there);
        assert_ne!(here, Located::built_in(4));
    }

    #[test]
    fn serialisation_ignores_the_place() {
        let here = Located::new(
            3,
            Origin {
                file: "a.cfg".into(),
                line: 1,
                column: 1,
            },
        );
        assert_eq!(serde_json::to_string(&here).unwrap(), "3");
    }
}
