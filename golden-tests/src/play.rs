//! Carries out a scenario's steps, inside its namespaces, and collects what is to be compared.

use crate::bytes::unescape;
use crate::clock;
use crate::holder::{Job, Outcome, WORKDIR};
use crate::normalise::{columns, normalise};
use crate::peer::client::{Clients, Until};
use crate::peer::origin;
use crate::peer::sink::Sink;
use crate::peer::socket;
use crate::process::{self, Running, Setting};
use crate::scenario::{Scenario, Step};
use regex::Regex;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

/// Plays the job to its end.
#[must_use]
pub fn play(job: &Job, scenario: &Scenario) -> Outcome {
    let mut stage = Stage::default();
    let outcome = stage.play(job, scenario);
    let mut captures = stage.captures(scenario);
    captures.retain(|_, text| !text.is_empty());
    Outcome {
        captures,
        problems: outcome.err().into_iter().collect(),
        impossible: None,
    }
}

/// Everything that a running scenario has open.
#[derive(Default)]
struct Stage {
    clients: Clients,
    origins: Vec<origin::Running>,
    sinks: Vec<Sink>,
    processes: Vec<Running>,
    /// What one-shot commands gave.
    commands: String,
    cli: String,
    files: String,
    /// What the program gets in place of words of its arguments.
    instead: BTreeMap<String, String>,
}

const WAIT: Duration = Duration::from_secs(5);

impl Stage {
    fn play(&mut self, job: &Job, scenario: &Scenario) -> Result<(), String> {
        for (name, bytes) in &job.case.files {
            write_file(name, bytes)?;
        }
        self.sinks.push(Sink::open("log", "127.0.0.1:514")?);
        self.sinks.push(Sink::open("devlog", "/dev/log")?);
        for (name, at) in &scenario.sinks {
            self.sinks.push(Sink::open(name, at)?);
        }
        for (name, script) in &scenario.origins {
            self.origins.push(origin::Running::start(name, script)?);
        }
        if job.program.file_name().is_some_and(|name| name == "locum") {
            self.instead.clone_from(&scenario.ours);
        }
        let only_check = [Step {
            run: Some("-c -f haproxy.cfg".to_owned()),
            ..Step::default()
        }];
        let steps = match scenario.steps.as_slice() {
            [] => &only_check,
            some => some,
        };
        let mut outcome = Ok(());
        for (number, step) in steps.iter().enumerate() {
            outcome = self
                .step(step)
                .map_err(|e| format!("step {}: {e}", number + 1));
            if outcome.is_err() {
                break;
            }
        }
        // After a failed step the expected lines won't all come.
        self.wait_for_the_log(job.log_lines.filter(|_| outcome.is_ok()));
        self.stop()?;
        outcome
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        let within = match &step.within {
            Some(text) => clock::duration(text)?,
            None => WAIT,
        };
        if let Some(arguments) = &step.run {
            return self.run(arguments, step, within);
        }
        if let Some(arguments) = &step.start {
            return self.start(arguments, step);
        }
        if let Some(name) = &step.open {
            self.clients.open(name, to(step), step.from.as_deref());
            return Ok(());
        }
        if let Some(text) = &step.send {
            let bytes = unescape(&self.expand(text)?)?;
            return self.clients.send(step.on.as_deref(), &bytes);
        }
        if step.recv.is_some() || step.recv_until.is_some() {
            return self.recv(step, within);
        }
        if let Some(name) = &step.half_close {
            return self.clients.half_close(name);
        }
        if let Some(name) = &step.close {
            return self.clients.close(name, false);
        }
        if let Some(name) = &step.reset {
            return self.clients.close(name, true);
        }
        if let Some(path) = &step.get {
            return (0..step.times.unwrap_or(1)).try_for_each(|_| self.get(path, step, within));
        }
        if let Some(text) = &step.pause {
            std::thread::sleep(clock::duration(text)?);
            return Ok(());
        }
        self.outside(step, within)
    }

    /// Steps that don't concern client connections.
    fn outside(&mut self, step: &Step, within: Duration) -> Result<(), String> {
        if let Some(signal) = &step.signal {
            return self.process(step.name.as_deref())?.signal(signal);
        }
        if let Some(command) = &step.cli {
            let answer = ask(step.socket.as_deref(), command)?;
            let text = format!("$ {command}\n{}", self.shown(step, &answer)?);
            self.cli.push_str(&text);
            return Ok(());
        }
        if let Some(path) = &step.write {
            let text = self.expand(step.text.as_deref().unwrap_or_default())?;
            return write_file(path, &unescape(&text)?);
        }
        if let Some(path) = &step.file {
            let text = describe(&self.expand(path)?);
            let text = format!("$ {path}\n{}", self.shown(step, &text)?);
            self.files.push_str(&text);
            return Ok(());
        }
        if let Some(name) = &step.release {
            self.origin(name)?.release(step.count.unwrap_or(1));
            return Ok(());
        }
        if let Some(name) = &step.down {
            match self.sink(name) {
                Some(sink) => sink.down(),
                None => self.origin(name)?.down(),
            }
            return Ok(());
        }
        if let Some(name) = &step.listen {
            return match self.sink(name) {
                Some(sink) => sink.listen(),
                None => self.origin(name)?.listen(),
            };
        }
        if let Some(name) = &step.stall {
            self.sink(name).ok_or(format!("no sink '{name}'"))?.stall();
            return Ok(());
        }
        if let Some(limit) = step.limit_descriptors {
            let pid = self.process(step.name.as_deref())?.pid();
            return process::limit_descriptors(pid, limit);
        }
        if let Some(most) = step.peak_memory_kib {
            let pid = self.process(step.name.as_deref())?.pid();
            let peak = process::peak_memory_kib(pid)?;
            return match peak <= most {
                true => Ok(()),
                false => Err(format!("it has taken {peak} KiB")),
            };
        }
        self.wait(step, within)
    }

    fn wait(&mut self, step: &Step, within: Duration) -> Result<(), String> {
        let done = if let Some(pattern) = &step.wait_log {
            let pattern = Regex::new(pattern).map_err(|e| e.to_string())?;
            let wanted = step.count.unwrap_or(1);
            clock::poll_until(within, || {
                let lines = self.sinks.iter().flat_map(Sink::lines);
                lines.filter(|line| pattern.is_match(line)).count() >= wanted
            })
        } else if let Some(command) = &step.wait_cli {
            let fits = step.fits.as_deref().unwrap_or(".");
            let fits = Regex::new(fits).map_err(|e| e.to_string())?;
            clock::poll_until(within, || {
                ask(step.socket.as_deref(), command).is_ok_and(|text| fits.is_match(&text))
            })
        } else if let Some(pattern) = &step.wait_output {
            let pattern = Regex::new(pattern).map_err(|e| e.to_string())?;
            let process = self.process(step.name.as_deref())?;
            clock::poll_until(within, || {
                let so_far = process.finished();
                pattern.is_match(&so_far.stdout) || pattern.is_match(&so_far.stderr)
            })
        } else if let Some(path) = &step.wait_file {
            // A regular file is there once something is in it: a pid file is opened long before it is written.
            clock::poll_until(within, || {
                let found = Path::new(path).metadata();
                found.is_ok_and(|found| !found.is_file() || found.len() > 0)
            })
        } else if let Some(name) = &step.wait_exit {
            let process = self.process(Some(name))?;
            clock::poll_until(within, || process.has_ended())
        } else if let Some(name) = &step.wait_origin {
            let origin = self.origin(name)?;
            let done = clock::poll_until(within, || {
                let (requests, connections, closed) = origin.counts();
                step.requests.is_none_or(|n| requests >= n)
                    && step.connections.is_none_or(|n| connections >= n)
                    && step.closed.is_none_or(|n| closed >= n)
            });
            if step.closed.is_some() {
                origin.show_ends();
            }
            done
        } else {
            return Err("no verb in it".to_owned());
        };
        if done {
            Ok(())
        } else {
            Err(format!("not true within {within:?}"))
        }
    }

    fn replaced(&self, arguments: String) -> String {
        if self.instead.is_empty() {
            return arguments;
        }
        let words = arguments.split(' ');
        let words = words.map(|word| self.instead.get(word).map_or(word, String::as_str));
        words.collect::<Vec<_>>().join(" ")
    }

    fn run(&mut self, arguments: &str, step: &Step, within: Duration) -> Result<(), String> {
        let expanded = self.expand(arguments)?;
        let expanded = self.replaced(expanded);
        let finished = process::run(&expanded, &setting(step), within)?;
        let text = self.shown(step, &finished.shown())?;
        self.commands
            .push_str(&format!("$ haproxy {arguments}\n{text}"));
        Ok(())
    }

    fn start(&mut self, arguments: &str, step: &Step) -> Result<(), String> {
        let arguments = match self.expand(arguments)? {
            empty if empty.is_empty() => "-db -f haproxy.cfg".to_owned(),
            given => given,
        };
        let arguments = self.replaced(arguments);
        let name = step.name.as_deref().unwrap_or("main");
        let mut process = Running::start(name, &arguments, &setting(step))?;
        let ready = step.ready.as_deref().unwrap_or("127.0.0.1:8000");
        let mut ended = false;
        let is_ready = clock::poll_until(WAIT, || {
            ended = process.has_ended();
            // A daemon's first process ends well; anything else that has ended won't become ready.
            ready == "none"
                || (ended && (ready == "exit" || !arguments.contains("-D")))
                || listens(ready)
        });
        self.processes.push(process);
        if is_ready && (ready == "exit" || !ended || arguments.contains("-D")) {
            Ok(())
        } else {
            Err(format!("'haproxy {arguments}' does not listen on {ready}"))
        }
    }

    fn recv(&mut self, step: &Step, within: Duration) -> Result<(), String> {
        let until = match (&step.recv, &step.recv_until) {
            (Some(word), _) => Until::parse(word)?,
            (None, Some(text)) => Until::Text(unescape(text)?),
            (None, None) => return Err("no verb in it".to_owned()),
        };
        let within = match until {
            Until::Nothing if step.within.is_none() => Duration::from_millis(200),
            _ => within,
        };
        let shown = filter(step)?;
        self.clients
            .recv(step.on.as_deref(), &until, within, &*shown)
    }

    fn get(&mut self, path: &str, step: &Step, within: Duration) -> Result<(), String> {
        let method = step.method.as_deref().unwrap_or("GET");
        let host = step.host.as_deref().unwrap_or("example.org");
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
        for line in step.headers.iter().flatten() {
            text.push_str(&format!("{line}\r\n"));
        }
        if let Some(body) = &step.body {
            let length = unescape(body)?.len();
            text.push_str(&format!("Content-Length: {length}\r\n"));
        }
        text.push_str("\r\n");
        let mut bytes = unescape(&text)?;
        bytes.extend(unescape(step.body.as_deref().unwrap_or_default())?);
        let name = step.name.as_deref().unwrap_or("get");
        let shown = filter(step)?;
        self.clients.open(name, to(step), step.from.as_deref());
        if self.clients.is_open(name) {
            self.clients.send(Some(name), &bytes)?;
            self.clients
                .recv(Some(name), &Until::Response, within, &*shown)?;
            self.clients.leave(name)?;
        }
        Ok(())
    }

    fn shown(&self, step: &Step, text: &str) -> Result<String, String> {
        Ok(filter(step)?(text))
    }

    fn process(&mut self, name: Option<&str>) -> Result<&mut Running, String> {
        let name = name.unwrap_or("main");
        let found = self.processes.iter_mut().find(|p| p.name == name);
        found.ok_or(format!("no started program '{name}'"))
    }

    fn origin(&mut self, name: &str) -> Result<&mut origin::Running, String> {
        let found = self.origins.iter_mut().find(|o| o.name == name);
        found.ok_or(format!("no origin '{name}'"))
    }

    fn sink(&mut self, name: &str) -> Option<&mut Sink> {
        self.sinks.iter_mut().find(|sink| sink.name == name)
    }

    /// `${pid.NAME}`: the process id of a started program; `${file.NAME}`: the text of a file.
    fn expand(&mut self, text: &str) -> Result<String, String> {
        let mut out = text.to_owned();
        while let Some(start) = out.find("${pid.").or_else(|| out.find("${file.")) {
            let end = start + out[start..].find('}').ok_or("'${' without '}'")?;
            let inner = out[start + 2..end].to_owned();
            let (kind, name) = inner.split_once('.').unwrap_or_default();
            let value = match kind {
                "pid" => self.process(Some(name))?.pid().to_string(),
                _ => std::fs::read_to_string(name)
                    .map_err(|e| format!("{name}: {e}"))?
                    .trim()
                    .to_owned(),
            };
            out.replace_range(start..=end, &value);
        }
        Ok(out)
    }

    /// A log line leaves a moment after its response: wait for as many as are expected, or for silence.
    fn wait_for_the_log(&self, expected: Option<usize>) {
        let count = || self.sinks.iter().map(|s| s.lines().len()).sum::<usize>();
        match expected {
            Some(expected) => {
                clock::poll_until(Duration::from_secs(2), || count() >= expected);
            }
            None => {
                let mut seen = (count(), clock::now());
                clock::poll_until(Duration::from_secs(2), || {
                    if count() != seen.0 {
                        seen = (count(), clock::now());
                    }
                    clock::now() - seen.1 > Duration::from_millis(150)
                });
            }
        }
    }

    /// Ends what still runs: SIGTERM to what we started and to daemons, then waits.
    fn stop(&mut self) -> Result<(), String> {
        for process in &mut self.processes {
            if !process.has_ended() {
                process.signal("TERM")?;
            }
        }
        clock::poll_until(WAIT, || self.processes.iter_mut().all(Running::has_ended));
        for pid in process::others() {
            let pid = nix::unistd::Pid::from_raw(pid);
            let _already_gone = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        }
        let all_gone = clock::poll_until(WAIT, || process::others().is_empty());
        if all_gone {
            Ok(())
        } else {
            Err("a program does not stop at SIGTERM".to_owned())
        }
    }

    fn captures(&mut self, scenario: &Scenario) -> std::collections::BTreeMap<String, String> {
        let mut out = std::collections::BTreeMap::new();
        out.insert("commands".to_owned(), normalise(&self.commands));
        out.insert("client".to_owned(), normalise(self.clients.transcript()));
        out.insert("cli".to_owned(), normalise(&self.cli));
        out.insert("files".to_owned(), normalise(&self.files));
        for sink in &self.sinks {
            let mut lines: Vec<String> = sink.lines().iter().map(|l| normalise(l)).collect();
            if scenario.unique_log {
                let mut before = std::collections::BTreeSet::new();
                lines.retain(|line| before.insert(line.clone()));
            }
            if scenario.sort_log {
                lines.sort();
            }
            out.insert(sink.name.clone(), lines.concat());
        }
        for origin in &self.origins {
            out.insert(
                format!("origin-{}", origin.name),
                normalise(&origin.record()),
            );
        }
        for process in &self.processes {
            let mut finished = process.finished();
            if scenario.sort_output {
                let mut lines: Vec<&str> = finished.stderr.split_inclusive('\n').collect();
                lines.sort_unstable_by_key(|line| normalise(line));
                finished.stderr = lines.concat();
            }
            let text = normalise(&finished.shown());
            out.insert(format!("process-{}", process.name), text);
        }
        out
    }
}

fn to(step: &Step) -> &str {
    step.to.as_deref().unwrap_or("127.0.0.1:8000")
}

fn setting(step: &Step) -> Setting {
    Setting {
        env: step.env.clone().unwrap_or_default(),
        descriptors: step.descriptors,
        stdin_listens: step.stdin_listens.clone(),
        stdout: step.stdout.clone(),
        ..Setting::default()
    }
}

/// Text in, what is to be recorded of it out.
type Filter = Box<dyn Fn(&str) -> String>;

/// What a step's `columns` and `keep` leave of a text.
fn filter(step: &Step) -> Result<Filter, String> {
    let keep = step.keep.as_deref().map(Regex::new).transpose();
    let keep = keep.map_err(|e| e.to_string())?;
    let wanted = step.columns.clone();
    Ok(Box::new(move |text| {
        let text = match &wanted {
            Some(wanted) => columns(text, wanted),
            None => text.to_owned(),
        };
        let Some(keep) = &keep else {
            return text;
        };
        let mut out = String::new();
        for line in text.lines() {
            for found in keep.captures_iter(line) {
                let groups: Vec<&str> =
                    found.iter().skip(1).flatten().map(|g| g.as_str()).collect();
                let chosen = if keep.captures_len() == 1 {
                    line.to_owned()
                } else {
                    groups.join(" ")
                };
                out.push_str(&chosen);
                out.push('\n');
                if keep.captures_len() == 1 {
                    break;
                }
            }
        }
        out
    }))
}

/// One command on a stats socket: write, half-close, read to the end.
fn ask(socket_path: Option<&str>, command: &str) -> Result<String, String> {
    let path = socket_path.unwrap_or("/tmp/scenario/cli.sock");
    let socket = socket::connect(path, None)?;
    let mut writer = &socket;
    let line = format!("{command}\n");
    writer
        .write_all(line.as_bytes())
        .map_err(|e| format!("{path}: {e}"))?;
    let _ended_already = socket.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let deadline = clock::now() + WAIT;
    while socket::receive(&socket, &mut answer, deadline) == socket::Received::Bytes {}
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Whether somebody listens: seen in /proc/net, so that the subject sees no connection of ours.
fn listens(at: &str) -> bool {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    match at.parse::<std::net::SocketAddr>() {
        Ok(address) => {
            let wanted = format!(":{:04X} ", address.port());
            (read("/proc/net/tcp") + &read("/proc/net/tcp6"))
                .lines()
                .any(|line| {
                    let mut cells = line.split_whitespace().skip(1);
                    let local = cells.next().unwrap_or_default();
                    let state = cells.nth(1);
                    state == Some("0A") && format!("{local} ").ends_with(&wanted)
                })
        }
        Err(_) => read("/proc/net/unix")
            .lines()
            .any(|line| line.ends_with(at)),
    }
}

fn write_file(name: &str, bytes: &[u8]) -> Result<(), String> {
    let path = Path::new(WORKDIR).join(name);
    let wrong = |e: std::io::Error| format!("{}: {e}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    std::fs::write(&path, bytes).map_err(wrong)
}

/// Kind, mode, owner and, of a regular file, the text.
fn describe(path: &str) -> String {
    let Ok(meta) = std::fs::symlink_metadata(path) else {
        return "not there\n".to_owned();
    };
    let kind = match meta.file_type() {
        t if t.is_socket() => "socket",
        t if t.is_dir() => "folder",
        t if t.is_file() => "file",
        _ => "other",
    };
    let mut out = format!(
        "{kind} mode {:04o} owner {}:{}\n",
        meta.mode() & 0o7777,
        meta.uid(),
        meta.gid()
    );
    if meta.is_file() {
        let bytes = std::fs::read(path).unwrap_or_default();
        out.push_str(&crate::bytes::render("", &bytes));
    }
    out
}
