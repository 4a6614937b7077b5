//! How a process of the daemon reads the configuration: from where the daemon was started, with its messages in the log.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use locum_model::script::Account;

use super::log::Log;
use crate::{
    args::Args,
    load::{
        self, Loaded, Process, Request, System,
        system::{FileFacts, Interface, Machine},
    },
};

/// The configuration file and what decides how it is read.
#[derive(Debug)]
pub(super) struct Reading {
    file: PathBuf,
    config_id: Option<String>,
    all_config: bool,
    machine: Rooted,
}

impl Reading {
    /// Of the file that the command line names, as seen from the present directory: a daemon changes it later.
    pub(super) fn of(args: &Args) -> Self {
        Self {
            file: args.file.clone(),
            config_id: args.config_id.clone(),
            all_config: args.all_config,
            machine: Rooted {
                directory: std::env::current_dir().unwrap_or_else(|_| "/".into()),
                expected: RefCell::default(),
            },
        }
    }

    /// The file as it was named.
    pub(super) fn name(&self) -> std::path::Display<'_> {
        self.file.display()
    }

    /// Whether there is a file that can be read.
    pub(super) fn is_there(&self) -> bool {
        let path = self.machine.directory.join(&self.file);
        std::fs::File::open(path).is_ok()
    }

    /// Reads it as this process does and logs what there is to say.
    pub(super) fn read(&self, process: Process, log: &Log) -> Loaded {
        let loaded = load::load(&self.request(false), process);
        for message in &loaded.messages {
            log.say(&message.text);
        }
        for warning in loaded.warnings() {
            log.say(warning);
        }
        loaded
    }

    /// Reads it as all processes do, one after another.
    pub(super) fn test(&self) -> Loaded {
        load::test(&self.request(true))
    }

    fn request(&self, testing: bool) -> Request<'_> {
        Request {
            file: &self.file,
            config_id: self.config_id.as_deref(),
            all_config: self.all_config,
            testing,
            system: &self.machine,
        }
    }
}

/// The machine, with relative paths from one directory.
#[derive(Debug)]
struct Rooted {
    directory: PathBuf,
    /// Interfaces that weren't there when a configuration named them.
    expected: RefCell<HashSet<String>>,
}

impl System for Rooted {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Machine.read(&self.directory.join(path))
    }

    fn glob(&self, pattern: &[u8], directory: &Path) -> Vec<PathBuf> {
        let found = Machine.glob(pattern, &self.directory.join(directory));
        if directory.is_absolute() || pattern.starts_with(b"/") {
            return found;
        }
        // Named as they would be from there.
        found
            .into_iter()
            .map(|path| match path.strip_prefix(&self.directory) {
                Ok(path) => path.to_owned(),
                Err(_) => path,
            })
            .collect()
    }

    fn host_name(&self) -> String {
        Machine.host_name()
    }

    fn interface(&self, name: &str) -> Option<Interface> {
        Machine.interface(name)
    }

    fn interfaces(&self) -> Option<HashMap<String, Interface>> {
        Machine.interfaces()
    }

    fn expects(&self, name: &str) -> bool {
        self.expected.borrow_mut().insert(name.to_owned())
    }

    fn user(&self, name: &str) -> Option<Account> {
        Machine.user(name)
    }

    fn group(&self, name: &str) -> Option<u32> {
        Machine.group(name)
    }

    fn own_account(&self) -> Account {
        Machine.own_account()
    }

    fn file(&self, path: &Path) -> io::Result<FileFacts> {
        Machine.file(path)
    }

    fn real_path(&self, path: &Path) -> Option<PathBuf> {
        Machine.real_path(path)
    }

    fn resolve(&self, host: &str, port: u16) -> Option<SocketAddr> {
        Machine.resolve(host, port)
    }

    fn processors(&self) -> u32 {
        Machine.processors()
    }

    fn random(&self, low: u32, high: u32) -> u32 {
        Machine.random(low, high)
    }
}
