//! What clients notice of soft stops and of an origin that dies, ours and the reference in every combination (docs/performance.md).
//!
//! `SOFTSTOP_ONLY=usr1,sf,kill`, `SOFTSTOP_STOPS=10` (of each combination and way), `SOFTSTOP_REQUESTS=1000000` (during all
//! of them together), `SOFTSTOP_KILLS=10`, `SOFTSTOP_THREADS=2`, `SOFTSTOP_IDLE_CLOSE=0` (without `option idle-close-on-response`).
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is what this program is for"
)]

use golden_tests::clock;
use golden_tests::load::client::{self, Failure, Manner, Order, Progress, Tally, Until};
use golden_tests::load::cores::{self, Cores};
use golden_tests::load::origin::{Origin, SMALL};
use golden_tests::load::proxy::{Proxy, free_port, link};
use golden_tests::load::setup::Setup;
use golden_tests::load::sink::Sink;
use golden_tests::load::table::{markdown, median};
use golden_tests::subject;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Scope;
use std::time::Duration;

/// In the environment of a process that is to be an origin and nothing else.
const BE_ORIGIN: &str = "SOFTSTOP_ORIGIN";
/// An old process must have ended this long after its soft stop.
const END_LIMIT: Duration = Duration::from_secs(30);

fn main() {
    let result = match std::env::var_os(BE_ORIGIN) {
        Some(_) => be_origin(),
        None => all(),
    };
    if let Err(problem) = result {
        eprintln!("softstop: {problem}");
        exit(1);
    }
}

fn all() -> Result<(), String> {
    let bench = Bench::prepare()?;
    let ways = [Way::Usr1, Way::Sf];
    let ways: Vec<Way> = ways.into_iter().filter(|w| bench.has(w.name())).collect();
    if !ways.is_empty() {
        let idle_close = if bench.idle_close { "with" } else { "without" };
        println!(
            "\n## {} soft stops of each combination and way, {idle_close} `option idle-close-on-response`\n",
            bench.stops
        );
        let mut rows = Rows::new();
        for way in ways {
            for kinds in [[0, 0], [1, 1], [0, 1]] {
                bench.chain(way, kinds, &mut rows)?;
            }
        }
        print_stops(&rows, &bench);
    }
    if bench.has("kill") {
        println!("\n## kill -9 of one of two origins under load, with `option redispatch`\n");
        bench.kills()?;
    }
    Ok(())
}

/// How an old process is told to stop softly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// SIGUSR1 from outside, when both share the port.
    Usr1,
    /// By the new process, started with `-sf`.
    Sf,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Usr1 => "usr1",
            Self::Sf => "sf",
        }
    }
}

/// What clients saw during the soft stops of one combination.
#[derive(Debug, Default)]
struct Seen {
    stops: u64,
    requests: [u64; 2],
    failed: [u64; 2],
    late: u64,
    slowest_end: Duration,
}

/// By way, replaced, replacer (indices of Bench::sides).
type Rows = BTreeMap<(Way, usize, usize), Seen>;

struct Bench {
    folder: tempfile::TempDir,
    /// Ours and the reference: label and program.
    sides: [(String, PathBuf); 2],
    only: Option<Vec<String>>,
    stops: u64,
    requests: u64,
    kills: u64,
    threads: usize,
    idle_close: bool,
}

/// The two kinds of clients, and what another thread knows of them.
#[derive(Default)]
struct Load {
    stop: AtomicBool,
    progress: [Progress; 2],
}

const CLIENTS: [(&str, Manner, usize); 2] = [
    ("new connections", Manner::NewConnection, 16),
    ("keep-alive", Manner::KeepAlive, 32),
];

impl Load {
    /// Starts both clients; every second keep-alive one rests 2 ms between requests.
    fn start<'s>(
        &'s self,
        scope: &'s Scope<'s, '_>,
        port: u16,
    ) -> Vec<std::thread::ScopedJoinHandle<'s, Result<Tally, String>>> {
        CLIENTS
            .iter()
            .zip(&self.progress)
            .map(|((_, manner, connections), progress)| {
                let order = Order {
                    target: SocketAddr::from(([127, 0, 0, 1], port)),
                    path: "/small",
                    body: SMALL,
                    manner: *manner,
                    connections: *connections,
                    rest: (*manner == Manner::KeepAlive).then_some(Duration::from_millis(2)),
                };
                scope.spawn(move || client::run(&order, Until::Told(&self.stop), progress))
            })
            .collect()
    }

    fn done(&self) -> [u64; 2] {
        self.progress
            .each_ref()
            .map(|p| p.done.load(Ordering::Relaxed))
    }

    fn failed(&self) -> [u64; 2] {
        self.progress
            .each_ref()
            .map(|p| p.failed.load(Ordering::Relaxed))
    }

    /// Waits until so many more requests have ended.
    fn wait_for(&self, since: [u64; 2], more: u64) -> Result<(), String> {
        let goal = since.iter().sum::<u64>() + more;
        let limit = Duration::from_secs(120);
        let reached = clock::poll_until(limit, || self.done().iter().sum::<u64>() >= goal);
        reached
            .then_some(())
            .ok_or_else(|| format!("{more} requests took more than {limit:?}"))
    }
}

impl Bench {
    fn prepare() -> Result<Self, String> {
        let number = |name: &str, default: u64| match std::env::var(name) {
            Err(_) => Ok(default),
            Ok(v) => v.parse::<u64>().map_err(|e| format!("{name}={v}: {e}")),
        };
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let ours = subject::ours()?;
        let theirs = subject::reference().ok_or("there is no reference: HAPROXY_REF")?;
        let side = |subject: subject::Subject| -> Result<(String, PathBuf), String> {
            println!("{}: {}", subject.label, subject::path_and_age(&subject));
            let program = link(&subject, folder.path())?;
            Ok((subject.label, program))
        };
        let sides = [side(ours)?, side(theirs)?];
        let only = std::env::var("SOFTSTOP_ONLY").ok();
        Ok(Self {
            folder,
            sides,
            only: only.map(|list| list.split(',').map(str::to_owned).collect()),
            stops: number("SOFTSTOP_STOPS", 10)?,
            requests: number("SOFTSTOP_REQUESTS", 1_000_000)?,
            kills: number("SOFTSTOP_KILLS", 10)?,
            threads: number("SOFTSTOP_THREADS", 2)? as usize,
            idle_close: number("SOFTSTOP_IDLE_CLOSE", 1)? != 0,
        })
    }

    fn has(&self, name: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| only.iter().any(|o| o == name))
    }

    /// Processes replace each other, the two kinds in turn. Where the kinds differ, both directions are counted.
    fn chain(&self, way: Way, kinds: [usize; 2], rows: &mut Rows) -> Result<(), String> {
        let (origin, sink) = (Origin::start(2)?, Sink::start()?);
        let port = free_port()?;
        let option = "    option idle-close-on-response\n";
        let defaults = if self.idle_close { option } else { "" };
        let start = |at: u64, old: Option<&Proxy>| -> Result<Proxy, String> {
            let side = kinds[(at % 2) as usize];
            self.start(side, at, old, port, &origin.addresses, &sink, defaults)
        };
        let replacements = if kinds[0] == kinds[1] { 1 } else { 2 } * self.stops;
        // Two ways, four combinations.
        let quota = (self.requests / (2 * 4 * self.stops)).max(1);
        let mut current = start(0, None)?;
        let load = Load::default();
        let tallies = std::thread::scope(|scope| {
            let clients = load.start(scope, port);
            let mut result = Ok(());
            for at in 1..=replacements {
                let pair = (kinds[((at - 1) % 2) as usize], kinds[(at % 2) as usize]);
                let seen = rows.entry((way, pair.0, pair.1)).or_default();
                result = replace(way, &load, quota, &mut current, seen, |old| start(at, old));
                if result.is_err() {
                    break;
                }
            }
            load.stop.store(true, Ordering::Relaxed);
            let tallies: Result<Vec<Tally>, String> = clients
                .into_iter()
                .map(|c| c.join().map_err(|_| "a client panicked".to_owned())?)
                .collect();
            result.and(tallies)
        });
        let title = format!(
            "{}, {} and {}",
            way.name(),
            self.sides[kinds[0]].0,
            self.sides[kinds[1]].0
        );
        let tallies = tallies.map_err(|e| format!("{title}: {e}"))?;
        for ((client, ..), tally) in CLIENTS.iter().zip(&tallies) {
            println!(
                "- {title}: {client}: {} good, {} failed {:?}, closed at rest {}",
                tally.good,
                tally.failed(),
                tally.failures,
                tally.closed_at_rest
            );
        }
        Ok(())
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "each is one fact about the process to start"
    )]
    fn start(
        &self,
        side: usize,
        at: u64,
        old: Option<&Proxy>,
        port: u16,
        servers: &[SocketAddr],
        sink: &Sink,
        defaults: &str,
    ) -> Result<Proxy, String> {
        let name = format!("p{at}");
        let folder = self.folder.path();
        let setup = Setup {
            port,
            cli: &folder.join(format!("{name}.cli")),
            sink: sink.address,
            servers,
            threads: self.threads,
            defaults,
        };
        let config = folder.join(format!("{name}.cfg"));
        let path = config.display().to_string();
        std::fs::write(&config, setup.http()).map_err(|e| format!("{path}: {e}"))?;
        let mut arguments = vec!["-db", "-f", &path];
        let pid = old.map(|o| o.pid().to_string());
        if let Some(pid) = &pid {
            arguments.extend(["-sf", pid]);
        }
        let all = cores::ours()?;
        let everywhere = Cores {
            subject: all.clone(),
            load: all,
        };
        let program = &self.sides[side].1;
        Proxy::start(program, &arguments, (folder, &name), port, &everywhere)
    }

    /// Kills one of two origins under load, again and again, for ours and the reference in turn.
    fn kills(&self) -> Result<(), String> {
        // Before and after each kill; it is the moment between that counts.
        let quota = (self.requests / 100).clamp(1000, 10_000);
        let mut failed: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
        let mut under_way = [0; 2];
        let mut kinds: [BTreeMap<Failure, u64>; 2] = Default::default();
        let mut requests = [0; 2];
        for at in 0..self.kills {
            for side in if at % 2 == 0 { [0, 1] } else { [1, 0] } {
                let (tallies, at_victim) = self
                    .kill(side, quota)
                    .map_err(|e| format!("kill, {}: {e}", self.sides[side].0))?;
                under_way[side] += at_victim;
                failed[side].push(tallies.iter().map(Tally::failed).sum::<u64>() as f64);
                for tally in tallies {
                    requests[side] += tally.good + tally.failed();
                    for (failure, count) in tally.failures {
                        *kinds[side].entry(failure).or_default() += count;
                    }
                }
            }
        }
        let rows: Vec<Vec<String>> = (0..2)
            .map(|side| {
                let all = &failed[side];
                let most = all.iter().copied().fold(0.0, f64::max);
                let least = all.iter().copied().fold(f64::INFINITY, f64::min);
                vec![
                    self.sides[side].0.clone(),
                    self.kills.to_string(),
                    requests[side].to_string(),
                    format!("{}", all.iter().sum::<f64>()),
                    format!("{} ({least}–{most})", median(all)),
                    format!("{:?}", kinds[side]),
                    under_way[side].to_string(),
                    format!("{:.2}", all.iter().sum::<f64>() / under_way[side] as f64),
                ]
            })
            .collect();
        let head = [
            "proxy",
            "kills",
            "requests",
            "failed",
            "per kill",
            "how",
            "under way to the victim right before",
            "failed of them",
        ];
        println!("{}", markdown(&head, &rows));
        Ok(())
    }

    /// What clients saw, and how many requests were under way to the victim right before.
    fn kill(&self, side: usize, quota: u64) -> Result<(Vec<Tally>, u64), String> {
        let mut victim = OriginProcess::start()?;
        let survivor = OriginProcess::start()?;
        let sink = Sink::start()?;
        let port = free_port()?;
        let servers = [victim.address, survivor.address];
        let defaults = "    option redispatch\n    retries 3\n";
        let _proxy = self.start(side, 0, None, port, &servers, &sink, defaults)?;
        let load = Load::default();
        std::thread::scope(|scope| {
            let clients = load.start(scope, port);
            let result = load.wait_for([0; 2], quota).and_then(|()| {
                let under_way = sessions_of_first_server(&self.folder.path().join("p0.cli"));
                victim.kill();
                load.wait_for(load.done(), quota)?;
                under_way
            });
            load.stop.store(true, Ordering::Relaxed);
            let tallies: Result<Vec<Tally>, String> = clients
                .into_iter()
                .map(|c| c.join().map_err(|_| "a client panicked".to_owned())?)
                .collect();
            let under_way = result?;
            Ok((tallies?, under_way))
        })
    }
}

/// Current sessions of server s1 (`scur` of `show stat`, management.txt 9.1).
fn sessions_of_first_server(cli: &Path) -> Result<u64, String> {
    let ask = || -> std::io::Result<String> {
        let mut socket = UnixStream::connect(cli)?;
        socket.write_all(b"show stat\n")?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|e| format!("{}: {e}", cli.display()))?;
    let row = answer.lines().find(|line| line.starts_with("be,s1,"));
    let current = row.and_then(|row| row.split(',').nth(4)?.parse().ok());
    current.ok_or_else(|| format!("no sessions of s1 in: {answer}"))
}

/// One soft stop under load: `current` gives way to the process that `start` starts.
fn replace(
    way: Way,
    load: &Load,
    quota: u64,
    current: &mut Proxy,
    seen: &mut Seen,
    start: impl Fn(Option<&Proxy>) -> Result<Proxy, String>,
) -> Result<(), String> {
    let (done, failed) = (load.done(), load.failed());
    load.wait_for(done, quota / 4)?;
    let mut told = clock::now();
    let next = match way {
        Way::Usr1 => start(None)?,
        Way::Sf => start(Some(current))?,
    };
    if way == Way::Usr1 {
        told = clock::now();
        current.signal(Signal::SIGUSR1);
    }
    let ended = clock::poll_until(END_LIMIT, || current.has_ended());
    seen.slowest_end = seen.slowest_end.max(clock::now() - told);
    // Dropping kills: an old process that hasn't ended by now never would, and its clients count as failed.
    *current = next;
    load.wait_for(done, quota)?;
    seen.stops += 1;
    seen.late += u64::from(!ended);
    let (done_now, failed_now) = (load.done(), load.failed());
    for at in 0..2 {
        seen.requests[at] += done_now[at] - done[at];
        seen.failed[at] += failed_now[at] - failed[at];
    }
    Ok(())
}

fn print_stops(rows: &Rows, bench: &Bench) {
    let head = [
        "way",
        "replaced",
        "replacer",
        "soft stops",
        "requests on new connections",
        "of them failed",
        "keep-alive requests",
        "of them failed",
        "old process did not end",
        "slowest end (sf: with the start of the new one)",
    ];
    let table: Vec<Vec<String>> = rows
        .iter()
        .map(|((way, replaced, replacer), seen)| {
            vec![
                way.name().to_owned(),
                bench.sides[*replaced].0.clone(),
                bench.sides[*replacer].0.clone(),
                seen.stops.to_string(),
                seen.requests[0].to_string(),
                format!("**{}**", seen.failed[0]),
                seen.requests[1].to_string(),
                format!("**{}**", seen.failed[1]),
                seen.late.to_string(),
                format!("{} ms", seen.slowest_end.as_millis()),
            ]
        })
        .collect();
    let all: u64 = rows.values().map(|s| s.requests.iter().sum::<u64>()).sum();
    println!("\n{}\n{all} requests in all", markdown(&head, &table));
}

/// An origin in a process of its own, to be killed.
struct OriginProcess {
    child: Child,
    address: SocketAddr,
}

impl OriginProcess {
    fn start() -> Result<Self, String> {
        let fail = |e: std::io::Error| format!("origin process: {e}");
        let mut child = Command::new(std::env::current_exe().map_err(fail)?)
            .env(BE_ORIGIN, "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(fail)?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(fail)?;
        }
        match line.trim().parse() {
            Ok(address) => Ok(Self { child, address }),
            Err(e) => {
                let _already_gone = child.kill();
                let _reaped = child.wait();
                Err(format!("origin process: '{line}': {e}"))
            }
        }
    }

    fn kill(&mut self) {
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Drop for OriginProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

fn be_origin() -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let origin = Origin::serve(vec![listener])?;
    println!("{}", origin.addresses[0]);
    origin.forever();
    Ok(())
}
