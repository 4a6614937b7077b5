//! All sessions together, pure: whom a packet is for, which timer is next, what a reload keeps.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use locum_model::bfd::Instance;

use super::{
    event::{Dropped, Event, SessionEvent},
    packet::{self, Packet},
    session::{self, Chance, Session, Snapshot, discriminator},
};
use crate::identity::Name;

/// A session. A reload keeps the number of one whose name stays; numbers of removed ones are not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u32);

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Open the socket of a session, in place of one that it may have, then say [`Sessions::on_open`].
    Open {
        /// Whose.
        session: SessionId,
        /// Where packets come from; `None`: the kernel chooses address and port.
        source: Option<IpAddr>,
        /// Where they go.
        neighbor: IpAddr,
        /// TTL or hop limit.
        ttl: u8,
    },
    /// Close it.
    Close(SessionId),
    /// Send this, then say [`Sessions::on_sent`].
    Send {
        /// By whose socket.
        session: SessionId,
        /// What.
        packet: Packet,
    },
    /// Tell those who track sessions.
    Report(Report),
    /// Tell this.
    Event(Event),
}

/// Whether a session is up, for those who track it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its name.
    pub name: Name,
    /// It is up.
    pub up: bool,
    /// For the VRRP process.
    pub vrrp: bool,
    /// For the process of the checkers.
    pub checker: bool,
}

/// A datagram that came to port 3784.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Who sent it.
    pub source: SocketAddr,
    /// To which of our addresses.
    pub destination: Option<IpAddr>,
    /// TTL or hop limit, where the kernel told.
    pub ttl: Option<u8>,
    /// It is longer than what was taken of it.
    pub truncated: bool,
    /// Its payload.
    pub bytes: &'a [u8],
}

/// The sessions of a daemon.
pub struct Sessions {
    rows: HashMap<SessionId, Row>,
    /// In the order of the configuration.
    order: Vec<SessionId>,
    by_name: HashMap<Name, SessionId>,
    by_discriminator: HashMap<u32, SessionId>,
    timers: BTreeSet<(Instant, SessionId)>,
    last_id: u32,
    chance: Box<dyn Chance>,
    /// Room for the effects of one session.
    scratch: Vec<session::Effect>,
}

struct Row {
    name: Name,
    session: Session,
    /// What the indices hold of it.
    discriminator: u32,
    deadline: Option<Instant>,
    /// What is waited for before it starts or goes on: its socket.
    opening: Option<Opening>,
    /// When its socket is tried again.
    retry_at: Option<Instant>,
}

/// Why a socket is being opened.
enum Opening {
    /// The session begins.
    First,
    /// The configuration was read again.
    Anew(Instance),
    /// It couldn't be opened before.
    Again,
}

impl Sessions {
    /// No session yet.
    pub fn new(chance: Box<dyn Chance>) -> Sessions {
        Sessions {
            rows: HashMap::new(),
            order: Vec::new(),
            by_name: HashMap::new(),
            by_discriminator: HashMap::new(),
            timers: BTreeSet::new(),
            last_id: 0,
            chance,
            scratch: Vec::new(),
        }
    }

    /// The configuration, at start and at each reload: sessions whose name stays keep their state and timers, all sockets
    /// are opened anew. Removed ones end without a word to the neighbour, who notices by silence.
    pub fn configure(&mut self, instances: Vec<Instance>, effects: &mut Vec<Effect>) {
        let stay: BTreeSet<&str> = instances.iter().map(|i| i.name.value.as_str()).collect();
        let gone: Vec<SessionId> = self
            .order
            .iter()
            .copied()
            .filter(|id| !stay.contains(&*self.rows[id].name))
            .collect();
        for id in gone {
            self.remove(id);
            effects.push(Effect::Close(id));
        }
        self.order.clear();
        for instance in instances {
            let known = self.by_name.get(instance.name.value.as_str()).copied();
            let id = known.unwrap_or_else(|| self.add(instance.clone()));
            self.order.push(id);
            effects.push(open(id, &instance));
            if let Some(row) = known.and_then(|id| self.rows.get_mut(&id)) {
                row.retry_at = None;
                row.opening = Some(Opening::Anew(instance));
            }
        }
    }

    fn add(&mut self, instance: Instance) -> SessionId {
        self.last_id += 1;
        let id = SessionId(self.last_id);
        let name: Name = instance.name.value.as_str().into();
        let discriminator = loop {
            let number = discriminator(&mut *self.chance);
            if !self.by_discriminator.contains_key(&number) {
                break number;
            }
        };
        self.by_name.insert(name.clone(), id);
        self.by_discriminator.insert(discriminator, id);
        self.rows.insert(
            id,
            Row {
                name,
                session: Session::new(instance, discriminator),
                discriminator,
                deadline: None,
                opening: Some(Opening::First),
                retry_at: None,
            },
        );
        id
    }

    fn remove(&mut self, id: SessionId) {
        if let Some(row) = self.rows.remove(&id) {
            self.by_name.remove(&row.name);
            self.by_discriminator.remove(&row.discriminator);
            if let Some(at) = row.deadline {
                self.timers.remove(&(at, id));
            }
        }
    }

    /// A socket is open, or the call named couldn't be done.
    pub fn on_open(
        &mut self,
        now: Instant,
        id: SessionId,
        result: Result<(), (&'static str, Arc<io::Error>)>,
        effects: &mut Vec<Effect>,
    ) {
        self.with(id, effects, |row, chance, out| {
            let opening = row.opening.take();
            match (result, opening) {
                (Ok(()), Some(Opening::First)) => row.session.start(now, chance, out),
                (Ok(()), Some(Opening::Anew(settings))) => {
                    row.session.reconfigure(now, settings, chance, out);
                }
                (Ok(()), Some(Opening::Again)) => row.session.resume(now, chance, out),
                (Ok(()), None) => {}
                (Err(_), Some(Opening::Again)) => row.retry_at = Some(now + RETRY),
                (Err((call, error)), opening) => {
                    if let Some(Opening::Anew(settings)) = opening {
                        row.session = Session::new(settings, row.discriminator);
                    }
                    row.retry_at = Some(now + RETRY);
                    out.push(session::Effect::Event(SessionEvent::EnteredAdminDown {
                        call,
                        error,
                    }));
                    row.session.disable(out);
                }
            }
        });
    }

    /// A packet left, or it couldn't be sent.
    pub fn on_sent(&mut self, id: SessionId, result: io::Result<()>, effects: &mut Vec<Effect>) {
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        let news = row.session.on_sent(result.is_ok());
        if let (true, Err(error)) = (news, result) {
            effects.push(Effect::Event(Event::Session {
                name: row.name.clone(),
                event: SessionEvent::SendFailed(Arc::new(error)),
            }));
        }
    }

    /// A datagram came.
    pub fn on_datagram(&mut self, now: Instant, received: Received<'_>, effects: &mut Vec<Effect>) {
        match self.accept(&received) {
            Ok((id, packet)) => self.with(id, effects, |row, chance, out| {
                row.session.on_packet(now, &packet, chance, out);
            }),
            Err(reason) => effects.push(Effect::Event(Event::Dropped {
                source: received.source,
                reason,
            })),
        }
    }

    /// For whom it is, and whether it may have it, in the reference's order.
    fn accept(&self, received: &Received<'_>) -> Result<(SessionId, Packet), Dropped> {
        if received.truncated {
            return Err(Dropped::TooLong);
        }
        let packet = packet::Packet::decode(received.bytes).map_err(Dropped::Malformed)?;
        let discriminator = packet.your_discriminator;
        let id = match discriminator {
            0 => self.by_addresses(received),
            number => self.by_discriminator.get(&number).copied(),
        };
        let row = id
            .and_then(|id| Some((id, self.rows.get(&id)?)))
            .filter(|(_, row)| row.session.state() != packet::State::AdminDown);
        let Some((id, row)) = row else {
            return Err(Dropped::NoSession { discriminator });
        };
        let settings = row.session.settings();
        let min = settings.ttl.saturating_sub(settings.max_hops);
        if let Some(ttl) = received.ttl.filter(|&ttl| ttl < min) {
            return Err(Dropped::Ttl { received: ttl, min });
        }
        if packet.authenticated {
            return Err(Dropped::Authenticated);
        }
        Ok((id, packet))
    }

    /// The session with a neighbour that doesn't know its discriminator yet (RFC 5881 §3).
    fn by_addresses(&self, received: &Received<'_>) -> Option<SessionId> {
        self.order.iter().copied().find(|id| {
            self.rows.get(id).is_some_and(|row| {
                let settings = row.session.settings();
                settings.neighbor == received.source.ip()
                    && settings
                        .source
                        .is_none_or(|ours| received.destination.is_none_or(|to| to == ours))
            })
        })
    }

    /// When [`Sessions::on_timer`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// Deadlines have come. All packets that wait are to be handed over before: what came in time is in time.
    pub fn on_timer(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if let Some(late) = self.deadline().map(|at| now.saturating_duration_since(at))
            && late >= LATE
        {
            effects.push(Effect::Event(Event::TimerLate(late)));
        }
        while let Some(&(at, id)) = self.timers.first() {
            if at > now {
                return;
            }
            self.timers.pop_first();
            if let Some(row) = self.rows.get_mut(&id) {
                row.deadline = None;
                if row.retry_at.take_if(|at| *at <= now).is_some() {
                    row.opening = Some(Opening::Again);
                    effects.push(open(id, row.session.settings()));
                }
            }
            self.with(id, effects, |row, chance, out| {
                row.session.on_timer(now, chance, out);
            });
        }
    }

    /// All sessions as they stand, in the order of the configuration.
    pub fn snapshot(&self) -> Vec<(SessionId, Snapshot)> {
        self.order
            .iter()
            .filter_map(|&id| Some((id, self.rows.get(&id)?.session.snapshot())))
            .collect()
    }

    /// Lets something happen to a session, hands its effects out and keeps the indices true.
    fn with(
        &mut self,
        id: SessionId,
        effects: &mut Vec<Effect>,
        happen: impl FnOnce(&mut Row, &mut dyn Chance, &mut Vec<session::Effect>),
    ) {
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        happen(row, &mut *self.chance, &mut self.scratch);
        let settings = row.session.settings();
        for effect in self.scratch.drain(..) {
            effects.push(match effect {
                session::Effect::Send(packet) => Effect::Send {
                    session: id,
                    packet,
                },
                session::Effect::Event(event) => Effect::Event(Event::Session {
                    name: row.name.clone(),
                    event,
                }),
                session::Effect::Report { up } => Effect::Report(Report {
                    name: row.name.clone(),
                    up,
                    vrrp: settings.vrrp,
                    checker: settings.checker,
                }),
            });
        }
        if row.session.discriminator() != row.discriminator {
            self.by_discriminator.remove(&row.discriminator);
            while self
                .by_discriminator
                .contains_key(&row.session.discriminator())
            {
                row.session.renumber(&mut *self.chance);
            }
            row.discriminator = row.session.discriminator();
            self.by_discriminator.insert(row.discriminator, id);
        }
        let deadline = [row.session.deadline(), row.retry_at]
            .into_iter()
            .flatten()
            .min();
        if deadline != row.deadline {
            if let Some(at) = row.deadline {
                self.timers.remove(&(at, id));
            }
            if let Some(at) = deadline {
                self.timers.insert((at, id));
            }
            row.deadline = deadline;
        }
    }
}

/// When a socket that couldn't be opened is tried again.
const RETRY: Duration = Duration::from_secs(60);

fn open(session: SessionId, settings: &Instance) -> Effect {
    Effect::Open {
        session,
        source: settings.source,
        neighbor: settings.neighbor,
        ttl: settings.ttl,
    }
}

/// From when on a late timer is told.
const LATE: Duration = Duration::from_secs(1);
