//! `vrrp_script NAME { … }`: a program whose exit status is tracked.

use std::time::Duration;

use locum_model::{
    script::{Account, Script},
    track::{self, Weight},
};
use locum_parser::keepalived::Line;

use crate::{
    draft::TrackScript,
    load::{Abort, Pass, Process, number, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("fall", |pass, line| {
        if let Some(times) = times(pass, line, "fall")? {
            current(pass).model.fall = times;
        }
        Ok(())
    }),
    row("init_fail", |pass, _| {
        current(pass).model.init_fail = true;
        Ok(())
    }),
    row("interval", |pass, line| {
        let (text, name) = (pass.parameter(line, 1)?, name(pass));
        let Some(seconds) = pass.number(number::unsigned(&text, 0, 4294)) else {
            pass.error(format!(
                "({name}): vrrp script interval '{text}' must be between 1 and 4294 - ignoring"
            ));
            return Ok(());
        };
        if seconds == 0 {
            pass.error(format!(
                "({name}): vrrp script interval must be greater than 0, setting to 1"
            ));
        }
        current(pass).model.interval = Duration::from_secs(seconds.max(1).into());
        Ok(())
    }),
    row("rise", |pass, line| {
        if let Some(times) = times(pass, line, "rise")? {
            current(pass).model.rise = times;
        }
        Ok(())
    }),
    row("script", |pass, line| {
        let words = pass.script_words(line);
        let argv = words.and_then(|words| words.first().map(|text| value::split_command(text)));
        current(pass).argv = argv.filter(|argv| !argv.is_empty());
        Ok(())
    }),
    row("timeout", |pass, line| {
        let (text, name) = (pass.parameter(line, 1)?, name(pass));
        let Some(seconds) = pass.number(number::unsigned(&text, 0, 4294)) else {
            pass.error(format!(
                "({name}): vrrp script timeout '{text}' invalid - ignoring"
            ));
            return Ok(());
        };
        if seconds == 0 {
            pass.error(format!(
                "({name}): vrrp script timeout must be greater than 0, setting to 1"
            ));
        }
        current(pass).model.timeout = Some(Duration::from_secs(seconds.max(1).into()));
        Ok(())
    }),
    row("user", user),
    row("weight", |pass, line| {
        let (text, name) = (pass.parameter(line, 1)?, name(pass));
        let bad = format!("vrrp_script {name} weight {text} must be in [-253, 253]");
        let unknown = format!("vrrp_script {name} unknown weight option");
        if let Some(weight) = default_weight(pass, line, 253, &bad, &unknown) {
            current(pass).model.weight = weight;
        }
        Ok(())
    }),
];

pub(super) fn vrrp_script(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    if pass.process != Process::Vrrp {
        pass.skip_block();
        return Ok(());
    }
    let name = pass.parameter(line, 1)?;
    let located = pass.located(name.clone());
    pass.draft.scripts.push(TrackScript {
        model: track::TrackScript {
            name: located,
            script: Script {
                argv: Vec::new(),
                account: Account::default(),
            },
            interval: Duration::from_secs(1),
            timeout: None,
            rise: 1,
            fall: 1,
            weight: Weight::default(),
            init_fail: false,
        },
        argv: None,
        account: None,
    });
    pass.block(&[ROWS])?;
    if !finish(pass, &name) {
        pass.draft.scripts.pop();
    }
    Ok(())
}

/// Program and account at the closing brace; false if the script goes.
fn finish(pass: &mut Pass<'_>, name: &str) -> bool {
    let Some(argv) = current(pass).argv.take() else {
        pass.error(format!("No script set for vrrp_script {name} - removing"));
        return false;
    };
    let account = match current(pass).account {
        Some(account) => Some(account),
        None => pass.default_account(),
    };
    let Some(account) = account else {
        pass.error(format!(
            "Unable to set default user for vrrp script {name} - removing"
        ));
        return false;
    };
    current(pass).model.script = Script { argv, account };
    true
}

fn current<'a>(pass: &'a mut Pass<'_>) -> &'a mut TrackScript {
    let last = pass.draft.scripts.len() - 1;
    &mut pass.draft.scripts[last]
}

fn name(pass: &mut Pass<'_>) -> String {
    current(pass).model.name.value.clone()
}

fn times(pass: &mut Pass<'_>, line: &Line, word: &str) -> Result<Option<u32>, Abort> {
    let (text, name) = (pass.parameter(line, 1)?, name(pass));
    let times = pass.number(number::unsigned(&text, 1, i32::MAX.unsigned_abs()));
    if times.is_none() {
        pass.error(format!(
            "({name}): vrrp script {word} value '{text}' invalid, defaulting to 1"
        ));
    }
    Ok(times)
}

fn user(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let user = pass.parameter(line, 1)?;
    let account = pass.account(&user, value::word(line, 2).as_deref());
    if account.is_none() {
        let argv = current(pass).argv.as_ref();
        let program = argv.map(|argv| argv[0].escaped()).unwrap_or_default();
        pass.error(format!("Unable to set uid/gid for script '{program}'"));
    }
    let script = current(pass);
    script.account = account.or(script.account);
    Ok(())
}

/// `weight N [reverse]`: the weight of those who track it without one of their own.
pub(super) fn default_weight(
    pass: &mut Pass<'_>,
    line: &Line,
    limit: i32,
    bad: &str,
    unknown: &str,
) -> Option<Weight> {
    let text = value::word(line, 1)?;
    let Some(value) = pass.number(number::signed(&text, -limit, limit)) else {
        pass.error(bad);
        return None;
    };
    let reverse = match value::word(line, 2).as_deref() {
        None => false,
        Some("reverse") => true,
        Some(other) => {
            pass.error(format!("{unknown} {other}"));
            false
        }
    };
    Some(Weight { value, reverse })
}
