//! What the text may ask about its surroundings: environment variables and the answers to `.if` (manual 2.3, 2.4).

use std::collections::BTreeMap;

use locum_parser::haproxy::Host;

/// The environment as the configuration changes it.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Vec<u8>>,
    /// Variables that lines set (`Some`) or took away (`None`).
    pub changes: BTreeMap<String, Option<String>>,
    /// The name of the section being read, or its type.
    pub section: Vec<u8>,
    /// The version that `version_atleast` compares.
    pub version: String,
}

impl Environment {
    /// Begins with these variables.
    pub fn new(variables: BTreeMap<String, Vec<u8>>, version: String) -> Self {
        Self {
            variables,
            changes: BTreeMap::new(),
            section: Vec::new(),
            version,
        }
    }

    /// Whether a variable exists.
    pub fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// Sets a variable as `setenv` does.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        let text = String::from_utf8_lossy(value).into_owned();
        self.changes.insert(name.to_owned(), Some(text));
        self.variables.insert(name.to_owned(), value.to_vec());
    }

    /// Removes a variable as `unsetenv` does.
    pub fn unset(&mut self, name: &str) {
        self.changes.insert(name.to_owned(), None);
        self.variables.remove(name);
    }

    /// Keeps only these variables, as `resetenv` does.
    pub fn keep_only(&mut self, names: &[String]) {
        let gone: Vec<String> = self
            .variables
            .keys()
            .filter(|name| !names.contains(name))
            .cloned()
            .collect();
        for name in gone {
            self.unset(&name);
        }
    }
}

impl Host for Environment {
    fn env(&self, name: &str) -> Option<Vec<u8>> {
        self.variables.get(name).cloned()
    }

    fn section(&self) -> Vec<u8> {
        self.section.clone()
    }

    fn feature(&self, name: &str) -> bool {
        name.is_empty() || crate::version::has_feature(name)
    }

    fn version(&self) -> String {
        self.version.clone()
    }
}
