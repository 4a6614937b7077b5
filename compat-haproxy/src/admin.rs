//! Work beside the traffic: health checks, the command sockets, and the words for what happens.

use std::{io::Write, rc::Rc, sync::Arc};

use locum_runtime::{
    admin::{
        self, Admin,
        control::Process,
        listen::{self, CommandSocket},
    },
    check::start as checks,
    clock,
    event::Event,
    live::gauge::Gauge,
    plan::Plan,
    process::handover::Listener,
    worker::{Worker, serve::Background},
};

use crate::{command, event};

/// What runs on the first worker besides its traffic. `shared` are the listeners that a successor may ask for.
pub fn background(
    sockets: Vec<CommandSocket>,
    shared: Vec<Listener>,
    speaks: bool,
) -> Vec<Background> {
    vec![Box::new(move |worker: Rc<Worker>| {
        let emit: Rc<dyn Fn(Event)> = {
            let worker = worker.clone();
            Rc::new(move |event| say(&worker, &event, speaks))
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
        let places = Gauge::new(Some(
            worker
                .plan
                .global
                .stats_maxconn
                .unwrap_or(admin::DEFAULT_MAXCONN),
        ));
        let admin = Rc::new(Admin {
            plan: worker.plan.clone(),
            live: worker.live.clone(),
            commands: command::COMMANDS,
            wording: command::WORDING,
            control: Rc::new(Process {
                worker: worker.clone(),
                emit,
            }),
            timeout: worker
                .plan
                .global
                .stats_timeout
                .unwrap_or(admin::DEFAULT_TIMEOUT),
        });
        let shared = Arc::new(shared);
        for socket in sockets {
            listen::start(admin.clone(), socket, places.clone(), shared.clone());
        }
    })]
}

/// Words an event: a line in the log of its proxy, and one on standard error while somebody may read it.
fn say(worker: &Worker, event: &Event, speaks: bool) {
    let plan: &Plan = &worker.plan;
    let Some(message) = event::word(plan, event) else {
        return;
    };
    if speaks {
        // A console that has gone loses the line.
        let _ = std::io::stderr().write_all(message.console_line(std::process::id()).as_bytes());
    }
    if let Some(proxy) = message.proxy {
        let log = &plan.proxy(proxy).log;
        worker.send(
            clock::both().date,
            &log.targets,
            message.level,
            &log.tag,
            message.text.as_bytes(),
        );
    }
}
