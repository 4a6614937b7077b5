//! Names of fields for peers that know them in one case only (RFC 9110 §5.1 makes case meaningless; some don't care).

use std::collections::HashMap;

/// Names in lower case, and each as a peer wants it.
#[derive(Debug, Default)]
pub struct NameCase(HashMap<Box<[u8]>, Box<[u8]>>);

impl NameCase {
    /// Of pairs; one whose first part isn't in lower case is never found.
    pub fn new<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Self {
        Self(
            pairs
                .map(|(from, to)| (from.as_bytes().into(), to.as_bytes().into()))
                .collect(),
        )
    }

    /// How a name, which is in lower case, is to be written.
    pub fn of<'n>(&'n self, name: &'n [u8]) -> &'n [u8] {
        self.0.get(name).map_or(name, |to| to)
    }
}
