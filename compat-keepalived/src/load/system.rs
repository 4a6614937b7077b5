//! What reading a configuration asks the machine: files, interfaces, users, processors.
//!
//! A trait, since the verdict depends on the machine (an interface that isn't there is an error) and tests have
//! machines of their own.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs, io,
    net::{SocketAddr, ToSocketAddrs},
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

use locum_model::script::Account;
use locum_vrrp::interfaces::{self, Link};
use nix::unistd::{Group, User, getegid, geteuid, gethostname};

/// A network interface as far as reading needs it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Interface {
    /// It is a loopback.
    pub loopback: bool,
    /// It is a macvlan in private mode, which a vmac may take over.
    pub private_macvlan: bool,
    /// It is a VRF with this table.
    pub vrf_table: Option<u32>,
}

/// A file's owner and mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// Type and permission bits (`st_mode`).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// The machine.
pub trait System {
    /// A file's bytes.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// What a pattern of glob(3) matches, sorted; a relative one begins at `directory`.
    fn glob(&self, pattern: &[u8], directory: &Path) -> Vec<PathBuf>;
    /// The host's name.
    fn host_name(&self) -> String;
    /// The interface of this name.
    fn interface(&self, name: &str) -> Option<Interface>;
    /// All interfaces at once, where that is cheaper than one by one.
    fn interfaces(&self) -> Option<HashMap<String, Interface>> {
        None
    }
    /// An interface that isn't there is waited for from now on; false: it was already.
    fn expects(&self, _name: &str) -> bool {
        true
    }
    /// The user of this name with its group.
    fn user(&self, name: &str) -> Option<Account>;
    /// The group of this name.
    fn group(&self, name: &str) -> Option<u32>;
    /// Whom this process runs as.
    fn own_account(&self) -> Account;
    /// Owner and mode, of what a symbolic link points to.
    fn file(&self, path: &Path) -> io::Result<FileFacts>;
    /// The path without symbolic links.
    fn real_path(&self, path: &Path) -> Option<PathBuf>;
    /// Folders that programs without a path are looked for in.
    fn search_path(&self) -> Vec<PathBuf> {
        match std::env::var_os("PATH") {
            Some(path) => std::env::split_paths(&path).collect(),
            None => vec![PathBuf::from("/bin"), PathBuf::from("/usr/bin")],
        }
    }
    /// The address of a host name or an address, with this port.
    fn resolve(&self, host: &str, port: u16) -> Option<SocketAddr>;
    /// How many processors there are.
    fn processors(&self) -> u32;
    /// A number that nobody guesses, between two.
    fn random(&self, low: u32, high: u32) -> u32;
}

/// MACVLAN_MODE_PRIVATE.
const PRIVATE: u32 = 1;

fn seen(link: &Link) -> Interface {
    let kind = link.kind.as_deref();
    Interface {
        loopback: link.loopback,
        private_macvlan: kind == Some("macvlan") && link.detail == Some(PRIVATE),
        vrf_table: link.detail.filter(|_| kind == Some("vrf")),
    }
}

/// The machine that we run on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl System for Machine {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn glob(&self, pattern: &[u8], directory: &Path) -> Vec<PathBuf> {
        let path = directory.join(OsStr::from_bytes(pattern));
        let options = glob::MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        glob::glob_with(&path.to_string_lossy(), options)
            .map(|paths| paths.filter_map(Result::ok).collect())
            .unwrap_or_default()
    }

    fn host_name(&self) -> String {
        gethostname().map_or_else(
            |_| String::new(),
            |name| name.to_string_lossy().into_owned(),
        )
    }

    fn interface(&self, name: &str) -> Option<Interface> {
        self.interfaces()?.remove(name)
    }

    fn interfaces(&self) -> Option<HashMap<String, Interface>> {
        let links = interfaces::all().ok()?;
        let all = links.iter().map(|link| (link.name.clone(), seen(link)));
        Some(all.collect())
    }

    fn user(&self, name: &str) -> Option<Account> {
        let user = User::from_name(name).ok()??;
        Some(Account {
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
        })
    }

    fn group(&self, name: &str) -> Option<u32> {
        Some(Group::from_name(name).ok()??.gid.as_raw())
    }

    fn own_account(&self) -> Account {
        Account {
            uid: geteuid().as_raw(),
            gid: getegid().as_raw(),
        }
    }

    fn file(&self, path: &Path) -> io::Result<FileFacts> {
        let facts = fs::metadata(path)?;
        Ok(FileFacts {
            mode: facts.mode(),
            uid: facts.uid(),
            gid: facts.gid(),
        })
    }

    fn real_path(&self, path: &Path) -> Option<PathBuf> {
        fs::canonicalize(path).ok()
    }

    fn resolve(&self, host: &str, port: u16) -> Option<SocketAddr> {
        (host, port).to_socket_addrs().ok()?.next()
    }

    fn processors(&self) -> u32 {
        std::thread::available_parallelism()
            .map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
    }

    fn random(&self, low: u32, high: u32) -> u32 {
        use std::hash::{BuildHasher, Hasher};
        let seed = std::collections::hash_map::RandomState::new()
            .build_hasher()
            .finish();
        let span = u64::from(high.saturating_sub(low)) + 1;
        low.saturating_add(u32::try_from(seed % span).unwrap_or(0))
    }
}
