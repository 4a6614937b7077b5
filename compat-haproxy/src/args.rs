//! The command line of `haproxy` (management.txt, chapter 3): from words to [`Args`].
//!
//! It isn't GNU style: the letter behind the dash decides and most further letters of the word are ignored
//! (`-cf x` checks and then stumbles over `x`; `-n10` takes the *next* word as its number), so each option is read
//! the way the reference was seen to read it. Nothing here touches the system or prints.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
};

mod memory_debug;
mod old_pids;

pub use memory_debug::MEMORY_DEBUG_HELP;
pub use old_pids::OldProcesses;

/// What the command line asks for, when it asks for more than a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args {
    /// Configuration files and directories, in order (`-f`, `--`).
    pub files: Vec<PathBuf>,
    /// Only check the configuration (`-c`).
    pub check: bool,
    /// Only evaluate this condition (`-cc`); it goes before everything but `-C`.
    pub condition: Option<OsString>,
    /// Directory to change to before files are read (`-C`); the last one counts.
    pub directory: Option<PathBuf>,
    /// Events are shown, the process stays in the foreground (`-d`).
    pub debug: bool,
    /// Stay in the foreground (`-db`).
    pub foreground: bool,
    /// Leave the terminal (`-D`).
    pub daemon: bool,
    /// Supervise workers (`-W`, `-Ws`).
    pub master_worker: bool,
    /// Tell the service manager (`-Ws`).
    pub notify: bool,
    /// No messages (`-q`); `verbose` wins.
    pub quiet: bool,
    /// Messages in spite of `quiet` in the configuration (`-V`).
    pub verbose: bool,
    /// The memory options of `-dM`, as written; they have been validated.
    pub memory_debug: Option<String>,
    /// Fail on any warning (`-dW`).
    pub zero_warning: bool,
    /// Extra warnings about suspicious statements (`-dD`).
    pub diagnostics: bool,
    /// Unresolvable server names don't prevent the start (`-dr`).
    pub ignore_resolution_failures: bool,
    /// Don't verify the certificates of servers (`-dV`).
    pub no_server_verify: bool,
    /// Don't use splice (`-dS`).
    pub no_splice: bool,
    /// Don't use getaddrinfo (`-dG`).
    pub no_getaddrinfo: bool,
    /// Don't share ports with other processes (`-dR`).
    pub no_reuseport: bool,
    /// Don't use epoll (`-de`).
    pub no_epoll: bool,
    /// Don't use poll (`-dp`).
    pub no_poll: bool,
    /// List the loaded objects once the configuration is read (`-dL`).
    pub dump_objects: bool,
    /// Classes of words to list once the configuration is read (`-dKall`), comma-separated.
    pub dump_keywords: Option<String>,
    /// The local peer's name (`-L`).
    pub local_peer: Option<OsString>,
    /// Memory in megabytes (`-m`).
    pub memory_mb: Option<u64>,
    /// Connections of the process (`-n`); it goes before the configuration's.
    pub maxconn: Option<u64>,
    /// Default connections of a proxy (`-N`).
    pub proxy_maxconn: Option<u64>,
    /// Pid file (`-p`).
    pub pidfile: Option<PathBuf>,
    /// The master's command sockets: `bind` lines with commas (`-S`).
    pub master_sockets: Vec<OsString>,
    /// Processes to replace (`-sf`, `-st`).
    pub old: OldProcesses,
    /// Socket of the process that hands its listeners over (`-x`).
    pub listeners_from: Option<PathBuf>,
    /// What is to be warned about.
    pub warnings: Vec<&'static str>,
}

/// A command line that ends with a text instead of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// `-v` or `-vv`: the version on stdout, status 0.
    Version {
        /// Build options and features too (`-vv`).
        detailed: bool,
    },
    /// `-dMhelp`: [`MEMORY_DEBUG_HELP`] on stdout, status 0.
    MemoryDebugHelp,
    /// The version on stdout, then the alert if any, then the usage text on stderr, status 1.
    Usage {
        /// Said before the usage text; its trailing newline is part of it.
        alert: Option<&'static str>,
    },
    /// An alert on stderr, status 1.
    Refused {
        /// The alert.
        alert: String,
    },
}

impl Ending {
    /// The exit status.
    pub fn status(&self) -> u8 {
        match self {
            Self::Version { .. } | Self::MemoryDebugHelp => 0,
            Self::Usage { .. } | Self::Refused { .. } => 1,
        }
    }
}

const USAGE: Ending = Ending::Usage { alert: None };

/// Reads the words behind `argv[0]`.
pub fn parse(words: &[OsString]) -> Result<Args, Ending> {
    if last_value_is_missing(words) {
        // The reference copies the command line for its master first, with this result also for `-v -f`.
        return Err(Ending::Refused {
            alert: "failed to copy argv.".into(),
        });
    }
    let mut args = Args::default();
    let mut rest = words.iter().map(OsString::as_os_str).peekable();
    while let Some(word) = rest.next() {
        let Some((b'-', letters)) = word.as_bytes().split_first() else {
            return Err(USAGE);
        };
        if letters == b"-" {
            args.files.extend(rest.map(PathBuf::from));
            break;
        }
        match letters {
            [b's', b'f' | b't', ..] => {
                args.old.finish = letters[1] == b'f';
                old_pids::read(&mut rest, &mut args.old)?;
            }
            [b'c', b'c', ..] => {
                args.condition = Some(rest.next().ok_or(USAGE)?.to_owned());
            }
            [b'x', ..] => unix_socket(&mut args, rest.next())?,
            [b'd', ..] => debug_option(&mut args, &letters[1..])?,
            [
                letter @ (b'C' | b'n' | b'm' | b'N' | b'L' | b'f' | b'p' | b'S'),
                ..,
            ] => {
                valued(&mut args, *letter, rest.next().ok_or(USAGE)?);
            }
            _ => flag(&mut args, letters)?,
        }
    }
    if args.files.is_empty() && args.condition.is_none() {
        return Err(USAGE);
    }
    Ok(args)
}

/// An option that wants a value is the last word.
fn last_value_is_missing(words: &[OsString]) -> bool {
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.as_bytes() {
            b"--" => return false,
            [b'-', b'x', ..] => {
                rest.next();
            }
            [
                b'-',
                b'C' | b'n' | b'm' | b'N' | b'L' | b'f' | b'p' | b'S',
                ..,
            ] if rest.next().is_none() => return true,
            _ => {}
        }
    }
    false
}

fn flag(args: &mut Args, letters: &[u8]) -> Result<(), Ending> {
    match letters {
        [b'v', second, ..] if *second == b'v' => return Err(Ending::Version { detailed: true }),
        [b'v', ..] => return Err(Ending::Version { detailed: false }),
        [b'V', ..] => args.verbose = true,
        [b'q', ..] => args.quiet = true,
        [b'c', ..] => args.check = true,
        [b'D', ..] => args.daemon = true,
        [b'W', second, ..] if *second == b's' => {
            args.master_worker = true;
            args.notify = true;
        }
        [b'W', ..] => args.master_worker = true,
        _ => return Err(USAGE),
    }
    Ok(())
}

fn valued(args: &mut Args, letter: u8, value: &OsStr) {
    match letter {
        b'C' => args.directory = Some(value.into()),
        b'n' => args.maxconn = leading_number(value),
        b'm' => args.memory_mb = leading_number(value),
        b'N' => args.proxy_maxconn = leading_number(value),
        b'L' => args.local_peer = Some(value.to_owned()),
        b'f' => args.files.push(value.into()),
        b'p' => args.pidfile = Some(value.into()),
        _ => args.master_sockets.push(value.to_owned()),
    }
}

fn unix_socket(args: &mut Args, value: Option<&OsStr>) -> Result<(), Ending> {
    let Some(value) = value else {
        return Err(Ending::Usage {
            alert: Some("Unix socket path expected with the -x flag\n"),
        });
    };
    if args.listeners_from.is_some() {
        args.warnings
            .push("-x option already set, overwriting the value");
    }
    args.listeners_from = Some(value.into());
    Ok(())
}

/// `-dX`: letters without a meaning of their own turn on plain debugging.
fn debug_option(args: &mut Args, letters: &[u8]) -> Result<(), Ending> {
    let tail = || String::from_utf8_lossy(letters.get(1..).unwrap_or_default()).into_owned();
    match letters.first() {
        Some(b'b') => args.foreground = true,
        Some(b'e') => args.no_epoll = true,
        Some(b'p') => args.no_poll = true,
        Some(b'S') => args.no_splice = true,
        Some(b'G') => args.no_getaddrinfo = true,
        Some(b'R') => args.no_reuseport = true,
        Some(b'V') => args.no_server_verify = true,
        Some(b'r') => args.ignore_resolution_failures = true,
        Some(b'W') => args.zero_warning = true,
        Some(b'D') => args.diagnostics = true,
        Some(b'L') => args.dump_objects = true,
        Some(b'K') => args.dump_keywords = Some(tail()),
        Some(b'M') => {
            let options = tail();
            memory_debug::validate(&options)?;
            args.memory_debug = Some(options);
        }
        _ => args.debug = true,
    }
    Ok(())
}

/// The digits a value begins with, as a limit: text without any, zero and negative numbers mean "not set".
fn leading_number(value: &OsStr) -> Option<u64> {
    let text = value.as_bytes().trim_ascii_start();
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let digits = text.iter().take_while(|b| b.is_ascii_digit());
    let number = digits.fold(0u64, |n, digit| {
        n.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
    });
    (number > 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Args, Ending> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        parse(&words)
    }

    #[test]
    fn letters_behind_an_option_are_ignored_and_its_value_is_the_next_word() {
        let args = read("-n10 20 -fx a -pfoo b").expect("accepted");
        assert_eq!(args.maxconn, Some(20));
        assert_eq!(args.files, [PathBuf::from("a")]);
        assert_eq!(args.pidfile, Some("b".into()));
        assert!(read("-cq -f a").is_ok_and(|a| a.check && !a.quiet));
        assert!(read("-qc -f a").is_ok_and(|a| a.quiet && !a.check));
    }

    #[test]
    fn a_missing_last_value_is_refused_before_anything_else_is_looked_at() {
        for line in ["-f", "-v -f", "-c -n", "-z -f", "-cc -f", "-sf 1 -f"] {
            let refused = matches!(read(line), Err(Ending::Refused { alert }) if alert == "failed to copy argv.");
            assert!(refused, "{line}");
        }
    }

    #[test]
    fn unknown_words_and_missing_files_give_the_usage_text() {
        for line in [
            "",
            "-c",
            "-c --",
            "foo",
            "-c -f a b",
            "-z -v",
            "--foo",
            "-s",
            "-sx",
            "-c -cc",
            "-x -f",
        ] {
            assert_eq!(read(line), Err(USAGE), "{line:?}");
        }
    }

    #[test]
    fn the_first_option_that_ends_the_reading_wins() {
        assert_eq!(read("-v -z"), Err(Ending::Version { detailed: false }));
        assert_eq!(read("-vvv"), Err(Ending::Version { detailed: true }));
        assert_eq!(read("-vv -dMhelp"), Err(Ending::Version { detailed: true }));
        assert_eq!(read("-dMtag,help -z"), Err(Ending::MemoryDebugHelp));
        assert_eq!(read("-cc 1 -v"), Err(Ending::Version { detailed: false }));
    }

    #[test]
    fn everything_behind_two_dashes_is_a_file() {
        let args = read("-c -f a -- -f b").expect("accepted");
        assert_eq!(args.files, ["a", "-f", "b"].map(PathBuf::from));
    }

    #[test]
    fn old_pids_end_at_an_option_or_at_the_end() {
        let args = read("-sf 1 2 3 -f a").expect("accepted");
        assert_eq!((args.old.finish, args.old.pids), (true, vec![1, 2, 3]));
        let args = read("-f a -sf").expect("accepted");
        assert!(args.old.pids.is_empty());
        let args = read("-f a -sf 2 -st 1").expect("accepted");
        assert_eq!((args.old.finish, args.old.pids), (false, vec![2, 1]));
    }

    #[test]
    fn pids_are_read_as_the_reference_reads_them() {
        for (word, left) in [("abc", "abc"), ("12x", "x"), ("1,2", ",2")] {
            let alert = format!("-sf option: some bytes unconsumed in PID list {{{left}}}");
            assert_eq!(
                read(&format!("-f a -sf {word}")),
                Err(Ending::Refused { alert })
            );
        }
        for word in ["0", "00", "-1", "4294967295", "5 0", ""] {
            assert_eq!(read(&format!("-f a -sf {word}")), Err(USAGE), "{word:?}");
        }
        assert!(read("-f a -sf 012 +13").is_ok_and(|a| a.old.pids == [12, 13]));
    }

    #[test]
    fn dash_x_takes_any_next_word_and_a_second_one_warns() {
        assert!(read("-f a -x -q").is_ok_and(|a| !a.quiet));
        assert!(
            read("-f a -x b -x c")
                .is_ok_and(|a| a.warnings.len() == 1 && a.listeners_from == Some("c".into()))
        );
        assert!(matches!(
            read("-f a -x"),
            Err(Ending::Usage { alert: Some(_) })
        ));
    }

    #[test]
    fn a_debug_letter_without_meaning_is_plain_debugging() {
        assert!(read("-f a -dX").is_ok_and(|a| a.debug));
        assert!(read("-f a -dbx").is_ok_and(|a| a.foreground && !a.debug));
        assert!(read("-f a -deS").is_ok_and(|a| a.no_epoll && !a.no_splice));
        assert!(read("-f a -dKcli,flt").is_ok_and(|a| a.dump_keywords == Some("cli,flt".into())));
    }

    #[test]
    fn memory_options_are_checked_at_once() {
        for good in ["", "0", "0x33", "-1", "tag,no-cache", ",tag,,no-cache"] {
            assert!(read(&format!("-dM{good} -f a")).is_ok(), "{good}");
        }
        for (bad, word) in [("zz", "zz"), ("0,foo", "foo"), ("12abc", "12abc")] {
            let alert = format!("-dM: unknown pool debugging feature <{word}>");
            assert_eq!(
                read(&format!("-dM{bad} -f a")),
                Err(Ending::Refused { alert })
            );
        }
    }

    #[test]
    fn limits_that_are_no_numbers_mean_unset() {
        for word in ["0", "abc", "-5"] {
            assert!(read(&format!("-n {word} -f a")).is_ok_and(|a| a.maxconn.is_none()));
        }
        assert!(read("-n 3x -f a").is_ok_and(|a| a.maxconn == Some(3)));
    }
}
