//! Names, priorities and limits of the daemon's processes.

use std::time::Duration;

use locum_model::keepalived::{ChildProcess, Global};
use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, accepted, row},
};

pub(super) const ROWS: &[Row] = &[
    row("bfd_cpu_affinity", |pass, line| affinity(pass, line, &BFD)),
    row("bfd_no_swap", |pass, line| no_swap(pass, line, &BFD)),
    row("bfd_priority", |pass, line| priority(pass, line, &BFD)),
    row("bfd_process_name", |pass, line| name(pass, line, &BFD)),
    row("bfd_rlimit_rtime", |pass, line| rlimit(pass, line, &BFD)),
    row("bfd_rlimit_rttime", |pass, line| rlimit(pass, line, &BFD)),
    row("bfd_rt_priority", |pass, line| {
        rt_priority(pass, line, &BFD)
    }),
    accepted("checker_cpu_affinity", |pass, line| {
        affinity(pass, line, &CHECKER)
    }),
    accepted("checker_no_swap", |pass, line| {
        no_swap(pass, line, &CHECKER)
    }),
    accepted("checker_priority", |pass, line| {
        priority(pass, line, &CHECKER)
    }),
    accepted("checker_process_name", |pass, line| {
        name(pass, line, &CHECKER)
    }),
    accepted("checker_rlimit_rtime", |pass, line| {
        rlimit(pass, line, &CHECKER)
    }),
    accepted("checker_rlimit_rttime", |pass, line| {
        rlimit(pass, line, &CHECKER)
    }),
    accepted("checker_rt_priority", |pass, line| {
        rt_priority(pass, line, &CHECKER)
    }),
    accepted("lvs_process_name", |pass, line| name(pass, line, &CHECKER)),
    accepted("max_auto_priority", max_auto_priority),
    accepted("min_auto_priority_delay", min_auto_priority_delay),
    row("process_name", |pass, line| {
        let name = pass.parameter(line, 1)?;
        pass.draft.configuration.global.process_name = Some(name);
        Ok(())
    }),
    row("process_names", |pass, _| {
        let global = &mut pass.draft.configuration.global;
        let fill = |name: &mut Option<String>, default: &str| {
            name.get_or_insert_with(|| default.to_owned());
        };
        fill(&mut global.process_name, "keepalived");
        fill(&mut global.vrrp_process.name, "keepalived_vrrp");
        fill(&mut global.checker_process.name, "keepalived_ipvs");
        fill(&mut global.bfd_process.name, "keepalived_bfd");
        Ok(())
    }),
    row("vrrp_cpu_affinity", |pass, line| {
        affinity(pass, line, &VRRP)
    }),
    row("vrrp_no_swap", |pass, line| no_swap(pass, line, &VRRP)),
    row("vrrp_priority", |pass, line| priority(pass, line, &VRRP)),
    row("vrrp_process_name", |pass, line| name(pass, line, &VRRP)),
    row("vrrp_rlimit_rtime", |pass, line| rlimit(pass, line, &VRRP)),
    row("vrrp_rlimit_rttime", |pass, line| rlimit(pass, line, &VRRP)),
    row("vrrp_rt_priority", |pass, line| {
        rt_priority(pass, line, &VRRP)
    }),
];

/// A child, as messages call it.
struct Child {
    name: &'static str,
    field: fn(&mut Global) -> &mut ChildProcess,
}

const BFD: Child = Child {
    name: "bfd",
    field: |global| &mut global.bfd_process,
};
const CHECKER: Child = Child {
    name: "checker",
    field: |global| &mut global.checker_process,
};
const VRRP: Child = Child {
    name: "vrrp",
    field: |global| &mut global.vrrp_process,
};

impl Child {
    fn of<'a>(&self, pass: &'a mut Pass<'_>) -> &'a mut ChildProcess {
        (self.field)(&mut pass.draft.configuration.global)
    }
}

fn name(pass: &mut Pass<'_>, line: &Line, child: &Child) -> Result<(), Abort> {
    let name = pass.parameter(line, 1)?;
    child.of(pass).name = Some(name);
    Ok(())
}

fn no_swap(pass: &mut Pass<'_>, _line: &Line, child: &Child) -> Result<(), Abort> {
    child.of(pass).no_swap = true;
    Ok(())
}

fn affinity(pass: &mut Pass<'_>, line: &Line, child: &Child) -> Result<(), Abort> {
    if line.words.len() < 2 {
        pass.error(format!("No {} cpu_id set specified", child.name));
        return Ok(());
    }
    let last = i32::try_from(pass.system().processors()).unwrap_or(i32::MAX) - 1;
    for index in 1..line.words.len() {
        let text = value::word(line, index).unwrap_or_default();
        match pass.number(number::signed(&text, 0, last)) {
            Some(id) => {
                let id = u32::try_from(id).unwrap_or(0);
                let set = &mut child.of(pass).cpu_affinity;
                if !set.contains(&id) {
                    set.push(id);
                }
            }
            None => {
                let id = wrapped(&text);
                pass.error(format!(
                    "Invalid cpu_id:{id} specified for {} process",
                    child.name
                ));
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What the reference shows of a bad number: its leading digits in 32 bits.
fn wrapped(text: &str) -> i32 {
    let text = text.trim_start();
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || (*at == 0 && matches!(c, '-' | '+'))))
        .map_or(text.len(), |(at, _)| at);
    let value = number::integer(&text[..end]).unwrap_or(0);
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    let low = value.to_le_bytes();
    i32::from_le_bytes([low[0], low[1], low[2], low[3]])
}

fn priority(pass: &mut Pass<'_>, line: &Line, child: &Child) -> Result<(), Abort> {
    let Some(text) = value::word(line, 1) else {
        pass.error(format!("No {} process priority specified", child.name));
        return Ok(());
    };
    match pass.number(number::signed(&text, -20, 19)) {
        Some(priority) => child.of(pass).priority = i8::try_from(priority).ok(),
        None => pass.error(format!("Invalid {} process priority specified", child.name)),
    }
    Ok(())
}

fn rt_priority(pass: &mut Pass<'_>, line: &Line, child: &Child) -> Result<(), Abort> {
    let name = child.name;
    let Some(text) = value::word(line, 1) else {
        pass.error(format!("No {name} process real-time priority specified"));
        return Ok(());
    };
    let Some(priority) = pass.number(number::signed(&text, i32::MIN, i32::MAX)) else {
        pass.error(format!(
            "{name} process real-time priority '{text}' invalid"
        ));
        return Ok(());
    };
    if priority < 1 {
        pass.error(format!(
            "{name} process real-time priority {priority} less than minimum 1 - setting to minimum"
        ));
    } else if priority > 99 {
        pass.error(format!(
            "{name} process real-time priority {priority} greater than maximum 99 - setting to maximum"
        ));
    }
    child.of(pass).rt_priority = u8::try_from(priority.clamp(1, 99)).ok();
    Ok(())
}

fn rlimit(pass: &mut Pass<'_>, line: &Line, child: &Child) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match pass.number(number::unsigned(&text, 1, u32::MAX)) {
        Some(micros) => child.of(pass).rlimit_rttime = Duration::from_micros(micros.into()),
        None => pass.error(format!("Invalid {} real-time limit - {text}", child.name)),
    }
    Ok(())
}

fn max_auto_priority(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let Some(text) = value::word(line, 1) else {
        pass.draft.configuration.global.max_auto_priority = Some(99);
        return Ok(());
    };
    match pass.number(number::signed(&text, -1, 99)) {
        Some(priority) => {
            pass.draft.configuration.global.max_auto_priority = i8::try_from(priority).ok();
        }
        None => pass.error(format!(
            "max_auto_priority '{text}' must be in [0, 99] (or -1 to disable) - ignoring"
        )),
    }
    Ok(())
}

fn min_auto_priority_delay(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let Some(text) = value::word(line, 1) else {
        pass.error("min_auto_priority_delay requires delay time");
        return Ok(());
    };
    match pass.number(number::signed(&text, 1, 10_000_000)) {
        Some(micros) => {
            let micros = u64::try_from(micros).unwrap_or(0);
            pass.draft.configuration.global.min_auto_priority_delay = Duration::from_micros(micros);
        }
        None => pass.error(format!(
            "min_auto_priority_delay '{text}' must be in [1, 10000000] - ignoring"
        )),
    }
    Ok(())
}
