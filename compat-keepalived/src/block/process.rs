//! `vrrp_track_process NAME { … }`: is a process running?

use std::time::Duration;

use locum_model::{
    Text,
    track::{ParamMatch, TrackProcess, Weight},
};
use locum_parser::keepalived::Line;

use super::script::default_weight;
use crate::{
    load::{Abort, Pass, Process, number, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("delay", |pass, line| {
        if let Some(delay) = delay(pass, line)? {
            current(pass).fork_delay = delay;
            current(pass).terminate_delay = delay;
        }
        Ok(())
    }),
    row("fork_delay", |pass, line| {
        if let Some(delay) = delay(pass, line)? {
            current(pass).fork_delay = delay;
        }
        Ok(())
    }),
    row("full_command", |pass, _| {
        current(pass).full_command = true;
        Ok(())
    }),
    row("param_match", |pass, line| {
        let how = match value::word(line, 1).as_deref() {
            None => None,
            Some("initial") => Some(ParamMatch::Initial),
            Some("partial") => Some(ParamMatch::Partial),
            Some(other) => {
                pass.error(format!("Invalid param_match type {other} - ignoring"));
                return Ok(());
            }
        };
        current(pass).param_match = how;
        Ok(())
    }),
    row("process", process),
    row("quorum", |pass, line| {
        if let Some(quorum) = count(pass, line, "Quorum", 1)? {
            current(pass).quorum = quorum;
        }
        Ok(())
    }),
    row("quorum_max", |pass, line| {
        let most = count(pass, line, "quorum_max", 0)?;
        if most.is_some() {
            current(pass).quorum_max = most;
        }
        Ok(())
    }),
    row("terminate_delay", |pass, line| {
        if let Some(delay) = delay(pass, line)? {
            current(pass).terminate_delay = delay;
        }
        Ok(())
    }),
    row("weight", weight),
];

pub(super) fn vrrp_track_process(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    if pass.process != Process::Vrrp {
        pass.skip_block();
        return Ok(());
    }
    let name = pass.parameter(line, 1)?;
    let located = pass.located(name.clone());
    pass.draft.configuration.track_processes.push(TrackProcess {
        name: located,
        process: Text::default(),
        parameters: Vec::new(),
        param_match: None,
        weight: Weight {
            value: 1,
            reverse: false,
        },
        quorum: 1,
        quorum_max: None,
        fork_delay: Duration::ZERO,
        terminate_delay: Duration::ZERO,
        full_command: false,
    });
    pass.block(&[ROWS])?;
    if current(pass).process.is_empty() {
        pass.draft.configuration.track_processes.pop();
        pass.error(format!("track process '{name}' process name not specified"));
    }
    Ok(())
}

fn current<'a>(pass: &'a mut Pass<'_>) -> &'a mut TrackProcess {
    let processes = &mut pass.draft.configuration.track_processes;
    let last = processes.len() - 1;
    &mut processes[last]
}

fn name(pass: &mut Pass<'_>) -> String {
    current(pass).name.value.clone()
}

fn process(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    pass.parameter(line, 1)?;
    let Some(words) = pass.script_words(line) else {
        return Ok(());
    };
    let mut words = words.into_iter().map(Text::from);
    let process = words.next().unwrap_or_default();
    let tracked = current(pass);
    tracked.process = process;
    tracked.parameters = words.collect();
    Ok(())
}

fn delay(pass: &mut Pass<'_>, line: &Line) -> Result<Option<Duration>, Abort> {
    let (text, name) = (pass.parameter(line, 1)?, name(pass));
    let word = value::word(line, 0).unwrap_or_default();
    let delay = pass.number(number::seconds(&text, 1, 3_600_000_000));
    if delay.is_none() {
        pass.error(format!("{word} ({text}) for vrrp_track_process {name} must be between [0.000001..3600] inclusive. Ignoring..."));
    }
    Ok(delay)
}

fn count(pass: &mut Pass<'_>, line: &Line, word: &str, low: u32) -> Result<Option<u32>, Abort> {
    let (text, name) = (pass.parameter(line, 1)?, name(pass));
    let count = pass.number(number::unsigned(&text, low, 65_535));
    if count.is_none() {
        pass.error(format!("{word} ({text}) for vrrp_track_process {name} must be between [{low}..65535] inclusive. Ignoring..."));
    }
    Ok(count)
}

fn weight(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let name = name(pass);
    let Some(text) = value::word(line, 1) else {
        pass.error(format!(
            "No weight specified for track process {name} - ignoring"
        ));
        return Ok(());
    };
    let bad = format!(
        "Weight ({text}) for vrrp_track_process {name} must be between [-254..254] inclusive. Ignoring..."
    );
    let unknown = format!("vrrp_track_process {name} unknown weight option");
    if let Some(weight) = default_weight(pass, line, 254, &bad, &unknown) {
        current(pass).weight = weight;
    }
    Ok(())
}
