//! What a request costs: ours beside the reference, in pairs of runs on the same pinned processors (docs/performance.md).
//!
//! `BENCH_ONLY=small,16k,1m,conn,tcp,tcpconn,idle,load`, `BENCH_THREADS=1,2`, `BENCH_PAIRS=5`, `BENCH_REQUESTS=100000`
//! (of `small`; the others in proportion), `BENCH_WRITE=1` (the table goes to docs/performance.md, too).
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is what this program is for"
)]

use golden_tests::clock;
use golden_tests::load::client::{self, Manner, Order, Progress, Until};
use golden_tests::load::cores::{self, Cores};
use golden_tests::load::origin::{LARGE, MIDDLE, Origin, SMALL};
use golden_tests::load::proxy::{Proxy, free_port, link};
use golden_tests::load::setup::{Setup, many_backends};
use golden_tests::load::sink::{Lines, Sink};
use golden_tests::load::table::{Figures, markdown, median, write_between};
use golden_tests::load::usage::{self, Cpu, Memory};
use golden_tests::subject::{self, Subject};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};
use std::time::Duration;

const IDLE_FEW: usize = 1000;
const IDLE_MANY: usize = 5000;
const BACKENDS: usize = 10_000;

/// One kind of traffic.
struct Case {
    name: &'static str,
    title: &'static str,
    tcp: bool,
    path: &'static str,
    body: u64,
    manner: Manner,
    connections: usize,
    /// Requests in thousandths of BENCH_REQUESTS.
    share: u64,
    /// The ratio of CPU per request that is promised.
    promised: Option<f64>,
}

const CASES: &[Case] = &[
    Case {
        name: "small",
        title: "small keep-alive GET",
        tcp: false,
        path: "/small",
        body: SMALL,
        manner: Manner::KeepAlive,
        connections: 64,
        share: 1000,
        promised: Some(0.85),
    },
    Case {
        name: "16k",
        title: "16 KiB",
        tcp: false,
        path: "/16k",
        body: MIDDLE,
        manner: Manner::KeepAlive,
        connections: 64,
        share: 500,
        promised: Some(0.80),
    },
    Case {
        name: "1m",
        title: "1 MiB",
        tcp: false,
        path: "/1m",
        body: LARGE,
        manner: Manner::KeepAlive,
        connections: 16,
        share: 40,
        promised: Some(0.90),
    },
    Case {
        name: "conn",
        title: "new connection per request",
        tcp: false,
        path: "/small",
        body: SMALL,
        manner: Manner::NewConnection,
        connections: 64,
        share: 400,
        promised: Some(0.90),
    },
    Case {
        name: "tcp",
        title: "TCP mode, kept connections",
        tcp: true,
        path: "/small",
        body: SMALL,
        manner: Manner::KeepAlive,
        connections: 64,
        share: 1000,
        promised: None,
    },
    Case {
        name: "tcpconn",
        title: "TCP mode, new connection per request",
        tcp: true,
        path: "/small",
        body: SMALL,
        manner: Manner::NewConnection,
        connections: 64,
        share: 400,
        promised: None,
    },
];

fn main() {
    if let Err(problem) = bench() {
        eprintln!("bench: {problem}");
        exit(1);
    }
}

fn bench() -> Result<(), String> {
    let wanted = Wanted::read()?;
    let machine = Machine::prepare()?;
    let mut cpu = Vec::new();
    let mut rates = Vec::new();
    let mut idle = Vec::new();
    for threads in &wanted.threads {
        for case in CASES.iter().filter(|c| wanted.has(c.name)) {
            let requests = (wanted.requests * case.share / 1000).max(1);
            let pairs = machine.pairs(
                wanted.pairs,
                &format!("{} × {threads}", case.name),
                |side| machine.traffic(side, case, *threads, requests),
            )?;
            let nginx = match machine.nginx.is_some() && !case.tcp && *threads == 1 {
                true => Some(machine.nginx_runs(wanted.pairs, case, requests)?),
                false => None,
            };
            cpu.push(cpu_row(case, *threads, &pairs, nginx.as_deref()));
            rates.push(rate_row(case, *threads, requests, &pairs));
        }
        if wanted.has("idle") {
            let pairs = machine.pairs(wanted.pairs, &format!("idle × {threads}"), |side| {
                machine.idle(side, *threads)
            })?;
            idle.extend(idle_rows(*threads, &pairs));
        }
    }
    let mut loading = Vec::new();
    if wanted.has("load") {
        let config = machine.folder.path().join("many.cfg");
        std::fs::write(&config, many_backends(BACKENDS)).map_err(|e| e.to_string())?;
        let pairs = machine.pairs(wanted.pairs, "load", |side| machine.load(side, &config))?;
        loading.push(load_row(&pairs));
    }
    let text = machine.report(&wanted, [&cpu, &rates, &idle, &loading]);
    println!("{text}");
    if wanted.write {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
        write_between(&page, "bench proxy", &text)?;
    }
    Ok(())
}

/// What the environment asks for.
struct Wanted {
    only: Option<Vec<String>>,
    threads: Vec<usize>,
    pairs: usize,
    requests: u64,
    write: bool,
}

impl Wanted {
    fn read() -> Result<Self, String> {
        let text = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let number = |name: &str, default: u64| match text(name) {
            None => Ok(default),
            Some(v) => v.parse::<u64>().map_err(|e| format!("{name}={v}: {e}")),
        };
        let threads = text("BENCH_THREADS").unwrap_or("1,2".to_owned());
        let only: Option<Vec<String>> =
            text("BENCH_ONLY").map(|list| list.split(',').map(str::to_owned).collect());
        let known = |name: &String| {
            CASES.iter().any(|c| c.name == name) || name == "idle" || name == "load"
        };
        if let Some(name) = only.iter().flatten().find(|name| !known(name)) {
            return Err(format!("BENCH_ONLY: there is no case {name}"));
        }
        Ok(Self {
            only,
            threads: threads
                .split(',')
                .map(|n| n.parse().map_err(|e| format!("BENCH_THREADS={n}: {e}")))
                .collect::<Result<_, _>>()?,
            pairs: number("BENCH_PAIRS", 5)?.max(1) as usize,
            requests: number("BENCH_REQUESTS", 100_000)?,
            write: text("BENCH_WRITE").is_some(),
        })
    }

    fn has(&self, name: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| only.iter().any(|o| o == name))
    }
}

/// A subject, by its symlink.
struct Side {
    label: String,
    program: PathBuf,
}

/// What stays from run to run.
struct Machine {
    folder: tempfile::TempDir,
    ours: Side,
    theirs: Side,
    nginx: Option<Side>,
}

/// What one run of traffic cost.
struct Run {
    user_us: f64,
    system_us: f64,
    rate: f64,
    p99_us: f64,
    memory: Memory,
    lines: Lines,
    dropped_by_sender: Option<u64>,
}

/// Memory with idle connections.
struct IdleRun {
    base: Memory,
    few: Memory,
    many: Memory,
    server_connections: usize,
}

impl IdleRun {
    fn slope(&self, field: impl Fn(&Memory) -> u64) -> f64 {
        let grown = field(&self.many) as f64 - field(&self.few) as f64;
        grown * 1024.0 / (IDLE_MANY - IDLE_FEW) as f64
    }
}

impl Machine {
    fn prepare() -> Result<Self, String> {
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).map_err(|e| e.to_string())?;
        setrlimit(Resource::RLIMIT_NOFILE, most, most).map_err(|e| e.to_string())?;
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let side = |subject: Subject| -> Result<Side, String> {
            println!("{}: {}", subject.label, subject::path_and_age(&subject));
            Ok(Side {
                program: link(&subject, folder.path())?,
                label: subject.label,
            })
        };
        let ours = side(subject::ours()?)?;
        let theirs = side(subject::reference().ok_or("there is no reference: HAPROXY_REF")?)?;
        let nginx = Path::new("/usr/sbin/nginx");
        let nginx = nginx.exists().then(|| Side {
            label: "nginx".to_owned(),
            program: nginx.to_owned(),
        });
        Ok(Self {
            folder,
            ours,
            theirs,
            nginx,
        })
    }

    /// Runs both sides in turn; who is first changes from pair to pair.
    fn pairs<R>(
        &self,
        count: usize,
        what: &str,
        run: impl Fn(&Side) -> Result<R, String>,
    ) -> Result<Vec<(R, R)>, String> {
        let named = |side: &Side| run(side).map_err(|e| format!("{what}, {}: {e}", side.label));
        (0..count)
            .map(|at| {
                eprintln!("{what}: pair {} of {count}", at + 1);
                if at % 2 == 0 {
                    let ours = named(&self.ours)?;
                    Ok((ours, named(&self.theirs)?))
                } else {
                    let theirs = named(&self.theirs)?;
                    Ok((named(&self.ours)?, theirs))
                }
            })
            .collect()
    }

    fn nginx_runs(&self, count: usize, case: &Case, requests: u64) -> Result<Vec<Run>, String> {
        let Some(nginx) = &self.nginx else {
            return Ok(Vec::new());
        };
        eprintln!("{}: nginx", case.name);
        (0..count)
            .map(|_| self.traffic(nginx, case, 1, requests))
            .collect()
    }

    fn start(
        &self,
        side: &Side,
        setup: &Setup<'_>,
        tcp: bool,
        cores: &Cores,
    ) -> Result<Proxy, String> {
        let folder = self.folder.path();
        let config = folder.join("bench.cfg");
        let path = config.display().to_string();
        let is_nginx = side.label == "nginx";
        let text = match (is_nginx, tcp) {
            (true, _) => setup.nginx(folder),
            (false, true) => setup.tcp(),
            (false, false) => setup.http(),
        };
        std::fs::write(&config, text).map_err(|e| format!("{path}: {e}"))?;
        let arguments: &[&str] = if is_nginx {
            &["-c", &path]
        } else {
            &["-db", "-f", &path]
        };
        Proxy::start(
            &side.program,
            arguments,
            (folder, "bench"),
            setup.port,
            cores,
        )
    }

    fn traffic(
        &self,
        side: &Side,
        case: &Case,
        threads: usize,
        requests: u64,
    ) -> Result<Run, String> {
        let cores = Cores::divide(threads)?;
        let _all_again = Repin::to(&cores.load)?;
        let (origin, sink) = (Origin::start(2)?, Sink::start()?);
        let setup = Setup {
            port: free_port()?,
            cli: &self.folder.path().join("bench.cli"),
            sink: sink.address,
            servers: &origin.addresses,
            threads,
            defaults: "",
        };
        let proxy = self.start(side, &setup, case.tcp, &cores)?;
        let order = Order {
            target: SocketAddr::from(([127, 0, 0, 1], setup.port)),
            path: case.path,
            body: case.body,
            manner: case.manner,
            connections: case.connections,
            rest: None,
        };
        let warm = requests / 10 + case.connections as u64;
        verified(&order, warm)?;
        // A line per request; in TCP mode a line per connection.
        let per_connection = case.tcp && case.manner == Manner::KeepAlive;
        let expected = |requests: u64| match per_connection {
            true => case.connections as u64,
            false => requests,
        };
        let _warm = sink.settled(Lines::default(), expected(warm));
        let (lines_before, before) = (sink.lines(), usage::cpu(proxy.pid())?);
        let mut tally = verified(&order, requests)?;
        let lines = sink.settled(lines_before, expected(requests));
        let Cpu { user, system } = usage::cpu(proxy.pid())?.since(before);
        let dropped_by_sender = proxy.dropped_logs();
        let missing = expected(requests)
            .saturating_sub(lines.received + lines.dropped + dropped_by_sender.unwrap_or(0));
        if missing > 0 {
            return Err(format!(
                "{missing} log lines of {} are missing: {lines:?}, dropped by the sender: {dropped_by_sender:?}",
                expected(requests)
            ));
        }
        let per_request = |time: Duration| time.as_secs_f64() * 1e6 / requests as f64;
        Ok(Run {
            user_us: per_request(user),
            system_us: per_request(system),
            rate: requests as f64 / tally.elapsed.as_secs_f64(),
            p99_us: tally.latency_us(0.99),
            memory: usage::memory(proxy.pid())?,
            lines,
            dropped_by_sender,
        })
    }

    fn idle(&self, side: &Side, threads: usize) -> Result<IdleRun, String> {
        let cores = Cores::divide(threads)?;
        let _all_again = Repin::to(&cores.load)?;
        let (origin, sink) = (Origin::start(2)?, Sink::start()?);
        let setup = Setup {
            port: free_port()?,
            cli: &self.folder.path().join("bench.cli"),
            sink: sink.address,
            servers: &origin.addresses,
            threads,
            defaults: "",
        };
        let proxy = self.start(side, &setup, false, &cores)?;
        let order = Order {
            target: SocketAddr::from(([127, 0, 0, 1], setup.port)),
            path: "/small",
            body: SMALL,
            manner: Manner::KeepAlive,
            connections: 0,
            rest: None,
        };
        let settled = || {
            wait_for_purge(&origin);
            usage::memory(proxy.pid())
        };
        let base = settled()?;
        let _few = client::hold(&order, IDLE_FEW)?;
        let few = settled()?;
        let _many = client::hold(&order, IDLE_MANY - IDLE_FEW)?;
        let many = settled()?;
        Ok(IdleRun {
            base,
            few,
            many,
            server_connections: origin.connections(),
        })
    }

    /// Seconds of user time that `-c` takes.
    fn load(&self, side: &Side, config: &Path) -> Result<f64, String> {
        let cores = Cores::divide(1)?;
        let _all_again = Repin::to(&cores.subject)?;
        let before = usage::cpu_of_children()?;
        let status = Command::new(&side.program)
            .args(["-c", "-q", "-f"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .map_err(|e| e.to_string())?;
        if !status.success() {
            return Err(format!("-c: {status}"));
        }
        Ok(usage::cpu_of_children()?.since(before).user.as_secs_f64())
    }

    fn report(
        &self,
        wanted: &Wanted,
        [cpu, rates, idle, loading]: [&Vec<Vec<String>>; 4],
    ) -> String {
        let mut out = format!(
            "Ours against {}; {}; {} interleaved pairs, medians, ratios ours/reference with least and greatest. \
             `cargo bench -p golden-tests --bench proxy`\n",
            self.theirs.label,
            processor(),
            wanted.pairs,
        );
        let mut add = |head: &[&str], rows: &[Vec<String>]| {
            if !rows.is_empty() {
                let _infallible = write!(out, "\n{}", markdown(head, rows));
            }
        };
        add(
            &[
                "CPU µs per request, ours / reference",
                "threads",
                "user",
                "system",
                "total",
                "ratio of user",
                "ratio of system",
                "**ratio of total**",
                "promised",
                "nginx total",
            ],
            cpu,
        );
        add(
            &[
                "rate, latency, memory, ours / reference",
                "threads",
                "requests/s",
                "ratio",
                "p99 µs",
                "ratio",
                "RSS MiB",
                "ratio",
                "PSS MiB",
                "ratio",
                "log lines (of requests) in a run",
                "of them dropped by the sink's socket",
                "by the sender",
            ],
            rates,
        );
        add(
            &[
                "idle keep-alive connections, ours / reference",
                "threads",
                "RSS",
                "ratio",
                "PSS",
                "ratio",
                "promised",
            ],
            idle,
        );
        add(
            &["loading, ours / reference", "user CPU ms", "ratio"],
            loading,
        );
        out
    }
}

/// While it lives the calling thread runs on some processors only; then on those that it had.
struct Repin(Vec<usize>);

impl Repin {
    fn to(there: &[usize]) -> Result<Self, String> {
        let all = cores::ours()?;
        cores::pin(there)?;
        Ok(Self(all))
    }
}

impl Drop for Repin {
    fn drop(&mut self) {
        let _stays_pinned = cores::pin(&self.0);
    }
}

/// Sends requests; each must have been answered with 200 and all bytes.
fn verified(order: &Order, requests: u64) -> Result<client::Tally, String> {
    let tally = client::run(order, Until::Requests(requests), &Progress::default())?;
    if tally.good != requests || tally.body_bytes != requests * order.body {
        return Err(format!(
            "{} of {requests} good, {} bytes, failures {:?}",
            tally.good, tally.body_bytes, tally.failures
        ));
    }
    Ok(tally)
}

/// Waits until the proxy has closed the server connections that it keeps no longer: none for 7 s (it looks every 5 s).
fn wait_for_purge(origin: &Origin) {
    let (mut last, mut since) = (usize::MAX, clock::now());
    clock::poll_until(Duration::from_secs(60), || {
        let (now, open) = (clock::now(), origin.connections());
        // Health checks come and go.
        if open.abs_diff(last) > 2 {
            (last, since) = (open, now);
        }
        now - since > Duration::from_secs(7)
    });
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|l| l.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let count = cores::ours().map_or(0, |all| all.len());
    format!("{count} × {model}")
}

fn cpu_row(
    case: &Case,
    threads: usize,
    pairs: &[(Run, Run)],
    nginx: Option<&[Run]>,
) -> Vec<String> {
    let user = Figures::pick(pairs, |r| r.user_us);
    let system = Figures::pick(pairs, |r| r.system_us);
    let total = Figures::pick(pairs, |r| r.user_us + r.system_us);
    let promised = case.promised.map_or("–".to_owned(), |limit| {
        let kept = median(&total.ratios()) <= limit;
        format!("≤ {limit:.2} {}", if kept { "kept" } else { "**missed**" })
    });
    let nginx = nginx.map_or("–".to_owned(), |runs| {
        let totals: Vec<f64> = runs.iter().map(|r| r.user_us + r.system_us).collect();
        format!("{:.1}", median(&totals))
    });
    vec![
        case.title.to_owned(),
        threads.to_string(),
        user.medians(1),
        system.medians(1),
        total.medians(1),
        user.ratio(),
        system.ratio(),
        total.ratio(),
        promised,
        nginx,
    ]
}

fn rate_row(case: &Case, threads: usize, requests: u64, pairs: &[(Run, Run)]) -> Vec<String> {
    let rate = Figures::pick(pairs, |r| r.rate);
    let p99 = Figures::pick(pairs, |r| r.p99_us);
    let rss = Figures::pick(pairs, |r| r.memory.rss as f64 / 1024.0);
    let pss = Figures::pick(pairs, |r| r.memory.pss as f64 / 1024.0);
    let lines = Figures::pick(pairs, |r| (r.lines.received + r.lines.dropped) as f64);
    let dropped = Figures::pick(pairs, |r| r.lines.dropped as f64);
    let by_sender = Figures::pick(pairs, |r| {
        r.dropped_by_sender.map_or(f64::NAN, |n| n as f64)
    });
    vec![
        case.title.to_owned(),
        threads.to_string(),
        rate.medians(0),
        rate.ratio(),
        p99.medians(0),
        p99.ratio(),
        rss.medians(1),
        rss.ratio(),
        pss.medians(1),
        pss.ratio(),
        format!("{} ({requests})", lines.medians(0)),
        dropped.medians(0),
        by_sender.medians(0),
    ]
}

fn idle_rows(threads: usize, pairs: &[(IdleRun, IdleRun)]) -> Vec<Vec<String>> {
    type Figure = fn(&IdleRun, fn(&Memory) -> u64) -> f64;
    let rows: [(&str, usize, bool, Figure); 4] = [
        ("MiB before any connection", 1, false, |r, f| {
            f(&r.base) as f64 / 1024.0
        }),
        ("MiB at 1000", 1, true, |r, f| f(&r.few) as f64 / 1024.0),
        ("MiB at 5000", 1, false, |r, f| f(&r.many) as f64 / 1024.0),
        (
            "bytes per connection between 1000 and 5000",
            0,
            true,
            |r, f| r.slope(f),
        ),
    ];
    let mut out: Vec<Vec<String>> = rows
        .iter()
        .map(|(title, digits, limited, figure)| {
            let rss = Figures::pick(pairs, |r| figure(r, |m| m.rss));
            let pss = Figures::pick(pairs, |r| figure(r, |m| m.pss));
            let kept = median(&rss.ratios()) <= 1.0;
            let promised = match (limited, kept) {
                (false, _) => "–",
                (true, true) => "≤ 1.00 kept",
                (true, false) => "≤ 1.00 **missed**",
            };
            vec![
                (*title).to_owned(),
                threads.to_string(),
                rss.medians(*digits),
                rss.ratio(),
                pss.medians(*digits),
                pss.ratio(),
                promised.to_owned(),
            ]
        })
        .collect();
    let kept = Figures::pick(pairs, |r| r.server_connections as f64);
    let mut row = vec![String::from("–"); 7];
    row[0] = "server connections still open at 5000".to_owned();
    row[1] = threads.to_string();
    row[2] = kept.medians(0);
    out.push(row);
    out
}

fn load_row(pairs: &[(f64, f64)]) -> Vec<String> {
    let user = Figures::pick(pairs, |seconds| seconds * 1000.0);
    vec![
        format!("`-c` with {BACKENDS} backends"),
        user.medians(0),
        user.ratio(),
    ]
}
