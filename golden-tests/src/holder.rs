//! Holds a scenario in namespaces of its own: net, mount, pid, ipc, and user where we aren't root.
//!
//! ```text
//! the test (threads) --spawn--> holder: unshares while it has one thread
//!                                  `--spawn--> player: process 1 of its pid namespace; mounts /proc, /run, /tmp, /dev,
//!                                              brings lo up, plays the steps; the kernel ends what it leaves behind
//! ```
//! The test binary plays all three parts: `run_part` at the start of its main sees which one.

use crate::scenario::{Case, Script};
use crate::{cluster, play};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, CpuSet, sched_getaffinity, sched_setaffinity, unshare};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What the player needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The scenario.
    pub case: Case,
    /// The executable to play it with.
    pub program: PathBuf,
    /// The executable of all hosts but `a`, if it is another one.
    pub other: Option<PathBuf>,
    /// How many log lines are expected, so that the end can wait for them; unknown while recording.
    pub log_lines: Option<usize>,
    /// Which of the machine's processors to stay on: one, so that the default of nbthread is 1 everywhere.
    pub processor: usize,
}

/// What came out of a scenario.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Snapshot name -> normalised text.
    pub captures: BTreeMap<String, String>,
    /// Steps that could not be carried out; a scenario with one has failed.
    pub problems: Vec<String>,
    /// The namespaces could not be made: the scenario did not run.
    pub impossible: Option<String>,
}

const HOLD: &str = "--hold-scenario";
const PLAY: &str = "--play-scenario";

/// If this process was started as a holder or a player, does that part and returns its exit code.
pub fn run_part() -> Option<i32> {
    match std::env::args().nth(1).as_deref() {
        Some(HOLD) => Some(hold()),
        Some(PLAY) => Some(play_part()),
        _ => None,
    }
}

/// Plays one scenario in namespaces of its own and returns what it recorded. On hosts but `a` it is played with
/// `other`, if there is one.
#[must_use]
pub fn play_apart(
    case: &Case,
    program: &Path,
    other: Option<&Path>,
    log_lines: Option<usize>,
) -> Outcome {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let job = Job {
        case: case.clone(),
        program: program.to_owned(),
        other: other.map(Path::to_owned),
        log_lines,
        processor: NEXT.fetch_add(1, Ordering::Relaxed),
    };
    let deadline = Duration::from_secs(case.script.deadline_seconds());
    spawn_holder(&job, deadline).unwrap_or_else(|problem| Outcome {
        problems: vec![problem],
        ..Outcome::default()
    })
}

fn spawn_holder(job: &Job, deadline: Duration) -> Result<Outcome, String> {
    let text = serde_json::to_vec(job).map_err(|e| e.to_string())?;
    let exe = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut holder = Command::new(exe)
        .arg(HOLD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("holder: {e}"))?;
    let mut stdin = holder.stdin.take();
    let mut stdout = holder.stdout.take();
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        if let Some(pipe) = &mut stdin {
            let _gone = pipe.write_all(&text);
        }
        drop(stdin);
        let mut answer = Vec::new();
        if let Some(pipe) = &mut stdout {
            let _gone = pipe.read_to_end(&mut answer);
        }
        let _gone = send.send(answer);
    });
    let answer = receive.recv_timeout(deadline);
    if answer.is_err() {
        let _already_gone = holder.kill();
    }
    let status = holder.wait().map_err(|e| e.to_string())?;
    match answer {
        Err(_) => Err(format!("stuck: not done after {deadline:?}")),
        Ok(answer) => serde_json::from_slice(&answer)
            .map_err(|e| format!("the holder ended without an answer ({status}): {e}")),
    }
}

/// The holder: unshares, then starts the player as process 1 of the new pid namespace.
fn hold() -> i32 {
    match unshare_all().and_then(|()| start_player()) {
        Ok(code) => code,
        Err(reason) => {
            answer(&Outcome {
                impossible: Some(reason),
                ..Outcome::default()
            });
            0
        }
    }
}

fn unshare_all() -> Result<(), String> {
    die_with_parent()?;
    let spaces = CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC;
    if nix::unistd::geteuid().is_root() && unshare(spaces).is_ok() {
        return Ok(());
    }
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    unshare(spaces | CloneFlags::CLONE_NEWUSER)
        .map_err(|e| format!("this machine gives no namespaces: {e}"))?;
    let write =
        |file: &str, text: String| std::fs::write(file, text).map_err(|e| format!("{file}: {e}"));
    write("/proc/self/setgroups", "deny".to_owned())?;
    write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    write("/proc/self/gid_map", format!("0 {gid} 1"))
}

fn start_player() -> Result<i32, String> {
    let exe = std::env::current_exe().map_err(|e| e.to_string())?;
    let status = Command::new(exe)
        .arg(PLAY)
        .status()
        .map_err(|e| format!("player: {e}"))?;
    Ok(status.code().unwrap_or(1))
}

/// The player: prepares its world, plays, answers on stdout.
fn play_part() -> i32 {
    let outcome = read_job().and_then(|job| {
        prepare(&job).map(|()| match &job.case.script {
            Script::Proxy(scenario) => play::play(&job, scenario),
            Script::Cluster(scenario) => cluster::play::play(&job, scenario),
        })
    });
    answer(&outcome.unwrap_or_else(|reason| Outcome {
        impossible: Some(reason),
        ..Outcome::default()
    }));
    0
}

fn read_job() -> Result<Job, String> {
    let mut text = Vec::new();
    std::io::stdin()
        .read_to_end(&mut text)
        .map_err(|e| e.to_string())?;
    serde_json::from_slice(&text).map_err(|e| e.to_string())
}

fn answer(outcome: &Outcome) {
    let text = serde_json::to_vec(outcome).unwrap_or_default();
    let _the_test_is_gone = std::io::stdout().write_all(&text);
}

fn die_with_parent() -> Result<(), String> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(|e| e.to_string())
}

/// Where the program is called through a symlink of the reference's name.
pub const BIN: &str = "/run/golden/bin/haproxy";
/// The same for Keepalived's.
pub const KEEPALIVED: &str = "/run/golden/bin/keepalived";
/// What these links lead to.
pub const PROGRAM: &str = "/run/golden/bin/program";
/// What is there in its place on all hosts but `a`, if there is another program.
pub const OTHER: &str = "/run/golden/bin/other";
/// Where the scenario's files lie, and the working directory.
pub const WORKDIR: &str = "/tmp/scenario";
/// Where started programs write.
pub const OUTPUT: &str = "/run/golden/output";

fn prepare(job: &Job) -> Result<(), String> {
    die_with_parent()?;
    if matches!(job.case.script, Script::Proxy(_)) {
        stay_on(job.processor)?;
    }
    // What the subject may open doesn't depend on the machine: it shows in its maxconn.
    setrlimit(Resource::RLIMIT_NOFILE, 4096, 4096)
        .map_err(|e| format!("limit of descriptors: {e}"))?;
    let open =
        |path: &Path| std::fs::File::open(path).map_err(|e| format!("{}: {e}", path.display()));
    let program = open(&job.program)?;
    let other = job.other.as_deref().map(open).transpose()?;
    let nothing: Option<&str> = None;
    mount(
        nothing,
        "/",
        nothing,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        nothing,
    )
    .map_err(|e| format!("private mounts: {e}"))?;
    mount(
        Some("proc"),
        "/proc",
        Some("proc"),
        MsFlags::empty(),
        nothing,
    )
    .map_err(|e| format!("/proc: {e}"))?;
    tmpfs("/run")?;
    // The program is bound from its descriptor: it may lie below /tmp or /run, which are hidden now.
    make_folder("/run/golden/bin")?;
    make_folder(OUTPUT)?;
    bind_program(&job.program, &program, PROGRAM)?;
    if let (Some(path), Some(other)) = (&job.other, &other) {
        bind_program(path, other, OTHER)?;
    }
    for link in [BIN, KEEPALIVED] {
        std::os::unix::fs::symlink("program", link).map_err(|e| format!("{link}: {e}"))?;
    }
    tmpfs("/tmp")?;
    private_dev()?;
    make_folder(WORKDIR)?;
    std::env::set_current_dir(WORKDIR).map_err(|e| e.to_string())?;
    lo_up()
}

/// A file of another mount can't be bound through /proc/self/fd once its path is hidden, so it is copied then.
fn bind_program(path: &Path, program: &std::fs::File, target: &str) -> Result<(), String> {
    let wrong = |e: std::io::Error| format!("{target}: {e}");
    let mut file = std::fs::File::create(target).map_err(wrong)?;
    let nothing: Option<&str> = None;
    if !path.starts_with("/run")
        && mount(Some(path), target, nothing, MsFlags::MS_BIND, nothing).is_ok()
    {
        return Ok(());
    }
    let mut source = program;
    std::io::copy(&mut source, &mut file).map_err(wrong)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(target, mode).map_err(wrong)
}

fn stay_on(processor: usize) -> Result<(), String> {
    let own = Pid::from_raw(0);
    let allowed = sched_getaffinity(own).map_err(|e| e.to_string())?;
    let usable: Vec<usize> = (0..CpuSet::count())
        .filter(|cpu| allowed.is_set(*cpu).unwrap_or(false))
        .collect();
    let mut one = CpuSet::new();
    if let Some(cpu) = usable.get(processor % usable.len().max(1)) {
        one.set(*cpu).map_err(|e| e.to_string())?;
        sched_setaffinity(own, &one).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn make_folder(path: &str) -> Result<(), String> {
    std::fs::create_dir_all(path).map_err(|e| format!("{path}: {e}"))
}

/// Mounts an empty file system in memory.
///
/// # Errors
/// What the kernel says.
pub(crate) fn tmpfs(path: &str) -> Result<(), String> {
    mount(
        Some("tmpfs"),
        path,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=1777"),
    )
    .map_err(|e| format!("tmpfs on {path}: {e}"))
}

/// A /dev of its own, so that each scenario has its own /dev/log.
///
/// # Errors
/// What the kernel says.
pub(crate) fn private_dev() -> Result<(), String> {
    let nothing: Option<&str> = None;
    let new = "/run/golden/dev";
    make_folder(new)?;
    tmpfs(new)?;
    for node in ["null", "zero", "full", "random", "urandom", "tty"] {
        let (from, to) = (format!("/dev/{node}"), format!("{new}/{node}"));
        std::fs::File::create(&to).map_err(|e| format!("{to}: {e}"))?;
        mount(
            Some(from.as_str()),
            to.as_str(),
            nothing,
            MsFlags::MS_BIND,
            nothing,
        )
        .map_err(|e| format!("{to}: {e}"))?;
    }
    make_folder(&format!("{new}/shm"))?;
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        std::os::unix::fs::symlink(target, format!("{new}/{name}")).map_err(|e| e.to_string())?;
    }
    // Not sticky: in a sticky folder nobody may open another's device with O_CREAT, as shells do.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(new, mode).map_err(|e| format!("{new}: {e}"))?;
    mount(Some(new), "/dev", nothing, MsFlags::MS_MOVE, nothing).map_err(|e| format!("/dev: {e}"))
}

/// Sets IFF_UP on the loopback device by one rtnetlink message: no tool has to be installed for it.
fn lo_up() -> Result<(), String> {
    use nix::sys::socket::{
        AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto,
        socket,
    };
    use std::os::fd::AsRawFd;
    const RTM_NEWLINK: u16 = 16;
    const NLM_F_REQUEST_ACK: u16 = 1 | 4;
    const IFF_UP: u32 = 1;
    let mut message = Vec::new();
    message.extend_from_slice(&32u32.to_ne_bytes());
    message.extend_from_slice(&RTM_NEWLINK.to_ne_bytes());
    message.extend_from_slice(&NLM_F_REQUEST_ACK.to_ne_bytes());
    message.extend_from_slice(&[0; 8]); // sequence, port
    message.extend_from_slice(&[0; 4]); // family, padding, type
    message.extend_from_slice(&1u32.to_ne_bytes()); // loopback is always index 1
    message.extend_from_slice(&IFF_UP.to_ne_bytes()); // flags
    message.extend_from_slice(&IFF_UP.to_ne_bytes()); // mask of changed flags
    let failed = |e: nix::Error| format!("loopback: {e}");
    let netlink = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )
    .map_err(failed)?;
    let kernel = NetlinkAddr::new(0, 0);
    sendto(netlink.as_raw_fd(), &message, &kernel, MsgFlags::empty()).map_err(failed)?;
    let mut reply = [0u8; 256];
    let length = recv(netlink.as_raw_fd(), &mut reply, MsgFlags::empty()).map_err(failed)?;
    match reply.get(16..20) {
        Some([0, 0, 0, 0]) if length >= 20 => Ok(()),
        _ => Err("loopback: the kernel refuses to bring it up".to_owned()),
    }
}
