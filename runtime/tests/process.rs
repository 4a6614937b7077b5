//! Daemons, masters and workers as real processes: this binary starts itself in those roles.
//!
//! A role answers each connection with its pid, so that a test sees who serves.

#![allow(
    clippy::panic,
    clippy::print_stderr,
    reason = "a test binary without the built-in harness isn't recognised as tests"
)]

use std::{
    env, fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    thread,
    time::Duration,
};

use libtest_mimic::{Arguments, Trial};
use locum_runtime::process::{
    BindFailure, Control, Exit, Inherited, Master, MasterEvent, Predecessors, Privileges, Running,
    Service, Signal, Start, Supervision, ToMaster, Trouble,
    handover::{self, Listener},
    limits, pid, run, signals, supervise,
};
use nix::{sys::signal::kill, unistd::Pid};

/// Where Debian's package puts the program that we stand in for.
const REFERENCE: &str = "/usr/sbin/haproxy";

fn main() {
    match env::var("LOCUM_TEST_ROLE").as_deref() {
        Ok("service") => service().leave(),
        Ok("master") => master().leave(),
        Ok(_) | Err(_) => {}
    }
    let arguments = Arguments::from_args();
    let root = nix::unistd::Uid::effective().is_root();
    let reference = Path::new(REFERENCE).exists();
    if !reference {
        eprintln!("NOT RUN without {REFERENCE}: hand-over from and to it");
    }
    if !root {
        eprintln!("NOT RUN without root: giving up privileges");
    }
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let tests = vec![
        trial(
            "a_daemons_parent_ends_when_the_child_serves",
            a_daemons_parent_ends_when_the_child_serves,
        ),
        trial(
            "a_daemon_that_cannot_bind_fails_in_the_parent",
            a_daemon_that_cannot_bind_fails_in_the_parent,
        ),
        trial(
            "predecessors_are_dismissed_once_the_successor_serves",
            predecessors_are_dismissed_once_the_successor_serves,
        ),
        trial(
            "predecessors_are_asked_for_busy_ports",
            predecessors_are_asked_for_busy_ports,
        ),
        trial(
            "signals_before_the_handlers_stand_wait",
            signals_before_the_handlers_stand_wait,
        ),
        trial(
            "an_interrupted_process_dies_by_the_signal",
            an_interrupted_process_dies_by_the_signal,
        ),
        trial(
            "a_limit_that_cannot_be_had_prevents_the_start",
            a_limit_that_cannot_be_had_prevents_the_start,
        ),
        trial(
            "a_master_reloads_without_closing_the_port",
            a_master_reloads_without_closing_the_port,
        ),
        trial(
            "a_wrong_configuration_keeps_the_old_worker",
            a_wrong_configuration_keeps_the_old_worker,
        ),
        trial(
            "a_first_worker_that_fails_ends_the_master",
            a_first_worker_that_fails_ends_the_master,
        ),
        trial(
            "a_master_ends_with_the_references_statuses",
            a_master_ends_with_the_references_statuses,
        ),
        trial(
            "privileges_are_given_up_completely",
            privileges_are_given_up_completely,
        )
        .with_ignored_flag(!root),
        trial(
            "the_references_listeners_are_taken_over",
            the_references_listeners_are_taken_over,
        )
        .with_ignored_flag(!reference),
        trial(
            "the_reference_takes_our_listeners_over",
            the_reference_takes_our_listeners_over,
        )
        .with_ignored_flag(!reference),
    ];
    libtest_mimic::run(&arguments, tests).exit();
}

// ---- the roles

struct Echo {
    address: SocketAddr,
    handed: Vec<Listener>,
    master: Option<ToMaster>,
}

impl Service for Echo {
    type Bound = TcpListener;
    type BindError = String;

    fn bind(&mut self, _: &limits::Limits) -> Result<TcpListener, BindFailure<String>> {
        let handed = handover::pick(&mut self.handed, &self.address.into(), b"");
        if let Some(listener) = handed {
            return Ok(listener.socket.into());
        }
        TcpListener::bind(self.address).map_err(|error| BindFailure {
            busy: error.kind() == std::io::ErrorKind::AddrInUse,
            error: error.to_string(),
        })
    }

    fn bind_failed(&mut self, error: String) {
        eprintln!("cannot bind: {error}");
    }

    fn trouble(&mut self, trouble: &Trouble, fatal: bool) {
        eprintln!("trouble {trouble:?} fatal {fatal}");
    }

    fn serve(self, bound: TcpListener, running: Running) -> Exit {
        let delay = env::var("LOCUM_TEST_DELAY_MS").map_or(0, |ms| ms.parse().expect("number"));
        thread::sleep(Duration::from_millis(delay));
        let (events, control) = std::sync::mpsc::channel();
        let gone = events.clone();
        signals::listen(move |event| {
            let _ = events.send(event);
        })
        .expect("a thread");
        let copy = bound.try_clone().expect("copied");
        thread::spawn(move || {
            for connection in bound.incoming() {
                let _ = connection.and_then(|mut c| c.write_all(pid().to_string().as_bytes()));
            }
        });
        if let Some(master) = self.master {
            let gone = move || {
                let _ = gone.send(Control::HardStop);
            };
            master.watch(gone).expect("a thread");
            let listener = Listener::new(OwnedFd::from(copy));
            master.serving(&[listener]).expect("master listens");
            running.serving().expect("said");
        } else {
            drop(copy);
            running.serving().expect("said");
        }
        for event in control {
            match event {
                Control::SoftStop => return Exit::Status(0),
                Control::HardStop => return Exit::Signal(Signal::SIGTERM),
                Control::Interrupt => return Exit::Signal(Signal::SIGINT),
                _ => {}
            }
        }
        Exit::Status(9)
    }
}

fn number(name: &str) -> Option<u32> {
    env::var(name)
        .ok()
        .map(|text| text.parse().expect("number"))
}

fn service() -> Exit {
    signals::block().expect("one thread");
    let inherited = Inherited::from_environment().expect("a master's descriptors");
    let mut echo = Echo {
        address: env::var("LOCUM_TEST_ADDRESS")
            .expect("set")
            .parse()
            .expect("address"),
        handed: Vec::new(),
        master: None,
    };
    if let Some(inherited) = inherited {
        let (configuration, listeners, master) = inherited.into_parts();
        if configuration != b"good" {
            return Exit::Status(1);
        }
        echo.handed = listeners;
        echo.master = Some(master);
    }
    let start = Start {
        daemon: env::var_os("LOCUM_TEST_DAEMON").is_some(),
        pidfile: env::var_os("LOCUM_TEST_PIDFILE").map(PathBuf::from),
        privileges: Privileges {
            uid: number("LOCUM_TEST_UID"),
            gid: number("LOCUM_TEST_UID"),
            chroot: env::var_os("LOCUM_TEST_CHROOT").map(PathBuf::from),
            ..Privileges::default()
        },
        demand: limits::Demand {
            maxconn: Some(10),
            listeners: 1,
            threads: 1,
            strict: true,
            ..limits::Demand::default()
        },
        predecessors: Predecessors {
            pids: number("LOCUM_TEST_OLD")
                .map(|pid| pid as i32)
                .into_iter()
                .collect(),
            finish: true,
        },
    };
    run(start, echo)
}

struct Told;

impl Supervision for Told {
    fn configuration(&mut self) -> Option<Vec<u8>> {
        fs::read(env::var_os("LOCUM_TEST_CONFIGURATION").expect("set")).ok()
    }

    fn told(&mut self, event: &MasterEvent) {
        eprintln!("master {event:?}");
    }

    fn serving(&mut self) {}
}

fn master() -> Exit {
    signals::block().expect("one thread");
    let program = env::current_exe().expect("known");
    let master = Master {
        // env(1) changes the role; its exec keeps mask and descriptors.
        program: "/usr/bin/env".into(),
        arguments: vec![
            "env".into(),
            "LOCUM_TEST_ROLE=service".into(),
            program.into(),
        ],
        ..Master::default()
    };
    supervise(&master, Vec::new(), Vec::new(), &mut Told)
}

// ---- the tests

/// A role in a process of its own; killed when the test ends early.
struct Role(Child);

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Role {
    fn start(role: &str, address: SocketAddr, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env::current_exe().expect("known"));
        command
            .env("LOCUM_TEST_ROLE", role)
            .env("LOCUM_TEST_ADDRESS", address.to_string())
            .envs(variables.iter().copied());
        Self(command.spawn().expect("started"))
    }

    fn pid(&self) -> i32 {
        self.0.id() as i32
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("alive");
    }

    fn ends(&mut self) -> ExitStatus {
        until("the process ends", || self.0.try_wait().expect("ours"))
    }
}

/// Polls until there is a value, for ten seconds at most.
fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1000 {
        if let Some(value) = found() {
            return value;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("in vain: {what}");
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    listener.local_addr().expect("address")
}

/// The pid of who serves.
fn served_by(address: SocketAddr) -> Option<i32> {
    let mut connection = TcpStream::connect(address).ok()?;
    let mut text = String::new();
    connection.read_to_string(&mut text).ok()?;
    text.parse().ok()
}

fn state(pid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

fn sleeper() -> Role {
    let mut command = Command::new("sleep");
    Role(command.arg("60").process_group(0).spawn().expect("started"))
}

fn a_daemons_parent_ends_when_the_child_serves() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("pid");
    let address = free_address();
    let path_text = path.to_str().expect("text");
    let mut role = Role::start(
        "service",
        address,
        &[
            ("LOCUM_TEST_DAEMON", "1"),
            ("LOCUM_TEST_PIDFILE", path_text),
            ("LOCUM_TEST_DELAY_MS", "200"),
        ],
    );
    assert_eq!(role.ends().code(), Some(0));
    let serving = served_by(address).expect("it serves as soon as the parent has ended");
    let written = fs::read_to_string(&path).expect("written before the parent ended");
    assert_eq!(written, format!("{serving}\n"));
    assert_ne!(serving, role.pid());
    let stdout = fs::read_link(format!("/proc/{serving}/fd/1")).expect("open");
    assert_eq!(stdout, Path::new("/dev/null"));
    kill(Pid::from_raw(serving), Signal::SIGTERM).expect("alive");
    until("the daemon ends", || {
        matches!(state(serving), None | Some('Z')).then_some(())
    });
}

fn a_daemon_that_cannot_bind_fails_in_the_parent() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("pid");
    let taken = TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut role = Role::start(
        "service",
        taken.local_addr().expect("address"),
        &[
            ("LOCUM_TEST_DAEMON", "1"),
            ("LOCUM_TEST_PIDFILE", path.to_str().expect("text")),
        ],
    );
    assert_eq!(role.ends().code(), Some(1));
    assert!(!path.exists());
}

fn predecessors_are_dismissed_once_the_successor_serves() {
    let mut old = sleeper();
    let address = free_address();
    let old_pid = old.pid().to_string();
    let new = Role::start(
        "service",
        address,
        &[("LOCUM_TEST_OLD", &old_pid), ("LOCUM_TEST_DELAY_MS", "300")],
    );
    assert_eq!(old.ends().signal(), Some(Signal::SIGUSR1 as i32));
    assert_eq!(served_by(address), Some(new.pid()));
}

fn predecessors_are_asked_for_busy_ports() {
    let old = sleeper();
    let busy = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = busy.local_addr().expect("address");
    let old_pid = old.pid().to_string();
    let new = Role::start("service", address, &[("LOCUM_TEST_OLD", &old_pid)]);
    // sleep(1) has no handler: SIGTTOU's default action stops it.
    until("the old process is asked", || {
        (state(old.pid()) == Some('T')).then_some(())
    });
    drop(busy);
    until("the new process serves", || served_by(address));
    drop(new);
}

fn signals_before_the_handlers_stand_wait() {
    let address = free_address();
    let mut role = Role::start("service", address, &[("LOCUM_TEST_DELAY_MS", "400")]);
    until("it is bound", || TcpStream::connect(address).ok());
    for signal in [
        Signal::SIGUSR2,
        Signal::SIGTTOU,
        Signal::SIGHUP,
        Signal::SIGUSR1,
    ] {
        role.signal(signal);
    }
    assert_eq!(role.ends().code(), Some(0), "the soft stop came through");
}

fn an_interrupted_process_dies_by_the_signal() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let address = free_address();
        let mut role = Role::start("service", address, &[]);
        until("it serves", || served_by(address));
        role.signal(signal);
        assert_eq!(role.ends().signal(), Some(signal as i32));
    }
}

fn a_limit_that_cannot_be_had_prevents_the_start() {
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 20 && exec setpriv --bounding-set=-sys_resource --inh-caps=-all \"$0\" || exec \"$0\""])
        .arg(env::current_exe().expect("known"))
        .env("LOCUM_TEST_ROLE", "service")
        .env("LOCUM_TEST_ADDRESS", free_address().to_string())
        .output()
        .expect("sh runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("CannotRaise { wanted: 34, allowed: 20 }"),
        "{said}"
    );
}

fn with_master(test: impl FnOnce(&mut Role, SocketAddr, &Path)) {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("configuration");
    fs::write(&path, "good").expect("written");
    let address = free_address();
    let path_text = path.to_str().expect("text");
    let mut role = Role::start(
        "master",
        address,
        &[("LOCUM_TEST_CONFIGURATION", path_text)],
    );
    until("a worker serves", || served_by(address));
    test(&mut role, address, &path);
}

fn a_master_reloads_without_closing_the_port() {
    with_master(|master, address, _| {
        let first = served_by(address).expect("serves");
        assert_ne!(first, master.pid());
        for signal in [Signal::SIGUSR2, Signal::SIGHUP] {
            let before = served_by(address).expect("serves");
            master.signal(signal);
            until("another worker serves", || {
                let now = served_by(address).expect("no connection may fail meanwhile");
                (now != before && state(before).is_none()).then_some(())
            });
        }
        master.signal(Signal::SIGUSR1);
        assert_eq!(master.ends().code(), Some(0));
        assert_eq!(served_by(address), None);
    });
}

fn a_wrong_configuration_keeps_the_old_worker() {
    with_master(|master, address, path| {
        let first = served_by(address).expect("serves");
        for wrong in [Some("bad"), None] {
            match wrong {
                Some(text) => fs::write(path, text).expect("written"),
                None => fs::remove_file(path).expect("removed"),
            }
            master.signal(Signal::SIGUSR2);
            thread::sleep(Duration::from_millis(300));
            assert_eq!(served_by(address), Some(first));
        }
        fs::write(path, "good").expect("written");
        master.signal(Signal::SIGUSR2);
        until("a new worker serves", || {
            (served_by(address)? != first).then_some(())
        });
        master.signal(Signal::SIGTERM);
        assert_eq!(master.ends().code(), Some(0));
    });
}

fn a_first_worker_that_fails_ends_the_master() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("configuration");
    fs::write(&path, "bad").expect("written");
    let path_text = path.to_str().expect("text");
    let variables = [("LOCUM_TEST_CONFIGURATION", path_text)];
    let mut role = Role::start("master", free_address(), &variables);
    assert_eq!(role.ends().code(), Some(1));
}

fn a_master_ends_with_the_references_statuses() {
    for (signal, status) in [
        (Signal::SIGTERM, 0),
        (Signal::SIGINT, 130),
        (Signal::SIGUSR1, 0),
    ] {
        with_master(|master, _, _| {
            master.signal(signal);
            assert_eq!(master.ends().code(), Some(status), "{signal}");
        });
    }
    with_master(|master, address, _| {
        let worker = served_by(address).expect("serves");
        kill(Pid::from_raw(worker), Signal::SIGKILL).expect("alive");
        assert_eq!(master.ends().code(), Some(137));
    });
    with_master(|master, address, _| {
        let worker = served_by(address).expect("serves");
        master.signal(Signal::SIGKILL);
        until("the worker follows its master", || {
            matches!(state(worker), None | Some('Z')).then_some(())
        });
    });
}

fn privileges_are_given_up_completely() {
    let jail = tempfile::tempdir().expect("directory");
    let address = free_address();
    let mut old = sleeper();
    let old_pid = old.pid().to_string();
    let role = Role::start(
        "service",
        address,
        &[
            ("LOCUM_TEST_UID", "65534"),
            ("LOCUM_TEST_CHROOT", jail.path().to_str().expect("text")),
            ("LOCUM_TEST_OLD", &old_pid),
        ],
    );
    until("it serves", || served_by(address));
    assert_eq!(
        old.ends().signal(),
        Some(Signal::SIGUSR1 as i32),
        "root's old process is dismissed by one that is no longer root"
    );
    let status = fs::read_to_string(format!("/proc/{}/status", role.pid())).expect("alive");
    for line in [
        "Uid:\t65534\t65534\t65534\t65534",
        "Gid:\t65534\t65534\t65534\t65534",
        "NoNewPrivs:\t1",
        "CapEff:\t0000000000000000",
    ] {
        assert!(status.contains(line), "{line} in {status}");
    }
    let groups = status.lines().find_map(|l| l.strip_prefix("Groups:"));
    assert_eq!(groups.map(str::trim), Some(""));
    let root = fs::read_link(format!("/proc/{}/root", role.pid())).expect("root may look");
    assert_eq!(root, jail.path());
}

/// The reference with a command socket that hands listeners over.
fn reference(directory: &Path, binds: &str, arguments: &[&str]) -> Role {
    let configuration = directory.join("haproxy.cfg");
    let socket = directory.join("command");
    let text = format!(
        "global\n nbthread 1\n stats socket {} level admin expose-fd listeners\nlisten a\n mode http\n \
         timeout client 5s\n timeout connect 5s\n timeout server 5s\n {binds}\n \
         http-request return status 200 content-type text/plain string reference\n",
        socket.display()
    );
    fs::write(&configuration, text).expect("written");
    let mut command = Command::new(REFERENCE);
    command.arg("-f").arg(configuration).args(arguments);
    Role(command.spawn().expect("started"))
}

fn the_references_listeners_are_taken_over() {
    let directory = tempfile::tempdir().expect("directory");
    let unix = directory.path().join("listener");
    let address = free_address();
    // More than one message holds: the reference sends 252 sockets in each. Two of them have an address to know.
    let many: String = (0..260)
        .map(|n| format!(" bind abns@{}-{n}\n", address.port()))
        .collect();
    let binds = format!(
        "bind {address} interface lo\n bind {}\n{many}",
        unix.display()
    );
    let _old = reference(directory.path(), &binds, &[]);
    let command = directory.path().join("command");
    let mut taken = until("it hands over", || handover::request(&command).ok());
    assert_eq!(
        taken.len(),
        263,
        "two, 260 abstract ones, the command socket"
    );
    assert!(handover::pick(&mut taken, &address.into(), b"").is_none());
    assert!(handover::pick(&mut taken, &address.into(), b"lo").is_some());
    let unix = socket2::SockAddr::unix(&unix).expect("short");
    assert!(handover::pick(&mut taken, &unix, b"").is_some());
}

fn the_reference_takes_our_listeners_over() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("ours");
    // Bound without SO_REUSEPORT: no other process can listen here unless it got this very socket.
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("address");
    let ours = std::os::unix::net::UnixListener::bind(&path).expect("bound");
    let giving = thread::spawn(move || {
        let (mut asking, _) = ours.accept().expect("it asks");
        let mut request = [0; handover::REQUEST.len()];
        asking.read_exact(&mut request).expect("a request");
        assert_eq!(request, handover::REQUEST);
        handover::offer(&asking, &[Listener::new(listener.into())]).expect("given");
    });
    let arguments = ["-x", path.to_str().expect("text")];
    let _new = reference(directory.path(), &format!("bind {address}"), &arguments);
    giving.join().expect("given");
    let answer = until("the reference serves", || {
        let mut connection = TcpStream::connect(address).ok()?;
        connection.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        connection.read_to_string(&mut text).ok()?;
        text.ends_with("reference").then_some(text)
    });
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
