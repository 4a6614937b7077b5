//! The program as a user meets it: the examples are accepted, the demo serves.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test; clippy only knows those that are #[test] themselves"
)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

const LOCUM: &str = env!("CARGO_BIN_EXE_locum");

#[test]
fn every_example_is_a_valid_configuration() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "cfg") {
            continue;
        }
        seen += 1;
        let output = Command::new(LOCUM)
            .args(["haproxy", "-c", "-f"])
            .arg(&path)
            .output()
            .unwrap();
        let messages = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{path:?}: {messages}");
        // Nothing else: an example has no warnings.
        assert_eq!(
            output.stdout, b"Configuration file is valid\n",
            "{path:?}: {messages}"
        );
    }
    assert!(seen >= 4, "{seen} examples");
}

/// Each word that newer versions have dropped is named, with the form of today, and nothing else is said of it.
#[test]
fn the_example_of_older_versions_is_valid_and_each_old_word_is_told() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/rhel6/haproxy.cfg");
    let check = |compat: &str| {
        Command::new(LOCUM)
            .args(["haproxy", "--compat", compat, "-c", "-f"])
            .arg(&path)
            .output()
            .unwrap()
    };
    let output = check("1.5");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{messages}");
    let warnings: Vec<&str> = messages
        .lines()
        .filter(|line| line.contains("[WARNING]"))
        .collect();
    let told = "is of older versions and executed as they did; today it is";
    assert!(
        warnings.iter().all(|line| line.contains(told)),
        "{messages}"
    );
    let text = fs::read_to_string(&path).unwrap();
    for (number, line) in text.lines().enumerate() {
        let is_old = [
            "req",
            "rsp",
            "block",
            "redispatch",
            "contimeout",
            "monitor-net",
            "nbproc",
        ]
        .iter()
        .any(|word| line.trim_start().starts_with(word));
        let place = format!("haproxy.cfg:{}]", number + 1);
        let is_told = warnings.iter().any(|warning| warning.contains(&place));
        assert!(
            is_told || !is_old,
            "nothing said of line {}: {line}",
            number + 1
        );
    }
    assert_eq!(check("2.6").status.code(), Some(1));
}

/// A demo, interrupted at the end of the test.
struct Demo {
    process: Child,
    site: String,
    output: BufReader<ChildStdout>,
}

impl Demo {
    fn start() -> Self {
        let mut process = Command::new(LOCUM)
            .args(["demo", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.split_once("http://").unwrap().1;
        let site = address.split(' ').next().unwrap().to_owned();
        Self {
            process,
            site,
            output,
        }
    }

    /// Connects; right after the start nobody listens yet.
    fn connect(&mut self) -> TcpStream {
        for _ in 0..1000 {
            match TcpStream::connect(&self.site) {
                Ok(stream) => return stream,
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
            assert!(self.process.try_wait().unwrap().is_none(), "the demo ended");
        }
        panic!("nobody listens at {}", self.site)
    }

    fn get(&mut self, path: &str, cookie: &str) -> String {
        let mut stream = self.connect();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: demo\r\n{cookie}Connection: close\r\n\r\n"
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_demo_serves_with_persistence_statistics_and_a_refusal() {
    let mut demo = Demo::start();
    let first = demo.get("/", "");
    assert!(first.starts_with("HTTP/1.1 200 OK\r\n"), "{first}");
    let cookie = first
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: SRV="))
        .unwrap_or_else(|| panic!("no cookie: {first}"));
    let name = cookie.split(';').next().unwrap().to_owned();
    let title = format!("<h1>{name}</h1>");
    assert!(first.contains(&title), "{first}");
    for _ in 0..4 {
        let again = demo.get("/again", &format!("Cookie: SRV={name}\r\n"));
        assert!(again.contains(&title), "{again}");
        assert!(!again.contains("set-cookie"), "{again}");
    }
    let others: std::collections::BTreeSet<_> = (0..3)
        .map(|_| demo.get("/", ""))
        .map(|page| {
            page.split("<h1>")
                .nth(1)
                .unwrap()
                .split('<')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(others.len(), 3, "{others:?}");
    assert!(demo.get("/private", "").starts_with("HTTP/1.1 403 "));
    let statistics = demo.get("/stats", "");
    let chunked = statistics.contains("transfer-encoding: chunked\r\n");
    assert_eq!(
        chunked,
        statistics.ends_with("\r\n0\r\n\r\n"),
        "{statistics}"
    );
    assert!(
        statistics.contains("<title>Statistics Report for"),
        "{statistics}"
    );
    assert!(demo.get("/stats;csv", "").contains("\norigins,teal,"));

    let pid = demo.process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let ended = demo.process.wait().unwrap();
    assert_eq!(ended.signal(), Some(2), "{ended:?}");
    let mut lines = String::new();
    demo.output.read_to_string(&mut lines).unwrap();
    assert!(
        lines.contains("www origins/"),
        "a log line for each request: {lines}"
    );
    assert!(lines.contains("www www/<NOSRV> "), "{lines}");
}
