//! Commands' way to the rest of the process: every worker's sessions, the listeners, the events.

use std::{cell::Cell, rc::Rc, time::Instant};

use super::{Control, Kill, LocalFuture, SessionRow};
use crate::{
    clock,
    event::Event,
    plan::{ProxyId, ServerId},
    server,
    worker::{
        Worker,
        mailbox::Message,
        wait::{KillReason, Order, StreamTag},
    },
};

/// The process, as commands reach it from the first worker.
pub struct Process {
    /// The worker that serves the command sockets.
    pub worker: Rc<Worker>,
    /// Has an event worded and logged.
    pub emit: Rc<dyn Fn(Event)>,
    /// Workers were told something that they may not have done yet.
    pub unsettled: Cell<bool>,
}

impl Control for Process {
    fn emit(&self, event: Event) {
        if let Event::Server { backend, event } = &event {
            react(&self.worker, *backend, event);
        }
        (self.emit)(event);
    }

    fn listen(&self, frontend: ProxyId, on: bool) {
        self.worker
            .mailboxes
            .say_all(|| Message::ListenOne(frontend, on));
        self.unsettled.set(true);
    }

    fn stop(&self, frontend: ProxyId) {
        self.worker.mailboxes.say_all(|| Message::StopOne(frontend));
        self.unsettled.set(true);
    }

    fn settled(&self) -> LocalFuture<'_, ()> {
        Box::pin(async {
            if self.unsettled.take() {
                // A mailbox is read in order: who answers this has read what came before.
                self.gather(|_| ()).await;
            }
        })
    }

    fn sessions(&self) -> LocalFuture<'_, Vec<SessionRow>> {
        Box::pin(async {
            let now = clock::now();
            self.gather(move |worker| {
                let tags = worker.tags().into_iter();
                tags.map(|tag| row(&tag, worker.index, now))
                    .collect::<Vec<_>>()
            })
            .await
            .into_iter()
            .flatten()
            .collect()
        })
    }

    fn kill(&self, which: Kill) -> LocalFuture<'_, usize> {
        Box::pin(async move {
            let counts = self.gather(move |worker| match which {
                Kill::Stream(number) => {
                    worker.order_where(Order::Kill(KillReason::Command), |tag| tag.number == number)
                }
                Kill::Server(server) => worker
                    .order_where(Order::Kill(KillReason::Command), |tag| {
                        tag.server == Some(server)
                    }),
            });
            counts.await.into_iter().sum()
        })
    }
}

impl Process {
    /// Runs something on every worker and collects what it gives.
    async fn gather<T: Send + 'static>(
        &self,
        ask: impl Fn(&Worker) -> T + Clone + Send + 'static,
    ) -> Vec<T> {
        let (answers, mut read) = tokio::sync::mpsc::unbounded_channel();
        self.worker.mailboxes.say_all(|| {
            let (ask, answers) = (ask.clone(), answers.clone());
            Message::Run(Box::new(move |worker| drop(answers.send(ask(worker)))))
        });
        drop(answers);
        let mut all = Vec::new();
        while let Some(answer) = read.recv().await {
            all.push(answer);
        }
        all
    }
}

/// What a change of a server means to sessions: `on-marked-down`, `on-marked-up`.
pub fn react(worker: &Worker, backend: ProxyId, event: &server::Event) {
    use server::Event as Change;
    let (index, reason) = match event {
        Change::Down {
            server,
            shutdown_sessions: true,
            ..
        }
        | Change::Admin {
            server,
            shutdown_sessions: true,
            ..
        } => (Some(*server), KillReason::ServerDown),
        Change::Up {
            shutdown_backup_sessions: true,
            ..
        } => (None, KillReason::ServerUp),
        _ => return,
    };
    let plan = worker.plan.clone();
    let doomed: Vec<ServerId> = match index {
        Some(index) => vec![ServerId { backend, index }],
        None => plan
            .proxy(backend)
            .backend
            .iter()
            .flat_map(|backend| &backend.servers)
            .filter(|server| server.settings.member.backup)
            .map(|server| server.id)
            .collect(),
    };
    worker.mailboxes.say_all(|| {
        let doomed = doomed.clone();
        Message::Run(Box::new(move |worker| {
            worker.order_where(Order::Kill(reason), |tag| {
                tag.server.is_some_and(|id| doomed.contains(&id))
            });
        }))
    });
}

fn row(tag: &StreamTag, worker: usize, now: Instant) -> SessionRow {
    SessionRow {
        number: tag.number,
        source: tag.source,
        frontend: Some(tag.frontend),
        backend: tag.backend,
        server: tag.server,
        age: now.saturating_duration_since(tag.since),
        expires: None,
        worker,
    }
}
