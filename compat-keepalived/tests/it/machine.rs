//! A machine of its own for tests: the one that the samples were recorded on.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use locum_compat_keepalived::load::{
    System,
    system::{FileFacts, Interface},
};
use locum_model::script::Account;

/// Interfaces v0, v1 and lo, root alone, three scripts, and the files of a test.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// Files that can be read.
    pub(crate) files: HashMap<PathBuf, Vec<u8>>,
}

const FOLDERS: [&str; 6] = ["/", "/etc", "/etc/keepalived", "/usr", "/usr/bin", "/bin"];

impl System for Recorded {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.files.get(path).cloned();
        file.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn glob(&self, pattern: &[u8], directory: &Path) -> Vec<PathBuf> {
        let path = directory.join(String::from_utf8_lossy(pattern).as_ref());
        let known = self.files.contains_key(&path);
        known.then_some(path).into_iter().collect()
    }

    fn host_name(&self) -> String {
        "vm".to_owned()
    }

    fn interface(&self, name: &str) -> Option<Interface> {
        let known = matches!(name, "v0" | "v1" | "lo");
        known.then(|| Interface {
            loopback: name == "lo",
            ..Interface::default()
        })
    }

    fn user(&self, name: &str) -> Option<Account> {
        (name == "root").then(Account::default)
    }

    fn group(&self, name: &str) -> Option<u32> {
        (name == "root").then_some(0)
    }

    fn own_account(&self) -> Account {
        Account::default()
    }

    fn file(&self, path: &Path) -> std::io::Result<FileFacts> {
        let path = path.to_str().unwrap_or_default();
        let mode = match path {
            _ if FOLDERS.contains(&path) => 0o040_755,
            "/etc/keepalived/ok.sh" | "/usr/bin/true" | "/bin/true" => 0o100_755,
            "/etc/keepalived/noexec.sh" => 0o100_644,
            "/etc/keepalived/wworld.sh" => 0o100_777,
            _ => return Err(std::io::ErrorKind::NotFound.into()),
        };
        Ok(FileFacts {
            mode,
            uid: 0,
            gid: 0,
        })
    }

    fn real_path(&self, path: &Path) -> Option<PathBuf> {
        Some(path.to_owned())
    }

    fn search_path(&self) -> Vec<PathBuf> {
        vec![PathBuf::from("/usr/bin")]
    }

    fn resolve(&self, host: &str, port: u16) -> Option<SocketAddr> {
        Some(SocketAddr::new(host.parse().ok()?, port))
    }

    fn processors(&self) -> u32 {
        2
    }

    fn random(&self, low: u32, _high: u32) -> u32 {
        low
    }
}
