//! The words of the master's command socket, `-S` (management manual 9.4).
//!
//! ```text
//! master> show proc
//! master> @1 show info; @!4711 show sess     one command for a worker
//! master> @1                                 all that follow are for it
//! 4712> @master
//! ```

use std::time::Duration;

use locum_model::proxy::{Bind, StatsLevel};
use locum_runtime::{
    net::listener::{self, Settings},
    process::console::{Act, Dialogue, Door, House, Resident},
};

use crate::{
    command::{Entry, help, level_name, unknown_among},
    version::VERSION,
};

/// Modes, as marks of a dialogue, with the letter that the prompt shows.
const MODES: [(&str, u8, char); 3] = [
    ("experimental-mode", 1, 'x'),
    ("expert-mode", 2, 'e'),
    ("mcli-debug-mode", 4, 'd'),
];

/// What `help` lists.
const ENTRIES: &[Entry<'static>] = &[
    Entry::new(
        &["@!<pid>"],
        "@!<pid>",
        "send a command to the <pid> process",
    ),
    Entry::new(
        &["@<relative", "pid>"],
        "@<relative pid>",
        "send a command to the <relative pid> process",
    ),
    Entry::new(
        &["@master"],
        "@master",
        "send a command to the master process",
    ),
    Entry::new(
        &["operator"],
        "operator",
        "lower the level of the current CLI session to operator",
    ),
    Entry::new(&["reload"], "reload", "reload haproxy"),
    Entry::new(
        &["show", "cli", "level"],
        "show cli level",
        "display the level of the current CLI session",
    ),
    Entry::new(
        &["show", "cli", "sockets"],
        "show cli sockets",
        "dump list of cli sockets",
    ),
    Entry::new(&["show", "proc"], "show proc", "show processes status"),
    Entry::new(
        &["show", "version"],
        "show version",
        "show version of the current process",
    ),
    Entry::new(
        &["user"],
        "user",
        "lower the level of the current CLI session to user",
    ),
    Entry::new(
        &["help"],
        "help [<command>]",
        "list matching or all commands",
    ),
    Entry::new(&["prompt"], "prompt", "toggle interactive mode with prompt"),
    Entry::new(&["quit"], "quit", "disconnect"),
];

/// The words of the commands, and of the modes that no list names.
pub(crate) fn words() -> impl Iterator<Item = &'static [&'static str]> {
    const UNLISTED: [&[&str]; 3] = [
        &["experimental-mode"],
        &["expert-mode"],
        &["mcli-debug-mode"],
    ];
    ENTRIES.iter().map(|entry| entry.words).chain(UNLISTED)
}

/// Binds the sockets; the error is the reference's message.
pub(super) fn bind(binds: &[Bind]) -> Result<Vec<Door>, String> {
    let settings = Settings {
        backlog: 1024,
        smart_accept: false,
    };
    let open = |bind: &Bind| match listener::bind(bind, settings) {
        Ok(bound) => Ok(Door {
            socket: bound.socket,
            level: bind.level.unwrap_or(StatsLevel::Admin),
        }),
        Err(error) => {
            let text = crate::event::bind_error("master-socket:0", "MASTER", &error);
            Err(text.replace("for frontend MASTER", "for proxy MASTER"))
        }
    };
    binds.iter().map(open).collect()
}

/// Judges a command.
pub(super) fn command(dialogue: &mut Dialogue, command: &str, house: &House) -> Act {
    let command = command.trim_matches([' ', '\t', '\r']);
    let (prefix, rest) = match command.split_once([' ', '\t']) {
        Some((prefix, rest)) => (prefix, rest.trim_start()),
        None => (command, ""),
    };
    let mut target = dialogue.target;
    let mut own = command;
    if let Some(name) = prefix.strip_prefix('@') {
        target = match process(name, house) {
            Ok(target) => target,
            Err(()) => {
                return Act::Quit(format!(
                    "Can't find the target PID matching the prefix '{prefix}'\n"
                ));
            }
        };
        if rest.is_empty() {
            dialogue.target = target;
            return Act::Say(String::new());
        }
        own = rest;
    }
    let words: Vec<&str> = own.split_ascii_whitespace().collect();
    // These steer the dialogue whoever it is with; behind a prefix they are the worker's.
    if (prefix == own || !prefix.starts_with('@'))
        && let Some(act) = steer(dialogue, &words, house)
    {
        return act;
    }
    match target {
        Some(pid) => Act::Forward {
            pid,
            command: own.to_owned(),
        },
        None => answer(dialogue, &words, house),
    }
}

/// The process that a prefix names: the master is `None`.
fn process(name: &str, house: &House) -> Result<Option<i32>, ()> {
    let known = |worker: &&Resident| match name.strip_prefix('!') {
        Some(pid) => pid.parse() == Ok(worker.pid),
        None => name == "1" && !worker.leaving,
    };
    match name {
        "" | "0" | "master" => Ok(None),
        _ => match house.workers.iter().find(known) {
            Some(worker) => Ok(Some(worker.pid)),
            None => Err(()),
        },
    }
}

fn steer(dialogue: &mut Dialogue, words: &[&str], house: &House) -> Option<Act> {
    let said = Some(Act::Say(String::new()));
    match *words.first()? {
        "prompt" => dialogue.interactive = !dialogue.interactive,
        "quit" if dialogue.interactive => return Some(Act::Quit(prompt(dialogue, house))),
        "quit" => return Some(Act::Quit(String::new())),
        "user" => dialogue.level = StatsLevel::User,
        "operator" => dialogue.level = dialogue.level.min(StatsLevel::Operator),
        word => {
            let (_, mark, _) = MODES.iter().find(|(name, ..)| *name == word)?;
            if dialogue.level < StatsLevel::Admin {
                return Some(Act::Quit("Permission denied!\n".to_owned()));
            }
            match words.get(1) {
                Some(&"on") => dialogue.marks |= mark,
                _ => dialogue.marks &= !mark,
            }
        }
    }
    said
}

/// What the master itself answers.
fn answer(dialogue: &Dialogue, words: &[&str], house: &House) -> Act {
    let text = match words {
        ["show", "proc", ..] => processes(house),
        ["show", "version", ..] => format!("{VERSION}\n"),
        ["show", "cli", "level", ..] => format!("{}\n", level_name(dialogue.level)),
        // Its own sockets are not among those that it lists.
        ["show", "cli", "sockets", ..] => String::new(),
        ["reload", ..] if dialogue.level < StatsLevel::Operator => "Permission denied\n".to_owned(),
        ["reload", ..] => return Act::Reload,
        ["help", rest @ ..] => help(ENTRIES, rest),
        _ => unknown_among(ENTRIES, words),
    };
    Act::Say(text + "\n")
}

fn processes(house: &House) -> String {
    let mut out = row("#<PID>", "<type>", "<reloads>", "<uptime>", "<version>");
    let reloads = format!("{} [failed: {}]", house.reloads, house.failed_reloads);
    out += &row(
        &house.pid.to_string(),
        "master",
        &reloads,
        &age(house.uptime),
        VERSION,
    );
    let worker = |worker: &Resident| {
        let reloads = worker.reloads.to_string();
        row(
            &worker.pid.to_string(),
            "worker",
            &reloads,
            &age(worker.uptime),
            VERSION,
        )
    };
    out += "# workers\n";
    out.extend(house.workers.iter().filter(|w| !w.leaving).map(worker));
    if house.workers.iter().any(|worker| worker.leaving) {
        out += "# old workers\n";
        out.extend(house.workers.iter().filter(|w| w.leaving).map(worker));
    }
    out + "# programs\n"
}

fn row(pid: &str, kind: &str, reloads: &str, uptime: &str, version: &str) -> String {
    format!("{pid:<15} {kind:<15} {reloads:<15} {uptime:<15} {version:<15}\n")
}

/// `0d00h02m07s`
fn age(uptime: Duration) -> String {
    let seconds = uptime.as_secs();
    let (days, hours) = (seconds / 86400, seconds / 3600 % 24);
    format!(
        "{days}d{hours:02}h{:02}m{:02}s",
        seconds / 60 % 60,
        seconds % 60
    )
}

/// `master> `, `4711(xd)> `
pub(super) fn prompt(dialogue: &Dialogue, house: &House) -> String {
    let mut out = match dialogue.target {
        Some(pid) => pid.to_string(),
        None if house.failed_reloads > 0 => "master[ReloadFailed]".to_owned(),
        None => "master".to_owned(),
    };
    let on = MODES
        .iter()
        .filter(|(_, mark, _)| dialogue.marks & mark != 0);
    let letters: String = on.map(|(.., letter)| letter).collect();
    if !letters.is_empty() {
        out += &format!("({letters})");
    }
    out + "> "
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> House {
        let worker = |pid, leaving| Resident {
            pid,
            reloads: u32::from(leaving),
            uptime: Duration::from_secs(90061),
            leaving,
        };
        House {
            pid: 10,
            workers: vec![worker(12, false), worker(11, true)],
            ..House::default()
        }
    }

    fn dialogue() -> Dialogue {
        Dialogue {
            level: StatsLevel::Admin,
            target: None,
            interactive: true,
            marks: 0,
        }
    }

    fn forwarded(pid: i32, command: &str) -> Act {
        Act::Forward {
            pid,
            command: command.to_owned(),
        }
    }

    #[test]
    fn a_prefix_sends_one_command_and_alone_it_sends_all_that_follow() {
        let (house, mut dialogue) = (house(), dialogue());
        assert_eq!(
            command(&mut dialogue, " @1 show  info", &house),
            forwarded(12, "show  info")
        );
        assert_eq!(
            command(&mut dialogue, "@!11 show info", &house),
            forwarded(11, "show info")
        );
        assert_eq!(
            command(&mut dialogue, "@1", &house),
            Act::Say(String::new())
        );
        assert_eq!(
            command(&mut dialogue, "show proc", &house),
            forwarded(12, "show proc")
        );
        assert_eq!(prompt(&dialogue, &house), "12> ");
        assert_eq!(
            command(&mut dialogue, "@master", &house),
            Act::Say(String::new())
        );
        assert_eq!(prompt(&dialogue, &house), "master> ");
        assert!(
            matches!(command(&mut dialogue, "@2 show proc", &house), Act::Quit(text) if text.contains("'@2'"))
        );
    }

    #[test]
    fn what_steers_the_dialogue_stays_here_unless_a_prefix_sends_it_away() {
        let (house, mut dialogue) = (house(), dialogue());
        assert_eq!(
            command(&mut dialogue, "@1 prompt", &house),
            forwarded(12, "prompt")
        );
        command(&mut dialogue, "@1", &house);
        command(&mut dialogue, "experimental-mode on", &house);
        command(&mut dialogue, "prompt", &house);
        assert!(!dialogue.interactive);
        assert_eq!(prompt(&dialogue, &house), "12(x)> ");
    }

    #[test]
    fn a_lowered_level_may_not_reload() {
        let (house, mut dialogue) = (house(), dialogue());
        assert_eq!(command(&mut dialogue, "reload", &house), Act::Reload);
        command(&mut dialogue, "user", &house);
        command(&mut dialogue, "operator", &house);
        let denied = Act::Say("Permission denied\n\n".to_owned());
        assert_eq!(command(&mut dialogue, "reload", &house), denied);
    }

    #[test]
    fn processes_are_listed_with_the_leaving_ones_apart() {
        let Act::Say(text) = command(&mut dialogue(), "show proc", &house()) else {
            panic!("an answer");
        };
        let old = text.split("# old workers\n").nth(1).expect("old ones");
        assert!(
            old.starts_with("11              worker          1               1d01h01m01s     ")
        );
    }
}
