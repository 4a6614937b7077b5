//! One session with a neighbour (RFC 5880 §6.8, asynchronous mode), pure: it takes the time and what happened, and says
//! what is to be done.
//!
//! ```text
//!             ┌───────────── hears Down ────────────┐
//!             ▼                                      │
//!  start ─▶ Down ── hears Down ──▶ Init ── hears Init, Up ──▶ Up
//!             │  ◀── silence, hears AdminDown ──┘            ▲ │
//!             └───────────── hears Init ─────────────────────┘ │
//!             ▲                                                │
//!             └───────────── silence, hears Down, AdminDown ───┘
//! ```
//!
//! Three timers: the next packet; the silence that takes a session down (it runs in Init and Up); and the silence after
//! which a session that is down forgets whom it spoke with.

use std::time::{Duration, Instant};

use locum_model::bfd::Instance;

use super::{
    event::{Parameters, SessionEvent, Side},
    packet::{Diagnostic, Packet, State},
};

/// Where random numbers come from: discriminators and the jitter of packets.
pub trait Chance {
    /// The next one.
    fn next_u32(&mut self) -> u32;
}

/// What a session wants done.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Send this to the neighbour.
    Send(Packet),
    /// Tell this.
    Event(SessionEvent),
    /// Tell those who track the session whether it is up.
    Report {
        /// It is.
        up: bool,
    },
}

/// A session.
#[derive(Debug)]
pub struct Session {
    settings: Instance,
    state: State,
    diagnostic: Diagnostic,
    discriminator: u32,
    remote: Remote,
    /// P is set until F comes.
    polling: bool,
    tx_interval: Duration,
    remote_tx_interval: Duration,
    detection_time: Duration,
    remote_detection_time: Duration,
    send_at: Option<Instant>,
    expire_at: Option<Instant>,
    forget_at: Option<Instant>,
    last_heard: Option<Instant>,
    send_failed: bool,
}

/// What the neighbour said last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remote {
    /// Its state.
    pub state: State,
    /// Why it went down.
    pub diagnostic: Diagnostic,
    /// Its discriminator; 0: not known.
    pub discriminator: u32,
    /// How often it would like to send.
    pub min_tx: Duration,
    /// How often it can receive.
    pub min_rx: Duration,
    /// Packets of its own that may get lost; 0: never heard.
    pub multiplier: u8,
    /// It would rather not get periodic packets. Not honoured, as in the reference.
    pub demand: bool,
}

/// A session as it stands, for dumps.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What it is configured as.
    pub settings: Instance,
    /// Its state.
    pub state: State,
    /// Why it went down last.
    pub diagnostic: Diagnostic,
    /// Its discriminator.
    pub discriminator: u32,
    /// The neighbour.
    pub remote: Remote,
    /// A poll sequence runs.
    pub polling: bool,
    /// How often we send.
    pub tx_interval: Duration,
    /// How often the neighbour sends.
    pub remote_tx_interval: Duration,
    /// Our detection time.
    pub detection_time: Duration,
    /// The neighbour's.
    pub remote_detection_time: Duration,
    /// The next packet.
    pub send_at: Option<Instant>,
    /// When silence takes it down.
    pub expire_at: Option<Instant>,
    /// When it forgets its neighbour.
    pub forget_at: Option<Instant>,
    /// When the neighbour was heard last.
    pub last_heard: Option<Instant>,
    /// The last packet couldn't be sent.
    pub send_failed: bool,
}

impl Session {
    /// A session that is down and has done nothing yet. `discriminator` isn't 0 and no other session's.
    pub fn new(settings: Instance, discriminator: u32) -> Session {
        Session {
            tx_interval: settings.idle_tx,
            settings,
            state: State::Down,
            diagnostic: Diagnostic::None,
            discriminator,
            remote: Remote::default(),
            polling: false,
            remote_tx_interval: Duration::ZERO,
            detection_time: Duration::ZERO,
            remote_detection_time: Duration::ZERO,
            send_at: None,
            expire_at: None,
            forget_at: None,
            last_heard: None,
            send_failed: false,
        }
    }

    /// Its configuration.
    pub fn settings(&self) -> &Instance {
        &self.settings
    }

    /// Its discriminator, which packets to it have.
    pub fn discriminator(&self) -> u32 {
        self.discriminator
    }

    /// Another discriminator: the one it took is another session's.
    pub fn renumber(&mut self, chance: &mut dyn Chance) {
        self.discriminator = discriminator(chance);
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.state
    }

    /// When [`Session::on_timer`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        [self.send_at, self.expire_at, self.forget_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// The socket is open: an active session speaks at once.
    pub fn start(&mut self, now: Instant, chance: &mut dyn Chance, effects: &mut Vec<Effect>) {
        self.resume(now, chance, effects);
        effects.push(Effect::Report { up: false });
    }

    /// The socket could be opened after all.
    pub fn resume(&mut self, now: Instant, chance: &mut dyn Chance, effects: &mut Vec<Effect>) {
        self.state = State::Down;
        if !self.settings.passive {
            self.send(false, effects);
            self.schedule(now, chance);
        }
    }

    /// The socket can't be opened: the session is out of use.
    pub fn disable(&mut self, effects: &mut Vec<Effect>) {
        self.state = State::AdminDown;
        self.diagnostic = Diagnostic::AdministrativelyDown;
        self.polling = false;
        (self.send_at, self.expire_at, self.forget_at) = (None, None, None);
        effects.push(Effect::Report { up: false });
    }

    /// The configuration was read again and the socket opened anew: state and timers stay, what the neighbour should
    /// know is polled, and those who track it are told again.
    pub fn reconfigure(
        &mut self,
        now: Instant,
        settings: Instance,
        chance: &mut dyn Chance,
        effects: &mut Vec<Effect>,
    ) {
        let old = std::mem::replace(&mut self.settings, settings);
        let new = &self.settings;
        if self.state == State::AdminDown {
            *self = Session::new(self.settings.clone(), self.discriminator);
            return self.start(now, chance, effects);
        }
        if (old.min_rx, old.min_tx, old.multiplier) != (new.min_rx, new.min_tx, new.multiplier) {
            self.polling = true;
            effects.push(Effect::Event(SessionEvent::PollStarted));
        }
        if !self.settings.passive {
            self.send(false, effects);
            if self.send_at.is_none() {
                self.schedule(now, chance);
            }
        }
        effects.push(Effect::Report {
            up: self.state == State::Up,
        });
    }

    /// A packet that is sound, for this session and from near enough.
    pub fn on_packet(
        &mut self,
        now: Instant,
        packet: &Packet,
        chance: &mut dyn Chance,
        effects: &mut Vec<Effect>,
    ) {
        if self.state == State::AdminDown {
            return;
        }
        self.last_heard = Some(now);
        let before = self.remote;
        self.remote = Remote {
            state: packet.state,
            diagnostic: packet.diagnostic,
            discriminator: packet.my_discriminator,
            min_tx: Duration::from_micros(packet.desired_min_tx.into()),
            min_rx: Duration::from_micros(packet.required_min_rx.into()),
            multiplier: packet.multiplier,
            demand: packet.demand,
        };
        if packet.is_final {
            self.polling = false;
        }
        self.negotiate(now, packet, &before, chance, effects);
        self.step(now, chance, effects);
        if self.send_at.is_none() {
            // A passive session was spoken to.
            self.schedule(now, chance);
        }
        if packet.poll {
            self.polling = false;
            self.send(true, effects);
        }
    }

    /// A deadline has come.
    pub fn on_timer(&mut self, now: Instant, chance: &mut dyn Chance, effects: &mut Vec<Effect>) {
        let due = |at: Option<Instant>| at.filter(|&at| at <= now);
        if let Some(at) = due(self.expire_at) {
            self.expire(now, now.duration_since(at), chance, effects);
        }
        if due(self.forget_at).is_some() {
            self.forget_at = None;
            self.remote.discriminator = 0;
            self.remote.state = State::Down;
            self.remote.diagnostic = Diagnostic::None;
            self.polling = false;
            self.hush();
        }
        if due(self.send_at).is_some() {
            self.send(false, effects);
            self.schedule(now, chance);
        }
    }

    /// A packet of ours left, or didn't. Says whether that is news.
    pub fn on_sent(&mut self, sent: bool) -> bool {
        std::mem::replace(&mut self.send_failed, !sent) == sent
    }

    /// What dumps show.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            settings: self.settings.clone(),
            state: self.state,
            diagnostic: self.diagnostic,
            discriminator: self.discriminator,
            remote: self.remote,
            polling: self.polling,
            tx_interval: self.tx_interval,
            remote_tx_interval: self.remote_tx_interval,
            detection_time: self.detection_time,
            remote_detection_time: self.remote_detection_time,
            send_at: self.send_at,
            expire_at: self.expire_at,
            forget_at: self.forget_at,
            last_heard: self.last_heard,
            send_failed: self.send_failed,
        }
    }

    /// Intervals and times that follow from both sides' wishes (RFC 5880 §6.8.2–6.8.4). While the session is up they
    /// change only with P or F, so that both sides change together; the multiplier counts at once.
    fn negotiate(
        &mut self,
        now: Instant,
        packet: &Packet,
        before: &Remote,
        chance: &mut dyn Chance,
        effects: &mut Vec<Effect>,
    ) {
        let (tx_before, detection_before) = (self.tx_interval, self.detection_time);
        if self.state != State::Up || packet.poll || packet.is_final {
            let wish = match (self.state, packet.state) {
                // The one wait for the other is over, but for our own next step.
                (State::Up, _) | (State::Init, State::Up) => self.settings.min_tx,
                _ => self.settings.idle_tx,
            };
            self.tx_interval = wish.max(self.remote.min_rx);
            self.remote_tx_interval = self.remote.min_tx.max(self.settings.min_rx);
            self.remote_detection_time = self.tx_interval * u32::from(self.settings.multiplier);
        }
        self.detection_time = self.remote_tx_interval * u32::from(packet.multiplier);
        if self.tx_interval < tx_before && self.send_at.is_some() {
            self.schedule(now, chance);
        }
        let wishes = |remote: &Remote| (remote.min_tx, remote.min_rx, remote.multiplier);
        if wishes(before) != wishes(&self.remote) || self.tx_interval != tx_before {
            let parameters = SessionEvent::Parameters(self.parameters());
            effects.push(Effect::Event(parameters));
        }
        if self.detection_time != detection_before {
            effects.push(Effect::Event(SessionEvent::DetectionTime {
                from: detection_before,
                to: self.detection_time,
            }));
        }
    }

    fn parameters(&self) -> Parameters {
        Parameters {
            local: Side {
                min_tx: self.min_tx(),
                min_rx: self.settings.min_rx,
                tx_interval: self.tx_interval,
                multiplier: self.settings.multiplier,
                detection_time: self.detection_time,
            },
            remote: Side {
                min_tx: self.remote.min_tx,
                min_rx: self.remote.min_rx,
                tx_interval: self.remote_tx_interval,
                multiplier: self.remote.multiplier,
                detection_time: self.remote_detection_time,
            },
        }
    }

    /// The state machine (RFC 5880 §6.8.6). Silence counts from the last packet in Up, from the first one in Init.
    fn step(&mut self, now: Instant, chance: &mut dyn Chance, effects: &mut Vec<Effect>) {
        match (self.state, self.remote.state) {
            (State::Up, State::Down | State::AdminDown) => {
                self.diagnostic = Diagnostic::NeighborSignaledDown;
                // Who was taken down on purpose hasn't failed (RFC 5882 §3.2): it isn't reported.
                let failed = self.remote.state == State::Down;
                self.leave_up(now, failed, chance, effects);
            }
            (State::Init, State::AdminDown) => {
                self.diagnostic = Diagnostic::NeighborSignaledDown;
                self.enter_down(now);
            }
            (State::Down, State::Down) => {
                self.state = State::Init;
                self.diagnostic = Diagnostic::None;
                self.expire_at = Some(now + self.detection_time);
                self.forget_at = None;
            }
            (State::Down, State::Init) | (State::Init, State::Init | State::Up) => {
                self.state = State::Up;
                self.diagnostic = Diagnostic::None;
                self.polling = true;
                self.expire_at = Some(now + self.detection_time);
                self.forget_at = None;
                effects.push(Effect::Event(SessionEvent::EnteredUp));
                effects.push(Effect::Event(SessionEvent::PollStarted));
                effects.push(Effect::Report { up: true });
            }
            (State::Up, State::Init | State::Up) => {
                self.expire_at = Some(now + self.detection_time);
            }
            (State::Down, State::AdminDown | State::Up) => self.forget_at = None,
            (State::Init, State::Down) | (State::AdminDown, _) => {}
        }
    }

    fn expire(
        &mut self,
        now: Instant,
        overdue: Duration,
        chance: &mut dyn Chance,
        effects: &mut Vec<Effect>,
    ) {
        let was = self.state;
        self.diagnostic = Diagnostic::DetectionTimeExpired;
        self.remote.discriminator = 0;
        if was == State::Up {
            let silence = self
                .last_heard
                .map_or(self.detection_time, |at| now.duration_since(at));
            effects.push(Effect::Event(SessionEvent::Expired { silence, overdue }));
            self.leave_up(now, true, chance, effects);
        } else {
            self.enter_down(now);
        }
        self.hush();
    }

    /// Up ends. The discriminator changes, so that late packets to the old session don't reach the new one.
    fn leave_up(
        &mut self,
        now: Instant,
        failed: bool,
        chance: &mut dyn Chance,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(Effect::Event(SessionEvent::EnteredDown {
            local: self.diagnostic,
            remote: self.remote.diagnostic,
        }));
        self.discriminator = discriminator(chance);
        self.tx_interval = self.settings.idle_tx.max(self.remote.min_rx);
        self.enter_down(now);
        if failed {
            effects.push(Effect::Report { up: false });
        }
    }

    fn enter_down(&mut self, now: Instant) {
        self.state = State::Down;
        self.expire_at = None;
        self.forget_at = Some(now + self.detection_time);
    }

    /// A passive session doesn't speak to whom it doesn't know (RFC 5880 §6.8.7).
    fn hush(&mut self) {
        if self.settings.passive && self.remote.discriminator == 0 {
            self.send_at = None;
        }
    }

    /// The next packet: 75 to 90 % of the interval from now (RFC 5880 §6.8.7 wants this of a multiplier of 1; the
    /// reference does it with any).
    fn schedule(&mut self, now: Instant, chance: &mut dyn Chance) {
        let spread = self.tx_interval * 15 / 100;
        let jitter = spread.mul_f64(f64::from(chance.next_u32()) / f64::from(u32::MAX));
        self.send_at = Some(now + self.tx_interval * 3 / 4 + jitter);
    }

    /// How often we would like to send: less often while the session isn't up (RFC 5880 §6.8.3).
    fn min_tx(&self) -> Duration {
        if self.state == State::Up {
            self.settings.min_tx
        } else {
            self.settings.idle_tx
        }
    }

    fn send(&mut self, is_final: bool, effects: &mut Vec<Effect>) {
        effects.push(Effect::Send(Packet {
            diagnostic: self.diagnostic,
            state: self.state,
            poll: self.polling && !is_final,
            is_final,
            independent: false,
            authenticated: false,
            demand: false,
            multiplier: self.settings.multiplier,
            my_discriminator: self.discriminator,
            your_discriminator: self.remote.discriminator,
            desired_min_tx: micros(self.min_tx()),
            required_min_rx: micros(self.settings.min_rx),
            required_min_echo_rx: 0,
        }));
    }
}

/// A discriminator: any number but 0.
pub(super) fn discriminator(chance: &mut dyn Chance) -> u32 {
    loop {
        match chance.next_u32() {
            0 => {}
            number => return number,
        }
    }
}

/// An interval as it stands in a packet.
fn micros(interval: Duration) -> u32 {
    u32::try_from(interval.as_micros()).unwrap_or(u32::MAX)
}
