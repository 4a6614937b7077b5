//! The response: interim ones pass, the final one goes through rules and cookies, then the bodies move.

use std::{task::Poll, time::Instant};

use super::{
    ClientSide, Halt, Phase, Stream,
    connect::{Link, milliseconds},
    failure::Failure,
    inspection::Answering,
    side::{SideError, h1::H1Side},
    transfer::{TransferFailure, Transfers},
};
use crate::{
    clock,
    filter::Direction,
    http::{
        Head, Name,
        h1::{
            body::BodyFraming,
            framing::{
                ClientConnection, Framing, head_weight, hide_connection_tokens, is_interim,
                prepare_response_for_client, response_framing,
            },
        },
    },
    stick::tracking::events,
    worker::wait::Interrupted,
};

impl<'s, C: ClientSide> Stream<'s, C> {
    /// Sends the request's body while it waits for the response's head.
    ///
    /// # Errors
    /// Either side closed, was late, or sent nonsense.
    pub(super) async fn receive_response(
        &mut self,
        link: &mut Link<'s>,
        transfers: &mut Transfers,
    ) -> Phase<Framing> {
        loop {
            let began = clock::now();
            self.await_head(&mut link.side, transfers, began, None)
                .await?;
            let status = self.response.status();
            if !is_interim(status) {
                break;
            }
            self.count_server_response(status);
            self.facts.bytes_out += head_weight(&self.response);
            let mut interim = std::mem::take(&mut self.response);
            self.pass_interim(&mut interim);
            self.response = interim;
        }
        let framing = self.frame_response(link)?;
        // The server's patience with its body begins here.
        transfers.response.active = clock::now();
        self.note_response_time();
        Ok(framing)
    }

    /// How the body of the response goes on whose head has come.
    ///
    /// # Errors
    /// It is ambiguous, or its beginning malformed.
    pub(super) fn frame_response(&mut self, link: &mut Link<'s>) -> Phase<Framing> {
        let malformed = Halt::Failed(Failure::ResponseMalformed);
        let framing = response_framing(
            &self.response,
            self.request.method(),
            self.request_framing.upgrade,
        );
        let Some(framing) = framing else {
            self.facts.bytes_out += head_weight(&self.response) + link.side.input.len() as u64;
            return Err(malformed);
        };
        link.side.expect_body(framing.body);
        link.side.check_body().map_err(|_| malformed)?;
        self.facts.bytes_out += head_weight(&self.response);
        if !self.plan.has_line_rules {
            hide_connection_tokens(&mut self.response);
        }
        Ok(framing)
    }

    /// The log knows how long the response took once it may be passed on.
    pub(super) fn note_response_time(&mut self) {
        let now = clock::now();
        let since = self.facts.timers.connected.unwrap_or(now);
        self.facts.timers.response_ms = milliseconds(since, now);
    }

    /// Waits for a head. `false`: the moment to pause came first.
    pub(super) async fn await_head(
        &mut self,
        server: &mut H1Side,
        transfers: &mut Transfers,
        began: Instant,
        pause: Option<Instant>,
    ) -> Phase<bool> {
        let (client_limit, server_limit) = (self.frontend.timeouts.client, self.server_timeout());
        let watch = self.watches_client();
        loop {
            // The server may answer at any time: a body that stalls is its lateness too, as in the reference.
            let uploading = !transfers.request.is_done();
            let (limit, late) = match server_limit {
                None if uploading => (client_limit, Failure::RequestBodyTimeout),
                limit => (limit, Failure::ResponseTimeout),
            };
            let from = transfers.request.active.max(began);
            let until = super::deadline(from, limit);
            let until = until.into_iter().chain(pause).min();
            let (client, response, filters) =
                (&mut *self.client, &mut self.response, &mut self.filters);
            let waited = self
                .waiter
                .wait(until, |cx| {
                    // An interim response may be on its way out; a client that can't take it shows itself later.
                    let _ = client.poll_flush(cx);
                    let up = transfers.request.poll(cx, client, server, filters);
                    if let Poll::Ready(result) = server.poll_response(cx, response) {
                        return Poll::Ready(Some(result.map_err(TransferFailure::Server)));
                    }
                    if let Poll::Ready(Err(super::copy::TransferError::Source(error))) = up {
                        return Poll::Ready(Some(Err(TransferFailure::Client(error))));
                    }
                    if uploading && transfers.request.is_done() {
                        return Poll::Ready(None);
                    }
                    if watch && transfers.request.is_done() && client.poll_gone(cx).is_ready() {
                        return Poll::Ready(Some(Err(TransferFailure::Client(SideError::Closed))));
                    }
                    Poll::Pending
                })
                .await;
            self.count_moved(transfers);
            let failure = match waited {
                Ok(None) => continue,
                Ok(Some(Ok(()))) => return Ok(true),
                Ok(Some(Err(TransferFailure::Client(SideError::Malformed(_))))) => {
                    Failure::RequestBodyMalformed
                }
                Ok(Some(Err(TransferFailure::Client(_)))) if uploading => {
                    Failure::RequestBodyAborted
                }
                Ok(Some(Err(TransferFailure::Client(_)))) if self.client.is_broken() => {
                    Failure::ClientClosedWhileSending
                }
                Ok(Some(Err(TransferFailure::Client(_)))) => Failure::ResponseAborted,
                Ok(Some(Err(TransferFailure::Server(SideError::Malformed(_))))) => {
                    Failure::ResponseMalformed
                }
                Ok(Some(Err(_))) => Failure::ResponseClosed,
                Err(Interrupted::Killed) => Failure::Killed,
                Err(Interrupted::Deadline) if pause.is_some_and(|at| at <= clock::now()) => {
                    return Ok(false);
                }
                Err(Interrupted::Deadline) => {
                    if super::deadline(transfers.request.active.max(began), limit)
                        .is_some_and(|at| at > clock::now())
                    {
                        continue;
                    }
                    late
                }
            };
            return Err(Halt::Failed(failure));
        }
    }

    /// An interim response goes to every client, also to one of HTTP/1.0 (so does the reference).
    pub(super) fn pass_interim(&mut self, head: &mut Head) {
        let framing = Framing {
            body: BodyFraming::Empty,
            keep_alive: true,
            upgrade: false,
            expect_continue: false,
        };
        let client = ClientConnection {
            version: self.request.version(),
            keep_alive: true,
        };
        prepare_response_for_client(head, &framing, client);
        self.client.stage_interim(head);
        self.facts.interim = true;
    }

    /// Rules, cookies, the head, then both bodies to their ends.
    ///
    /// # Errors
    /// A rule refused the response, or a side failed while bytes moved.
    pub(super) async fn deliver_response(
        &mut self,
        link: &mut Link<'s>,
        mut transfers: Transfers,
        framing: Framing,
        keeps_server: bool,
    ) -> Phase {
        self.facts.status = Some(self.response.status());
        self.dump(&[super::dump::Passing::Response]);
        self.count_server_response(self.response.status());
        self.note_authentication(link);
        self.capture_response();
        if let Some(event) = events::of_status(self.response.status()) {
            self.count_tracked(event);
        }
        self.facts.variables.borrow_mut().request.clear();
        if let Err(halt) = self.revise_response(link, &mut transfers).await {
            // What the server sent counts, also when nobody gets it.
            self.facts.bytes_out += link.side.pending_body();
            let is_answered = matches!(halt, Halt::Reply(_) | Halt::Unfit(_));
            if is_answered && keeps_server && framing.keep_alive && transfers.request.is_done() {
                link.is_clean = !transfers.request.was_refused() && link.side.discard_body();
            }
            return Err(halt);
        }
        self.filters
            .on_head(Direction::Response, &mut self.response);
        let tunnel = framing.body == BodyFraming::Tunnel;
        let misled = self.request_framing.body == BodyFraming::Tunnel && !tunnel && {
            // What a client sent into a tunnel that it didn't get may be half of anything.
            self.client.stay_message();
            transfers.request.abandon();
            self.must_close |= transfers.request.began;
            transfers.request.began
        };
        let keep_client =
            self.request_framing.keep_alive && !self.must_close && self.may_keep_client();
        let client = ClientConnection {
            version: self.client_version(),
            keep_alive: keep_client,
        };
        let leaves = prepare_response_for_client(&mut self.response, &framing, client);
        let status = self.response.status();
        self.facts.status = Some(status);
        self.count_response(status);
        self.must_close |= !leaves.keep_alive;
        // All that follows the heads passes as it is, where the connection mode says so.
        let passes = !tunnel
            && keep_client
            && self.passes_all()
            && transfers.request.is_done()
            && leaves.body == framing.body;
        let tunnel = tunnel || passes;
        if passes {
            link.side.expect_body(BodyFraming::Tunnel);
        }
        let body = if passes {
            BodyFraming::Tunnel
        } else {
            leaves.body
        };
        self.client.start(&self.response, body);
        if self.must_close && !tunnel && self.client.request_complete() {
            self.client.end_connection_behind();
        }
        if self.logs_early() {
            let pending = link.side.pending_body();
            self.facts.bytes_out += pending;
            self.log();
            self.facts.bytes_out -= pending;
        }
        let until_close = leaves.body == BodyFraming::UntilClose;
        let limits = if tunnel {
            self.tunnel_inactivity()
        } else {
            self.message_inactivity()
        };
        let limits = transfers.cut(limits);
        self.pass_held(link, &mut transfers).await;
        if tunnel {
            link.is_tunnel = true;
            self.client.become_tunnel();
            transfers.request = super::copy::Transfer::new(Direction::Request, clock::now());
        }
        let moved = self
            .transfer(
                &mut link.side,
                &mut transfers,
                limits,
                |transfers, client, server| {
                    if tunnel {
                        super::forward::pass_ends_on(transfers, client, server)
                    } else {
                        // The request may outlast its answer; only an end that is the close can't wait for it.
                        if until_close
                            && !transfers.request.is_done()
                            && transfers.response.take_end()
                        {
                            client.shutdown();
                        }
                        transfers.response.is_done() && transfers.request.is_done()
                    }
                },
            )
            .await;
        if let Err(failure) = moved {
            if matches!(failure, TransferFailure::Server(_)) {
                // What came before the cut is the client's.
                self.flush().await;
            }
            if link.is_cut && matches!(failure, TransferFailure::Server(_)) {
                return Err(Halt::Failed(Failure::ServerCutOff));
            }
            return self.data_failure(failure);
        }
        if !transfers.request.is_done() || tunnel {
            // The server answered before it had read everything: neither connection has a clean end.
            self.must_close = true;
            return Ok(());
        }
        if keeps_server
            && framing.keep_alive
            && !misled
            && !transfers.request.was_refused()
            && link.side.input.is_empty()
            && !link.side.input_ended
        {
            link.is_clean = true;
        }
        Ok(())
    }

    /// Rules and cookies work on the head.
    ///
    /// # Errors
    /// Something else is answered, or the exchange ends.
    async fn revise_response(&mut self, link: &mut Link<'s>, transfers: &mut Transfers) -> Phase {
        for proxy in self.proxies_backend_first() {
            let answering = Answering { link, transfers };
            self.http_response_rules(proxy, answering).await?;
        }
        self.set_cookie()?;
        self.after_response_rules(link.side.buffered_body())
            .map_err(|page| {
                self.note_unfit_response();
                Halt::Unfit(page)
            })
    }

    /// Connection-bound authentication makes the connection its client's own (RFC 4559 §6).
    fn note_authentication(&mut self, link: &mut Link<'s>) {
        if !matches!(self.response.status(), 401 | 407) {
            return;
        }
        let schemes = self
            .response
            .all(b"www-authenticate")
            .chain(self.response.all(b"proxy-authenticate"));
        for scheme in schemes {
            let word = scheme
                .split(|byte| *byte == b' ')
                .next()
                .unwrap_or_default();
            link.private |= word.eq_ignore_ascii_case(b"NTLM")
                || word.eq_ignore_ascii_case(b"Negotiate")
                || word.eq_ignore_ascii_case(b"Nego2");
        }
    }

    /// Neither a stop nor the connection mode is against another request.
    pub(super) fn may_keep_client(&self) -> bool {
        let stopping = self
            .live
            .stopping
            .load(std::sync::atomic::Ordering::Relaxed);
        self.connection_mode(self.frontend).keeps_client() && !stopping
    }

    fn logs_early(&self) -> bool {
        self.frontend.options.logasap && self.response.has(Name::ContentLength)
    }
}
