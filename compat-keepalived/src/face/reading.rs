//! How a process of the daemon reads the configuration: from where the daemon was started, with its messages in the log.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use locum_model::script::Account;

use super::{
    copy::{Answers, Memory},
    log::Log,
};
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
    allowed: Vec<String>,
    machine: Rooted,
    memory: Memory,
}

impl Reading {
    /// Of the file that the command line names, as seen from the present directory: a daemon changes it later.
    pub(super) fn of(args: &Args) -> Self {
        Self {
            file: args.file.clone(),
            config_id: args.config_id.clone(),
            all_config: args.all_config,
            allowed: args.allowed.clone(),
            machine: Rooted {
                directory: std::env::current_dir().unwrap_or_else(|_| "/".into()),
                files: RefCell::new(Files::Disk),
                expected: RefCell::default(),
            },
            memory: Memory::new(),
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

    /// Reads it as this process does and logs what there is to say: the parent the files, children what the parent has
    /// [kept](Self::keep) of them.
    pub(super) fn read(&self, process: Process, log: &Log) -> Loaded {
        self.machine.files.replace(match process {
            Process::Parent => Files::Noted(Answers::default()),
            _ => self.memory.take().map_or(Files::Disk, Files::Copy),
        });
        let loaded = load::load(&self.request(false), process);
        if process != Process::Parent {
            // A child has no use for it until the next reload brings another one.
            self.machine.files.replace(Files::Disk);
        }
        for message in &loaded.messages {
            log.say(&message.text);
        }
        for warning in loaded.warnings(&self.allowed) {
            log.say(warning);
        }
        loaded
    }

    /// What the parent has read holds: children read it from now on.
    pub(super) fn keep(&self) {
        if let Files::Noted(answers) = self.machine.files.replace(Files::Disk) {
            self.memory.keep(&answers);
        }
    }

    /// Reads it as all processes do, one after another.
    pub(super) fn test(&self) -> Loaded {
        self.machine.files.replace(Files::Disk);
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
    files: RefCell<Files>,
}

/// Where the configuration's files come from.
#[derive(Debug)]
enum Files {
    /// They are read.
    Disk,
    /// They are read, and what they were is noted.
    Noted(Answers),
    /// They are what they were; what nobody asked for then is read.
    Copy(Answers),
}

impl Rooted {
    fn find(&self, pattern: &[u8], directory: &Path) -> Vec<PathBuf> {
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
}

impl System for Rooted {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if let Files::Copy(answers) = &*self.files.borrow()
            && let Some(read) = answers.file(path)
        {
            return read;
        }
        let read = Machine.read(&self.directory.join(path));
        if let Files::Noted(answers) = &mut *self.files.borrow_mut() {
            answers.note_file(path, &read);
        }
        read
    }

    fn glob(&self, pattern: &[u8], directory: &Path) -> Vec<PathBuf> {
        if let Files::Copy(answers) = &*self.files.borrow()
            && let Some(found) = answers.pattern(pattern, directory)
        {
            return found;
        }
        let found = self.find(pattern, directory);
        if let Files::Noted(answers) = &mut *self.files.borrow_mut() {
            answers.note_pattern(pattern, directory, &found);
        }
        found
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
