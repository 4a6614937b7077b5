//! Running rule sets over a stream: waits where an action or a condition waits, and turns verdicts into replies.

use std::{
    task::Poll,
    time::{Duration, Instant},
};

use locum_model::proxy::Mode;

use super::{
    ClientSide, Halt, Phase, Stream, deadline, facts::Opening, failure::Failure,
    inspection::Answering,
};
use crate::{
    clock,
    http::{Head, Version, h1::framing::head_weight},
    plan::Proxy,
    rules::{
        ActionView, Hints, Resumed, Rule, Verdict, Wait,
        engine::{self, RuleIndex, Run},
        reply::{LocalReply, Reply},
    },
    sample::{value::Arena, view::Buffered},
    stick::tracking::events,
    worker::wait::Interrupted,
};

/// Which messages a rule set sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sees {
    Connection,
    Bytes,
    Request,
    /// Conditions on a response don't see the request: it has left (observed, and warned of).
    Response,
    /// The rules over a response's lines are older than that: HAProxy 1.5 still had the request.
    ResponseLines,
}

/// One look of a rule set: where it goes on, and what there is.
#[derive(Default)]
pub(super) struct Look<'a> {
    pub(super) from: RuleIndex,
    pub(super) resumed: Option<Resumed>,
    /// What isn't there now will not come.
    pub(super) is_last: bool,
    /// What has come of the response's body, for rules about responses.
    pub(super) answer: Option<Buffered<'a>>,
}

/// What a rule set decided.
pub(super) enum Decision {
    /// Go on behind the rule set.
    Continue,
    /// Answer with this.
    Deny(Box<LocalReply>),
    Tarpit(Box<LocalReply>),
    Return(Box<LocalReply>),
    Reject,
    /// The request is none.
    Malformed,
    /// What a rule rewrote has no room: this page instead.
    NoRoom(Box<LocalReply>),
    /// Take no more from the server.
    Close,
    /// The bytes are requests.
    Upgrade,
    SilentDrop,
    /// Wait, then go on at this rule.
    Suspend(RuleIndex, Wait),
    /// A condition needs more bytes.
    NeedMore,
}

impl<'s, C: ClientSide> Stream<'s, C> {
    /// `tcp-request content` of a proxy.
    ///
    /// # Errors
    /// A rule ended the exchange.
    pub async fn tcp_request_content(&mut self, proxy: &'s Proxy) -> Phase {
        let rules = &proxy.rules.tcp_request_content;
        let seen = if self.session.mode == Mode::Http {
            Sees::Request
        } else {
            Sees::Bytes
        };
        match self
            .evaluate(rules, proxy, seen, proxy.inspect_delay, None)
            .await?
        {
            Decision::Reject | Decision::Deny(_) => {
                self.count_denied_request(proxy);
                self.facts.termination.mark(b'P', b'R');
                Err(Halt::Closed)
            }
            Decision::Upgrade => {
                self.session.mode = Mode::Http;
                Ok(())
            }
            other => self.common(other),
        }
    }

    /// `http-request` of a proxy, the old rules over the request's lines, and `redirect`: one that allows ends its own
    /// set only.
    ///
    /// # Errors
    /// A rule ended the exchange.
    pub async fn http_request_rules(&mut self, proxy: &'s Proxy) -> Phase {
        let rules = &proxy.rules;
        self.request_rules(proxy, &rules.http_request).await?;
        if !rules.request_lines.is_empty() {
            let framing = self.request.framing_fields();
            self.request_rules(proxy, &rules.request_lines).await?;
            self.request.restore_framing(&framing);
        }
        self.request_rules(proxy, &rules.redirect).await
    }

    async fn request_rules(&mut self, proxy: &'s Proxy, rules: &'s [Rule]) -> Phase {
        match self
            .evaluate(rules, proxy, Sees::Request, None, None)
            .await?
        {
            Decision::Deny(reply) => {
                self.count_denied_request(proxy);
                self.count_tracked(events::ERROR);
                self.tell_server();
                self.facts.termination.mark(b'P', b'R');
                Err(Halt::Reply(reply))
            }
            Decision::Tarpit(reply) => {
                self.count_denied_request(proxy);
                self.count_tracked(events::ERROR);
                self.tarpit(proxy, reply).await
            }
            Decision::Reject => {
                self.count_denied_request(proxy);
                self.facts.termination.mark(b'P', b'R');
                Err(Halt::Closed)
            }
            Decision::Return(reply) => {
                self.facts.termination.mark(b'L', b'R');
                Err(Halt::Reply(reply))
            }
            other => self.common(other),
        }
    }

    /// `stats http-request` of a proxy: who may see its page.
    ///
    /// # Errors
    /// Not this client.
    pub async fn stats_rules(&mut self, proxy: &'s Proxy) -> Phase {
        match self
            .evaluate(&proxy.stats_rules, proxy, Sees::Request, None, None)
            .await?
        {
            Decision::Deny(mut reply) => {
                // The reference logs and counts this refusal as a bad request.
                reply.status = 400;
                self.count_denied_request(proxy);
                self.facts.termination.mark(b'P', b'R');
                Err(Halt::Reply(reply))
            }
            other => self.common(other),
        }
    }

    /// `http-response` of a proxy, and the old rules over the response's lines.
    ///
    /// # Errors
    /// A rule ended the exchange.
    pub(super) async fn http_response_rules(
        &mut self,
        proxy: &'s Proxy,
        mut answering: Answering<'_, 's>,
    ) -> Phase {
        let rules = &proxy.rules;
        self.response_rules(proxy, &rules.http_response, Sees::Response, &mut answering)
            .await?;
        if !rules.response_lines.is_empty() {
            let framing = self.response.framing_fields();
            self.facts.lines_allowed = false;
            self.response_rules(
                proxy,
                &rules.response_lines,
                Sees::ResponseLines,
                &mut answering,
            )
            .await?;
            self.response.restore_framing(&framing);
        }
        Ok(())
    }

    async fn response_rules(
        &mut self,
        proxy: &'s Proxy,
        rules: &'s [Rule],
        sees: Sees,
        answering: &mut Answering<'_, 's>,
    ) -> Phase {
        let answering = Some(answering);
        match self.evaluate(rules, proxy, sees, None, answering).await? {
            Decision::Deny(reply) | Decision::Tarpit(reply) => {
                self.count_denied_response(proxy);
                self.facts.timers.response_ms = -1;
                self.facts.termination.mark(b'P', b'H');
                Err(Halt::Reply(reply))
            }
            Decision::Return(reply) => {
                self.facts.timers.response_ms = -1;
                self.facts.termination.mark(b'L', b'H');
                Err(Halt::Reply(reply))
            }
            Decision::NoRoom(page) => {
                self.note_unfit_response();
                Err(Halt::Reply(page))
            }
            other => self.common(other),
        }
    }

    /// The books of a server's response that rules have no room for.
    pub(super) fn note_unfit_response(&mut self) {
        self.count_failure(Failure::ResponseRewrite);
        self.facts.timers.response_ms = -1;
        self.facts.termination.mark(b'P', b'H');
    }

    /// `http-after-response` of backend and frontend, on whatever response leaves. None of its actions waits or ends the
    /// exchange.
    ///
    /// # Errors
    /// A rewrite finds no room: the page that leaves instead.
    pub(super) fn after_response_rules(
        &mut self,
        body: Buffered<'_>,
    ) -> Result<(), Box<LocalReply>> {
        for proxy in self.proxies_backend_first() {
            let rules = &proxy.rules.http_after_response;
            if !rules.is_empty() {
                let look = Look {
                    is_last: true,
                    answer: Some(body),
                    ..Look::default()
                };
                self.facts.lenient_rewrites = false;
                if let Decision::NoRoom(page) = self.step(rules, proxy, Sees::Response, look) {
                    return Err(page);
                }
            }
        }
        Ok(())
    }

    /// The backend and then the frontend, once if they are the same.
    pub fn proxies_backend_first(&self) -> impl Iterator<Item = &'s Proxy> + use<'s, C> {
        let same = self.backend.id == self.frontend.id;
        [Some(self.backend), (!same).then_some(self.frontend)]
            .into_iter()
            .flatten()
    }

    fn common(&mut self, decision: Decision) -> Phase {
        match decision {
            Decision::SilentDrop => {
                self.facts.termination.mark(b'P', b'R');
                Err(Halt::Closed)
            }
            Decision::Reject => {
                self.facts.termination.mark(b'P', b'R');
                Err(Halt::Closed)
            }
            Decision::NoRoom(_) => {
                self.facts.timers.request_done = None;
                Err(Halt::Failed(Failure::RequestRewrite))
            }
            Decision::Malformed => {
                // It counts as never received (observed).
                self.facts.timers.request_done = None;
                Err(Halt::Failed(Failure::RequestMalformed(400)))
            }
            Decision::Deny(reply) | Decision::Tarpit(reply) | Decision::Return(reply) => {
                Err(Halt::Reply(reply))
            }
            Decision::Continue
            | Decision::Close
            | Decision::Upgrade
            | Decision::Suspend(..)
            | Decision::NeedMore => Ok(()),
        }
    }

    /// `tcp-request connection` or `session`: there is no exchange yet, and nothing to answer.
    ///
    /// # Errors
    /// The connection is refused.
    pub async fn connection_rules(&mut self, rules: &'s [Rule]) -> Phase {
        match self
            .evaluate(rules, self.frontend, Sees::Connection, None, None)
            .await?
        {
            Decision::Continue => Ok(()),
            _ => Err(Halt::Closed),
        }
    }

    async fn evaluate(
        &mut self,
        rules: &'s [Rule],
        proxy: &'s Proxy,
        sees: Sees,
        inspect_delay: Option<Duration>,
        mut answering: Option<&mut Answering<'_, 's>>,
    ) -> Phase<Decision> {
        if rules.is_empty() {
            return Ok(Decision::Continue);
        }
        self.facts.lenient_rewrites = false;
        let began = clock::now();
        let (mut from, mut resumed) = (RuleIndex::default(), None);
        let mut inspect_over = inspect_delay.is_none();
        let mut body_wait = None;
        loop {
            let look = Look {
                from,
                resumed: resumed.take(),
                is_last: inspect_over,
                answer: answering
                    .as_deref()
                    .map(|answering| answering.link.side.buffered_body()),
            };
            let decision = self.step(rules, proxy, sees, look);
            if std::mem::take(&mut self.hinted) {
                self.flush_hints().await?;
            }
            match decision {
                Decision::Suspend(at, wait) => {
                    // Where some of a body has come the time of the same rule runs on.
                    let began = body_wait.filter(|(rule, _)| *rule == at);
                    let wait = match (wait, began) {
                        (Wait::RequestBody(_), Some((_, until))) => Wait::RequestBody(until),
                        (Wait::ResponseBody(_), Some((_, until))) => Wait::ResponseBody(until),
                        (wait, _) => wait,
                    };
                    if let Wait::RequestBody(until) | Wait::ResponseBody(until) = wait {
                        body_wait = Some((at, until));
                    }
                    from = at;
                    resumed = Some(match (wait, answering.as_deref_mut()) {
                        (Wait::ResponseBody(until), Some(answering)) => {
                            Box::pin(self.wait_for_answer(answering, until)).await?
                        }
                        (wait, _) => self.wait_for(wait).await?,
                    });
                }
                Decision::NeedMore => {
                    // What comes is looked at by all rules again, also by those that have run (observed).
                    from = RuleIndex::default();
                    // The client has ended or the buffer is full: waiting would be ready at once, again and again.
                    if !inspect_over && self.client.buffered_body().complete {
                        inspect_over = true;
                        continue;
                    }
                    let until = deadline(began, inspect_delay);
                    let patience = deadline(clock::now(), self.frontend.timeouts.client);
                    let next = until.into_iter().chain(patience).min();
                    inspect_over = self.wait_for_bytes(next).await? == Resumed::TimedOut;
                    if inspect_over && next != until {
                        self.spoiled = Some(Failure::InspectionTimeout);
                    }
                    if self.facts.timers.request_done.is_some() {
                        // The wait counts as part of receiving the request.
                        self.facts.timers.request_done = Some(clock::now());
                    }
                }
                decided => return Ok(decided),
            }
        }
    }

    /// Runs rules until one decides or waits.
    pub(super) fn step(
        &mut self,
        rules: &'s [Rule],
        proxy: &'s Proxy,
        sees: Sees,
        look: Look<'_>,
    ) -> Decision {
        let arena = Arena::new();
        if sees == Sees::Bytes {
            self.look_for_request();
        }
        let body = self.client.buffered_body();
        let opens_with_request = self.facts.opening == Opening::Request;
        let (request, response): (Option<&mut Head>, Option<&mut Head>) = match sees {
            Sees::Bytes if opens_with_request => (Some(&mut self.request), None),
            Sees::Connection | Sees::Bytes => (None, None),
            Sees::Request => (Some(&mut self.request), None),
            Sees::Response | Sees::ResponseLines => {
                (Some(&mut self.request), Some(&mut self.response))
            }
        };
        let mut view = ActionView {
            now: clock::both(),
            plan: self.plan,
            live: self.live,
            proxy: proxy.id,
            session: self.session,
            stream: &mut self.facts,
            request,
            request_has_left: sees == Sees::Response && look.answer.is_some(),
            request_body: body,
            response,
            response_body: look.answer,
            arena: &arena,
            resumed: look.resumed,
            last_look: look.is_last,
            hints: Hints::default(),
            scratch: Vec::new(),
        };
        let decision = match engine::run(rules, &mut view, look.from) {
            Run::Done => Decision::Continue,
            Run::NeedMore => Decision::NeedMore,
            Run::Suspend(wait, at) => Decision::Suspend(at, wait),
            Run::Final(verdict, at) => {
                view.stream.last_rule = rules.get(at.0).map(|rule| rule.at.clone());
                decide(verdict, &mut view)
            }
        };
        let hints = std::mem::take(&mut view.hints.heads);
        drop(view);
        if matches!(decision, Decision::SilentDrop) {
            self.client.vanish();
            self.count_silenced();
        }
        for head in hints {
            self.stage_hint(&head);
        }
        decision
    }

    /// An interim response goes to clients that know of them.
    fn stage_hint(&mut self, head: &Head) {
        if self.request.version() >= Version::HTTP_11 {
            self.facts.bytes_out += head_weight(head);
            self.client.stage_interim(head);
            self.hinted = true;
        }
    }

    /// Sends what was staged: a hint is of use only while the server thinks.
    async fn flush_hints(&mut self) -> Phase {
        let limit = deadline(clock::now(), self.frontend.timeouts.client);
        let client = &mut *self.client;
        let flushed = self.waiter.wait(limit, |cx| client.poll_flush(cx)).await;
        match flushed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Halt::Failed(Failure::ClientClosedWhileSending)),
            Err(reason) => Err(Halt::Failed(super::interrupted(
                reason,
                Failure::ClientTimeoutWhileSending,
            ))),
        }
    }

    async fn wait_for(&mut self, wait: Wait) -> Phase<Resumed> {
        match wait {
            Wait::Until(moment) => {
                let waited = self
                    .waiter
                    .wait(Some(moment), |_| Poll::<()>::Pending)
                    .await;
                match waited {
                    Err(Interrupted::Killed) => Err(Halt::Failed(Failure::Killed)),
                    _ => Ok(Resumed::TimedOut),
                }
            }
            Wait::RequestBody(moment) => {
                // The wait counts as part of receiving the request.
                self.facts.timers.request_done = None;
                let patience = deadline(clock::now(), self.frontend.timeouts.client);
                let until = patience.map_or(moment, |patience| patience.min(moment));
                let resumed = self.wait_for_bytes(Some(until)).await?;
                if resumed == Resumed::TimedOut {
                    return Err(Halt::Failed(Failure::BufferedRequestTimeout));
                }
                self.facts.timers.request_done = Some(clock::now());
                Ok(resumed)
            }
            // No server is answering: nothing more will come.
            Wait::ResponseBody(_) => Ok(Resumed::TimedOut),
        }
    }

    /// A client that has gone before its request was whole gets no server.
    pub(super) fn note_cut(&mut self) {
        let is_cut = match self.session.mode {
            Mode::Http => self.client.has_ended() && !self.client.body_is_buffered(),
            Mode::Tcp => self.client.is_broken(),
        };
        if is_cut {
            self.spoiled = Some(Failure::InspectionAborted);
        }
    }

    /// Waits until more of the request is there.
    async fn wait_for_bytes(&mut self, until: Option<Instant>) -> Phase<Resumed> {
        let client = &mut *self.client;
        let before = client.buffered_body().bytes.len();
        let waited = self
            .waiter
            .wait(until, |cx| {
                let polled = client.poll_more(cx);
                let body = client.buffered_body();
                match polled {
                    Poll::Pending if body.bytes.len() > before => Poll::Ready(Ok(())),
                    other => other,
                }
            })
            .await;
        match waited {
            Ok(Ok(())) => {
                self.note_cut();
                Ok(Resumed::Ready)
            }
            Ok(Err(status)) => Err(Halt::Failed(Failure::RequestMalformed(status))),
            Err(Interrupted::Deadline) => Ok(Resumed::TimedOut),
            Err(Interrupted::Killed) => Err(Halt::Failed(Failure::Killed)),
        }
    }

    /// Holds the client until the tarpit timeout, then refuses (manual: "timeout tarpit").
    async fn tarpit(&mut self, proxy: &Proxy, reply: Box<LocalReply>) -> Phase {
        let limit = proxy.timeouts.tarpit.or(proxy.timeouts.connect);
        let began = clock::now();
        // A client that leaves meanwhile isn't noticed (observed).
        let waited = self
            .waiter
            .wait(deadline(began, limit), |_| Poll::<()>::Pending)
            .await;
        // What was held in the tarpit counts as queued, and the request as never received (observed).
        self.facts.timers.request_done = None;
        self.facts.timers.queue_ms =
            i64::try_from((clock::now() - began).as_millis()).unwrap_or(i64::MAX);
        self.facts.termination.mark(b'P', b'T');
        match waited {
            Err(Interrupted::Killed) => Err(Halt::Failed(Failure::Killed)),
            _ => Err(Halt::Reply(reply)),
        }
    }
}

fn decide(verdict: Verdict<'_>, view: &mut ActionView<'_>) -> Decision {
    let is_tarpit = matches!(verdict, Verdict::Tarpit { .. });
    if matches!(verdict, Verdict::Deny { .. }) && view.response.is_none() {
        view.stream.timers.receive_request();
    }
    let mut render = |status, reply: Option<&Reply>| {
        let said = reply.and_then(|reply| reply.status).unwrap_or(status);
        let before = view.stream.status.replace(said);
        let mut seen = view.view();
        if is_tarpit {
            // The request is gone when its time in the tarpit is over (observed).
            (seen.request, seen.request_body) = (None, Buffered::default());
        }
        let rendered = match reply {
            Some(reply) => reply.render(status, &seen, view.arena),
            None => LocalReply::error(status, &seen, view.arena),
        };
        view.stream.status = before;
        Box::new(rendered)
    };
    match verdict {
        Verdict::Allow => Decision::Continue,
        Verdict::Deny { status, reply } => Decision::Deny(render(status, reply)),
        Verdict::Tarpit { status, reply } => Decision::Tarpit(render(status, reply)),
        Verdict::Return(reply) => Decision::Return(render(200, Some(reply))),
        Verdict::Respond(respond) => {
            let mut reply = respond.reply;
            reply.head.facts.close |= respond.close;
            Decision::Return(Box::new(reply))
        }
        Verdict::Reject => Decision::Reject,
        Verdict::Malformed => Decision::Malformed,
        Verdict::NoRoom => Decision::NoRoom(render(500, None)),
        Verdict::Close => Decision::Close,
        Verdict::Upgrade => Decision::Upgrade,
        Verdict::SilentDrop => Decision::SilentDrop,
    }
}
