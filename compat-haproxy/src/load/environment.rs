//! What the text may ask about its surroundings: environment variables and the answers to `.if` (manual 2.3, 2.4).

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    os::unix::ffi::{OsStrExt, OsStringExt},
};

use locum_parser::haproxy::Host;

/// The local peer's name.
pub const LOCAL_PEER: &str = "HAPROXY_LOCALPEER";

fn host_name() -> Vec<u8> {
    nix::unistd::gethostname().map_or_else(|_| Vec::new(), OsStringExt::into_vec)
}

/// The environment as the configuration changes it.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Vec<u8>>,
    /// Variables that were set (`Some`) or taken away (`None`), in order.
    pub changes: Vec<(String, Option<String>)>,
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
            changes: Vec::new(),
            section: Vec::new(),
            version,
        }
    }

    /// Sets what the reference sets before it reads anything: the version that was started first, and the name of
    /// the local peer, `-L` or the host's (manual 2.3).
    pub fn begin(&mut self, local_peer: Option<&OsStr>) {
        const STARTED: &str = "HAPROXY_STARTUP_VERSION";
        if !self.has(STARTED) {
            self.set(STARTED, self.version.clone().as_bytes());
        }
        let peer = local_peer.map_or_else(host_name, |peer| peer.as_bytes().to_vec());
        self.set(LOCAL_PEER, &peer);
    }

    /// Whether a variable exists.
    pub fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// Sets a variable as `setenv` does.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        let text = String::from_utf8_lossy(value).into_owned();
        self.changes.push((name.to_owned(), Some(text)));
        self.variables.insert(name.to_owned(), value.to_vec());
    }

    /// Removes a variable as `unsetenv` does.
    pub fn unset(&mut self, name: &str) {
        self.changes.push((name.to_owned(), None));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_first_start_stays_and_the_local_peer_is_set_anew() {
        let old = [("HAPROXY_STARTUP_VERSION", "2.4"), (LOCAL_PEER, "old")];
        let old = old.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let mut environment = Environment::new(old.into(), "2.6".to_owned());
        environment.begin(Some(OsStr::new("a")));
        assert_eq!(
            environment.env("HAPROXY_STARTUP_VERSION"),
            Some(b"2.4".to_vec())
        );
        assert_eq!(
            environment.changes,
            [(LOCAL_PEER.to_owned(), Some("a".to_owned()))]
        );
    }
}
