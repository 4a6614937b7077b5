//! Work beside the traffic: health checks, the command sockets, and the words for what happens.

use std::{cell::Cell, os::unix::net::UnixStream, rc::Rc, sync::Arc};

use locum_runtime::{
    admin::{
        self, Admin,
        control::Process,
        listen::{self, CommandSocket},
    },
    check::start as checks,
    clock,
    event::Event,
    log::{Words, console, feed, level},
    process::handover::Listener,
    worker::{Worker, serve::Background},
};

use crate::{
    command, dump,
    event::{self, Audience, Message},
};

/// What runs on the first worker besides its traffic. `shared` are the listeners that a successor may ask for; over
/// `from_master` come clients of the master.
pub fn background(
    sockets: Vec<CommandSocket>,
    shared: Vec<Listener>,
    from_master: Option<UnixStream>,
    speaks: bool,
) -> Vec<Background> {
    vec![Box::new(move |worker: Rc<Worker>| {
        worker.tell_events_to(Rc::new(move |worker, event| say(worker, &event, speaks)));
        let emit: Rc<dyn Fn(Event)> = {
            let worker = worker.clone();
            Rc::new(move |event| worker.emit(event))
        };
        let tell: checks::Tell = {
            let (worker, emit) = (worker.clone(), emit.clone());
            Rc::new(move |backend, events| {
                for event in events {
                    admin::control::react(&worker, backend, &event);
                    emit(Event::Server { backend, event });
                }
            })
        };
        checks::start(&worker, &tell);
        feed::start(&worker);
        let places = worker.live.command_clients.clone();
        let admin = Rc::new(Admin {
            plan: worker.plan.clone(),
            live: worker.live.clone(),
            commands: command::COMMANDS,
            wording: command::WORDING,
            control: Rc::new(Process {
                worker: worker.clone(),
                emit,
                unsettled: Cell::new(false),
            }),
            timeout: worker
                .plan
                .global
                .stats_timeout
                .unwrap_or(admin::DEFAULT_TIMEOUT),
        });
        if let Some(channel) = from_master {
            listen::start_for_master(admin.clone(), channel);
        }
        let shared = Arc::new(shared);
        for socket in sockets {
            listen::start(admin.clone(), socket, places.clone(), shared.clone());
        }
    })]
}

/// Words an event: a line in the log of its proxy, and one on standard error while somebody may read it.
fn say(worker: &Worker, event: &Event, speaks: bool) {
    if let Some(message) = event::word(&worker.plan, event) {
        tell(worker, &message, speaks);
    }
}

/// Tells operators something.
fn tell(worker: &Worker, message: &Message, speaks: bool) {
    if speaks {
        console::print(message.console_line(std::process::id()).as_bytes());
    }
    log(worker, message);
}

fn log(worker: &Worker, message: &Message) {
    let log = match message.audience {
        Audience::Proxy(proxy) => &worker.plan.proxy(proxy).log,
        Audience::Global => &worker.plan.log,
        Audience::Nobody => return,
    };
    worker.send(
        clock::both().date,
        &log.targets,
        message.level,
        Words {
            tag: &log.tag,
            message: message.text.as_bytes(),
            ..Words::default()
        },
    );
}

/// Tells that all proxies have stopped, in their order. Below a master (`supervised`) the command sockets' one goes on:
/// the master still reaches a worker that leaves.
pub fn tell_stopped(worker: &Worker, speaks: bool, supervised: bool) {
    if !worker.plan.global.stats_sockets.is_empty() && !supervised {
        // Each client of a command socket is a session of the reference's proxy for them, on both its sides.
        let clients = worker.live.commands.value();
        let text = event::stopped(dump::COMMAND_PROXY, clients, clients);
        let message = Message::warning_to(Audience::Nobody, level::WARNING, text);
        tell(worker, &message, speaks);
    }
    for proxy in &worker.plan.proxies {
        let live = worker.live.proxy(proxy.id);
        worker.emit(Event::Stopped {
            proxy: proxy.id,
            frontend_connections: live.frontend.sum(|counters| &counters.connections),
            backend_sessions: live.backend.sum(|counters| &counters.sessions),
        });
    }
    let text = event::stopped(dump::INTERNAL_PROXY, 0, 0);
    let message = Message::warning_to(Audience::Global, level::WARNING, text);
    tell(worker, &message, speaks);
}

/// Tells that `hard-stop-after` has come, and of the frontends with clients whose connections are cut.
pub fn tell_hard_stop(worker: &Worker) {
    worker.emit(Event::HardStop);
    for proxy in &worker.plan.proxies {
        let connections = worker.live.proxy(proxy.id).clients.now();
        if connections > 0 {
            worker.emit(Event::HardStopped {
                proxy: proxy.id,
                connections,
            });
        }
    }
}

/// Tells the state of everything (SIGHUP).
pub fn tell_state(worker: &Worker, speaks: bool) {
    if speaks {
        let title = Message::warning_to(Audience::Nobody, level::NOTICE, dump::TITLE.to_owned());
        tell(worker, &title, true);
    }
    for line in dump::lines(&worker.plan, &worker.live) {
        match line {
            dump::Line::Log(message) => log(worker, &message),
            dump::Line::Both(message) => tell(worker, &message, speaks),
        }
    }
}
