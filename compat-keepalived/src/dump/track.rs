//! What is tracked, and the static blocks: scripts, files, processes, BFD sessions, groups of announcements.

use locum_model::{
    Located,
    keepalived::Configuration,
    track::{ParamMatch, TrackFile, TrackProcess, TrackScript, Tracked, Tracks},
};
use locum_vrrp::snapshot::{ProcessStatus, ScriptStatus, Snapshot};

use super::{
    lines,
    text::{self, Text, decimals, short, weight, yes},
};

/// Pauses between announcements: those of `garp_group`s, and the daemon's own for each interface that has none.
pub fn garp_groups(text: &mut Text, configuration: &Configuration) {
    let global = &configuration.global;
    let own = |name: &&str| {
        let grouped = configuration.garp_groups.iter();
        !grouped
            .flat_map(|group| &group.interfaces)
            .any(|interface| interface.value == **name)
    };
    let mut alone: Vec<&str> = Vec::new();
    if !global.vrrp_garp_interval.is_zero() || !global.vrrp_gna_interval.is_zero() {
        for instance in &configuration.instances {
            let name = instance.interface.as_ref().map(|i| i.value.as_str());
            if let Some(name) = name.filter(own)
                && !alone.contains(&name)
            {
                alone.push(name);
            }
        }
    }
    if alone.is_empty() && configuration.garp_groups.is_empty() {
        return;
    }
    text.heading("Gratuitous ARP delays");
    let mut aggregated = 0;
    for group in &configuration.garp_groups {
        let number = if group.interfaces.len() > 1 {
            aggregated += 1;
            aggregated
        } else {
            0
        };
        let names: Vec<&str> = group.interfaces.iter().map(|i| i.value.as_str()).collect();
        garp_group(
            text,
            number,
            group.garp_interval,
            group.gna_interval,
            &names,
        );
    }
    let given = |interval: std::time::Duration| (!interval.is_zero()).then_some(interval);
    for name in alone {
        garp_group(
            text,
            0,
            given(global.vrrp_garp_interval),
            given(global.vrrp_gna_interval),
            &[name],
        );
    }
}

fn garp_group(
    text: &mut Text,
    number: u32,
    garp: Option<std::time::Duration>,
    gna: Option<std::time::Duration>,
    interfaces: &[&str],
) {
    text.heading(&format!("GARP delay group {number}"));
    for (name, interval) in [("GARP", garp), ("GNA", gna)] {
        if let Some(interval) = interval {
            text.line(format!(" {name} interval = {}", short(interval)));
            // The reference never fills this in, either.
            text.line(format!(
                " {name} next time 0.000000 (Thu Jan  1 00:00:00.000000)"
            ));
        }
    }
    text.line(" Interfaces");
    for interface in interfaces {
        text.line(format!("  {interface}"));
    }
}

/// `static_ipaddress`, `static_routes`, `static_rules`, `track_group`s.
pub fn statics(text: &mut Text, configuration: &Configuration, snapshot: &Snapshot) {
    if !configuration.static_addresses.is_empty() {
        text.heading("Static Addresses");
        for (i, line) in configuration.static_addresses.iter().enumerate() {
            let set = snapshot.static_addresses.get(i).copied().unwrap_or(false);
            let fallback = configuration.global.default_interface();
            let dev = line.value.dev.as_deref().unwrap_or(fallback);
            text.line(format!("     {}", lines::address(&line.value, dev, set)));
        }
    }
    list(
        text,
        "Static Routes",
        &configuration.static_routes,
        lines::route,
    );
    list(
        text,
        "Static Rules",
        &configuration.static_rules,
        lines::rule,
    );
    if !configuration.track_groups.is_empty() {
        text.heading("Static Track groups");
        for group in &configuration.track_groups {
            text.line(format!(" Static Track Group = {}", group.name.value));
            text.line("   VRRP member instances :");
            for instance in &group.instances {
                text.line(format!("     {}", instance.value));
            }
        }
    }
}

fn list<T>(text: &mut Text, title: &str, list: &[Located<T>], word: fn(&T) -> String) {
    if !list.is_empty() {
        text.heading(title);
        for line in list {
            text.line(format!("     {}", word(&line.value)));
        }
    }
}

/// Scripts, files, processes and BFD sessions, as far as somebody tracks them.
pub fn trackers(text: &mut Text, configuration: &Configuration, snapshot: &Snapshot) {
    let mut heading = Heading::new("VRRP Scripts");
    for (script, status) in configuration.scripts.iter().zip(&snapshot.scripts) {
        let by = tracked_by(configuration, |tracks| &tracks.scripts, &script.name.value);
        if !by.is_empty() {
            heading.write(text);
            self::script(text, script, *status, &by);
        }
    }
    let mut heading = Heading::new("VRRP Track files");
    for (file, value) in configuration.track_files.iter().zip(&snapshot.files) {
        let by = tracked_by(configuration, |tracks| &tracks.files, &file.name.value);
        if !by.is_empty() {
            heading.write(text);
            self::file(text, file, *value, &by);
        }
    }
    let mut heading = Heading::new("VRRP Track processes");
    let processes = configuration.track_processes.iter();
    for (process, status) in processes.zip(&snapshot.processes) {
        heading.write(text);
        let name = &process.name.value;
        let by = tracked_by(configuration, |tracks| &tracks.processes, name);
        self::process(text, process, status, snapshot, &by);
    }
    let mut heading = Heading::new("VRRP Track BFDs");
    for (bfd, up) in configuration.bfd.iter().zip(&snapshot.bfd) {
        if !bfd.vrrp {
            continue;
        }
        heading.write(text);
        let name = &bfd.name.value;
        text.line(format!(" VRRP Track BFD = {name}"));
        let (value, reverse) = (bfd.weight.value, bfd.weight.reverse);
        text.line(format!("   Weight = {}", weight(value, reverse)));
        text.line(format!("   Bfd is {}", if *up { "up" } else { "down" }));
        text.line("   Tracking VRRP instances :");
        tracking(text, &tracked_by(configuration, |tracks| &tracks.bfd, name));
    }
}

/// A heading that is written before the first thing under it.
struct Heading(Option<&'static str>);

impl Heading {
    fn new(title: &'static str) -> Heading {
        Heading(Some(title))
    }

    fn write(&mut self, text: &mut Text) {
        if let Some(title) = self.0.take() {
            text.heading(title);
        }
    }
}

fn script(text: &mut Text, script: &TrackScript, status: ScriptStatus, by: &[By<'_>]) {
    text.line(format!(" VRRP Script = {}", script.name.value));
    text.line(format!("   Command = {}", text::script(&script.script)));
    text.line(format!("   Interval = {} sec", script.interval.as_secs()));
    let timeout = script.timeout.map_or(0, |timeout| timeout.as_secs());
    text.line(format!("   Timeout = {timeout} sec"));
    let value = weight(script.weight.value, script.weight.reverse);
    text.line(format!("   Weight = {value}"));
    text.line(format!("   Rise = {}", script.rise));
    text.line(format!("   Fall = {}", script.fall));
    text.line(format!("   Result = {}", status.result));
    let insecure = if status.insecure { "yes" } else { "no" };
    text.line(format!("   Insecure = {insecure}"));
    let init = if status.up.is_none() {
        "INIT"
    } else {
        "unknown"
    };
    text.line(format!("   Init state = {init}"));
    let good = status.result >= script.rise;
    text.line(format!("   Status = {}", if good { "GOOD" } else { "BAD" }));
    let account = script.script.account;
    text.line(format!(
        "   Script uid:gid = {}:{}",
        account.uid, account.gid
    ));
    text.line("   VRRP instances :");
    tracking(text, by);
    let state = if status.running { "running" } else { "idle" };
    text.line(format!("   State = {state}"));
}

fn file(text: &mut Text, file: &TrackFile, value: i64, by: &[By<'_>]) {
    text.line(format!(" Track file = {}", file.name.value));
    text.line(format!("   File = {}", file.path.display()));
    text.line(format!("   Status = {value}"));
    let own = weight(file.weight.value, file.weight.reverse);
    text.line(format!("   Weight = {own}"));
    tracking(text, by);
}

fn process(
    text: &mut Text,
    process: &TrackProcess,
    status: &ProcessStatus,
    snapshot: &Snapshot,
    by: &[By<'_>],
) {
    let words = |word: &locum_model::Text| String::from_utf8_lossy(word.as_bytes()).into_owned();
    text.line(format!(" VRRP Track process = {}", process.name.value));
    text.line(format!("   Process = {}", words(&process.process)));
    if !process.parameters.is_empty() {
        let parameters: Vec<String> = process.parameters.iter().map(words).collect();
        text.line(format!("   Parameters = {}", parameters.join(" ")));
    }
    match process.param_match {
        Some(ParamMatch::Initial) => text.line("   Param match = initial"),
        Some(ParamMatch::Partial) => text.line("   Param match = partial"),
        None if !process.parameters.is_empty() => text.line("   Param match"),
        None => {}
    }
    text.line(format!("   Min processes = {}", process.quorum));
    if let Some(max) = process.quorum_max {
        text.line(format!("   Max processes = {max}"));
    }
    text.line(format!("   Current processes = {}", status.count));
    text.line(format!("   Have quorum = {}", yes(status.up)));
    let own = weight(process.weight.value, process.weight.reverse);
    text.line(format!("   Weight = {own}"));
    let delay = decimals(process.terminate_delay);
    text.line(format!("   Terminate delay = {delay}s"));
    let delay = decimals(process.fork_delay);
    text.line(format!("   Fork delay = {delay}s"));
    for (name, at) in [("Fork", status.fork_at), ("Terminate", status.terminate_at)] {
        match at {
            Some(at) => {
                let left = decimals(at.saturating_duration_since(snapshot.now.0));
                text.line(format!("   {name} delay timer expires in {left}s"));
            }
            None => text.line(format!("   {name} delay timer not running")),
        }
    }
    text.line(format!("   Full command = {}", yes(process.full_command)));
    tracking(text, by);
}

/// Who tracks something, with which weight.
struct By<'a> {
    instance: &'a str,
    tracked: &'a Tracked,
}

/// All instances that track `name`, by themselves or by their group, in the order of the configuration.
fn tracked_by<'a>(
    configuration: &'a Configuration,
    list: fn(&Tracks) -> &Vec<Tracked>,
    name: &str,
) -> Vec<By<'a>> {
    let mut by = Vec::new();
    for instance in &configuration.instances {
        let own = list(&instance.tracks).iter();
        let group = configuration.group_of(&instance.name.value);
        let groups = group.into_iter().flat_map(|group| list(&group.tracks));
        for tracked in own.chain(groups).filter(|t| t.name.value == name) {
            by.push(By {
                instance: &instance.name.value,
                tracked,
            });
        }
    }
    by
}

fn tracking(text: &mut Text, by: &[By<'_>]) {
    if by.is_empty() {
        return;
    }
    text.line("   Tracking instances :");
    for By { instance, tracked } in by {
        let value = weight(tracked.weight.value, tracked.weight.reverse);
        text.line(format!("     {instance}, weight {value}"));
    }
}
