//! One HTTP exchange, from the decoded request to the last byte of the response.

use locum_model::{
    pool::Balance,
    proxy::{Mode, RestrictHeaderNames},
};

use super::{
    ClientSide, Halt, Phase, Stream,
    connect::Link,
    deadline,
    dump::Passing,
    failure::Failure,
    inspection::Answering,
    side::Outgoing,
    transfer::{Inactivity, Transfers},
};
use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use crate::{
    check::rise_fall::Observation,
    clock,
    filter::Direction,
    http::h1::{
        body::BodyFraming,
        framing::{
            head_weight, hide_connection_tokens, prepare_request_for_server, request_framing,
        },
    },
    persistence::address_header,
    plan::Proxy,
    rules::{Truth, reply::LocalReply},
    sample::value::Arena,
    stick::tracking::events,
};

/// How the client's connection goes on after an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Another request may come.
    KeepAlive,
    /// It is closed.
    Close,
}

impl<'s, C: ClientSide> Stream<'s, C> {
    /// Runs the exchange and closes its books.
    pub async fn run(&mut self) -> After {
        let ended = self.exchange().await;
        let ended = match ended {
            Err(Halt::Reply(reply)) => {
                let answered = self.answer(*reply).await;
                self.time_request();
                answered
            }
            Err(Halt::Unfit(page)) => self.answer_instead(*page).await,
            Err(Halt::Failed(failure)) => self.fail(failure).await,
            other => other,
        };
        self.finish(ended)
    }

    /// The phases in the order of the manual's analysers.
    async fn exchange(&mut self) -> Phase {
        self.begin_request();
        if !self.facts.began_as_bytes {
            self.log_begin();
            self.dump(&[Passing::Client]);
            self.filters.on_start();
            self.tcp_request_content(self.frontend).await?;
        }
        self.count_tracked(events::REQUEST);
        self.note_request();
        self.dump(&[Passing::Request]);
        if !self.facts.began_as_bytes {
            self.make_unique_id();
        }
        self.monitor()?;
        self.wait_for_buffered_request(self.frontend).await?;
        self.filters.on_head(Direction::Request, &mut self.request);
        self.http_request_rules(self.frontend).await?;
        self.restrict_header_names(self.frontend)?;
        self.statistics(self.frontend).await?;
        if self.facts.backend.is_none() {
            self.switch_backend()?;
        }
        if self.backend.id != self.frontend.id {
            self.tcp_request_content(self.backend).await?;
            self.wait_for_buffered_request(self.backend).await?;
            self.http_request_rules(self.backend).await?;
            self.restrict_header_names(self.backend)?;
            self.statistics(self.backend).await?;
        }
        self.time_request();
        self.find_server();
        self.add_address_headers();
        loop {
            let mut link = self.obtain_server().await?;
            let conversed = self.converse(&mut link).await;
            self.count_wire(&link);
            if link.is_clean {
                self.release(link);
            } else {
                link.close();
            }
            if conversed? {
                return Ok(());
            }
        }
    }

    /// Sends the request, receives the response and passes it on. `false`: nothing happened yet, try again.
    async fn converse(&mut self, link: &mut Link<'s>) -> Phase<bool> {
        let keeps_server = self.keeps_server();
        self.facts.server_descriptor = Some(link.side.conn.descriptor());
        let mut head = self.worker.heads.take();
        head.copy_from(&self.request);
        let framing = request_framing(&head);
        if let Some(name) = self
            .backend
            .backend
            .as_ref()
            .and_then(|b| b.settings.send_name_header.as_ref())
            .filter(|_| !link.server.name.is_empty())
        {
            address_header::set_server_name(&mut head, name, link.server.name.as_bytes());
        }
        prepare_request_for_server(
            &mut head,
            &framing,
            keeps_server || self.backend.options.http_pretend_keepalive,
        );
        link.side.start(&head, framing.body);
        self.worker.heads.give(head);
        let kept = self.keep_for_retry();
        let counted = self.facts.bytes_out;
        let mut transfers = Transfers::new(clock::now());
        transfers.request = transfers.request.draining_after_close();
        let response = if self.inspects_response() {
            let answering = Answering {
                link,
                transfers: &mut transfers,
            };
            Box::pin(self.receive_inspected(answering)).await
        } else {
            self.receive_response(link, &mut transfers).await
        };
        self.observe_response(link.server, response.is_ok());
        if let Some(body) = kept
            && !link.is_cut
            && self.is_retried(&response, link.side.received > 0)
        {
            let server = link.server.id;
            self.leave_server();
            self.client.restore_body(&body);
            self.facts.bytes_out = counted;
            self.begin_attempt(server);
            return Ok(false);
        }
        if let Err(Halt::Failed(Failure::ResponseClosed)) = response
            && link.reuses > 0
            && self.session.requests > 1
        {
            // The connection died between two requests; the client knows that this can happen and repeats.
            Failure::ReusedConnectionClosed.mark(&mut self.facts.termination);
            if !link.is_cut {
                self.count_server_abort();
            }
            return Err(Halt::Silent);
        }
        let response = response?;
        self.deliver_response(link, transfers, response, keeps_server)
            .await?;
        Ok(true)
    }

    /// What the response says of the server under `observe layer7`: 5xx are errors, but for 501 and 505, which are
    /// the request's fault.
    fn observe_response(&self, server: &crate::plan::Server, came: bool) {
        let is_error = !came || matches!(self.response.status(), 500 | 502..=504 | 506..=599);
        self.observe(
            server,
            if is_error {
                Observation::ResponseFailed
            } else {
                Observation::Good
            },
        );
    }

    /// Whether the connection to the server is to be kept behind this exchange: a process that ends tells the server
    /// too.
    fn keeps_server(&self) -> bool {
        self.connection_mode(self.frontend)
            .keeps_server(self.connection_mode(self.backend))
            && !self.live.stopping.load(Relaxed)
    }

    /// `monitor-uri`: answered before anything else, never logged (manual: "monitor-uri", "monitor fail").
    fn monitor(&mut self) -> Phase {
        let Some(frontend) = &self.frontend.frontend else {
            return Ok(());
        };
        if frontend
            .monitor_uri
            .as_deref()
            .is_none_or(|uri| uri != self.request.uri())
        {
            return Ok(());
        }
        let arena = Arena::new();
        let view = self.view(self.frontend);
        let fails = frontend
            .monitor_fail
            .iter()
            .any(|condition| condition.test(&view, &arena) == Truth::True);
        let page = LocalReply::error(if fails { 503 } else { 200 }, &view, &arena);
        self.facts.log_level = Some(None);
        self.count_intercepted();
        Err(Halt::Reply(Box::new(page)))
    }

    /// `option http-restrict-req-hdr-names`: names that some servers confuse with others are refused or removed.
    fn restrict_header_names(&mut self, proxy: &'s crate::plan::Proxy) -> Phase {
        let is_odd = |name: &[u8]| !name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
        let rule = proxy.restrict_header_names;
        if matches!(rule, None | Some(RestrictHeaderNames::Preserve))
            || !self.request.iter().any(|(name, _)| is_odd(name))
        {
            return Ok(());
        }
        if rule == Some(RestrictHeaderNames::Reject) {
            self.count_denied_request(proxy);
            self.facts.termination.mark(b'P', b'R');
            return Err(Halt::Reply(Box::new(self.error_page(403))));
        }
        self.request.remove_where(|name, _| is_odd(name));
        Ok(())
    }

    /// The statistics page, where the proxy has one and the path is its.
    async fn statistics(&mut self, proxy: &'s crate::plan::Proxy) -> Phase {
        let Some(page) = &proxy.stats else {
            return Ok(());
        };
        if !self.request.uri().starts_with(&page.uri) || proxy.mode != Mode::Http {
            return Ok(());
        }
        self.facts.service = Some("<STATS>");
        let timers = &mut self.facts.timers;
        (timers.queue_ms, timers.connect_ms) = (0, 0);
        self.stats_rules(proxy).await?;
        let mut reply = (self.plan.vocabulary.stats_page)(&self.view(proxy), page);
        self.facts.termination.mark(b'L', b'R');
        self.count_intercepted();
        // Who isn't let in hears nothing of the page itself: it has taken no time (observed).
        if reply.head.status() != 401 {
            self.facts.timers.response_ms = 0;
            self.inspect_page(proxy, &mut reply)?;
        }
        Err(Halt::Reply(Box::new(reply)))
    }

    /// `option http-buffer-request`: the proxy's rules and the server see the body only when it is whole or the buffer
    /// full. The wait counts as part of receiving the request.
    async fn wait_for_buffered_request(&mut self, proxy: &Proxy) -> Phase {
        if !proxy.options.http_buffer_request && !self.balances_by_body(proxy) {
            return Ok(());
        }
        if self.request_framing.body == BodyFraming::Empty {
            return Ok(());
        }
        self.facts.timers.request_done = None;
        let limit = self
            .frontend
            .timeouts
            .http_request
            .or(self.frontend.timeouts.client);
        let client = &mut *self.client;
        let waited = self
            .waiter
            .wait(deadline(self.facts.timers.start.instant, limit), |cx| {
                client.poll_more(cx)
            })
            .await;
        let whole = waited.map_err(|reason| {
            Halt::Failed(super::interrupted(reason, Failure::BufferedRequestTimeout))
        })?;
        whole.map_err(|status| Halt::Failed(Failure::RequestMalformed(status)))?;
        self.note_cut();
        self.facts.timers.request_done = Some(clock::now());
        Ok(())
    }

    /// `balance url_param … check_post`: the body of a POST may name the server. It is waited for whatever the query
    /// says (observed).
    fn balances_by_body(&self, proxy: &Proxy) -> bool {
        let balance = proxy
            .backend
            .as_ref()
            .map(|backend| &backend.settings.balance);
        matches!(
            balance,
            Some(Balance::UrlParam {
                check_post: true,
                ..
            })
        ) && self.request.method() == b"POST"
    }

    /// Timeouts while messages flow.
    pub(super) fn message_inactivity(&self) -> Inactivity {
        Inactivity {
            client: self.frontend.timeouts.client,
            server: self.server_timeout(),
            client_fin: None,
            server_fin: None,
        }
    }

    /// What a rule chose, or else `timeout server`.
    pub(super) fn server_timeout(&self) -> Option<Duration> {
        chosen(self.facts.chosen_timeouts[0]).or(self.backend.timeouts.server)
    }

    /// Timeouts of a tunnel (manual: "timeout tunnel").
    pub(super) fn tunnel_inactivity(&self) -> Inactivity {
        let (front, back) = (&self.frontend.timeouts, &self.backend.timeouts);
        let tunnel = chosen(self.facts.chosen_timeouts[1]).or(back.tunnel);
        Inactivity {
            client: tunnel.or(front.client),
            server: tunnel.or(self.server_timeout()),
            client_fin: front.client_fin,
            server_fin: back.server_fin,
        }
    }

    /// `unique-id-format`.
    pub(super) fn make_unique_id(&mut self) {
        if let Some(format) = &self.frontend.unique_id {
            self.facts.unique_id = Some(self.render(format, self.frontend));
        }
    }

    /// The request is complete; what is counted of it whatever becomes of it.
    fn begin_request(&mut self) {
        self.facts.timers.request_done = Some(clock::now());
        self.facts.bytes_in += head_weight(&self.request);
        // Rules over lines see them as they came.
        if !self.plan.has_line_rules {
            hide_connection_tokens(&mut self.request);
        }
        self.count_request();
    }

    /// The log knows how long the request took once its rules are through or have answered it.
    pub(super) fn time_request(&mut self) {
        self.facts.timers.receive_request();
        self.facts.unique_id_shown.set(true);
    }

    /// What the log will say of the request, taken before any of HTTP's rules changes it.
    fn note_request(&mut self) {
        let head = &self.request;
        let parts = [head.method(), head.uri(), head.version_text()];
        let longest = self.plan.tune.logurilen;
        let whole = parts.iter().map(|part| part.len()).sum::<usize>() + 2;
        let line = &mut self.facts.request_line;
        line.reserve(whole.min(longest));
        for (place, part) in parts.into_iter().enumerate() {
            if place > 0 && line.len() < longest {
                line.push(b' ');
            }
            let room = longest - line.len();
            line.extend_from_slice(&part[..part.len().min(room)]);
        }
        self.facts.request_version = head.version();
        self.capture_request();
        self.expect_cookie();
    }
}

/// One that a rule chose: a negative one is over at once (observed).
fn chosen(milliseconds: i32) -> Option<Duration> {
    (milliseconds != 0).then(|| Duration::from_millis(milliseconds.max(0).unsigned_abs().into()))
}
