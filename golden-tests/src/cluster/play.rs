//! Carries out a scenario's steps and collects what is to be compared.

use super::host::{Host, write};
use super::scenario::{Scenario, Step};
use super::smtp::Mail;
use super::wire::{Seen, Wire};
use super::{log, runs, state};
use crate::clock;
use crate::holder::{Job, KEEPALIVED, Outcome, WORKDIR};
use crate::normalise::keepalived as normalise;
use crate::peer::sink::Sink;
use crate::process::{self, Running, Setting};
use regex::Regex;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(10);
const STILL: Duration = Duration::from_millis(500);

/// Plays the job to its end. What still runs then is ended by the kernel, unseen.
#[must_use]
pub fn play(job: &Job, scenario: &Scenario) -> Outcome {
    let mut stage = match Stage::build(job, scenario) {
        Ok(stage) => stage,
        Err(problem) => {
            return Outcome {
                impossible: Some(problem),
                ..Outcome::default()
            };
        }
    };
    let outcome = stage.play(scenario);
    let mut captures = stage.captures(scenario);
    captures.retain(|_, text| !text.is_empty());
    Outcome {
        captures,
        problems: outcome.err().into_iter().collect(),
        impossible: None,
    }
}

/// A host and what listens there.
struct Seat {
    host: Host,
    log: Sink,
    fifo: Lines,
    datagrams: Option<Sink>,
    mail: Option<Mail>,
    /// How many log lines there were at the last act.
    log_mark: usize,
}

/// Lines that a thread collects.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

struct Stage {
    seats: Vec<Seat>,
    wire: Wire,
    processes: Vec<(char, Running)>,
    senders: BTreeMap<String, Arc<AtomicBool>>,
    commands: String,
    states: String,
    timing: String,
    /// When the last act was: time since 1970, as packets are stamped.
    act: Duration,
    /// Where the recording ends: log lines of each host, and packets.
    end: Option<(Vec<usize>, usize)>,
}

impl Stage {
    fn build(job: &Job, scenario: &Scenario) -> Result<Self, String> {
        let mut names = scenario.hosts.clone();
        if names.is_empty() {
            names.push('a');
        }
        if !scenario.sockets.is_empty() {
            nix::sys::prctl::set_name(c"systemd").map_err(|e| format!("process name: {e}"))?;
        }
        let hosts: Vec<Host> = names
            .iter()
            .map(|name| Host::start(*name, &job.case.files))
            .collect::<Result<_, _>>()?;
        let wire = Wire::start(&hosts)?;
        let mut seats = Vec::new();
        for host in hosts {
            host.ip(&scenario.ip)?;
            if !scenario.ip.is_empty() {
                host.wait_for_carrier()?;
            }
            let name = host.name;
            let fifo = match scenario.fifos.get(&name).cloned() {
                Some(path) => host.run(move || read_fifo(&path))?,
                None => Lines::default(),
            };
            let datagrams = match scenario.sockets.get(&name).cloned() {
                Some(path) => Some(host.run(move || Sink::open("notify", &path))?),
                None => None,
            };
            let mail = match scenario.mail.get(&name).cloned() {
                Some(at) => Some(host.run(move || Mail::listen(&at))?),
                None => None,
            };
            seats.push(Seat {
                log: host.run(|| Sink::open("log", "/dev/log"))?,
                fifo,
                datagrams,
                mail,
                log_mark: 0,
                host,
            });
        }
        Ok(Self {
            seats,
            wire,
            processes: Vec::new(),
            senders: BTreeMap::new(),
            commands: String::new(),
            states: String::new(),
            timing: String::new(),
            act: clock::wall(),
            end: None,
        })
    }

    fn play(&mut self, scenario: &Scenario) -> Result<(), String> {
        let only_check = [Step {
            run: Some("-t -f a.conf".to_owned()),
            ..Step::default()
        }];
        let steps = match scenario.steps.as_slice() {
            [] => &only_check,
            some => some,
        };
        for (number, step) in steps.iter().enumerate() {
            if !step.only_looks() {
                self.act = clock::wall();
                for seat in &mut self.seats {
                    seat.log_mark = seat.log.lines().len();
                }
            }
            self.reap();
            self.step(step)
                .map_err(|e| format!("step {} ({}): {e}", number + 1, verb(step)))?;
        }
        self.settle()
    }

    /// What the last step set off is logged a moment later: wait for silence, then the recording is over.
    fn settle(&mut self) -> Result<(), String> {
        let count = |seats: &[Seat]| seats.iter().map(|s| s.log.lines().len()).sum::<usize>();
        let mut seen = (count(&self.seats), clock::now());
        clock::poll_until(Duration::from_secs(2), || {
            let now = count(&self.seats);
            if now != seen.0 {
                seen = (now, clock::now());
            }
            clock::now() - seen.1 > Duration::from_millis(200)
        });
        self.wire.drain()?;
        let logs = self.seats.iter().map(|s| s.log.lines().len()).collect();
        self.end = Some((logs, self.wire.seen().len()));
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        let within = match &step.within {
            Some(text) => clock::duration(text)?,
            None => WAIT,
        };
        let name = step.host.unwrap_or('a');
        if let Some(arguments) = &step.run {
            return self.run(name, arguments, step, within);
        }
        if let Some(arguments) = &step.start {
            return self.start(name, arguments, step);
        }
        if let Some(program) = &step.stop {
            self.signal(name, "TERM", &main_of(program))?;
            let process = self.process(name, program)?;
            return done(clock::poll_until(within, || process.has_ended()), || {
                format!("it has not ended within {within:?}")
            });
        }
        if let Some(signal) = &step.signal {
            return self.signal(name, signal, step.to.as_deref().unwrap_or("main"));
        }
        if let Some(packet) = &step.send {
            return self.send(&packet.frame()?, step);
        }
        if let Some(sender) = &step.silence {
            let stop = self.senders.get(sender);
            stop.ok_or(format!("no sender '{sender}'"))?
                .store(true, Ordering::SeqCst);
            return Ok(());
        }
        if let Some(line) = &step.ip {
            let host = match name {
                'w' => self.wire.host(),
                _ => &self.seat(name)?.host,
            };
            return host.ip(std::slice::from_ref(line));
        }
        if let Some(script) = &step.sh {
            let (_, text) = self.seat(name)?.host.sh(script)?;
            let text = shown(step, &text)?;
            let _infallible = write!(self.commands, "{name}$ {script}\n{text}");
            return Ok(());
        }
        if let Some(path) = &step.write {
            let (path, text) = (path.clone(), step.text.clone().unwrap_or_default());
            let mode = match &step.mode {
                Some(text) => Some(u32::from_str_radix(text, 8).map_err(|e| e.to_string())?),
                None => None,
            };
            let host = &self.seat(name)?.host;
            return host.run(move || write(&path, text.as_bytes(), mode));
        }
        if let Some(path) = &step.remove {
            let path = format!("{WORKDIR}/{path}");
            let host = &self.seat(name)?.host;
            return host
                .run(move || std::fs::remove_file(&path).map_err(|e| format!("{path}: {e}")));
        }
        if let Some(title) = &step.snapshot {
            let default = ["addr".to_owned()];
            let words = step.what.as_deref().unwrap_or(&default);
            let text = state::snapshot(&self.seat(name)?.host, words)?;
            let text = shown(step, &text)?;
            let _infallible = write!(self.states, "===== {title} (host {name})\n{text}");
            return Ok(());
        }
        if let Some(text) = &step.pause {
            std::thread::sleep(clock::duration(text)?);
            return Ok(());
        }
        if let Some(title) = &step.measure {
            return self.measure(name, title, step);
        }
        if step.no_packet.is_some() || step.no_log.is_some() {
            return self.nothing(name, step);
        }
        self.wait(name, step, within)
    }

    fn run(
        &mut self,
        name: char,
        arguments: &str,
        step: &Step,
        within: Duration,
    ) -> Result<(), String> {
        let (setting, words) = (setting(step), arguments.to_owned());
        let host = &self.seat(name)?.host;
        let finished = host.run(move || process::run(&words, &setting, within))?;
        let text = shown(step, &finished.shown())?;
        let _infallible = write!(self.commands, "{name}$ keepalived {arguments}\n{text}");
        Ok(())
    }

    fn start(&mut self, name: char, arguments: &str, step: &Step) -> Result<(), String> {
        let arguments = match arguments {
            "" => format!("-n -D -f {WORKDIR}/{name}.conf"),
            given => given.to_owned(),
        };
        let program = step.name.clone().unwrap_or("main".to_owned());
        let (setting, title) = (setting(step), format!("{name}-{program}"));
        let host = &self.seat(name)?.host;
        let running = host.run(move || Running::start(&title, &arguments, &setting))?;
        self.processes.push((name, running));
        Ok(())
    }

    fn signal(&mut self, name: char, signal: &str, to: &str) -> Result<(), String> {
        let host = &self.seat(name)?.host;
        let pids: Vec<String> = match to {
            "all" => host.processes().iter().map(i32::to_string).collect(),
            child @ ("vrrp" | "checkers" | "bfd") => {
                let (_, text) = host.sh(&format!(
                    "cat /run/{child}.pid /run/keepalived/{child}.pid 2>/dev/null"
                ))?;
                text.split_whitespace().map(str::to_owned).collect()
            }
            program => {
                let program = program.to_owned();
                vec![self.process(name, &program)?.pid().to_string()]
            }
        };
        if pids.is_empty() {
            return Err(format!("no process '{to}'"));
        }
        // The shell knows real-time signals by their number.
        let mut script = format!("kill -{signal} {}", pids.join(" "));
        if signal == "KILL" && to == "all" {
            // None is to see another die.
            script = format!("kill -STOP {} && {script}", pids.join(" "));
        }
        match self.seat(name)?.host.sh(&script)? {
            (true, _) => Ok(()),
            (false, text) => Err(format!("{script}: {text}")),
        }
    }

    fn send(&mut self, frame: &[u8], step: &Step) -> Result<(), String> {
        let every = step.every.as_deref().map(clock::duration).transpose()?;
        let Some(every) = every else {
            return (0..step.times.unwrap_or(1)).try_for_each(|_| self.wire.send(frame));
        };
        let stop = Arc::new(AtomicBool::new(false));
        let name = step.name.clone().unwrap_or("main".to_owned());
        self.senders.insert(name, Arc::clone(&stop));
        let (sender, frame, times) = (self.wire.sender(), frame.to_vec(), step.times);
        std::thread::spawn(move || {
            let mut count = 0;
            while !stop.load(Ordering::SeqCst) && times.is_none_or(|times| count < times) {
                sender(&frame);
                count += 1;
                std::thread::sleep(every);
            }
        });
        Ok(())
    }

    fn wait(&mut self, name: char, step: &Step, within: Duration) -> Result<(), String> {
        let failed = || format!("not true within {within:?}");
        let wanted = step.count.unwrap_or(1);
        if let Some(pattern) = &step.wait_log {
            let (pattern, seat) = (regex(pattern)?, self.seat(name)?);
            let fits = || {
                let lines = seat.log.lines();
                let new = lines.iter().skip(seat.log_mark);
                new.filter(|l| pattern.is_match(l)).count() >= wanted
            };
            return done(clock::poll_until(within, fits), failed);
        }
        if let Some(pattern) = &step.wait_packet {
            let pattern = regex(pattern)?;
            let fits = || self.packets(name, &pattern, self.act).len() >= wanted;
            return done(clock::poll_until(within, fits), failed);
        }
        if let Some(address) = &step.wait_address {
            let host = &self.seat(name)?.host;
            let script = format!("ip -o addr show to {address} | grep -q .");
            return wait_command(host, &script, !step.absent, within);
        }
        if let Some(script) = &step.wait_sh {
            return wait_command(&self.seat(name)?.host, script, true, within);
        }
        if let Some(path) = &step.wait_file {
            let pattern = regex(step.fits.as_deref().unwrap_or(""))?;
            let (host, path) = (&self.seat(name)?.host, format!("{WORKDIR}/{path}"));
            let fits = || {
                let path = path.replace(&format!("{WORKDIR}//"), "/");
                let text =
                    host.run(move || std::fs::read_to_string(&path).map_err(|e| e.to_string()));
                text.is_ok_and(|text| {
                    pattern.is_match(&text) && step.count.is_none_or(|n| text.lines().count() >= n)
                })
            };
            return done(clock::poll_until(within, fits), failed);
        }
        if let Some(pattern) = &step.wait_line {
            let (pattern, seat) = (regex(pattern)?, self.seat(name)?);
            let fits = || {
                let mut lines = seat.fifo.all();
                lines.extend(seat.datagrams.iter().flat_map(Sink::lines));
                lines.iter().filter(|l| pattern.is_match(l)).count() >= wanted
            };
            return done(clock::poll_until(within, fits), failed);
        }
        if let Some(count) = step.wait_mail {
            let mail = self.seat(name)?.mail.clone().ok_or("no mail server")?;
            return done(
                clock::poll_until(within, || mail.heard().len() >= count),
                failed,
            );
        }
        if let Some(program) = &step.wait_exit {
            let process = self.process(name, program)?;
            return done(clock::poll_until(within, || process.has_ended()), failed);
        }
        if let Some(name) = step.wait_gone {
            let host = &self.seat(name)?.host;
            return done(
                clock::poll_until(within, || host.processes().is_empty()),
                failed,
            );
        }
        Err("no verb in it".to_owned())
    }

    fn nothing(&mut self, name: char, step: &Step) -> Result<(), String> {
        let within = match &step.within {
            Some(text) => clock::duration(text)?,
            None => STILL,
        };
        std::thread::sleep(within);
        self.wire.drain()?;
        let found = if let Some(pattern) = &step.no_packet {
            let pattern = regex(pattern)?;
            let packets = self.packets(name, &pattern, self.act);
            packets.first().map(|p| p.shown.text.clone())
        } else {
            let pattern = regex(step.no_log.as_deref().unwrap_or_default())?;
            let seat = self.seat(name)?;
            let lines = seat.log.lines();
            let mut new = lines.into_iter().skip(seat.log_mark);
            new.find(|line| pattern.is_match(line))
        };
        found.map_or(Ok(()), |text| Err(format!("there was: {text}")))
    }

    /// From the last fitting packet before it (or the last act) to the first fitting one since the last act.
    fn measure(&mut self, name: char, title: &str, step: &Step) -> Result<(), String> {
        let about = clock::duration(step.about.as_deref().ok_or("measure needs 'about'")?)?;
        let tolerance = clock::duration(step.within.as_deref().unwrap_or("50ms"))?;
        let pattern = regex(step.fits.as_deref().ok_or("measure needs 'fits'")?)?;
        let later = self.packets(name, &pattern, self.act);
        let later = later.first().ok_or("there was no such packet")?.at;
        let earlier = match &step.from {
            None => self.act,
            Some(pattern) => {
                let from_host = step.from_host.unwrap_or(name);
                let mut all = self.packets(from_host, &regex(pattern)?, Duration::ZERO);
                all.retain(|seen| seen.at < later);
                all.last().ok_or("there was no earlier packet")?.at
            }
        };
        let took = later.saturating_sub(earlier);
        // Too early is wrong however busy the machine is; late it may be a little.
        let earliest =
            about.saturating_sub(tolerance.min((about / 5).max(Duration::from_millis(20))));
        let text = match (earliest..=about + tolerance).contains(&took) {
            true => format!("about {about:?}"),
            false => format!("{took:?}, not {about:?} within {tolerance:?}"),
        };
        let _infallible = writeln!(self.timing, "{title}: {text}");
        Ok(())
    }

    /// What was killed leaves its id only now: else a pid file that names it would look true.
    fn reap(&mut self) {
        for (_, process) in &mut self.processes {
            process.has_ended();
        }
        let kept: Vec<u32> = self.processes.iter().map(|(_, p)| p.pid()).collect();
        process::reap(&kept);
    }

    fn packets(&self, name: char, pattern: &Regex, since: Duration) -> Vec<Seen> {
        let mut seen = self.wire.seen();
        seen.retain(|s| s.host == name && s.at >= since && pattern.is_match(&s.shown.text));
        seen
    }

    fn seat(&self, name: char) -> Result<&Seat, String> {
        let found = self.seats.iter().find(|seat| seat.host.name == name);
        found.ok_or(format!("no host '{name}'"))
    }

    fn process(&mut self, host: char, name: &str) -> Result<&mut Running, String> {
        let wanted = format!("{host}-{}", main_of(name));
        // The newest of this name: a program may be started again.
        let mut found = self.processes.iter_mut().rev();
        let found = found.find(|(_, process)| process.name == wanted);
        found
            .map(|(_, process)| process)
            .ok_or(format!("no started program '{wanted}'"))
    }

    fn captures(&mut self, scenario: &Scenario) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        out.insert("commands".to_owned(), normalise(&self.commands));
        out.insert("state".to_owned(), normalise(&self.states));
        out.insert("timing".to_owned(), self.timing.clone());
        let mut seen = self.wire.seen();
        if let Some((_, packets)) = self.end {
            seen.truncate(packets);
        }
        seen.retain(|s| {
            let kind = s.shown.text.split(' ').next().unwrap_or_default();
            !scenario.ignore_wire.iter().any(|word| word == kind)
        });
        for (at, seat) in self.seats.iter().enumerate() {
            let name = seat.host.name;
            let lines = seat.log.lines();
            let end = self.end.as_ref().map_or(lines.len(), |(logs, _)| logs[at]);
            out.insert(format!("log-{name}"), log::text(&lines[..end], scenario));
            out.insert(format!("wire-{name}"), wire(&seen, name, scenario));
            let fifo: String = seat.fifo.all().iter().map(|l| format!("{l}\n")).collect();
            out.insert(format!("fifo-{name}"), normalise(&fifo));
            let datagrams = seat.datagrams.iter().flat_map(Sink::lines);
            out.insert(
                format!("notify-{name}"),
                normalise(&datagrams.collect::<String>()),
            );
            // Each mail has a connection of its own: they come in no order.
            let mut mail: Vec<String> = seat.mail.iter().flat_map(Mail::heard).collect();
            mail.sort();
            out.insert(format!("smtp-{name}"), normalise(&mail.concat()));
        }
        for (_, process) in &mut self.processes {
            let _asked_for_its_status = process.has_ended();
            let mut finished = process.finished();
            if scenario.sort_output {
                for text in [&mut finished.stdout, &mut finished.stderr] {
                    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
                    lines.sort_unstable_by_key(|line| normalise(line));
                    *text = lines.concat();
                }
            }
            let text = normalise(&finished.shown());
            out.insert(format!("process-{}", process.name), text);
        }
        out
    }
}

fn wire(seen: &[Seen], name: char, scenario: &Scenario) -> String {
    let own: Vec<&Seen> = seen.iter().filter(|s| s.host == name).collect();
    runs::lines(&own, scenario.time_announcements)
}

/// Makes the FIFO, and reads its lines from now on.
fn read_fifo(path: &str) -> Result<Lines, String> {
    let mode = nix::sys::stat::Mode::from_bits_truncate(0o666);
    nix::unistd::mkfifo(path, mode).map_err(|e| format!("{path}: {e}"))?;
    // Also for writing: so there is never an end of file.
    let fifo = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|e| format!("{path}: {e}"))?;
    let lines = Lines::default();
    let shared = lines.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(fifo).lines().map_while(Result::ok) {
            let mut all = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(line);
        }
    });
    Ok(lines)
}

fn wait_command(host: &Host, script: &str, wanted: bool, within: Duration) -> Result<(), String> {
    let fits = || {
        let is_there = host.sh(script).is_ok_and(|(well, _)| well);
        // A process for each look: not too many of them.
        std::thread::sleep(Duration::from_millis(18));
        is_there == wanted
    };
    done(clock::poll_until(within, fits), || {
        format!("not true within {within:?}")
    })
}

fn done(is_done: bool, else_say: impl FnOnce() -> String) -> Result<(), String> {
    if is_done { Ok(()) } else { Err(else_say()) }
}

fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|e| e.to_string())
}

/// `stop = ""` means the program that was started without a name.
fn main_of(name: &str) -> String {
    if name.is_empty() { "main" } else { name }.to_owned()
}

fn setting(step: &Step) -> Setting {
    Setting {
        program: KEEPALIVED,
        env: step.env.clone().unwrap_or_default(),
        ..Setting::default()
    }
}

/// What a step's `keep` and `sort` leave of a text.
fn shown(step: &Step, text: &str) -> Result<String, String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if let Some(pattern) = &step.keep {
        let keep = regex(pattern)?;
        lines = lines
            .iter()
            .filter_map(|line| {
                let found = keep.captures(line)?;
                let groups: Vec<&str> =
                    found.iter().skip(1).flatten().map(|g| g.as_str()).collect();
                Some(match keep.captures_len() {
                    1 => line.clone(),
                    _ => groups.join(" "),
                })
            })
            .collect();
    }
    if step.sort {
        lines.sort();
        lines.dedup();
    }
    Ok(lines.iter().map(|l| format!("{l}\n")).collect())
}

/// The verb with its value, for messages.
fn verb(step: &Step) -> String {
    let text = toml::to_string(step).unwrap_or_default();
    text.lines().take(3).collect::<Vec<_>>().join(", ")
}
