//! One serving process: binds, becomes who it is to be, starts the workers, and follows signals to its end.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    time::{Duration, Instant},
};

use locum_model::{Model, address::Address};
use locum_runtime::{
    admin::listen::CommandSocket,
    clock,
    live::Live,
    log::{Identity, console},
    net::listener::{self, BindError, ListeningSocket, Settings},
    plan::{
        ListenerId, Plan,
        build::{self, Capacity},
    },
    process::{
        BindFailure, Control, Exit, Predecessors, Privileges, Running, Service, Signal, Start,
        ToMaster, Trouble, change_environment,
        handover::{self, Listener as HandedListener},
        limits::{Demand, Limits},
        run as start_process, signals,
    },
    sample::initial,
    vocab::Vocabulary,
    worker::{
        Worker,
        mailbox::{Mailboxes, Message as WorkerMessage},
        serve::{self, SHUTDOWN},
    },
};

use super::{Face, plain};
use crate::{
    admin, filter,
    message::{Level, Message},
    message_dump, words,
};

/// Starts serving a configuration.
pub(super) fn start(
    face: Face,
    model: Model,
    handed: Vec<HandedListener>,
    master: Option<ToMaster>,
) -> Exit {
    // The one thread that there is yet; conditions and formats are compiled later and see what is set here.
    if let Err(error) = change_environment(&model.process.environment) {
        face.tell(&[plain(format!("Cannot change the environment: {error}."))]);
        return Exit::Status(1);
    }
    let privileges = match Privileges::prepare(&model.process) {
        Ok(privileges) => privileges,
        Err(error) => {
            face.tell_from_main(&words::privilege(&error));
            return Exit::Status(1);
        }
    };
    let process = &model.process;
    let start = Start {
        daemon: process.daemon == Some(true) && master.is_none(),
        pidfile: process.pidfile.clone().filter(|_| master.is_none()),
        privileges,
        demand: demand(&model, master.is_some()),
        predecessors: match master {
            Some(_) => Predecessors::default(),
            None => Predecessors {
                pids: face.args.old.pids.clone(),
                finish: face.args.old.finish,
            },
        },
    };
    let mut handed = handed;
    if let Some(path) = &face.args.listeners_from {
        match handover::request(path) {
            Ok(listeners) => handed.extend(listeners),
            Err(error) => {
                let warning = Message {
                    level: Level::Warning,
                    ..plain(not_handed_over(path, &error))
                };
                let alert = plain("Failed to get the sockets from the old process!");
                face.tell(&[warning, alert]);
                return Exit::Status(1);
            }
        }
    }
    start_process(
        start,
        Serving {
            face,
            model,
            handed,
            master,
        },
    )
}

fn not_handed_over(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            format!("Failed to connect to the old process socket '{path}'")
        }
        _ => format!("Failed to receive the sockets of the old process at '{path}': {error}"),
    }
}

/// What the descriptor limit has to allow.
pub(super) fn demand(model: &Model, supervised: bool) -> Demand {
    let servers = || {
        model
            .proxies
            .iter()
            .filter_map(|proxy| proxy.backend.as_ref())
            .flat_map(|b| &b.servers)
    };
    let process = &model.process;
    let sockets = model.global.stats_sockets.len() as u64;
    Demand {
        maxconn: process.maxconn,
        listeners: model
            .proxies
            .iter()
            .filter_map(|proxy| proxy.frontend.as_ref())
            .map(|frontend| frontend.binds.len() as u64)
            .sum(),
        checks: servers()
            .filter(|server| server.member.check.is_some())
            .count() as u64,
        agent_checks: 0,
        command_sockets: sockets,
        command_clients: if sockets > 0 {
            u64::from(model.global.stats_maxconn.unwrap_or(10))
        } else {
            0
        },
        threads: threads(model) as u64,
        maxpipes: process.maxpipes,
        splicing: model.proxies.iter().any(|proxy| {
            proxy.options.splice_auto
                || proxy.options.splice_request
                || proxy.options.splice_response
        }),
        ulimit_n: process.ulimit_n,
        hard_limit: process.fd_hard_limit,
        strict: process.strict_limits.unwrap_or(true),
        supervised,
    }
}

/// All cores unless the configuration says otherwise.
fn threads(model: &Model) -> usize {
    match model.process.nbthread {
        Some(threads) => threads as usize,
        None => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    }
}

struct Serving {
    face: Face,
    model: Model,
    /// Listening sockets of a predecessor.
    handed: Vec<HandedListener>,
    master: Option<ToMaster>,
}

/// What binding results in.
struct Bound {
    plan: Arc<Plan>,
    sockets: Vec<(ListenerId, ListeningSocket)>,
    command_sockets: Vec<CommandSocket>,
}

/// Why there is nothing to serve.
enum StartError {
    /// The plan can't be built.
    Plan(locum_runtime::plan::compile::PlanError),
    /// A socket can't be made: its line, its frontend, and why.
    Bind(String, String, BindError),
}

impl Service for Serving {
    type Bound = Bound;
    type BindError = StartError;

    fn bind(&mut self, limits: &Limits) -> Result<Bound, BindFailure<StartError>> {
        let capacity = Capacity {
            threads: threads(&self.model),
            limits: *limits,
        };
        // Lines carry the program's name when nothing else was said (manual 3.1, "log-tag").
        let tag = &mut self.model.global.log_tag;
        tag.get_or_insert_with(|| "haproxy".to_owned());
        let vocabulary = Vocabulary {
            dump: self.face.args.debug.then_some(message_dump::write as _),
            ..words::vocabulary()
        };
        let plan =
            build::build(&self.model, vocabulary, capacity).map_err(|error| BindFailure {
                error: StartError::Plan(error),
                busy: false,
            })?;
        let mut sockets = Vec::with_capacity(plan.listeners.len());
        for planned in &plan.listeners {
            let proxy = plan.proxy(planned.frontend);
            let maxconn = proxy
                .frontend
                .as_ref()
                .map_or(limits.maxconn as u32, |frontend| frontend.maxconn);
            let backlog = self.model.proxies[planned.frontend.index()]
                .frontend
                .as_ref()
                .and_then(|f| f.backlog);
            let settings = Settings {
                backlog: listener::backlog(&planned.bind, backlog, maxconn),
                smart_accept: proxy.options.tcp_smart_accept
                    || proxy.mode == locum_model::proxy::Mode::Http,
            };
            let place = planned.at.to_string();
            sockets.push((
                planned.id,
                self.socket(&planned.bind, settings, &place, &proxy.name)?,
            ));
        }
        let mut command_sockets = Vec::new();
        for socket in &self.model.global.stats_sockets.clone() {
            let settings = Settings {
                backlog: 1024,
                smart_accept: false,
            };
            let place = socket.at.to_string();
            let listening = self.socket(&socket.bind, settings, &place, "GLOBAL")?;
            command_sockets.push(CommandSocket {
                bind: socket.bind.clone(),
                socket: listening,
            });
        }
        Ok(Bound {
            plan: Arc::new(plan),
            sockets,
            command_sockets,
        })
    }

    fn bind_failed(&mut self, error: StartError) {
        let text = match error {
            StartError::Plan(error) => format!("[{}] {:?}", error.at, error.kind),
            StartError::Bind(place, frontend, error) => {
                crate::event::bind_error(&place, &frontend, &error)
            }
        };
        self.face.tell(&[plain(text)]);
        self.face
            .tell_from_main("Some protocols failed to start their listeners! Exiting.");
    }

    fn trouble(&mut self, trouble: &Trouble, fatal: bool) {
        let level = words::trouble_level(trouble, fatal);
        self.face.tell_from_main_at(level, &words::trouble(trouble));
    }

    fn serve(self, bound: Bound, running: Running) -> Exit {
        let Bound {
            plan,
            sockets,
            command_sockets,
        } = bound;
        let live = Arc::new(Live::new(&plan, clock::both()));
        initial::set(&plan, &live, clock::both());
        let identity = Identity {
            pid: std::process::id(),
            ..words::identity(&self.model.global)
        };
        if self.face.args.debug || self.face.args.verbose {
            introduce(&self.model, running.limits.maxconn);
        }
        let (events, control) = mpsc::channel();
        let on_signal = events.clone();
        if signals::listen(move |event| {
            let _ = on_signal.send(event);
        })
        .is_err()
        {
            return Exit::Status(1);
        }
        // An abstract socket can't be bound beside the one of a worker that leaves, nor replaced by a rename.
        let unique = command_sockets
            .iter()
            .filter(|socket| matches!(socket.bind.address, Address::Abstract(_)));
        let shared: Vec<HandedListener> = sockets
            .iter()
            .map(|(_, socket)| socket)
            .chain(unique.map(|socket| &socket.socket))
            .filter_map(copy)
            .collect();
        if let Some(master) = &self.master {
            let orphaned = events.clone();
            let _ = master.watch(move || {
                let _ = orphaned.send(Control::HardStop);
            });
        }
        let exposed = shared.iter().filter_map(duplicate).collect();
        let speaks = !self.face.args.quiet && self.model.process.daemon != Some(true);
        let from_master = self.master.as_ref();
        let from_master = from_master.and_then(|master| master.commands().try_clone().ok());
        let background = admin::background(command_sockets, exposed, from_master, speaks);
        if let Some(begin) = self.face.beside.take()
            && let Err(error) = begin()
        {
            self.face.tell(&[plain(error.to_string())]);
            return Exit::Status(1);
        }
        let Ok(workers) = serve::start(&plan, &live, sockets, &identity, background) else {
            self.face.tell(&[plain("Cannot create worker threads.")]);
            return Exit::Status(1);
        };
        if let Some(master) = &self.master
            && master.serving(&shared).is_err()
        {
            return Exit::Status(1);
        }
        drop(shared);
        if running.serving().is_err() {
            return Exit::Status(1);
        }
        let exit = self.follow(&workers.mailboxes, &control, speaks);
        workers.mailboxes.say_all(|| WorkerMessage::HardStop);
        match exit {
            Exit::Status(0) => workers.join(),
            // Who asks for an end at once gets it; lines of what was done are worth a moment.
            _ => workers.join_within(LAST_LINES),
        }
        exit
    }
}

/// What workers have for their last log lines when the process ends at once.
const LAST_LINES: Duration = Duration::from_millis(200);

impl Serving {
    fn socket(
        &mut self,
        bind: &locum_model::proxy::Bind,
        settings: Settings,
        place: &str,
        frontend: &str,
    ) -> Result<ListeningSocket, BindFailure<StartError>> {
        if let Some(socket) = self.inherited(&bind.address, bind.interface.as_deref()) {
            return Ok(socket);
        }
        match listener::bind(bind, settings) {
            Ok(bound) => Ok(bound.socket),
            Err(error) => Err(BindFailure {
                busy: error.error.kind() == std::io::ErrorKind::AddrInUse,
                error: StartError::Bind(place.to_owned(), frontend.to_owned(), error),
            }),
        }
    }

    /// The predecessor's socket for an address.
    fn inherited(&mut self, address: &Address, interface: Option<&str>) -> Option<ListeningSocket> {
        if self.handed.is_empty() {
            return None;
        }
        let address = match address {
            Address::Ip { ip, port } => std::net::SocketAddr::new(*ip, *port).into(),
            Address::Unix(path) => socket2::SockAddr::unix(path).ok()?,
            Address::Abstract(name) => listener::abstract_address(name).ok()?,
            Address::Descriptor(_) => return None,
        };
        let interface = interface.unwrap_or_default().as_bytes();
        let found = handover::pick(&mut self.handed, &address, interface)?;
        ListeningSocket::adopt(found.socket).ok()
    }

    /// Does what signals ask until nothing is left to serve.
    fn follow(
        &self,
        workers: &Arc<Mailboxes>,
        control: &mpsc::Receiver<Control>,
        speaks: bool,
    ) -> Exit {
        let mut stop = None;
        loop {
            let event = match &mut stop {
                None => control.recv().ok(),
                Some(stop) => match self.await_end(workers, control, stop) {
                    Some(event) => Some(event),
                    None => return Exit::Status(0),
                },
            };
            match event {
                // Nobody is left who could say anything.
                None => return Exit::Status(0),
                Some(Control::SoftStop) if stop.is_none() => {
                    stop = Some(self.stop_softly(workers, speaks));
                }
                Some(Control::HardStop) if self.master.is_some() => return Exit::Status(143),
                Some(Control::HardStop) => return Exit::Signal(Signal::SIGTERM),
                Some(Control::Interrupt) if self.master.is_some() => return Exit::Status(130),
                Some(Control::Interrupt) => return Exit::Signal(Signal::SIGINT),
                Some(Control::ReleasePorts) => workers.say_all(|| WorkerMessage::Listen(false)),
                Some(Control::ResumePorts) => workers.say_all(|| WorkerMessage::Listen(true)),
                Some(Control::Dump) => {
                    let tell = move |worker: &Worker| admin::tell_state(worker, speaks);
                    workers.say(0, WorkerMessage::Run(Box::new(tell)));
                }
                Some(_) => {}
            }
        }
    }

    fn stop_softly(&self, workers: &Mailboxes, speaks: bool) -> SoftStop {
        let left = Arc::new(AtomicUsize::new(workers.len()));
        workers.say_all(|| WorkerMessage::SoftStop);
        // Behind the order in each mailbox: the last worker that has closed its listeners has the first one, where
        // messages are told, tell of it.
        let told = Arc::new(AtomicBool::new(false));
        workers.say_all(|| {
            let (left, told) = (left.clone(), told.clone());
            let supervised = self.master.is_some();
            WorkerMessage::Run(Box::new(move |worker| {
                if left.fetch_sub(1, Relaxed) == 1 {
                    let tell = move |first: &Worker| {
                        admin::tell_stopped(first, speaks, supervised);
                        told.store(true, Relaxed);
                    };
                    worker.mailboxes.say(0, WorkerMessage::Run(Box::new(tell)));
                }
            }))
        });
        SoftStop {
            told,
            cut_at: self
                .model
                .process
                .hard_stop_after
                .map(|limit| clock::now() + limit),
        }
    }

    /// Waits until the last connection has ended; cuts them when `hard-stop-after` has come. A signal interrupts it.
    fn await_end(
        &self,
        workers: &Mailboxes,
        control: &mpsc::Receiver<Control>,
        stop: &mut SoftStop,
    ) -> Option<Control> {
        loop {
            if let Ok(event) = control.recv_timeout(END_PERIOD) {
                return Some(event);
            }
            if stop.told.load(Relaxed) && workers.total_load() == 0 {
                return None;
            }
            if stop.cut_at.is_some_and(|at| clock::now() >= at) {
                stop.cut_at = None;
                workers.say(0, WorkerMessage::Run(Box::new(admin::tell_hard_stop)));
                workers.say_all(|| WorkerMessage::Order(SHUTDOWN));
            }
        }
    }
}

/// A soft stop under way.
struct SoftStop {
    /// No worker listens any more, and that was told.
    told: Arc<AtomicBool>,
    /// When what is left is cut.
    cut_at: Option<Instant>,
}

/// How often a stopping process looks whether its last connection has ended.
const END_PERIOD: Duration = Duration::from_millis(10);

fn duplicate(listener: &HandedListener) -> Option<HandedListener> {
    let socket = listener.socket.try_clone().ok()?;
    Some(HandedListener {
        socket,
        namespace: listener.namespace.clone(),
        interface: listener.interface.clone(),
    })
}

fn copy(socket: &ListeningSocket) -> Option<HandedListener> {
    let fd: OwnedFd = match socket {
        ListeningSocket::Tcp(socket) => socket.as_fd().try_clone_to_owned().ok()?,
        ListeningSocket::Unix(socket) => socket.as_fd().try_clone_to_owned().ok()?,
    };
    Some(HandedListener::new(fd))
}

/// What `-d` and `-V` tell before anything is served: what was computed and what there is.
fn introduce(model: &Model, maxconn: u64) {
    let mut notes = String::new();
    if model.process.maxconn.is_none() {
        notes = format!("Note: setting global.maxconn to {maxconn}.\n");
    }
    notes += "Available polling systems :\n      epoll : pref=300,  test result OK\n";
    notes += "Total: 1 (1 usable), will use epoll.\n\nAvailable filters :\n";
    for filter in filter::FILTERS {
        notes += &format!("\t[{:>4}] {}\n", filter.name.to_uppercase(), filter.name);
    }
    console::print(notes.as_bytes());
    console::print_out(b"Using epoll() as the polling mechanism.\n");
}
