//! Getting a connection to a server: choose, wait for a slot, take an idle connection or make one, try again.

use std::{
    net::SocketAddr,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use locum_model::{
    address::Address,
    pool::Balance,
    proxy::{HttpReuse, Observe, ProxyProtocol, SourceClient},
};

use super::{
    ClientSide, Halt, Phase, Stream, deadline, failure::Failure, retry::connect_failure,
    side::h1::H1Side,
};
use crate::{
    check::rise_fall::Observation,
    clock,
    http::h1::decode::Limits,
    lb::Choice,
    net::{
        conn::{Conn, Detached},
        connect::{self, Options, Source},
        proxy_protocol::{self, Endpoints, Outgoing},
    },
    persistence::last_server,
    plan::{Server, ServerId},
    server::{
        Admission, Granted, Priority, Slot, Want,
        idle::{IdlePool, InUse, PoolKey, PoolKeyParts},
    },
    worker::wait::Interrupted,
};

/// A connection to a server that is this stream's for now. It is boxed: it passes through several hands, and moving
/// it costs more than one allocation.
pub struct Link<'s> {
    /// The connection.
    pub side: H1Side,
    /// Its server.
    pub server: &'s Server,
    /// What a later stream must have equal to use it.
    pub key: PoolKey,
    /// How often it was taken from the idle ones.
    pub reuses: u32,
    /// Bytes sent before its first message: the PROXY header.
    pub preamble: u64,
    /// The server bound it to one client (NTLM, Negotiate): nobody else may have it.
    pub private: bool,
    /// Its exchange has ended so that another one may follow.
    pub is_clean: bool,
    /// It carries bytes both ways, which end when both sides say so.
    pub is_tunnel: bool,
    /// A rule had enough: nothing more is taken from it.
    pub is_cut: bool,
    /// Its place among those that the session holds.
    place: usize,
    in_use: InUse<Conn>,
}

impl Link<'_> {
    /// Closes a connection that can't be used again. Unless the server has ended it, it is reset: it would wait in
    /// TIME_WAIT on our side, and the server has nobody to talk to.
    pub fn close(self) {
        let side = &self.side;
        if self.is_cut || !(self.is_tunnel || side.input_ended || side.broken) {
            side.conn.set_no_linger();
        }
    }
}

/// The turn-around pause before the same server is tried again (manual: "retries").
const TURN_AROUND: Duration = Duration::from_secs(1);

impl<'s, C: ClientSide> Stream<'s, C> {
    /// How long the exchange was queued, for the log. A session of TCP counts all that came before its server.
    fn note_queued(&mut self, began: Instant) {
        let began = match self.session.mode {
            locum_model::proxy::Mode::Http => began,
            locum_model::proxy::Mode::Tcp => self.facts.timers.start.instant,
        };
        self.facts.timers.queue_ms = milliseconds(began, clock::now());
    }

    /// A connection to a server, after as many attempts as the backend allows.
    ///
    /// # Errors
    /// No server, the queue or the connection took too long, the attempts failed, or the client went away.
    pub async fn obtain_server(&mut self) -> Phase<Box<Link<'s>>> {
        if let Some(failure) = self.spoiled {
            return Err(Halt::Failed(failure));
        }
        let backend = self
            .backend
            .backend
            .as_ref()
            .ok_or(Halt::Failed(Failure::NoServer))?;
        let began = clock::now();
        let mut is_persistent = self.bound.is_some();
        self.bound = self.bound.or_else(|| self.last_server());
        // Since when the server has the exchange: attempts at the same one count as connecting (observed).
        let mut assigned = None;
        let mut left = None;
        loop {
            let Some(slot) = self.admit(began).await? else {
                self.count_other_attempt(left, None);
                return self.obtain_nameless(began).await;
            };
            self.enter_server(slot.server());
            let server = &backend.servers[slot.server() as usize];
            self.slot = Some(slot);
            let since = *assigned.get_or_insert_with(|| {
                self.note_queued(began);
                self.count_other_attempt(left.take(), Some(server.id));
                clock::now()
            });
            self.redirect_to(server)?;
            let failed = match self.open(server, since).await? {
                Ok(link) => return Ok(link),
                Err(failure) => failure,
            };
            self.leave_server();
            self.observe(server, Observation::ConnectFailed);
            if !backend.settings.retry_on.connection || self.facts.retries >= backend.retries {
                self.count_failed_connection(server.id);
                return Err(Halt::Failed(failed));
            }
            self.facts.retries += 1;
            if self.changes_server(backend, is_persistent) {
                self.leave_for_another(server.id);
                (assigned, left, is_persistent) = (None, Some(server.id), false);
                // Where there is no other, the same one needs its time.
                if self.active_servers() <= 1 {
                    self.turn_around(failed).await?;
                }
            } else {
                self.stay_with(server.id);
                self.turn_around(failed).await?;
            }
        }
    }

    /// A connection to where traffic goes that no server is chosen for: there is no queue, and no other to go to.
    async fn obtain_nameless(&mut self, began: Instant) -> Phase<Box<Link<'s>>> {
        let backend = self.backend.backend.as_ref();
        let (Some(backend), Some(server)) = (backend, backend.and_then(|b| b.nameless.as_deref()))
        else {
            return Err(Halt::Failed(Failure::NoServer));
        };
        self.facts.server = None;
        self.show_place();
        self.note_queued(began);
        let since = clock::now();
        loop {
            let failed = match self.open(server, since).await? {
                Ok(link) => return Ok(link),
                Err(failure) => failure,
            };
            if !backend.settings.retry_on.connection || self.facts.retries >= backend.retries {
                self.count_failed_connection(server.id);
                return Err(Halt::Failed(failed));
            }
            self.facts.retries += 1;
            self.count_retry(server.id);
            self.turn_around(failed).await?;
        }
    }

    /// The server that the session's own connections make it stay on (manual: "option prefer-last-server",
    /// "max-keep-alive-queue").
    fn last_server(&self) -> Option<u32> {
        if self.own.is_empty() {
            return None;
        }
        let backend = self.backend.backend.as_ref()?;
        let farm = self.backend_live().farm.as_ref()?;
        let is_private = self.own.iter().any(|own| own.private);
        if !is_private && !self.backend.options.prefer_last_server {
            return None;
        }
        let by_request = !matches!(
            backend.settings.balance,
            Balance::RoundRobin
                | Balance::StaticRoundRobin
                | Balance::LeastConnections
                | Balance::First
                | Balance::Random(_)
        );
        let held = self
            .own
            .iter()
            .filter(|own| own.server.backend == self.backend.id)
            .map(|own| own.server.index);
        last_server::preferred(by_request, held, |server| {
            farm.servers.get(server as usize).is_some_and(|state| {
                let few = |most: u32| farm.has_room(server) || state.queued() < most;
                let queue = backend.settings.max_keep_alive_queue;
                state.is_usable() && (is_private || queue.is_none_or(few))
            })
        })
    }

    /// Gives the place on the server back. The log tells how many others it served then.
    pub(super) fn leave_server(&mut self) {
        if let Some(slot) = self.slot.take() {
            let served = self.backend_live().served(slot.server());
            self.facts.connections[3] = served.saturating_sub(1);
        }
    }

    async fn turn_around(&mut self, failed: Failure) -> Phase {
        // A timeout has been pause enough; and what is missing here, no server needs time for (observed).
        if matches!(failed, Failure::ConnectTimeout | Failure::ConnectResources) {
            return Ok(());
        }
        let pause = self
            .backend
            .timeouts
            .connect
            .map_or(TURN_AROUND, |limit| limit.min(TURN_AROUND));
        match self
            .wait_on_client(Some(clock::now() + pause), |_| Poll::<()>::Pending)
            .await
        {
            Err(Stopped::ClientGone) => Err(Halt::Failed(Failure::ConnectAborted)),
            Err(Stopped::Killed) => Err(Halt::Failed(Failure::Killed)),
            Ok(()) | Err(Stopped::Deadline) => Ok(()),
        }
    }

    /// A slot on a server; waits in the queue if none is free. None: the nameless one gets what none is chosen for.
    async fn admit(&mut self, began: Instant) -> Phase<Option<Slot>> {
        let farm = self
            .backend_live()
            .farm
            .as_ref()
            .ok_or(Halt::Failed(Failure::NoServer))?;
        let since = began.saturating_duration_since(self.live.started.instant);
        let arrival = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        let Priority { class, offset_ms } = self.facts.priority;
        let priority = Priority {
            class,
            offset_ms: arrival.saturating_add(offset_ms),
        };
        loop {
            let want = match self.bound {
                Some(server) if self.forced => Want::Forced(server),
                Some(server) => Want::Server(server),
                None if self.has_nameless() => return Ok(None),
                None => Want::Balanced(Choice {
                    avoid: self.avoid,
                    ..self.balance_choice()
                }),
            };
            let mut ticket = match farm.admit(want, priority) {
                Admission::Slot(slot) => {
                    self.note_chosen(&slot);
                    return Ok(Some(slot));
                }
                Admission::NoServer | Admission::QueueFull if self.bound.is_some() => {
                    self.forget_server();
                    continue;
                }
                Admission::NoServer | Admission::QueueFull => {
                    return Err(Halt::Failed(Failure::NoServer));
                }
                Admission::Queued(ticket) => ticket,
            };
            let limit = self
                .backend
                .timeouts
                .queue
                .or(self.backend.timeouts.connect);
            let waited = self
                .wait_on_client(deadline(began, limit), |cx| ticket.poll_granted(cx))
                .await;
            self.note_queue(&ticket);
            match waited {
                Ok(Granted::Slot(slot)) => {
                    self.note_chosen(&slot);
                    return Ok(Some(slot));
                }
                Ok(Granted::Redistribute) => self.forget_server(),
                Err(stopped) => {
                    self.note_queued(began);
                    return Err(Halt::Failed(match stopped {
                        Stopped::Deadline => Failure::QueueTimeout,
                        Stopped::ClientGone => Failure::QueueAborted,
                        Stopped::Killed => Failure::Killed,
                    }));
                }
            }
        }
    }

    /// Nothing but the balancer chose the server.
    fn note_chosen(&mut self, slot: &Slot) {
        if self.bound.is_none() {
            self.balanced = true;
            self.count_chosen(ServerId {
                backend: self.backend.id,
                index: slot.server(),
            });
        }
    }

    fn has_nameless(&self) -> bool {
        let backend = self.backend.backend.as_ref();
        backend.is_some_and(|backend| backend.nameless.is_some())
    }

    /// An idle connection, or a new one. The inner error is a failed attempt.
    async fn open(
        &mut self,
        server: &'s Server,
        since: Instant,
    ) -> Phase<Result<Box<Link<'s>>, Failure>> {
        let destination = self.server_address(server);
        let proxy_header = self.proxy_header(server);
        let source = self.source_address(server);
        let key = PoolKey::from(PoolKeyParts {
            source: source.map(|source| source.address),
            destination: (destination != server.settings.member.address)
                .then(|| destination.clone()),
            sni: None,
            proxy_header: proxy_header.clone().into(),
        });
        if let Some(own) = self.take_own(server, &key) {
            self.count_reuse(server.id);
            self.note_reused(&destination);
            let side = self.server_side(own.conn);
            let (reuses, in_use) = (own.reuses + 1, own.in_use);
            return Ok(Ok(Box::new(Link {
                side,
                server,
                key,
                reuses,
                preamble: 0,
                private: own.private,
                is_clean: false,
                is_tunnel: false,
                is_cut: false,
                place: own.place,
                in_use,
            })));
        }
        let idle = self.idle(server);
        let reuse = self
            .backend
            .backend
            .as_ref()
            .map_or(HttpReuse::Never, |b| b.settings.http_reuse);
        if self.backend.mode == locum_model::proxy::Mode::Http
            && reuse != HttpReuse::Never
            && let Some((conn, reuses, in_use)) = self.take_idle(server, &key)
        {
            self.count_reuse(server.id);
            self.note_reused(&destination);
            let side = self.server_side(conn);
            return Ok(Ok(Box::new(Link {
                side,
                server,
                key,
                reuses,
                preamble: 0,
                private: false,
                is_clean: false,
                is_tunnel: false,
                is_cut: false,
                place: usize::MAX,
                in_use,
            })));
        }
        if let Some(unneeded) = idle.make_room(self.worker.index) {
            unneeded.close_at_once();
        }
        let mut in_use = idle.begin_use();
        if self.backend.mode != locum_model::proxy::Mode::Http || reuse == HttpReuse::Never {
            in_use.make_private();
        }
        let options = self.connect_options(server, source, !proxy_header.is_empty());
        self.facts.server_address = destination_address(&destination);
        (self.facts.server_source, self.facts.server_refused) = (None, false);
        let connected = self.connect(&destination, &options).await?;
        let now = clock::now();
        self.facts.timers.connect_ms = -1;
        if !self.facts.source_refused {
            self.count_connect(server.id);
        }
        let conn = match connected {
            Ok(conn) => conn,
            Err(failure) => return Ok(Err(failure)),
        };
        self.facts.timers.connect_ms = milliseconds(since, now);
        self.facts.timers.connected = Some(now);
        if self.plan.tells_server_source {
            self.facts.server_source = conn.local_address();
        }
        if server.settings.observe == Some(Observe::Layer4) {
            self.observe(server, Observation::Good);
        }
        let mut side = self.server_side(conn);
        side.stage(&proxy_header);
        Ok(Ok(Box::new(Link {
            side,
            server,
            key,
            reuses: 0,
            preamble: proxy_header.len() as u64,
            private: false,
            is_clean: false,
            is_tunnel: false,
            is_cut: false,
            place: usize::MAX,
            in_use,
        })))
    }

    fn note_reused(&mut self, destination: &Address) {
        self.facts.timers.connected = Some(clock::now());
        self.facts.timers.connect_ms = 0;
        self.facts.server_address = destination_address(destination);
    }

    /// A connection that this session kept for itself.
    fn take_own(&mut self, server: &Server, key: &PoolKey) -> Option<Own> {
        let fits = |own: &Own| own.server == server.id && (own.private || own.key == *key);
        let place = self.own.iter().rposition(fits)?;
        let mut own = self.own.remove(place);
        own.place = place;
        let gone = own
            .conn
            .poll_readable(&mut Context::from_waker(std::task::Waker::noop()))
            .is_ready();
        (!gone).then_some(own)
    }

    /// Puts a connection with a clean end where the next request may find it: with its session, or among all.
    pub(super) fn release(&mut self, link: Box<Link<'s>>) {
        let reuse = self
            .backend
            .backend
            .as_ref()
            .map_or(HttpReuse::Never, |b| b.settings.http_reuse);
        let Link {
            side,
            server,
            key,
            reuses,
            private,
            place,
            mut in_use,
            ..
        } = *link;
        let (conn, buffer) = side.into_parts();
        self.worker.server_buffers.give(buffer);
        // What has no name is kept for its session only (observed).
        if private || reuse == HttpReuse::Never || server.name.is_empty() {
            if private {
                in_use.make_private();
            }
            // It goes back to its place: the order is that in which the session got them.
            let place = place.min(self.own.len());
            self.own.insert(
                place,
                Own {
                    place,
                    conn,
                    server: server.id,
                    key,
                    reuses,
                    private,
                    in_use,
                },
            );
        } else {
            let worker = self.worker.index;
            if let Some(unneeded) = in_use.give_back(worker, &key, conn, reuses, clock::now()) {
                unneeded.close_at_once();
            }
        }
    }

    async fn connect(&mut self, to: &Address, options: &Options) -> Phase<Result<Conn, Failure>> {
        let socket = match connect::connect(to, options) {
            Ok(connect::Connecting::Connected(socket)) => {
                return Ok(Ok(Detached::Tcp(socket).attach_connected()));
            }
            Ok(connect::Connecting::Tcp(socket)) => Detached::Tcp(socket),
            Ok(connect::Connecting::Unix(socket)) => Detached::Unix(socket),
            Err(error) => {
                self.facts.server_source = error.source;
                self.facts.server_refused = true;
                return Ok(Err(self.no_connection(&error)));
            }
        };
        let mut conn = socket.attach();
        if self.plan.tells_server_source {
            self.facts.server_source = conn.local_address();
        }
        let until = deadline(clock::now(), self.backend.timeouts.connect);
        let waited = self
            .wait_on_client(until, |cx| conn.poll_writable(cx))
            .await;
        Ok(match waited {
            Ok(()) => match conn.take_error() {
                None => Ok(conn),
                Some(error) => {
                    self.facts.server_refused = true;
                    Err(connect_failure(connect::ConnectError::of(error).kind))
                }
            },
            Err(Stopped::Deadline) => Err(Failure::ConnectTimeout),
            Err(Stopped::ClientGone) => return Err(Halt::Failed(Failure::ConnectAborted)),
            Err(Stopped::Killed) => return Err(Halt::Failed(Failure::Killed)),
        })
    }

    /// Under `abortonclose` a client that goes away ends its request. Only where the frontend has the option too (from
    /// `defaults`, or as one `listen` section) is its connection watched (observed).
    pub(super) fn watches_client(&self) -> bool {
        self.frontend.options.abortonclose && self.backend.options.abortonclose
    }

    /// Waits for something on the way to the server. The client's going away only counts under `abortonclose`.
    async fn wait_on_client<T>(
        &mut self,
        until: Option<Instant>,
        mut progress: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<T, Stopped> {
        let watch = self.watches_client();
        let client = &mut *self.client;
        let waited = self
            .waiter
            .wait(until, |cx| {
                if let Poll::Ready(value) = progress(cx) {
                    return Poll::Ready(Some(value));
                }
                if watch && client.poll_gone(cx).is_ready() {
                    return Poll::Ready(None);
                }
                Poll::Pending
            })
            .await;
        match waited {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(Stopped::ClientGone),
            Err(Interrupted::Deadline) => Err(Stopped::Deadline),
            Err(Interrupted::Killed) => Err(Stopped::Killed),
        }
    }

    fn idle(&self, server: &Server) -> &'s std::sync::Arc<IdlePool<Conn>> {
        &self.backend_live().servers[server.id.index as usize].idle
    }

    fn take_idle(&mut self, server: &Server, key: &PoolKey) -> Option<(Conn, u32, InUse<Conn>)> {
        let first = self.session.requests <= 1;
        let worker = self.worker.index;
        let taken = self
            .idle(server)
            .take(worker, key, first, |conn: &mut Conn| {
                // Bytes or an end that wait on an idle connection mean that it can't be used.
                conn.poll_readable(&mut Context::from_waker(std::task::Waker::noop()))
                    .is_pending()
            })?;
        let conn = if taken.shard == worker {
            taken.connection
        } else {
            taken.connection.detach().ok()?.attach()
        };
        Some((conn, taken.reuses, taken.in_use))
    }

    /// Where this stream's connection goes: a port of 0 is the client's destination port, an offset adds to it.
    fn server_address(&self, server: &Server) -> Address {
        let member = &server.settings.member;
        let farm = self.backend_live().farm.as_ref();
        let state = farm.and_then(|farm| farm.servers.get(server.id.index as usize));
        let farm_address = state.map_or_else(
            || member.address.clone(),
            |state| (*state.address()).clone(),
        );
        let Address::Ip { mut ip, mut port } = farm_address else {
            return farm_address;
        };
        let towards = self.session.destination;
        if ip.is_unspecified()
            && let Some(destination) = towards
        {
            ip = destination.ip();
        }
        let client_port = towards.map_or(0, |destination| destination.port());
        if let Some(offset) = member.port_offset {
            port = u16::try_from(i32::from(client_port) + offset).unwrap_or(0);
        } else if port == 0 {
            port = client_port;
        }
        Address::Ip { ip, port }
    }

    /// The local end that `source` asks for.
    fn source_address(&self, server: &Server) -> Option<Source> {
        let backend = self.backend.backend.as_ref()?;
        let source = server
            .settings
            .source
            .as_ref()
            .or(backend.settings.source.as_ref())?;
        let client = self.session.source;
        let spoofed = match &source.client {
            None => None,
            Some(SourceClient::ClientIp) => client.map(|c| SocketAddr::new(c.ip(), 0)),
            Some(SourceClient::Client) => client,
            Some(SourceClient::Address(address)) => Some(*address),
            Some(SourceClient::Header(name, occurrence)) => self.header_address(name, *occurrence),
        };
        Some(match spoofed {
            Some(address) => Source {
                address,
                transparent: true,
            },
            None => {
                let mut address = source.address;
                if let Some((low, high)) = source.ports {
                    address.set_port(self.worker.next_port(low, high));
                }
                Source {
                    address,
                    transparent: false,
                }
            }
        })
    }

    fn header_address(&self, name: &[u8], occurrence: i32) -> Option<SocketAddr> {
        let values: Vec<&[u8]> = self.request.elements(name).collect();
        let index = if occurrence < 0 {
            values
                .len()
                .checked_sub(occurrence.unsigned_abs() as usize)?
        } else {
            (occurrence as usize).checked_sub(1)?
        };
        let ip = std::str::from_utf8(values.get(index)?).ok()?.parse().ok()?;
        Some(SocketAddr::new(ip, 0))
    }

    fn connect_options(
        &self,
        server: &Server,
        source: Option<Source>,
        has_header: bool,
    ) -> Options {
        let backend = self.backend.backend.as_ref();
        let line = server
            .settings
            .source
            .as_ref()
            .or(backend.and_then(|b| b.settings.source.as_ref()));
        Options {
            source,
            interface: line.and_then(|line| line.interface.clone()),
            keepalive: self.backend.options.srvtcpka.then(|| {
                backend
                    .map(|b| b.settings.tcp_keepalive.clone())
                    .unwrap_or_default()
            }),
            user_timeout: server.settings.user_timeout,
            fast_open: server.settings.fast_open,
            delay_ack: has_header || self.backend.options.tcp_smart_connect,
            receive_buffer: self.plan.global.tune.rcvbuf_server,
            send_buffer: self.plan.global.tune.sndbuf_server,
        }
    }

    /// The PROXY header that opens a new connection; empty if none is asked for.
    fn proxy_header(&self, server: &Server) -> Vec<u8> {
        match &server.settings.send_proxy {
            None => Vec::new(),
            Some(version) => {
                let ends = self.session.source.zip(self.session.destination);
                let endpoints = ends.map(|(source, destination)| Endpoints {
                    source,
                    destination,
                });
                let mut header = Vec::new();
                match version {
                    ProxyProtocol::V1 => proxy_protocol::encode_v1(endpoints, &mut header),
                    ProxyProtocol::V2(options) => {
                        let has = |name: &str| options.iter().any(|option| option == name);
                        let facts = self.session.proxy_header.as_deref();
                        let authority = facts.and_then(|facts| facts.authority.as_deref());
                        let outgoing = Outgoing {
                            endpoints,
                            checksum: has("crc32c"),
                            unique_id: self.facts.unique_id.as_deref().filter(|_| has("unique-id")),
                            authority: authority.filter(|_| has("authority")),
                        };
                        proxy_protocol::encode_v2(&outgoing, &mut header);
                    }
                }
                header
            }
        }
    }

    fn server_side(&self, conn: Conn) -> H1Side {
        let limits = self.response_limits();
        let mut side = H1Side::new(conn, self.worker.server_buffers.clone(), limits);
        if self.backend.options.h1_case_adjust_bogus_server {
            side.names = Some(self.plan.names.clone());
        }
        side
    }

    fn response_limits(&self) -> Limits {
        let tune = self.plan.tune;
        Limits {
            accept_invalid: self.backend.options.accept_invalid_http_response,
            keep_case: self.plan.has_line_rules,
            ..Limits::of_buffer(tune.bufsize, tune.maxrewrite, tune.maxhdr)
        }
    }

    /// The server is watched by its traffic (`observe`).
    pub(super) fn observe(&self, server: &Server, seen: Observation) {
        let layer = match server.settings.observe {
            None => return,
            Some(Observe::Layer4) if seen == Observation::ResponseFailed => return,
            Some(_) => self.backend_live().farm.as_ref(),
        };
        if let Some(farm) = layer {
            let (events, _) = farm.on_observation(clock::now(), server.id.index, seen);
            self.worker.tell(self.backend.id, events);
        }
    }

    fn enter_server(&mut self, index: u32) {
        self.facts.server = Some(ServerId {
            backend: self.backend.id,
            index,
        });
        self.show_place();
    }
}

/// A server connection that a session keeps for itself between its requests.
pub struct Own {
    place: usize,
    conn: Conn,
    server: ServerId,
    key: PoolKey,
    reuses: u32,
    private: bool,
    in_use: InUse<Conn>,
}

impl Own {
    /// Closes it: its session is over.
    pub(super) fn close(self) {
        self.conn.close_at_once();
    }
}

/// Why a wait on the way to the server ended.
enum Stopped {
    Deadline,
    ClientGone,
    Killed,
}

fn destination_address(address: &Address) -> Option<SocketAddr> {
    match address {
        Address::Ip { ip, port } => Some(SocketAddr::new(*ip, *port)),
        _ => None,
    }
}

/// Whole milliseconds between two moments.
pub(super) fn milliseconds(from: Instant, to: Instant) -> i64 {
    if from == to {
        // The usual case while a task's time stands still.
        return 0;
    }
    let passed = to.saturating_duration_since(from);
    i64::try_from(passed.as_secs()).map_or(i64::MAX, |seconds| {
        seconds
            .saturating_mul(1000)
            .saturating_add(i64::from(passed.subsec_millis()))
    })
}
