//! The only IO of VRRP: one event loop in one thread that owns sockets, netlink, timers and scripts.
//!
//! ```text
//!            ┌────────────────── a turn ──────────────────┐
//! wake ─────▶│ sockets ─▶ netlink ─▶ files, processes,    │──▶ Engine ──▶ Effects, carried out in their order
//!            │            scripts ─▶ orders ─▶ timers     │               (hands)
//!            └────────────────────────────────────────────┘
//! ```
//! Whatever waits in sockets is heard before a timer runs: a daemon that was stopped, or a machine that slept, must not
//! take over from a master whose adverts it only hasn't read. Nothing in a turn waits: scripts and mail are tasks, the
//! face's log is its own business.

mod announce;
mod buffer;
mod devices;
mod face;
mod firewall;
mod hands;
mod lines;
mod links;
mod poll;
mod settings;
mod snapshot;
mod sockets;
mod statics;
mod tidy;
mod track;
mod virtual_links;

use std::{
    future::poll_fn,
    io,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use locum_model::keepalived::Configuration;
use locum_runtime::clock;
use tokio::sync::{mpsc, oneshot};

pub use face::{DeviceChange, DumpKind, Face, Order, Trouble};

use self::{
    hands::Hands,
    links::News,
    poll::{PollSet, Source},
    sockets::received,
    statics::{Lost, Statics},
    tidy::Tidy,
    track::{file::Files, process::Processes, script},
};
use crate::{
    effect::{Effect, Effects},
    engine::Engine,
};

/// Runs VRRP until it is told to stop. Fails only before it has begun: without netlink or a descriptor there is nothing
/// that it could do.
pub async fn run(
    configuration: Arc<Configuration>,
    face: &mut impl Face,
    mut orders: mpsc::UnboundedReceiver<Order>,
) -> io::Result<()> {
    let (news, mut script_news) = mpsc::unbounded_channel();
    let mut driver = Driver::open(configuration, news)?;
    driver.begin(face)?;
    loop {
        driver.arm()?;
        let wake = next(&driver.poll, &mut script_news, &mut orders).await?;
        driver.poll.gather();
        if let Some(answer) = driver.turn(wake, &mut script_news, &mut orders, face)? {
            if let Some(answer) = answer {
                let _ = answer.send(());
            }
            return Ok(());
        }
    }
}

/// Why a turn begins. What the others have waits for its place in the turn.
#[derive(Debug)]
enum Wake {
    Descriptors,
    Script(script::News),
    Order(Order),
}

async fn next(
    poll: &PollSet,
    scripts: &mut mpsc::UnboundedReceiver<script::News>,
    orders: &mut mpsc::UnboundedReceiver<Order>,
) -> io::Result<Wake> {
    let descriptors = poll.ready();
    tokio::pin!(descriptors);
    poll_fn(|cx| {
        if let Poll::Ready(Some(news)) = scripts.poll_recv(cx) {
            return Poll::Ready(Ok(Wake::Script(news)));
        }
        // A face that hangs up its orders doesn't end failover.
        if let Poll::Ready(Some(order)) = orders.poll_recv(cx) {
            return Poll::Ready(Ok(Wake::Order(order)));
        }
        descriptors
            .as_mut()
            .poll(cx)
            .map(|ready| ready.map(|()| Wake::Descriptors))
    })
    .await
}

struct Driver {
    engine: Engine,
    effects: Effects,
    hands: Hands,
    statics: Statics,
    poll: PollSet,
    files: Files,
    processes: Processes,
    scripts: script::Scripts,
    found: Vec<Source>,
    /// The first turn has come.
    begun: bool,
    tidy: Tidy,
}

/// The answer to an order to stop, once it is carried out.
type Stopped = Option<Option<oneshot::Sender<()>>>;

impl Driver {
    fn open(
        configuration: Arc<Configuration>,
        news: mpsc::UnboundedSender<script::News>,
    ) -> io::Result<Self> {
        let poll = PollSet::new()?;
        let hands = Hands::open(&configuration)?;
        poll.add(hands.links.monitor(), Source::Netlink)?;
        let files = Files::new()?;
        poll.add(&files, Source::Files)?;
        Ok(Self {
            engine: Engine::new(configuration),
            effects: Effects::new(),
            hands,
            statics: Statics::default(),
            poll,
            files,
            processes: Processes::default(),
            scripts: script::Scripts::new(news),
            found: Vec::new(),
            begun: false,
            tidy: Tidy::default(),
        })
    }

    /// Everything up to the first turn: what the machine has, then the start of the engine, then the trackers.
    fn begin(&mut self, face: &mut impl Face) -> io::Result<()> {
        let now = clock::now();
        let configuration = self.engine.configuration().clone();
        let devices = self.hands.prepare(&configuration, face)?;
        self.engine.set_devices(devices);
        self.read_links_again(now, face)?;
        self.hands.set_up_host(&configuration, face);
        self.track(now, &configuration, true, face);
        self.statics = Statics::of(&configuration, &self.hands.links);
        self.carry_out_own([self.statics.clear_rules()], face);
        self.engine.arrange(now, &mut self.effects);
        self.carry_out(face);
        face.configured(&mut || self.snapshot());
        self.engine.start(now, &mut self.effects);
        self.carry_out_own(self.statics.set(), face);
        self.carry_out(face);
        self.hands.tell_opened(face);
        self.tidy.later(now);
        face.started();
        self.begun = true;
        Ok(())
    }

    /// Tells the engine of all trackers of a configuration.
    fn track(
        &mut self,
        now: Instant,
        configuration: &Configuration,
        at_start: bool,
        face: &mut impl Face,
    ) {
        let mut values = Vec::new();
        self.files.reload(
            configuration,
            at_start,
            |name, path, value| values.push((name.clone(), path.to_owned(), value)),
            |name, error| {
                face.trouble(&Trouble::FileWatch {
                    file: name.clone(),
                    error,
                });
            },
        );
        for (name, path, value) in values {
            self.on_file(now, &name, &path, value, face);
        }
        self.scripts.reload(configuration, now);
        self.track_processes(now, configuration, face);
    }

    fn track_processes(
        &mut self,
        now: Instant,
        configuration: &Configuration,
        face: &mut impl Face,
    ) {
        let had_events = self.processes.descriptor().is_some();
        let mut news = Vec::new();
        let listening = self
            .processes
            .reload(configuration, |tracker| news.push(tracker));
        if let Err(error) = listening {
            face.trouble(&Trouble::ProcessWatch(error));
        }
        if let Some(descriptor) = self.processes.descriptor().filter(|_| !had_events)
            && let Err(error) = self.poll.add(descriptor, Source::Processes)
        {
            face.trouble(&Trouble::ProcessWatch(error));
        }
        self.on_processes(now, news, face);
    }

    fn hear_processes(&mut self, now: Instant, face: &mut impl Face) {
        let mut news = Vec::new();
        self.processes.hear(now, |tracker| news.push(tracker));
        self.on_processes(now, news, face);
    }

    fn on_processes(
        &mut self,
        now: Instant,
        news: Vec<track::process::News>,
        face: &mut impl Face,
    ) {
        for (name, up) in news {
            self.engine.on_process(now, &name, up, &mut self.effects);
            self.carry_out(face);
        }
    }

    /// One turn. `Some`: it was the last.
    fn turn(
        &mut self,
        wake: Wake,
        script_news: &mut mpsc::UnboundedReceiver<script::News>,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        face: &mut impl Face,
    ) -> io::Result<Stopped> {
        let mut now = clock::now();
        self.engine.on_wake(now, &mut self.effects);
        self.carry_out(face);
        self.hear_descriptors(&mut now, face)?;
        let (mut run, mut order) = (None, None);
        match wake {
            Wake::Descriptors => {}
            Wake::Script(news) => run = Some(news),
            Wake::Order(first) => order = Some(first),
        }
        while let Some(news) = run.take().or_else(|| script_news.try_recv().ok()) {
            self.on_run(now, news, face);
        }
        while let Some(next) = order.take().or_else(|| orders.try_recv().ok()) {
            if let Some(stopped) = self.obey(now, next, face)? {
                return Ok(Some(stopped));
            }
        }
        self.ring(now, face);
        self.hands.tell_opened(face);
        self.poll.turned();
        Ok(None)
    }

    /// Reads all descriptors, sockets first: everything that came before `now`, which goes on where reading takes a while.
    fn hear_descriptors(&mut self, now: &mut Instant, face: &mut impl Face) -> io::Result<()> {
        let mut found = std::mem::take(&mut self.found);
        loop {
            self.poll.now(&mut found)?;
            let (mut anything, mut more) = (false, false);
            for source in &found {
                match source {
                    Source::Socket(id) => more |= self.hear(*now, *id, face),
                    Source::Netlink => self.hear_netlink(*now, face)?,
                    Source::Files => self.hear_files(*now, face),
                    Source::Processes => self.hear_processes(*now, face),
                    Source::Timer => {
                        self.poll.timer_rang();
                        continue;
                    }
                }
                anything = true;
            }
            let after = clock::now();
            // What comes meanwhile wakes the next turn. Only where the time goes on, timers must not run before what
            // has come until then is heard.
            if !anything || !more && after - *now < Duration::from_millis(1) {
                break;
            }
            *now = after;
        }
        self.found = found;
        Ok(())
    }

    /// Whether there may be more.
    fn hear(&mut self, now: Instant, id: u32, face: &mut impl Face) -> bool {
        let id = crate::identity::SocketId(id);
        // A packet's effects come before the next packet, which may be about what they change.
        let Self {
            engine,
            effects,
            hands,
            poll,
            ..
        } = self;
        for _ in 0..sockets::BATCHES {
            let Some(batch) = hands.sockets().receive(id) else {
                return false;
            };
            for packet in batch.packets() {
                engine.on_packet(now, id, &received(&packet), effects);
                for effect in effects.drain() {
                    hands.carry_out(effect, engine, poll, face);
                }
            }
            let more = batch.is_full();
            hands.sockets().give_back(batch);
            if !more {
                return false;
            }
        }
        true
    }

    fn hear_netlink(&mut self, now: Instant, face: &mut impl Face) -> io::Result<()> {
        loop {
            match self.hands.links.next() {
                Ok(None) => return Ok(()),
                Ok(Some(News::Overrun)) => {
                    face.trouble(&Trouble::NetlinkOverrun);
                    self.read_links_again(now, face)?;
                }
                Ok(Some(news)) => self.on_news(now, news, face),
                Err(error) => {
                    face.trouble(&Trouble::Netlink(error));
                    return Ok(());
                }
            }
        }
    }

    fn read_links_again(&mut self, now: Instant, face: &mut impl Face) -> io::Result<()> {
        for news in self.hands.read_links_again()? {
            self.on_news(now, news, face);
        }
        Ok(())
    }

    fn on_news(&mut self, now: Instant, news: News, face: &mut impl Face) {
        let out = &mut self.effects;
        let (mut lost, mut came) = (Lost::default(), None);
        match news {
            News::Interface(interface) => {
                let index = interface.index;
                self.engine.on_interface(now, interface, out);
                came = Some(index);
                if let Some(known) = self.hands.links.get(index) {
                    lost = self.statics.on_interface(index, known);
                }
            }
            News::InterfaceGone(index) => {
                self.engine.on_interface_gone(now, index, out);
                self.statics.on_interface_gone(index);
                self.hands.forget_device(index, face);
            }
            News::Address(address) => {
                self.engine
                    .on_address(now, address.interface, address.local, true, out);
            }
            // What we have removed ourselves is no news.
            News::AddressGone(address) => {
                if !self.hands.we_removed(&address) {
                    self.engine
                        .on_address(now, address.interface, address.local, false, out);
                    lost = self.statics.lost_address(&address);
                }
            }
            News::RouteGone(route) => {
                if let Some(line) = self.hands.line_of_route(&route) {
                    self.engine.on_line_removed(now, line, out);
                } else {
                    lost = self.statics.lost_route(&route, &self.hands.links);
                }
            }
            News::RuleGone(rule) => {
                if let Some(line) = self.hands.line_of_rule(&rule) {
                    self.engine.on_line_removed(now, line, out);
                } else {
                    lost = self.statics.lost_rule(&rule);
                }
            }
            News::Overrun => {}
        }
        self.carry_out(face);
        if let Some(index) = came.filter(|_| self.begun) {
            let configuration = self.engine.configuration().clone();
            let devices = self.hands.make_devices_over(index, &configuration, face);
            if let Some(devices) = devices {
                self.engine.set_devices(devices);
            }
        }
        if lost != Lost::default() {
            self.hands.restore(lost, &self.engine, face);
        }
    }

    fn hear_files(&mut self, now: Instant, face: &mut impl Face) {
        let mut values = Vec::new();
        self.files
            .on_change(|name, path, value| values.push((name.clone(), path.to_owned(), value)));
        for (name, path, value) in values {
            self.on_file(now, &name, &path, value, face);
        }
    }

    fn on_file(
        &mut self,
        now: Instant,
        name: &crate::identity::Name,
        path: &std::path::Path,
        value: track::file::Value,
        face: &mut impl Face,
    ) {
        match value {
            Ok(value) => self
                .engine
                .on_file(now, name, Some(value), &mut self.effects),
            Err(track::file::OutOfRange(value)) => face.trouble(&Trouble::FileValue {
                path: path.to_owned(),
                value,
            }),
        }
        self.carry_out(face);
    }

    fn on_run(&mut self, now: Instant, news: script::News, face: &mut impl Face) {
        let Some((name, result, trouble)) = self.scripts.on_news(news) else {
            return;
        };
        if let Some(trouble) = trouble {
            face.trouble(&trouble);
        }
        self.engine.on_script(now, &name, result, &mut self.effects);
        self.carry_out(face);
    }

    fn obey(&mut self, now: Instant, order: Order, face: &mut impl Face) -> io::Result<Stopped> {
        match order {
            Order::Reload => self.reload(now, face)?,
            Order::Dump(kind) => face.dump(kind, self.engine.configuration(), &self.snapshot()),
            Order::ClearStatistics => {
                let kind = DumpKind::LastStatistics;
                face.dump(kind, self.engine.configuration(), &self.snapshot());
                self.engine.clear_statistics();
            }
            Order::Bfd { session, up } => {
                self.engine.on_bfd(now, &session, up, &mut self.effects);
                self.carry_out(face);
            }
            Order::Stop { answer, keep } => {
                face.stopping();
                self.engine.stop(now, &mut self.effects);
                if keep {
                    // Not even a good-bye: nobody is to take over (observed).
                    self.effects
                        .retain(|effect| matches!(effect, Effect::Notify(_)));
                }
                self.carry_out(face);
                if !keep {
                    let nothing = Statics::default();
                    self.carry_out_own(self.statics.remove_but(&nothing), face);
                }
                self.hands.finish(face);
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// Takes over another configuration.
    fn reload(&mut self, now: Instant, face: &mut impl Face) -> io::Result<()> {
        // Masters advertise first: backups wait while everything changes.
        self.engine.on_reload(now, &mut self.effects);
        self.carry_out(face);
        let Some(configuration) = face.read() else {
            return Ok(());
        };
        let now = clock::now();
        let devices = self.hands.prepare(&configuration, face)?;
        self.engine.set_devices(devices);
        self.read_links_again(now, face)?;
        self.hands.set_up_host(&configuration, face);
        let statics = Statics::of(&configuration, &self.hands.links);
        for event in self.statics.gone(&statics, &self.hands.links) {
            face.tell(&event);
        }
        self.carry_out_own(self.statics.remove_but(&statics), face);
        self.carry_out_own(statics.set(), face);
        self.statics = statics;
        self.engine
            .reload(now, configuration.clone(), &mut self.effects);
        self.carry_out(face);
        self.hands.size_buffers(&self.engine);
        self.hands.tell_all_sockets(face);
        face.reloaded(&configuration);
        if configuration.global.fifo_write_vrrp_states_on_reload {
            for notice in self.engine.standing() {
                face.restate(&notice);
            }
        }
        self.track(now, &configuration, false, face);
        self.hands.clear_away(face);
        self.tidy.later(now);
        Ok(())
    }

    /// Runs what is due.
    fn ring(&mut self, now: Instant, face: &mut impl Face) {
        if self.engine.deadline().is_some_and(|at| at <= now) {
            self.engine.on_timer(now, &mut self.effects);
            self.carry_out(face);
        }
        if self.processes.deadline().is_some_and(|at| at <= now) {
            let mut news = Vec::new();
            self.processes.ring(now, |tracker| news.push(tracker));
            self.on_processes(now, news, face);
        }
        if self.scripts.deadline().is_some_and(|at| at <= now) {
            let mut failed = Vec::new();
            self.scripts.run_due(
                now,
                |trouble| face.trouble(&trouble),
                |name| failed.push(name.clone()),
            );
            for name in failed {
                let result = crate::input::ScriptResult::NotStarted;
                self.engine.on_script(now, &name, result, &mut self.effects);
                self.carry_out(face);
            }
        }
    }

    fn arm(&mut self) -> io::Result<()> {
        let now = clock::now();
        // In a second each instance may advertise in the same turn; a change has more to do.
        let usual = 2 * self.engine.configuration().instances.len();
        if self.effects.shrink(usual) {
            self.tidy.later(now);
        }
        self.tidy.when_due(now);
        let deadlines = [
            self.engine.deadline(),
            self.scripts.deadline(),
            self.processes.deadline(),
            self.tidy.deadline(),
        ];
        let first = deadlines.into_iter().flatten().min();
        self.poll.set_timer(first, now)
    }

    /// Carries out what the driver itself wants, before what the engine does.
    fn carry_out_own(&mut self, effects: impl IntoIterator<Item = Effect>, face: &mut impl Face) {
        for effect in effects {
            self.hands
                .carry_out(effect, &mut self.engine, &self.poll, face);
        }
    }

    /// Carries out what the engine wants, in its order.
    fn carry_out(&mut self, face: &mut impl Face) {
        loop {
            for effect in self.effects.drain() {
                self.hands
                    .carry_out(effect, &mut self.engine, &self.poll, face);
            }
            let openings = self.hands.openings();
            if openings.is_empty() {
                return;
            }
            let now = clock::now();
            for (id, opening) in openings {
                self.engine.on_socket(now, id, opening, &mut self.effects);
            }
        }
    }
}
