//! Rules that look at what the server sends before it is passed on: `tcp-response content`, in both modes, and the waits
//! of `http-response wait-for-body` (manual 4.2).
//!
//! ```text
//!   the connection stands ─▶ look ─ undecided ─▶ wait for more, the deadline, or the server's end ─▶ look …
//!                              └─ decided, or the last look ─▶ pass on · refuse · close
//! ```
//!
//! Meanwhile the request goes on. A rule set that has run to its end isn't run again.

use std::{future::poll_fn, task::Poll, time::Instant};

use locum_model::proxy::Mode;

use super::{
    ClientSide, Halt, Phase, Stream,
    connect::Link,
    copy::TransferError,
    deadline,
    failure::Failure,
    rules::{Decision, Look, Sees},
    side::{SideError, h1::H1Side},
    transfer::{Inactivity, TransferFailure, Transfers},
};
use crate::{
    clock,
    http::{
        Head,
        h1::framing::{Framing, head_weight, is_interim},
    },
    plan::Proxy,
    rules::{Resumed, reply::LocalReply},
    sample::view::Buffered,
    worker::wait::Interrupted,
};

/// The server that is answering, for rules that look at what it sends.
pub(super) struct Answering<'a, 's> {
    pub(super) link: &'a mut Link<'s>,
    pub(super) transfers: &'a mut Transfers,
}

/// How far the rules over one response are.
struct Inspection<'s> {
    proxy: &'s Proxy,
    /// When the rules wait no longer.
    until: Option<Instant>,
    sees: Sees,
    /// What the server sends now is looked at: bytes, or the body of the final response.
    has_body: bool,
    /// What isn't there now will not come.
    is_last: bool,
    /// The rules are through.
    is_decided: bool,
    /// Interim responses that wait with the rules. The rules see the first of them, also when others have come.
    held: Vec<Head>,
}

/// What became of a wait for more of the response.
enum More {
    /// There is more, or no more will come.
    Came,
    /// The rules' time is over.
    Paused,
    /// A side was silent for too long; whether it was the client.
    Late(bool),
    /// Nothing is left to wait for: both sides are through.
    Over,
}

impl<'s> Inspection<'s> {
    /// The time runs from the moment the connection stands.
    fn begin(proxy: &'s Proxy, mode: Mode) -> Self {
        let until = deadline(clock::now(), proxy.response_inspect_delay);
        Self {
            proxy,
            until,
            // Of HTTP there is only the request yet.
            sees: match mode {
                Mode::Http => Sees::Request,
                Mode::Tcp => Sees::Connection,
            },
            has_body: mode == Mode::Tcp,
            is_last: until.is_none(),
            is_decided: false,
            held: Vec::new(),
        }
    }

    /// The moment to look a last time, unless there has been one.
    fn pause(&self) -> Option<Instant> {
        self.until.filter(|_| !self.is_decided)
    }

    fn note(&mut self, more: &More, transfers: &mut Transfers) {
        match more {
            More::Came => {}
            More::Paused | More::Over => {
                self.is_last = true;
                transfers.heard = Some(transfers.response.active);
            }
            More::Late(late) => {
                self.is_last = true;
                transfers.late = Some(*late);
            }
        }
    }
}

impl<'s, C: ClientSide> Stream<'s, C> {
    /// Whether rules look at what the server sends.
    pub(super) fn inspects_response(&self) -> bool {
        !self.backend.rules.tcp_response_content.is_empty()
    }

    /// `tcp-response content` over bytes.
    ///
    /// # Errors
    /// A rule refused them, or the client's side failed.
    pub(super) async fn inspect_bytes(
        &mut self,
        mut answering: Answering<'_, 's>,
        limits: Inactivity,
        mut ends: impl FnMut(&mut Transfers, &mut C, &mut H1Side) -> bool,
    ) -> Phase {
        let mut inspection = Inspection::begin(self.backend, Mode::Tcp);
        loop {
            if let Err(halt) = self.look(&mut inspection, &mut answering) {
                // Bytes that nobody has read would make the end a reset.
                self.take_what_is_there().await;
                return Err(halt);
            }
            if inspection.is_decided {
                return Ok(());
            }
            let more = self
                .await_more(&mut answering, limits, inspection.until, &mut ends)
                .await;
            match more {
                Ok(more) => inspection.note(&more, answering.transfers),
                Err(failure) => {
                    self.facts.bytes_out += answering.link.side.pending_body();
                    return self.byte_failure(failure);
                }
            }
        }
    }

    /// As [`Self::receive_response`], with `tcp-response content` rules that look at the response.
    ///
    /// # Errors
    /// A rule refused it, or as without rules.
    pub(super) async fn receive_inspected(
        &mut self,
        mut answering: Answering<'_, 's>,
    ) -> Phase<Framing> {
        let mut inspection = Inspection::begin(self.backend, Mode::Http);
        self.send_request(&mut answering).await;
        self.look(&mut inspection, &mut answering)?;
        let received = self.receive_looking(&mut inspection, &mut answering).await;
        use Failure::{ResponseClosed, ResponseMalformed, ResponseTimeout};
        if let Err(Halt::Failed(ResponseClosed | ResponseMalformed | ResponseTimeout)) = received {
            inspection.is_last = true;
            self.look(&mut inspection, &mut answering)?;
            self.facts.bytes_out += answering.link.side.pending_body();
        }
        if received.is_ok() {
            self.note_response_time();
        }
        received
    }

    /// Passes on what rules held back, which is nothing that the server does now.
    pub(super) async fn pass_held(&mut self, link: &mut Link<'s>, transfers: &mut Transfers) {
        let Some(heard) = transfers.heard.take() else {
            return;
        };
        let (client, filters) = (&mut *self.client, &mut self.filters);
        poll_fn(|cx| {
            // An end or an error shows again to whoever moves the rest.
            let _ = transfers.response.poll(cx, &mut link.side, client, filters);
            Poll::Ready(())
        })
        .await;
        transfers.response.active = heard;
    }

    /// Sends what is there of the request: the rules' first look doesn't keep it back.
    async fn send_request(&mut self, answering: &mut Answering<'_, 's>) {
        let Answering { link, transfers } = answering;
        let (client, filters) = (&mut *self.client, &mut self.filters);
        poll_fn(|cx| {
            // An end or an error shows again to whoever waits for the response.
            let _ = transfers.request.poll(cx, client, &mut link.side, filters);
            Poll::Ready(())
        })
        .await;
        self.count_moved(transfers);
    }

    async fn receive_looking(
        &mut self,
        inspection: &mut Inspection<'s>,
        answering: &mut Answering<'_, 's>,
    ) -> Phase<Framing> {
        let mut began = clock::now();
        loop {
            let side = &mut answering.link.side;
            let pause = inspection.pause();
            if !self
                .await_head(side, answering.transfers, began, pause)
                .await?
            {
                inspection.is_last = true;
                self.look(inspection, answering)?;
                continue;
            }
            began = clock::now();
            inspection.sees = Sees::Response;
            if !is_interim(self.response.status()) {
                break;
            }
            self.facts.bytes_out += head_weight(&self.response);
            inspection.held.push(std::mem::take(&mut self.response));
            self.look(inspection, answering)?;
        }
        let framing = self.frame_response(answering.link)?;
        answering.transfers.response.active = clock::now();
        inspection.has_body = true;
        let limits = self.message_inactivity();
        loop {
            self.look(inspection, answering)?;
            if inspection.is_decided {
                return Ok(framing);
            }
            let more = self
                .await_more(answering, limits, inspection.until, |_, _, _| false)
                .await
                .map_err(|failure| self.answering_failure(failure, answering))?;
            inspection.note(&more, answering.transfers);
        }
    }

    /// One look of the rules, unless they are through.
    fn look(
        &mut self,
        inspection: &mut Inspection<'s>,
        answering: &mut Answering<'_, 's>,
    ) -> Phase {
        let side = &mut answering.link.side;
        let decision = if inspection.is_decided {
            Decision::Continue
        } else {
            let answer = match inspection.has_body {
                true => side.buffered_body(),
                false => Buffered::default(),
            };
            inspection.is_last |= answer.complete;
            let look = Look {
                is_last: inspection.is_last,
                answer: Some(answer),
                ..Look::default()
            };
            let rules = &inspection.proxy.rules.tcp_response_content;
            self.swap_held(inspection);
            let decision = self.step(rules, inspection.proxy, inspection.sees, look);
            self.swap_held(inspection);
            decision
        };
        match decision {
            Decision::NeedMore if !inspection.is_last => return Ok(()),
            Decision::Close if inspection.sees == Sees::Request => {
                answering.link.is_cut = true;
                return Err(Halt::Failed(Failure::ResponseClosed));
            }
            Decision::Close => {
                side.input_ended = true;
                answering.link.is_cut = true;
                if self.session.mode == Mode::Tcp {
                    answering.transfers.request.abandon();
                }
            }
            Decision::Reject => {
                self.swap_held(inspection);
                let came = side.pending_body();
                return Err(self.refuse_answer(inspection.sees, came, b'D'));
            }
            Decision::SilentDrop => {
                self.swap_held(inspection);
                let came = side.pending_body();
                return Err(self.refuse_answer(inspection.sees, came, b'R'));
            }
            // No action of these rules waits or answers.
            _ => {}
        }
        inspection.is_decided = true;
        for mut head in inspection.held.drain(..) {
            self.pass_interim(&mut head);
        }
        Ok(())
    }

    /// Puts the first head that came where rules see it, and back.
    fn swap_held(&mut self, inspection: &mut Inspection<'s>) {
        if let Some(first) = inspection.held.first_mut() {
            std::mem::swap(first, &mut self.response);
        }
    }

    /// The books of a response that a rule refuses: what came of it counts, and the log has its status.
    fn refuse_answer(&mut self, sees: Sees, came: u64, phase: u8) -> Halt {
        self.facts.bytes_out += came;
        self.facts.timers.response_ms = -1;
        if sees == Sees::Response {
            let status = self.response.status();
            self.facts.status = Some(status);
            self.count_response(status);
        }
        if phase == b'D' {
            self.count_denied_response(self.backend);
        }
        self.facts.termination.mark(b'P', phase);
        Halt::Closed
    }

    /// `tcp-response content` over a page that is made here: nothing of it is waited for.
    ///
    /// # Errors
    /// A rule refused it.
    pub(super) fn inspect_page(&mut self, proxy: &'s Proxy, page: &mut LocalReply) -> Phase {
        let rules = &proxy.rules.tcp_response_content;
        if rules.is_empty() {
            return Ok(());
        }
        let waits = proxy.response_inspect_delay.is_some();
        let unseen = Look {
            is_last: !waits,
            answer: Some(Buffered::default()),
            ..Look::default()
        };
        let mut decision = self.step(rules, proxy, Sees::Request, unseen);
        if matches!(decision, Decision::NeedMore) {
            let body = page.body.clone();
            let seen = Look {
                is_last: true,
                answer: Some(Buffered::whole(&body)),
                ..Look::default()
            };
            std::mem::swap(&mut self.response, &mut page.head);
            decision = self.step(rules, proxy, Sees::Response, seen);
            std::mem::swap(&mut self.response, &mut page.head);
        }
        let phase = match decision {
            Decision::Reject => b'D',
            Decision::SilentDrop => b'R',
            _ => return Ok(()),
        };
        self.time_request();
        Err(self.refuse_answer(Sees::Request, 0, phase))
    }

    /// Waits until more of the response's body is there (`http-response wait-for-body`).
    ///
    /// # Errors
    /// The time is over, the server is late or sends nonsense, or the client went away.
    pub(super) async fn wait_for_answer(
        &mut self,
        answering: &mut Answering<'_, 's>,
        until: Instant,
    ) -> Phase<Resumed> {
        let limits = self.message_inactivity();
        let more = self
            .await_more(answering, limits, Some(until), |_, _, _| false)
            .await;
        let failure = match more {
            Ok(More::Came | More::Over) => return Ok(Resumed::Ready),
            Ok(More::Paused | More::Late(_)) => Failure::ResponseBodyTimeout,
            Err(failure) => match self.answering_failure(failure, answering) {
                Halt::Failed(Failure::ResponseMalformed) => Failure::ResponseMalformed,
                other => {
                    self.count_response(self.response.status());
                    return Err(other);
                }
            },
        };
        // The client can still be told: nothing of the response has left.
        self.facts.status = None;
        self.facts.timers.response_ms = -1;
        Err(Halt::Failed(failure))
    }

    fn answering_failure(&self, failure: TransferFailure, answering: &Answering<'_, 's>) -> Halt {
        Halt::Failed(match failure {
            TransferFailure::Client(SideError::Malformed(_)) => Failure::RequestBodyMalformed,
            TransferFailure::Client(_) if answering.transfers.request.is_done() => {
                Failure::ClientClosedWhileSending
            }
            TransferFailure::Client(_) => Failure::RequestBodyAborted,
            TransferFailure::Killed => Failure::Killed,
            _ => Failure::ResponseMalformed,
        })
    }

    /// Waits until the server has sent more, or has ended, while the request goes on.
    async fn await_more(
        &mut self,
        answering: &mut Answering<'_, 's>,
        limits: Inactivity,
        until: Option<Instant>,
        mut ends: impl FnMut(&mut Transfers, &mut C, &mut H1Side) -> bool,
    ) -> Result<More, TransferFailure> {
        let Answering { link, transfers } = answering;
        let server = &mut link.side;
        let before = server.pending_body();
        let watch = self.session.mode == Mode::Http && self.watches_client();
        loop {
            let silence = transfers.next_deadline(&limits);
            let next = until.into_iter().chain(silence.map(|(at, _)| at)).min();
            let (client, filters) = (&mut *self.client, &mut self.filters);
            let waited = self.waiter.wait(next, |cx| {
                match transfers.request.poll(cx, client, server, filters) {
                    Poll::Ready(Err(TransferError::Source(error))) => {
                        return Poll::Ready(Err(TransferFailure::Client(error)));
                    }
                    Poll::Ready(Err(TransferError::Sink(_))) => {
                        (server.input_ended, server.broken) = (true, true);
                    }
                    _ => {}
                }
                if ends(transfers, client, server) {
                    return Poll::Ready(Ok(More::Over));
                }
                match server.poll_more(cx) {
                    Poll::Ready(Ok(())) => Poll::Ready(Ok(More::Came)),
                    Poll::Ready(Err(error)) => {
                        Poll::Ready(Err(TransferFailure::Server(SideError::Malformed(error))))
                    }
                    Poll::Pending if server.pending_body() > before => Poll::Ready(Ok(More::Came)),
                    Poll::Pending
                        if watch
                            && transfers.request.is_done()
                            && client.poll_gone(cx).is_ready() =>
                    {
                        Poll::Ready(Err(TransferFailure::Client(SideError::Closed)))
                    }
                    Poll::Pending => Poll::Pending,
                }
            });
            let waited = waited.await;
            self.count_moved(transfers);
            let now = clock::now();
            match waited {
                Ok(Ok(more)) => {
                    transfers.response.active = now;
                    return Ok(more);
                }
                Ok(Err(failure)) => return Err(failure),
                Err(Interrupted::Killed) => return Err(TransferFailure::Killed),
                Err(Interrupted::Deadline) if until.is_some_and(|until| until <= now) => {
                    return Ok(More::Paused);
                }
                // Bytes of the request may have moved since the deadline was computed.
                Err(Interrupted::Deadline) => match transfers.next_deadline(&limits) {
                    Some((at, is_client)) if at <= now => return Ok(More::Late(is_client)),
                    _ => {}
                },
            }
        }
    }
}
