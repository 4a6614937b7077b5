//! Words of `global` about processes: `user`, `group`, `chroot`, `daemon`, `nbthread`, `pidfile` … (manual 3.1).

use std::time::Duration;

use locum_model::process::{MasterWorker, Principal};
use locum_parser::haproxy::units::{self, TimeUnit};

use super::{GlobalKeyword, State};
use crate::{
    load::{Fault, Lowered, Negation},
    section::GlobalLine,
};

/// Rows.
pub static ROWS: &[GlobalKeyword] = &[
    GlobalKeyword::executed("chroot", "<jail dir>", chroot),
    idle("close-spread-time", "<time>", time_word),
    GlobalKeyword::executed("daemon", "", flag),
    GlobalKeyword::executed("description", "<text>", description),
    GlobalKeyword::executed("gid", "<number>", id),
    idle("grace", "<time>", time_word),
    GlobalKeyword::executed("group", "<group name>", group),
    GlobalKeyword::executed("hard-stop-after", "<time>", time_word),
    GlobalKeyword::executed("insecure-fork-wanted", "", flag),
    GlobalKeyword::executed("insecure-setuid-wanted", "", flag),
    GlobalKeyword::executed("master-worker", "[no-exit-on-failure]", master_worker),
    GlobalKeyword::executed("mworker-max-reloads", "<number>", max_reloads),
    GlobalKeyword::executed("nbthread", "<number>", nbthread),
    GlobalKeyword::executed("node", "<name>", node),
    idle("noreuseport", "", flag),
    GlobalKeyword::executed("pidfile", "<pidfile>", pidfile),
    GlobalKeyword::executed("quiet", "", flag),
    GlobalKeyword::executed("set-dumpable", "", flag),
    GlobalKeyword::executed("strict-limits", "", flag),
    GlobalKeyword::executed("uid", "<number>", id),
    GlobalKeyword::executed("user", "<user name>", user),
    GlobalKeyword::executed("zero-warning", "", flag),
];

/// A word that is read and has no effect yet; a warning says so.
const fn idle(
    name: &'static str,
    arguments: &'static str,
    lower: fn(&mut GlobalLine<'_, '_>) -> Lowered,
) -> GlobalKeyword {
    GlobalKeyword {
        state: State::Tuning,
        ..GlobalKeyword::executed(name, arguments, lower)
    }
}

fn flag(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(0, 1)?;
    let on = match line.line.negated {
        None => true,
        Some(Negation::No) => false,
        Some(Negation::Default) => line.line.bytes(0) == b"strict-limits",
    };
    match line.line.bytes(0) {
        b"daemon" => line.process.daemon = Some(on),
        b"insecure-fork-wanted" => line.process.insecure_fork = Some(on),
        b"insecure-setuid-wanted" => line.process.insecure_setuid = Some(on),
        b"noreuseport" => line.process.reuseport = Some(false),
        b"quiet" => line.facts.quiet = true,
        b"set-dumpable" => line.process.set_dumpable = Some(on),
        b"strict-limits" => line.process.strict_limits = Some(on),
        _ => line.facts.zero_warning = true,
    }
    Ok(())
}

fn chroot(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    if line.process.chroot.is_some() {
        return said_before(line, Fault::from("'chroot' already specified. Continuing."));
    }
    if !line.line.has(1) {
        return Err("'chroot' expects a directory as an argument.".into());
    }
    line.process.chroot = Some(line.line.text(1).into());
    Ok(())
}

/// The reference calls a second `chroot` or `pidfile` an alert and goes on.
fn said_before(line: &mut GlobalLine<'_, '_>, fault: Fault) -> Lowered {
    let had = line.line.shared.fatal;
    let at = line.line.at.clone();
    fault.report(line.line.shared, &at);
    line.line.shared.fatal = had;
    Ok(())
}

fn pidfile(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    if line.process.pidfile.is_some() || line.line.shared.options.pidfile.is_some() {
        return said_before(
            line,
            Fault::from("'pidfile' already specified. Continuing."),
        );
    }
    if !line.line.has(1) {
        return Err("'pidfile' expects a file name as an argument.".into());
    }
    line.process.pidfile = Some(line.line.text(1).into());
    Ok(())
}

fn id(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    let word = line.line.text(0);
    let name = if word == "uid" { "user" } else { "group" };
    let (word, field): (&'static str, _) = match name {
        "user" => ("uid", &mut line.process.user),
        _ => ("gid", &mut line.process.group),
    };
    let said = field.is_some();
    if said {
        let text = format!("{name}/{word} already specified. Continuing.");
        return said_before(line, Fault::from(text));
    }
    if !line.line.has(1) {
        return Err(format!("'{word}' expects an integer argument.").into());
    }
    let text = line.line.text(1);
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let number = line.line.lenient_number(1);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || number > i64::from(u32::MAX) {
        let at = line.line.at.clone();
        let warning = format!(
            "parsing [{at}] :  {word}: string '{text}' is not a number.\n   | You might want to use the '{name}' parameter to use a system {name} name."
        );
        line.line.shared.warn(&at, warning);
        return Ok(());
    }
    let principal = Some(Principal::Id(u32::try_from(number).unwrap_or(0)));
    match name {
        "user" => line.process.user = principal,
        _ => line.process.group = principal,
    }
    Ok(())
}

fn user(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    if line.process.user.is_some() {
        return said_before(line, Fault::from("user/uid already specified. Continuing."));
    }
    let name = line.line.text(1);
    match nix::unistd::User::from_name(&name) {
        Ok(Some(_)) => line.process.user = Some(Principal::Name(name)),
        _ => return Err(format!("cannot find user id for '{name}' (0:Success)").into()),
    }
    Ok(())
}

fn group(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    if line.process.group.is_some() {
        return said_before(
            line,
            Fault::from("gid/group was already specified. Continuing."),
        );
    }
    let name = line.line.text(1);
    match nix::unistd::Group::from_name(&name) {
        Ok(Some(_)) => line.process.group = Some(Principal::Name(name)),
        _ => return Err(format!("cannot find group id for '{name}' (0:Success)").into()),
    }
    Ok(())
}

fn master_worker(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    let survive_failure = match line.line.bytes(1) {
        b"" => false,
        b"no-exit-on-failure" => true,
        _ => return Err("'master-worker' only supports 'no-exit-on-failure' option.".into()),
    };
    let known = line.process.master_worker.unwrap_or_default();
    line.process.master_worker = Some(MasterWorker {
        survive_failure,
        ..known
    });
    Ok(())
}

fn max_reloads(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.process.max_reloads = u32::try_from(line.line.lenient_number(1)).ok();
    Ok(())
}

fn nbthread(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    let text = line.line.text(1);
    let Ok(number) = text.parse::<i64>() else {
        return Err(
            format!("'nbthread' passed a missing or unparsable integer value in '{text}'").into(),
        );
    };
    match u32::try_from(number) {
        Ok(threads @ 1..=64) => line.process.nbthread = Some(threads),
        _ => {
            return Err(format!("'nbthread' value must be between 1 and 64 (was {number})").into());
        }
    }
    Ok(())
}

fn time_word(line: &mut GlobalLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    let text = line.line.text(1);
    if text.is_empty() {
        return Err(format!("'{word}' expects <time> as argument.\n").into());
    }
    let is_spread = word == "close-spread-time";
    if is_spread && text == "infinite" {
        line.global.close_spread_time = Some(None);
        return Ok(());
    }
    let value = match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) if time.trailing.is_none() => Duration::from_millis(u64::from(time.value)),
        Ok(units::Time {
            trailing: Some(byte),
            ..
        })
        | Err(units::TimeError::Unexpected(byte)) => {
            return Err(format!(
                "unexpected character '{}' in argument to <{word}>.\n",
                char::from(byte)
            )
            .into());
        }
        _ => {
            return Err(format!(
                "timer overflow in argument '{text}' to '{word}' (maximum value is 2147483647 ms or ~24.8 days)"
            )
            .into());
        }
    };
    match word.as_str() {
        "close-spread-time" => {
            line.global.close_spread_time = Some(Some(value));
            line.process.close_spread_time = Some(value);
        }
        "grace" => line.process.grace = Some(value),
        _ => line.process.hard_stop_after = Some(value),
    }
    Ok(())
}

fn node(line: &mut GlobalLine<'_, '_>) -> Lowered {
    line.line.at_most(1, 1)?;
    let name = line.line.text(1);
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || !name.chars().all(fine) {
        return Err(Fault::tight(
            "'node' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), hyphen(-) or underscode(_).",
        ));
    }
    line.global.node = Some(name);
    Ok(())
}

fn description(line: &mut GlobalLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err(Fault::tight("'description' expects a string argument."));
    }
    let words: Vec<String> = (1..line.line.words.len())
        .map(|index| line.line.text(index))
        .collect();
    line.global.description = Some(words.join(" ").trim_end().to_owned());
    Ok(())
}
