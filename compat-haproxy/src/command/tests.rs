//! Commands over an in-memory connection, on a small plan; the answers are those of HAProxy 2.6.12.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use locum_model::{
    Located, Model,
    address::Address,
    pool::Member,
    proxy::{
        Backend, Bind, Frontend, Mode, OnError, OnMarkedDown, OnMarkedUp, Proxy, ProxyKind, Server,
        StatsLevel,
    },
};
use locum_runtime::{
    admin::{Admin, Control, Kill, LocalFuture, SessionRow, serve},
    event::Event,
    live::Live,
    plan::{self, ProxyId},
    vocab::{Now, Vocabulary},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{COMMANDS, WORDING, help};
use crate::event;

fn ip(port: u16) -> Address {
    Address::Ip {
        ip: "127.0.0.1".parse().unwrap(),
        port,
    }
}

fn server(name: &str) -> Server {
    Server {
        member: Member {
            name: Located::new(name.to_owned(), locum_model::Origin::default()),
            address: ip(18099),
            hostname: None,
            port_offset: None,
            weight: 1,
            backup: false,
            check: None,
        },
        id: 1,
        cookie: None,
        maxconn: None,
        minconn: None,
        maxqueue: None,
        disabled: false,
        send_proxy: None,
        source: None,
        slowstart: None,
        track: None,
        observe: None,
        error_limit: 10,
        on_error: OnError::default(),
        on_marked_down: OnMarkedDown::default(),
        on_marked_up: OnMarkedUp::default(),
        redirect_prefix: None,
        init_addr: Vec::new(),
        pool_low_conn: 0,
        pool_max_conn: None,
        pool_purge_delay: Duration::from_secs(5),
        max_reuse: None,
        user_timeout: None,
        fast_open: false,
        non_stick: false,
    }
}

fn model() -> Model {
    let frontend = Proxy {
        name: Located::new("f".to_owned(), locum_model::Origin::default()),
        kind: ProxyKind::Frontend,
        id: 2,
        mode: Mode::Http,
        frontend: Some(Frontend {
            binds: vec![Located::new(
                Bind::at(ip(80)),
                locum_model::Origin::default(),
            )],
            ..Frontend::default()
        }),
        ..Proxy::default()
    };
    let backend = Proxy {
        name: Located::new("b".to_owned(), locum_model::Origin::default()),
        kind: ProxyKind::Backend,
        id: 3,
        mode: Mode::Http,
        backend: Some(Backend {
            servers: vec![Located::new(server("s1"), locum_model::Origin::default())],
            ..Backend::default()
        }),
        ..Proxy::default()
    };
    Model {
        proxies: vec![frontend, backend],
        ..Model::default()
    }
}

const NO_WORDS: Vocabulary = Vocabulary {
    fetch: |_| None,
    converter: |_| None,
    matcher: |_| None,
    action: |_, _| None,
    alias: |_| None,
    tells_server_source: |_| false,
    filter: |_| None,
    stats_page: crate::stats::page::serve,
    failed_connection: crate::log_alias::connection::write,
    dump: None,
};

/// A process that only remembers what it is told.
#[derive(Default)]
struct Recorder {
    events: RefCell<Vec<Event>>,
}

impl Control for Recorder {
    fn emit(&self, event: Event) {
        self.events.borrow_mut().push(event);
    }
    fn listen(&self, _: ProxyId, _: bool) {}
    fn stop(&self, _: ProxyId) {}
    fn sessions(&self) -> LocalFuture<'_, Vec<SessionRow>> {
        Box::pin(std::future::ready(Vec::new()))
    }
    fn kill(&self, _: Kill) -> LocalFuture<'_, usize> {
        Box::pin(std::future::ready(0))
    }
}

struct Conversation {
    answer: String,
    messages: Vec<event::Message>,
}

/// What a client reads who sends `input` and closes its side.
#[allow(clippy::disallowed_methods)]
fn converse(level: StatsLevel, input: &str) -> Conversation {
    let capacity = plan::build::Capacity {
        threads: 1,
        limits: locum_runtime::process::limits::Demand::default().limits(19980),
    };
    let plan = Arc::new(plan::build::build(&model(), NO_WORDS, capacity).unwrap());
    let now = Now {
        instant: Instant::now(),
        date: SystemTime::now(),
    };
    let recorder = Rc::new(Recorder::default());
    let admin = Rc::new(Admin {
        live: Arc::new(Live::new(&plan, now)),
        plan: plan.clone(),
        commands: COMMANDS,
        wording: WORDING,
        control: recorder.clone(),
        timeout: Duration::from_secs(10),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let answer = runtime.block_on(async {
        let (mut client, served) = tokio::io::duplex(1 << 20);
        let talk = async {
            client.write_all(input.as_bytes()).await.unwrap();
            client.shutdown().await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let (answer, done) = tokio::join!(talk, serve(admin, level, None, served));
        done.unwrap();
        answer
    });
    let events = recorder.events.borrow();
    let messages = events
        .iter()
        .filter_map(|e| event::word(&plan, e))
        .collect();
    Conversation { answer, messages }
}

fn ask(input: &str) -> String {
    converse(StatsLevel::Admin, input).answer
}

#[test]
fn commands_stand_in_the_order_of_the_reference_s_help_with_its_texts() {
    // All lines of HAProxy 2.6.12's `help`.
    let mut theirs = include_str!("help-2.6.12.txt").lines();
    for command in COMMANDS {
        let ours = help::Entry::from(*command).line();
        assert!(
            theirs.any(|line| line == ours),
            "not there, or not in its place: {ours:?}"
        );
    }
}

#[test]
fn lines_and_chains_are_answered_in_order_and_a_line_needs_its_end() {
    assert_eq!(ask("show cli level\n"), "admin\n\n");
    assert_eq!(ask("show cli level;show cli level\n"), "admin\n\nadmin\n\n");
    assert_eq!(
        ask("show cli level\nshow cli level\n"),
        "admin\n\nadmin\n\n"
    );
    assert_eq!(ask("   show   cli    level   \r\n"), "admin\n\n");
    assert_eq!(ask("show cli level"), "");
    assert_eq!(ask("quit;show cli level\n"), "");
    assert_eq!(ask("show cli level <<\nfoo\n\n"), "admin\n\n");
}

#[test]
fn interactive_mode_asks_for_each_line() {
    assert_eq!(ask("prompt\nshow cli level\nquit\n"), "\n> admin\n\n> ");
    assert_eq!(ask("prompt; show cli level\n"), "\n> admin\n\n> ");
    assert_eq!(ask("prompt\nprompt\n"), "\n> \n");
}

#[test]
fn a_lowered_level_stays_low() {
    assert_eq!(
        ask("user; show cli level; disable server b/s1; show env; clear counters\n"),
        "\nuser\n\nPermission denied\n\nPermission denied\n\nPermission denied\n\n"
    );
    let operator = converse(StatsLevel::Operator, "set weight b/s1 3\n");
    assert_eq!(operator.answer, "Permission denied\n\n");
}

#[test]
fn things_that_are_not_there_are_told_as_the_reference_tells_them() {
    for (command, answer) in [
        ("disable server b/zz", "No such server."),
        ("disable server zz/s1", "No such backend."),
        ("disable server", "Require 'backend/server'."),
        ("disable frontend zz", "No such frontend."),
        ("disable frontend", "A frontend name is expected."),
        ("enable frontend f", "All sockets are already enabled."),
        ("set maxconn frontend f", "Integer value expected."),
        ("set maxconn global", "Expects an integer value."),
        ("set maxconn global 100000", "Value out of range."),
        ("set maxconn server b/s1", "Require <maxconn>."),
        ("set weight b/s1", "Require <weight> or <weight%>."),
        (
            "shutdown session 0x123",
            "No such session (use 'show sess').",
        ),
        ("show servers state zz", "Can't find backend."),
        ("show stat zz 1 1", "No such proxy."),
        ("set timeout", "'set timeout' only supports 'cli'."),
        ("show sess 0x99", "Session not found."),
    ] {
        assert_eq!(ask(&format!("{command}\n")), format!("{answer}\n\n"));
    }
}

#[test]
fn half_a_command_lists_what_it_could_become() {
    assert_eq!(
        ask("show cli foo\n"),
        "Unknown command, but maybe one of the following ones is a better match:\n\
         \x20 show cli level                          : display the level of the current CLI session\n\
         \x20 show cli sockets                        : dump list of cli sockets\n\
         \x20 help [<command>]                        : list matching or all commands\n\
         \x20 prompt                                  : toggle interactive mode with prompt\n\
         \x20 quit                                    : disconnect\n\n"
    );
    assert!(ask("\n").starts_with(
        "Unknown command. Please enter one of the following commands only:\n  add acl"
    ));
}

#[test]
fn weights_change_and_are_told_with_the_configured_one() {
    assert_eq!(
        ask("set weight b/s1 10;get weight b/s1;set weight b/s1 50%;get weight b/s1\n"),
        "\n10 (initial 1)\n\n\n0 (initial 1)\n\n"
    );
}

#[test]
fn maintenance_is_told_in_the_log_and_in_the_statistics() {
    let talk = converse(
        StatsLevel::Admin,
        "disable server b/s1;show stat b 4 1;enable server b/s1;disable frontend f\n",
    );
    assert!(talk.answer.contains(",MAINT,"), "{}", talk.answer);
    let texts: Vec<_> = talk
        .messages
        .iter()
        .map(|m| (m.level, m.text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [
            (
                1,
                "Server b/s1 is going DOWN for maintenance. 0 active and 0 backup servers left. \
                 0 sessions active, 0 requeued, 0 remaining in queue."
            ),
            (0, "backend b has no server available!"),
            (5, "Server b/s1 is UP/READY (leaving forced maintenance)."),
            (4, "Paused frontend f."),
        ]
    );
    assert_eq!(
        talk.messages[1].console_line(7),
        "[ALERT]    (7) : backend 'b' has no server available!\n"
    );
}

#[test]
fn a_server_moves_to_another_address() {
    assert_eq!(
        ask(
            "set server b/s1 addr 127.0.0.1;set server b/s1 addr 127.0.0.2 port 33;set server b/s1 addr foo\n"
        ),
        "no need to change the addr by 'stats socket command'\n\n\
         IP changed from '127.0.0.1' to '127.0.0.2', port changed from '18099' to '33' by 'stats socket command'\n\n\
         Invalid addr 'foo' by 'stats socket command'\n\n"
    );
}

#[test]
fn statistics_are_those_of_the_reference_before_any_traffic() {
    let rows = ask("show stat\n");
    let mut rows = rows.lines().skip(1);
    assert_eq!(
        rows.next().unwrap(),
        "f,FRONTEND,,,0,0,9985,0,0,0,0,0,0,,,,,OPEN,,,,,,,,,1,2,0,,,,0,0,0,0,,,,0,0,0,0,0,0,,0,0,0,,,0,0,0,0,,,,,,,,,,,,,,,,,,,,,http,,0,0,0,0,0,0,0,,,0,0,,,,,,,0,,,,,,,,,-,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
    );
    assert_eq!(
        rows.next().unwrap(),
        "b,s1,0,0,0,0,,0,0,0,,0,,0,0,0,0,no check,1,1,0,,,0,,,1,3,1,,0,,2,0,,0,,,,0,0,0,0,0,0,,,,0,0,0,,,,,-1,,,0,0,0,0,,,,,,,,,,,,127.0.0.1:18099,,http,,,,,,,,0,0,0,,,0,,0,0,0,0,0,0,0,0,0,1,,,,-,0,0,0,,,,,,,,,,,,,,,,,,,,,,"
    );
    let backend = rows.next().unwrap();
    assert!(
        backend.starts_with("b,BACKEND,0,0,0,0,1,0,0,0,0,0,,0,0,0,0,UP,1,1,0,,0,"),
        "{backend}"
    );
    assert!(
        backend.contains(",UP,1,1,0,,0,0,0,,1,3,0,,0,,1,0,,0,,,,0,0,0,0,0,0,,,,0,0,0,0,0,0,0,-1,"),
        "{backend}"
    );
    let typed = ask("show stat b 4 1 typed\n");
    assert!(typed.contains("S.3.1.17.status.1:SGP:str:no check\nS.3.1.18.weight.1:MaP:u32:1\n"));
}

#[test]
fn the_client_itself_is_among_the_sessions() {
    let sessions = ask("show sess\n");
    assert!(
        sessions
            .starts_with("0x0: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=00 "),
        "{sessions}"
    );
}
