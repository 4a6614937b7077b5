//! Tracked processes: how many of each run, counted once from /proc and then by the kernel's process events.
//!
//! The kernel tells events in the first network namespace only. Elsewhere nothing is counted.

use std::{
    collections::HashMap,
    fs, io,
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
    time::{Duration, Instant},
};

use locum_kernel::process_events::{ProcessEvent, ProcessEvents};
use locum_model::{
    keepalived::Configuration,
    track::{ParamMatch, TrackProcess},
};

use crate::{driver::buffer, identity::Name, snapshot::ProcessStatus};

/// All processes that somebody tracks.
#[derive(Debug, Default)]
pub(in crate::driver) struct Processes {
    events: Option<ProcessEvents>,
    list: Vec<Tracking>,
    /// Which trackers a process counts for.
    running: HashMap<u32, Vec<usize>>,
    waiting: Vec<ProcessEvent>,
}

#[derive(Debug)]
struct Tracking {
    name: Name,
    config: TrackProcess,
    count: u32,
    /// What was told last.
    up: bool,
    /// When a change that lasts so long is told.
    due: Option<Instant>,
}

/// What a tracker became.
pub(in crate::driver) type News = (Name, bool);

/// A command line is looked at up to here.
const LONGEST: usize = 64 << 10;

impl Processes {
    /// Takes over a configuration: everything is counted anew. Fails when the kernel doesn't tell events; then
    /// none runs.
    pub(in crate::driver) fn reload(
        &mut self,
        configuration: &Configuration,
        mut tell: impl FnMut(News),
    ) -> io::Result<()> {
        let wanted = super::tracked(configuration, |tracks| &tracks.processes);
        self.list = configuration
            .track_processes
            .iter()
            .filter(|config| wanted.contains(config.name.value.as_str()))
            .map(|config| Tracking {
                name: Arc::from(config.name.value.as_str()),
                config: config.clone(),
                count: 0,
                up: true,
                due: None,
            })
            .collect();
        self.running.clear();
        if self.list.is_empty() {
            self.events = None;
            return Ok(());
        }
        // Listening begins before the count: what happens in between is told. What isn't told isn't counted either:
        // such processes never have their quorum, as with the reference.
        let listening = self.listen(configuration);
        if listening.is_ok() {
            self.count_all();
        }
        for tracking in &mut self.list {
            tracking.up = tracking.has_quorum();
            tell((tracking.name.clone(), tracking.up));
        }
        listening
    }

    fn listen(&mut self, configuration: &Configuration) -> io::Result<()> {
        if self.events.is_some() {
            return Ok(());
        }
        let events = ProcessEvents::open()?;
        let configured = configuration.global.process_monitor_rcv_bufs;
        buffer::of_netlink(configured, |bytes, force| {
            events.set_receive_buffer(bytes, force)
        })?;
        events.listen()?;
        self.events = Some(events);
        Ok(())
    }

    /// The descriptor of events, if there are any.
    pub(in crate::driver) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.events.as_ref().map(ProcessEvents::as_fd)
    }

    /// Reads events.
    pub(in crate::driver) fn hear(&mut self, now: Instant, mut tell: impl FnMut(News)) {
        let Some(events) = &mut self.events else {
            return;
        };
        let mut waiting = std::mem::take(&mut self.waiting);
        while events.receive(&mut waiting).is_ok() {}
        for event in waiting.drain(..) {
            match event {
                ProcessEvent::Fork { parent, child } => {
                    // It is what its parent is until it executes something else.
                    if let Some(same) = self.running.get(&parent).cloned() {
                        self.becomes(child, same);
                    }
                }
                ProcessEvent::Exec { process } | ProcessEvent::Name { process, .. } => {
                    let matching = self.matching(process);
                    self.becomes(process, matching);
                }
                ProcessEvent::Exit { process } => self.becomes(process, Vec::new()),
                ProcessEvent::Overrun => self.count_all(),
                _ => {}
            }
        }
        self.waiting = waiting;
        for tracking in &mut self.list {
            tell.settle(tracking, now);
        }
    }

    /// When a change has lasted long enough.
    pub(in crate::driver) fn deadline(&self) -> Option<Instant> {
        self.list.iter().filter_map(|tracking| tracking.due).min()
    }

    /// Tells changes that have lasted.
    pub(in crate::driver) fn ring(&mut self, now: Instant, mut tell: impl FnMut(News)) {
        for tracking in &mut self.list {
            tell.settle(tracking, now);
        }
    }

    /// What a tracker counts.
    pub(in crate::driver) fn status(&self, name: &str) -> Option<ProcessStatus> {
        let tracking = self.list.iter().find(|tracking| *tracking.name == *name)?;
        let gains = tracking.has_quorum();
        Some(ProcessStatus {
            count: tracking.count,
            up: tracking.up,
            fork_at: tracking.due.filter(|_| gains),
            terminate_at: tracking.due.filter(|_| !gains),
        })
    }

    fn becomes(&mut self, process: u32, trackers: Vec<usize>) {
        let before = if trackers.is_empty() {
            self.running.remove(&process)
        } else {
            self.running.insert(process, trackers.clone())
        };
        for at in before.unwrap_or_default() {
            let count = &mut self.list[at].count;
            *count = count.saturating_sub(1);
        }
        for at in trackers {
            self.list[at].count += 1;
        }
    }

    fn count_all(&mut self) {
        self.running.clear();
        for tracking in &mut self.list {
            tracking.count = 0;
        }
        let Ok(folder) = fs::read_dir("/proc") else {
            return;
        };
        for entry in folder.flatten() {
            let process = entry.file_name().to_str().and_then(|n| n.parse().ok());
            if let Some(process) = process {
                let matching = self.matching(process);
                self.becomes(process, matching);
            }
        }
    }

    /// The trackers that a process counts for; a zombie counts for none.
    fn matching(&self, process: u32) -> Vec<usize> {
        let Some(found) = Process::read(process, self.needs_command_line()) else {
            return Vec::new();
        };
        let list = self.list.iter().enumerate();
        list.filter(|(_, tracking)| found.is(&tracking.config))
            .map(|(at, _)| at)
            .collect()
    }

    fn needs_command_line(&self) -> bool {
        self.list
            .iter()
            .any(|tracking| looks_at_command_line(&tracking.config))
    }
}

impl Tracking {
    fn has_quorum(&self) -> bool {
        let enough = self.count >= self.config.quorum;
        enough && self.config.quorum_max.is_none_or(|most| self.count <= most)
    }
}

/// Tells what has lasted long enough, and remembers what must last first.
trait Settle {
    fn settle(&mut self, tracking: &mut Tracking, now: Instant);
}

impl<F: FnMut(News)> Settle for F {
    fn settle(&mut self, tracking: &mut Tracking, now: Instant) {
        let up = tracking.has_quorum();
        if up == tracking.up {
            tracking.due = None;
            return;
        }
        let delay = if up {
            tracking.config.fork_delay
        } else {
            tracking.config.terminate_delay
        };
        let due = *tracking.due.get_or_insert(now + delay);
        if delay == Duration::ZERO || due <= now {
            tracking.due = None;
            tracking.up = up;
            self((tracking.name.clone(), up));
        }
    }
}

fn looks_at_command_line(config: &TrackProcess) -> bool {
    config.full_command || !config.parameters.is_empty() || config.param_match.is_some()
}

/// A process as /proc shows it.
struct Process {
    name: Vec<u8>,
    words: Vec<Vec<u8>>,
}

impl Process {
    fn read(process: u32, with_command_line: bool) -> Option<Self> {
        let name = fs::read(format!("/proc/{process}/comm")).ok()?;
        let mut words = Vec::new();
        if with_command_line {
            let mut line = fs::read(format!("/proc/{process}/cmdline")).ok()?;
            line.truncate(LONGEST);
            // Kernel threads and zombies have none.
            let line = line.strip_suffix(b"\0").unwrap_or(&line);
            if !line.is_empty() {
                words = line.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
            }
        }
        if is_zombie(process) {
            return None;
        }
        Some(Self {
            name: name.strip_suffix(b"\n").unwrap_or(&name).to_vec(),
            words,
        })
    }

    fn is(&self, config: &TrackProcess) -> bool {
        let wanted = config.process.as_bytes();
        if !looks_at_command_line(config) {
            // The kernel keeps 15 bytes of a name.
            return self.name == wanted[..wanted.len().min(15)];
        }
        let Some((program, given)) = self.words.split_first() else {
            return false;
        };
        program.as_slice() == wanted && parameters_match(given, config)
    }
}

fn parameters_match(given: &[Vec<u8>], config: &TrackProcess) -> bool {
    let wanted = &config.parameters;
    let equal = |given: &Vec<u8>, wanted: &locum_model::Text| given == wanted.as_bytes();
    match config.param_match {
        // Of a whole command nothing more was said: any parameters will do.
        None if wanted.is_empty() => true,
        None => given.len() == wanted.len() && given.iter().zip(wanted).all(|(g, w)| equal(g, w)),
        Some(_) if wanted.is_empty() => given.is_empty(),
        Some(ParamMatch::Partial) => {
            given.len() >= wanted.len() && given.iter().zip(wanted).all(|(g, w)| equal(g, w))
        }
        Some(ParamMatch::Initial) => {
            let Some((last, before)) = wanted.split_last() else {
                return given.is_empty();
            };
            given.len() == wanted.len()
                && given.iter().zip(before).all(|(g, w)| equal(g, w))
                && given[before.len()].starts_with(last.as_bytes())
        }
    }
}

fn is_zombie(process: u32) -> bool {
    let stat = fs::read(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name stands in parentheses and may hold any byte; the state comes behind it.
    let behind = stat.iter().rposition(|byte| *byte == b')');
    behind
        .and_then(|at| stat.get(at + 2))
        .is_some_and(|state| *state == b'Z')
}

#[cfg(test)]
mod tests {
    use locum_model::{Located, Text};

    use super::*;

    fn config(process: &str, parameters: &[&str], param_match: Option<ParamMatch>) -> TrackProcess {
        TrackProcess {
            name: Located::built_in("p".into()),
            process: Text::from(process),
            parameters: parameters.iter().map(|word| Text::from(*word)).collect(),
            param_match,
            weight: Default::default(),
            quorum: 1,
            quorum_max: None,
            fork_delay: Duration::ZERO,
            terminate_delay: Duration::ZERO,
            full_command: false,
        }
    }

    fn process(words: &[&str]) -> Process {
        Process {
            name: b"daemon".to_vec(),
            words: words.iter().map(|word| word.as_bytes().to_vec()).collect(),
        }
    }

    #[test]
    fn without_parameters_the_name_counts() {
        let running = process(&["/usr/sbin/daemon", "-x"]);
        assert!(running.is(&config("daemon", &[], None)));
        assert!(!running.is(&config("daemo", &[], None)));
    }

    #[test]
    fn parameters_are_compared_as_asked_for() {
        let running = process(&["/bin/d", "-f", "file.conf"]);
        assert!(running.is(&config("/bin/d", &["-f", "file.conf"], None)));
        assert!(!running.is(&config("/bin/d", &["-f"], None)));
        assert!(running.is(&config("/bin/d", &["-f"], Some(ParamMatch::Partial))));
        let initial = Some(ParamMatch::Initial);
        assert!(running.is(&config("/bin/d", &["-f", "file"], initial)));
        assert!(!running.is(&config("/bin/d", &["-f", "ile"], initial)));
        assert!(!running.is(&config("/bin/d", &[], Some(ParamMatch::Partial))));
    }

    #[test]
    fn a_loss_must_last_before_it_is_told() {
        let mut losing = config("d", &[], None);
        losing.terminate_delay = Duration::from_secs(2);
        let mut tracking = Tracking {
            name: Arc::from("p"),
            config: losing,
            count: 0,
            up: true,
            due: None,
        };
        let start = locum_runtime::clock::now();
        let mut told = Vec::new();
        let mut tell = |news: News| told.push(news.1);
        tell.settle(&mut tracking, start);
        tell.settle(&mut tracking, start + Duration::from_secs(1));
        tracking.count = 1;
        tell.settle(&mut tracking, start + Duration::from_secs(1));
        tracking.count = 0;
        tell.settle(&mut tracking, start + Duration::from_secs(2));
        tell.settle(&mut tracking, start + Duration::from_secs(3));
        tell.settle(&mut tracking, start + Duration::from_secs(4));
        assert_eq!(told, [false]);
        assert_eq!(tracking.due, None);
    }
}
