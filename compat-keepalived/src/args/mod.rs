//! The command line of keepalived(8), with the reference's refusals and exit codes.
//!
//! ```text
//! keepalived -nl -f /etc/keepalived/keepalived.conf --signum=RELOAD
//! ```
//! Everything wrong is said before the end; `-v`, `-h` and `--signum` end at once where they stand.

mod getopt;
mod help;

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
};

use getopt::{Argument, Found, Row};
pub use help::USAGE;

use crate::signal;

/// The configuration that is read unless another is named.
pub const DEFAULT_FILE: &str = "/etc/keepalived/keepalived.conf";

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What is said on standard error first, lines with their ends.
    pub said: String,
    /// What is to be done.
    pub outcome: Outcome,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Run, or test the configuration.
    Run(Box<Args>),
    /// `-v`.
    Version,
    /// `-h`.
    Help,
    /// `--signum=NAME`: the number.
    Signal(i32),
    /// `-T`: the utility, which we don't have.
    Genhash,
    /// Something was wrong: exit 1.
    Wrong,
}

/// The options of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    /// `-f`.
    pub file: PathBuf,
    /// `-t`: only test the configuration; the file that messages go to, standard error without one.
    pub config_test: Option<Option<PathBuf>>,
    /// `-P`, `-C`, `-B`, `--all`.
    pub selection: Selection,
    /// `-l`.
    pub log_console: bool,
    /// `-D`.
    pub log_detail: bool,
    /// `-S`: the number of syslog(3), not shifted.
    pub log_facility: u8,
    /// `-g`.
    pub log_file: Option<PathBuf>,
    /// `-G`.
    pub no_syslog: bool,
    /// `-u`.
    pub umask: Option<u32>,
    /// `-X`.
    pub release_vips: bool,
    /// `-V`.
    pub dont_release_vrrp: bool,
    /// `-I`.
    pub dont_release_ipvs: bool,
    /// `-R`.
    pub dont_respawn: bool,
    /// `-n`.
    pub dont_fork: bool,
    /// `-d`.
    pub dump_conf: bool,
    /// `-p`, `-r`, `-c`, `-b`.
    pub pid_files: PidFiles,
    /// `-a`.
    pub address_monitoring: bool,
    /// `-x`.
    pub snmp: bool,
    /// `-A`.
    pub snmp_agent_socket: Option<String>,
    /// `-s`.
    pub namespace: Option<String>,
    /// `-m`, `-M`.
    pub core_dump: bool,
    /// `-M`: the pattern.
    pub core_dump_pattern: Option<OsString>,
    /// `-e`.
    pub all_config: bool,
    /// `-i`.
    pub config_id: Option<String>,
    /// Our own `--allow-unexecuted=WORD`.
    pub allowed: Vec<String>,
    /// Words that are no options.
    pub unexpected: Vec<OsString>,
}

/// Which children may run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Selection {
    /// `-P`: the VRRP process; without `-C` the checkers' doesn't run.
    pub vrrp: bool,
    /// `-C`: the checkers' process; without `-P` the VRRP process doesn't run.
    pub check: bool,
    /// `-B`.
    pub no_bfd: bool,
    /// `--all`: also those without configuration.
    pub all: bool,
}

/// Pid files that were named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PidFiles {
    /// `-p`.
    pub parent: Option<PathBuf>,
    /// `-r`.
    pub vrrp: Option<PathBuf>,
    /// `-c`.
    pub checkers: Option<PathBuf>,
    /// `-b`.
    pub bfd: Option<PathBuf>,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            file: DEFAULT_FILE.into(),
            config_test: None,
            selection: Selection::default(),
            log_console: false,
            log_detail: false,
            log_facility: DAEMON,
            log_file: None,
            no_syslog: false,
            umask: None,
            release_vips: false,
            dont_release_vrrp: false,
            dont_release_ipvs: false,
            dont_respawn: false,
            dont_fork: false,
            dump_conf: false,
            pid_files: PidFiles::default(),
            address_monitoring: false,
            snmp: false,
            snmp_agent_socket: None,
            namespace: None,
            core_dump: false,
            core_dump_pattern: None,
            all_config: false,
            config_id: None,
            allowed: Vec::new(),
            unexpected: Vec::new(),
        }
    }
}

/// syslog(3): LOG_USER, LOG_DAEMON and LOG_LOCAL0 without their shift.
const USER: u8 = 1;
const DAEMON: u8 = 3;
const LOCAL0: u8 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Id {
    AddressMonitoring,
    All,
    AllConfig,
    AllowUnexecuted,
    BfdPid,
    Check,
    CheckersPid,
    Configuration,
    ConfigTest,
    CoreDump,
    CoreDumpPattern,
    DontFork,
    DontReleaseIpvs,
    DontReleaseVrrp,
    DontRespawn,
    DumpConf,
    FlushLogFile,
    Genhash,
    Help,
    LogConsole,
    LogDetail,
    LogFacility,
    LogFile,
    Namespace,
    NoBfd,
    NoSyslog,
    Pid,
    ReleaseVips,
    Signum,
    Snmp,
    SnmpAgentSocket,
    Umask,
    UseFile,
    Version,
    Vrrp,
    VrrpPid,
}

const fn row(id: Id, short: u8, long: &'static str, argument: Argument) -> Row<Id> {
    Row {
        id,
        short: if short == 0 { None } else { Some(short) },
        long,
        argument,
    }
}

/// Every option, by its letter. `--allow-unexecuted` and `--flush-log-file` abbreviate to nothing that the reference
/// takes, so that its abbreviations keep their meaning.
const OPTIONS: &[Row<Id>] = &[
    row(Id::All, 0, "all", Argument::None),
    row(
        Id::AllowUnexecuted,
        0,
        "allow-unexecuted",
        Argument::Required,
    ),
    row(Id::FlushLogFile, 0, "flush-log-file", Argument::None),
    row(Id::Signum, 0, "signum", Argument::Required),
    row(
        Id::SnmpAgentSocket,
        b'A',
        "snmp-agent-socket",
        Argument::Required,
    ),
    row(Id::NoBfd, b'B', "no_bfd", Argument::None),
    row(Id::Check, b'C', "check", Argument::None),
    row(Id::LogDetail, b'D', "log-detail", Argument::None),
    row(Id::NoSyslog, b'G', "no-syslog", Argument::None),
    row(
        Id::DontReleaseIpvs,
        b'I',
        "dont-release-ipvs",
        Argument::None,
    ),
    row(
        Id::CoreDumpPattern,
        b'M',
        "core-dump-pattern",
        Argument::Optional,
    ),
    row(Id::Vrrp, b'P', "vrrp", Argument::None),
    row(Id::DontRespawn, b'R', "dont-respawn", Argument::None),
    row(Id::LogFacility, b'S', "log-facility", Argument::Required),
    row(Id::Genhash, b'T', "genhash", Argument::None),
    row(
        Id::DontReleaseVrrp,
        b'V',
        "dont-release-vrrp",
        Argument::None,
    ),
    row(Id::ReleaseVips, b'X', "release-vips", Argument::None),
    row(
        Id::AddressMonitoring,
        b'a',
        "address-monitoring",
        Argument::None,
    ),
    row(Id::BfdPid, b'b', "bfd_pid", Argument::Required),
    row(Id::CheckersPid, b'c', "checkers_pid", Argument::Required),
    row(Id::DumpConf, b'd', "dump-conf", Argument::None),
    row(Id::AllConfig, b'e', "all-config", Argument::None),
    row(Id::UseFile, b'f', "use-file", Argument::Required),
    row(Id::LogFile, b'g', "log-file", Argument::Required),
    row(Id::Help, b'h', "help", Argument::None),
    row(Id::Configuration, b'i', "config-id", Argument::Required),
    row(Id::LogConsole, b'l', "log-console", Argument::None),
    row(Id::CoreDump, b'm', "core-dump", Argument::None),
    row(Id::DontFork, b'n', "dont-fork", Argument::None),
    row(Id::Pid, b'p', "pid", Argument::Required),
    row(Id::VrrpPid, b'r', "vrrp_pid", Argument::Required),
    row(Id::Namespace, b's', "namespace", Argument::Required),
    row(Id::ConfigTest, b't', "config-test", Argument::Optional),
    row(Id::Umask, b'u', "umask", Argument::Required),
    row(Id::Version, b'v', "version", Argument::None),
    row(Id::Snmp, b'x', "snmp", Argument::None),
];

/// Reads a command line without its `argv[0]`.
pub fn parse(words: &[OsString]) -> Parsed {
    let mut args = Args::default();
    let mut said = String::new();
    let mut wrong = false;
    for found in getopt::take_apart(OPTIONS, words) {
        match found {
            Found::Option(Id::Version, _) => return end(said, Outcome::Version),
            Found::Option(Id::Help, _) => return end(said, Outcome::Help),
            Found::Option(Id::Genhash, _) => return end(said, Outcome::Genhash),
            // An empty argument, which only `--name=` can give, is none.
            Found::Option(id, Some(value)) if value.is_empty() && by_name(words, id) => {
                let optional = matches!(id, Id::ConfigTest | Id::CoreDumpPattern);
                if optional {
                    args.set(id, None, &mut said);
                } else {
                    said.push_str(&format!("Missing parameter for option --{}\n", name(id)));
                    wrong = true;
                }
            }
            Found::Option(Id::Signum, value) => {
                let name = value.unwrap_or_default();
                match signal::number_of(&name.to_string_lossy()) {
                    Some(number) => return end(said, Outcome::Signal(number)),
                    None => {
                        said.push_str(&format!("Unknown sigfunc {}\n", name.to_string_lossy()));
                        return end(said, Outcome::Wrong);
                    }
                }
            }
            Found::Option(id, value) => args.set(id, value, &mut said),
            Found::UnknownShort(letter) => {
                said.push_str(&format!("Unknown option -{}\n", char::from(letter)));
                wrong = true;
            }
            Found::UnknownLong(word) => {
                said.push_str(&format!("Unknown option {}\n", word.to_string_lossy()));
                wrong = true;
            }
            Found::MissingShort(letter) => {
                let letter = char::from(letter);
                said.push_str(&format!("Missing parameter for option -{letter}\n"));
                wrong = true;
            }
            Found::MissingLong(name) => {
                said.push_str(&format!("Missing parameter for option --{name}\n"));
                wrong = true;
            }
            Found::Word(word) => args.unexpected.push(word),
        }
    }
    if wrong {
        return end(said, Outcome::Wrong);
    }
    end(said, Outcome::Run(Box::new(args)))
}

fn end(said: String, outcome: Outcome) -> Parsed {
    Parsed { said, outcome }
}

fn name(id: Id) -> &'static str {
    OPTIONS
        .iter()
        .find(|row| row.id == id)
        .map_or("", |row| row.long)
}

/// Whether an option was given an empty argument by name (`--pid=`); `-p ''` is another matter.
fn by_name(words: &[OsString], id: Id) -> bool {
    let name = name(id).as_bytes();
    words.iter().map(|word| word.as_bytes()).any(|word| {
        word.strip_prefix(b"--")
            .and_then(|word| word.strip_suffix(b"="))
            .is_some_and(|given| !given.is_empty() && name.starts_with(given))
    })
}

impl Args {
    /// Options that were given, are read, and have no effect yet. None of them changes what happens to an address. `-X`
    /// isn't among them: no effect of it could be seen in the reference, neither at a stop nor at a reload.
    pub fn without_effect(&self) -> Vec<&'static str> {
        let given = [
            (self.address_monitoring, "--address-monitoring"),
            (self.dont_release_ipvs, "--dont-release-ipvs"),
            (self.snmp, "--snmp"),
            (self.snmp_agent_socket.is_some(), "--snmp-agent-socket"),
        ];
        let given = given.into_iter().filter(|(given, _)| *given);
        given.map(|(_, option)| option).collect()
    }

    fn set(&mut self, id: Id, value: Option<OsString>, said: &mut String) {
        let path = || value.clone().map(PathBuf::from);
        let text = || value.as_deref().unwrap_or_default().to_string_lossy();
        match id {
            Id::AddressMonitoring => self.address_monitoring = true,
            Id::All => self.selection.all = true,
            Id::AllConfig => self.all_config = true,
            Id::AllowUnexecuted => self.allowed.push(text().into_owned()),
            Id::BfdPid => self.pid_files.bfd = path(),
            Id::Check => self.selection.check = true,
            Id::CheckersPid => self.pid_files.checkers = path(),
            Id::Configuration => self.config_id = Some(text().into_owned()),
            Id::ConfigTest => self.config_test = Some(path()),
            Id::CoreDump => self.core_dump = true,
            Id::CoreDumpPattern => {
                self.core_dump = true;
                self.core_dump_pattern = Some(value.unwrap_or_else(|| "core".into()));
            }
            Id::DontFork => self.dont_fork = true,
            Id::DontReleaseIpvs => self.dont_release_ipvs = true,
            Id::DontReleaseVrrp => self.dont_release_vrrp = true,
            Id::DontRespawn => self.dont_respawn = true,
            Id::DumpConf => self.dump_conf = true,
            Id::LogConsole => self.log_console = true,
            Id::LogDetail => self.log_detail = true,
            Id::LogFacility => match facility(&text()) {
                Some(facility) => self.log_facility = facility,
                None => said.push_str(&format!("Invalid log facility '{}'\n", text())),
            },
            Id::LogFile => self.log_file = path(),
            Id::Namespace => self.namespace = Some(text().into_owned()),
            Id::NoBfd => self.selection.no_bfd = true,
            Id::NoSyslog => self.no_syslog = true,
            Id::Pid => self.pid_files.parent = path(),
            Id::ReleaseVips => self.release_vips = true,
            Id::Snmp => self.snmp = true,
            Id::SnmpAgentSocket => self.snmp_agent_socket = Some(text().into_owned()),
            Id::Umask => match umask(&text()) {
                Some(umask) => self.umask = Some(umask),
                None => said.push_str(&format!("Invalid --umask option {}\n", text())),
            },
            Id::UseFile => self.file = path().unwrap_or_default(),
            Id::Vrrp => self.selection.vrrp = true,
            Id::VrrpPid => self.pid_files.vrrp = path(),
            // A file is never buffered here; the others were dealt with where they stand.
            Id::FlushLogFile | Id::Genhash | Id::Help | Id::Signum | Id::Version => {}
        }
    }

    /// What stands behind the options, as the reference complains of it on standard output; `None` if nothing does.
    pub fn complaint(&self) -> Option<String> {
        if self.unexpected.is_empty() {
            return None;
        }
        let words: Vec<_> = self
            .unexpected
            .iter()
            .map(|word| OsStr::to_string_lossy(word))
            .collect();
        Some(format!("Unexpected argument(s): {} \n", words.join(" ")))
    }
}

/// `0`–`7`, `local0`–`local7`, `user`, `daemon`. The empty word is 0, as strtol(3) has it.
fn facility(word: &str) -> Option<u8> {
    let local = |digits: &str| match digits.parse::<u8>() {
        Ok(number @ 0..=7) if digits.len() == 1 => Some(LOCAL0 + number),
        _ => None,
    };
    match word {
        "" => Some(LOCAL0),
        "daemon" => Some(DAEMON),
        "user" => Some(USER),
        _ => local(word.strip_prefix("local").unwrap_or(word)),
    }
}

/// Permission bits in octal (leading 0), hexadecimal (0x) or decimal digits.
fn umask(word: &str) -> Option<u32> {
    let value = if let Some(digits) = word.strip_prefix("0x").or(word.strip_prefix("0X")) {
        u32::from_str_radix(digits, 16)
    } else if word.len() > 1 && word.starts_with('0') {
        u32::from_str_radix(&word[1..], 8)
    } else {
        word.parse()
    };
    value.ok().filter(|bits| *bits <= 0o777)
}

#[cfg(test)]
mod tests;
