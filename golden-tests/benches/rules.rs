//! What rules and maps cost: 200 rules with 50 access lists and a map of 100 000 entries per request, and loading maps of
//! that size; ours beside the reference, in pairs of runs on the same pinned processors (docs/performance.md).
//!
//! `BENCH_PAIRS=5`, `BENCH_REQUESTS=50000`, `BENCH_WRITE=1` (the table goes to docs/performance.md, too),
//! `BENCH_KEEP=FOLDER` (the configurations and maps are written there, and nothing runs).
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is what this program is for"
)]

use golden_tests::clock;
use golden_tests::load::client::{self, Manner, Order, Progress, Until};
use golden_tests::load::cores::{self, Cores};
use golden_tests::load::origin::{Origin, SMALL};
use golden_tests::load::proxy::{Proxy, free_port, link};
use golden_tests::load::sink::Sink;
use golden_tests::load::table::{Figures, markdown, median, write_between};
use golden_tests::load::usage::{self, Cpu};
use golden_tests::subject::{self, Subject};
use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};
use std::time::Duration;

const ENTRIES: usize = 100_000;
const CONNECTIONS: usize = 64;

fn main() {
    if let Err(problem) = bench() {
        eprintln!("bench: {problem}");
        exit(1);
    }
}

fn bench() -> Result<(), String> {
    let text = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let number = |name: &str, default: u64| match text(name) {
        None => Ok(default),
        Some(v) => v.parse::<u64>().map_err(|e| format!("{name}={v}: {e}")),
    };
    let pairs = number("BENCH_PAIRS", 5)?.max(1) as usize;
    let requests = number("BENCH_REQUESTS", 50_000)?;
    if let Some(folder) = text("BENCH_KEEP") {
        let folder = PathBuf::from(folder);
        write_maps(&folder)?;
        let sink = SocketAddr::from(([127, 0, 0, 1], 9));
        fs::write(
            folder.join("rules.cfg"),
            rules(8080, sink, &[sink], &folder),
        )
        .and_then(|()| fs::write(folder.join("maps.cfg"), maps(8080, &folder, LOADS[0].1)))
        .map_err(|e| e.to_string())?;
        return Ok(());
    }
    let machine = Machine::prepare()?;
    let runs = machine.pairs(pairs, "rules", |side| machine.traffic(side, requests))?;
    let mut traffic = vec![traffic_row(&runs)];
    traffic.push(rate_row(&runs));
    let mut loading = Vec::new();
    for (title, words) in LOADS {
        let runs = machine.pairs(pairs, title, |side| machine.load(side, words))?;
        loading.extend(load_rows(title, &runs));
    }
    let mut out = format!(
        "Ours against {}; {pairs} interleaved pairs, medians, ratios ours/reference with least and greatest. \
         `cargo bench -p golden-tests --bench rules`\n",
        machine.theirs.label,
    );
    let head = [
        "200 rules, 50 ACLs, a map of 100 000, ours / reference",
        "",
        "ratio",
        "promised",
    ];
    let _infallible = write!(out, "\n{}", markdown(&head, &traffic));
    let head = [
        "loading maps of 100 000 entries each, ours / reference",
        "",
        "ratio",
        "promised",
    ];
    let _infallible = write!(out, "\n{}", markdown(&head, &loading));
    println!("{out}");
    if text("BENCH_WRITE").is_some() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
        write_between(&page, "bench rules", &out)?;
    }
    Ok(())
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
}

/// What one run of traffic cost.
struct Run {
    user_us: f64,
    system_us: f64,
    rate: f64,
}

/// What loading cost: CPU time of `-c`, the time until it listens, memory then.
struct Load {
    check_ms: f64,
    start_ms: f64,
    rss_mib: f64,
}

impl Machine {
    fn prepare() -> Result<Self, String> {
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
        write_maps(folder.path())?;
        Ok(Self {
            folder,
            ours,
            theirs,
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
        let mut all = Vec::with_capacity(count);
        for at in 0..count {
            eprintln!("{what}: pair {} of {count}", at + 1);
            all.push(if at % 2 == 0 {
                let ours = named(&self.ours)?;
                (ours, named(&self.theirs)?)
            } else {
                let theirs = named(&self.theirs)?;
                (named(&self.ours)?, theirs)
            });
        }
        Ok(all)
    }

    fn start(&self, side: &Side, text: &str, port: u16, cores: &Cores) -> Result<Proxy, String> {
        let folder = self.folder.path();
        let config = folder.join("bench.cfg");
        let path = config.display().to_string();
        fs::write(&config, text).map_err(|e| format!("{path}: {e}"))?;
        Proxy::start(
            &side.program,
            &["-db", "-f", &path],
            (folder, "bench"),
            port,
            cores,
        )
    }

    fn traffic(&self, side: &Side, requests: u64) -> Result<Run, String> {
        let cores = Cores::divide(1)?;
        let _all_again = Repin::to(&cores.load)?;
        let (origin, sink) = (Origin::start(2)?, Sink::start()?);
        let port = free_port()?;
        let text = rules(port, sink.address, &origin.addresses, self.folder.path());
        let proxy = self.start(side, &text, port, &cores)?;
        let order = Order {
            target: SocketAddr::from(([127, 0, 0, 1], port)),
            path: "/small",
            body: SMALL,
            manner: Manner::KeepAlive,
            connections: CONNECTIONS,
            rest: None,
        };
        verified(&order, requests / 10 + CONNECTIONS as u64)?;
        let before = usage::cpu(proxy.pid())?;
        let tally = verified(&order, requests)?;
        let Cpu { user, system } = usage::cpu(proxy.pid())?.since(before);
        let per_request = |time: Duration| time.as_secs_f64() * 1e6 / requests as f64;
        Ok(Run {
            user_us: per_request(user),
            system_us: per_request(system),
            rate: requests as f64 / tally.elapsed.as_secs_f64(),
        })
    }

    fn load(&self, side: &Side, words: &[&str]) -> Result<Load, String> {
        let cores = Cores::divide(1)?;
        let port = free_port()?;
        let text = maps(port, self.folder.path(), words);
        let config = self.folder.path().join("check.cfg");
        fs::write(&config, &text).map_err(|e| e.to_string())?;
        let check_ms = {
            let _all_again = Repin::to(&cores.subject)?;
            let before = usage::cpu_of_children()?;
            let status = Command::new(&side.program)
                .args(["-c", "-q", "-f"])
                .arg(&config)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .status()
                .map_err(|e| e.to_string())?;
            if !status.success() {
                return Err(format!("-c: {status}"));
            }
            let Cpu { user, system } = usage::cpu_of_children()?.since(before);
            (user + system).as_secs_f64() * 1e3
        };
        let _all_again = Repin::to(&cores.load)?;
        let begun = clock::now();
        let proxy = self.start(side, &text, port, &cores)?;
        let start_ms = (clock::now() - begun).as_secs_f64() * 1e3;
        let rss_mib = usage::memory(proxy.pid())?.rss as f64 / 1024.0;
        Ok(Load {
            check_ms,
            start_ms,
            rss_mib,
        })
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

/// What is loaded together, and the words that do it.
const LOADS: [(&str, &[&str]); 2] = [
    (
        "map_str, map_ip, map_beg",
        &["map_str", "map_ip", "map_beg"],
    ),
    (
        "map_dom, map_end, map_int",
        &["map_dom", "map_end", "map_int"],
    ),
];

/// The map files, one for each word.
fn write_maps(folder: &Path) -> Result<(), String> {
    let entry = |word: &str, n: usize| match word {
        "map_ip" => format!("{}.{}.{}.0/24", 1 + n / 65536, n / 256 % 256, n % 256),
        "map_beg" => format!("/customers/{n}/"),
        "map_int" => n.to_string(),
        _ => format!("host{n}.customers.example.org"),
    };
    fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    for word in LOADS.iter().flat_map(|(_, words)| words.iter()) {
        let mut text = String::new();
        for n in 0..ENTRIES {
            let _infallible = writeln!(text, "{} tenant{}", entry(word, n), n % 1000);
        }
        let file = folder.join(format!("{word}.map"));
        fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(())
}

/// A configuration that does nothing with its maps but have them.
fn maps(port: u16, folder: &Path, words: &[&str]) -> String {
    let folder = folder.display();
    let mut text = format!(
        "global
    nbthread 1
    maxconn 1000
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend fe
    bind 127.0.0.1:{port}
"
    );
    for word in words {
        let fetch = match *word {
            "map_ip" => "src",
            "map_int" => "src_port",
            _ => "path",
        };
        let _infallible = writeln!(
            text,
            "    http-request set-header x-{word} %[{fetch},{word}({folder}/{word}.map,none)]"
        );
    }
    text
}

/// 200 `http-request` rules over 50 access lists and a map of 100 000 entries. As in configurations that grew over years, most
/// rules ask for paths, hosts, addresses and headers that a request hasn't; some change it.
fn rules(port: u16, sink: SocketAddr, servers: &[SocketAddr], folder: &Path) -> String {
    let folder = folder.display();
    let mut text = format!(
        "global
    nbthread 1
    maxconn 6000
    log {sink} local0
    stats socket {folder}/bench.cli mode 600 level admin
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 300s
    timeout server 300s
frontend fe
    bind 127.0.0.1:{port}
"
    );
    for n in 0..50 {
        let test = match n % 10 {
            0 => format!("path_beg /admin{n}/ /private{n}/"),
            1 => format!("path_end -i .php{n} .cgi{n} .asp{n}"),
            2 => format!("hdr(host) -i www{n}.example.org shop{n}.example.org"),
            3 => format!("src 10.{n}.0.0/16 192.168.{n}.0/24"),
            4 => format!("hdr_sub(user-agent) -i robot{n} crawler{n}"),
            5 => format!("path_reg ^/v{n}/[a-z]+/[0-9]+$"),
            6 => "method POST PUT DELETE".to_owned(),
            7 => format!("hdr_cnt(x-marker{n}) gt 0"),
            8 => format!("url_param(id{n}) -m found"),
            _ => format!("path /small /other{n}"),
        };
        let _infallible = writeln!(text, "    acl a{n} {test}");
    }
    let _infallible = writeln!(
        text,
        "    http-request set-var(txn.tenant) hdr(host),lower,map_str({folder}/map_str.map,none)"
    );
    for n in 1..200 {
        let (one, other) = (n % 50, (n * 7 + 3) % 50);
        let rule = match n % 10 {
            0 | 1 => format!("deny if a{one}"),
            2 | 3 => format!("set-header x-seen-{n} %[path] if a{one} !a{other}"),
            4 => format!("redirect location /elsewhere{n} if a{one} a{other}"),
            5 => format!("set-var(txn.v{}) path,lower if a{one} or a{other}", n % 20),
            6 => format!("add-header x-tag tag{n} if a{one} a{other}"),
            7 => format!("set-path /rewritten%[path] if a{one} {{ hdr(x-rewrite) -m found }}"),
            8 => format!("del-header x-internal-{n} unless a{one}"),
            _ if n % 50 == 49 => format!("set-header x-tenant-{n} %[var(txn.tenant)] if a{one}"),
            _ => format!("deny deny_status 429 if {{ var(txn.tenant) -m str tenant{n} }}"),
        };
        let _infallible = writeln!(text, "    http-request {rule}");
    }
    text.push_str("    default_backend be\nbackend be\n");
    for (at, address) in (1..).zip(servers) {
        let _infallible = writeln!(text, "    server s{at} {address}");
    }
    text
}

fn traffic_row(runs: &[(Run, Run)]) -> Vec<String> {
    let total = Figures::pick(runs, |r| r.user_us + r.system_us);
    let user = Figures::pick(runs, |r| r.user_us);
    vec![
        format!(
            "CPU µs per request (user: {}, {})",
            user.medians(1),
            user.ratio()
        ),
        total.medians(1),
        total.ratio(),
        promised(&total, 0.80),
    ]
}

fn rate_row(runs: &[(Run, Run)]) -> Vec<String> {
    let rate = Figures::pick(runs, |r| r.rate);
    vec![
        "requests/s".to_owned(),
        rate.medians(0),
        rate.ratio(),
        "–".to_owned(),
    ]
}

fn load_rows(title: &str, runs: &[(Load, Load)]) -> [Vec<String>; 3] {
    let row = |what: &str, figure: fn(&Load) -> f64| {
        let figures = Figures::pick(runs, figure);
        vec![
            format!("{title}: {what}"),
            figures.medians(0),
            figures.ratio(),
            promised(&figures, 1.0),
        ]
    };
    [
        row("CPU ms of `-c`", |r| r.check_ms),
        row("ms until it listens", |r| r.start_ms),
        row("RSS MiB then", |r| r.rss_mib),
    ]
}

fn promised(figures: &Figures, limit: f64) -> String {
    let kept = median(&figures.ratios()) <= limit;
    format!("≤ {limit:.2} {}", if kept { "kept" } else { "**missed**" })
}
