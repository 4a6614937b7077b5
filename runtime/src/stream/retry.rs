//! Another attempt behind a failure: what is worth one, and where it goes (manual: "retries", "retry-on",
//! "option redispatch").

use locum_model::{pool::Balance, proxy::RedispatchInterval};

use super::{ClientSide, Halt, Phase, Stream, failure::Failure};
use crate::{
    event::{Event, Resource},
    http::h1::framing::Framing,
    net::connect,
    plan::{Backend, ServerId},
};

impl<C: ClientSide> Stream<'_, C> {
    /// Another attempt at a request that a server had: on the same one, or on another where redispatching says so.
    pub(super) fn begin_attempt(&mut self, server: ServerId) {
        self.facts.retries += 1;
        let backend = self.backend.backend.as_ref();
        if backend.is_some_and(|backend| self.is_redispatched_now(backend)) {
            self.facts.redispatched = true;
            self.leave_for_another(server);
            self.count_redispatch(server);
        } else {
            self.stay_with(server);
        }
    }

    /// Whether the attempt that begins now, at a connection, looks for a server anew: where redispatching says so; and
    /// at once, without a pause, where nothing but its turn led to this server and there are others.
    pub(super) fn changes_server(&self, backend: &Backend, is_persistent: bool) -> bool {
        let by_turn = matches!(
            backend.settings.balance,
            Balance::RoundRobin
                | Balance::StaticRoundRobin
                | Balance::LeastConnections
                | Balance::First
                | Balance::Random(_)
        );
        let at_once = backend.settings.redispatch.is_some()
            && by_turn
            && !is_persistent
            && self.active_servers() > 1;
        (at_once || self.is_redispatched_now(backend)) && self.persistence_override() != Some(true)
    }

    /// `option redispatch` of this attempt (manual: "option redispatch").
    fn is_redispatched_now(&self, backend: &Backend) -> bool {
        let (attempt, retries) = (self.facts.retries, backend.retries);
        match backend.settings.redispatch {
            None => false,
            Some(RedispatchInterval::LastRetry) => attempt == retries,
            Some(RedispatchInterval::Every(n)) => n > 0 && attempt.is_multiple_of(n),
            Some(RedispatchInterval::Last(n)) => attempt + n == retries + 1,
        }
    }

    /// Usable servers that are no backups.
    pub(super) fn active_servers(&self) -> u32 {
        let farm = self.backend_live().farm.as_ref();
        farm.map_or(0, |farm| farm.usable().0)
    }

    pub(super) fn leave_for_another(&mut self, server: ServerId) {
        self.forget_server();
        self.avoid = Some(server.index);
    }

    pub(super) fn stay_with(&mut self, server: ServerId) {
        self.bound = Some(server.index);
        self.count_retry(server);
    }

    /// Another attempt may find itself at the server that it left, which makes it a retry.
    pub(super) fn count_other_attempt(&mut self, left: Option<ServerId>, found: Option<ServerId>) {
        match left {
            None => {}
            Some(left) if Some(left) == found => self.count_retry(left),
            Some(left) => {
                self.facts.redispatched = true;
                self.count_redispatch(left);
            }
        }
    }

    /// What a connection that could not even begin means, and who is told.
    pub(super) fn no_connection(&mut self, error: &connect::ConnectError) -> Failure {
        let proxy = self.backend.id;
        if let Some(resource) = Resource::lacking(&error.error) {
            self.worker.emit(Event::Exhausted {
                proxy,
                resource,
                to_server: true,
            });
        } else if error.kind == connect::Failure::NoSource {
            self.facts.source_refused = true;
            self.worker.emit(Event::NoSource { proxy });
        }
        connect_failure(error.kind)
    }

    /// A copy of the request's body where `retry-on` may send it again; none if it won't.
    pub(super) fn keep_for_retry(&self) -> Option<Box<[u8]>> {
        let backend = self.backend.backend.as_ref()?;
        let may = backend.settings.retry_on.keeps_request()
            && self.facts.retries < backend.retries
            && !self.facts.keeps_to_its_answer;
        if may { self.client.copy_body() } else { None }
    }

    /// Whether what came of the request is worth another attempt (manual: "retry-on").
    pub(super) fn is_retried(&self, response: &Phase<Framing>, received: bool) -> bool {
        let Some(backend) = &self.backend.backend else {
            return false;
        };
        let retry = &backend.settings.retry_on;
        match response {
            Ok(_) => retry.statuses.contains(&self.response.status()),
            Err(Halt::Failed(Failure::ResponseClosed)) if !received => retry.empty_response,
            Err(Halt::Failed(Failure::ResponseClosed | Failure::ResponseMalformed)) => {
                retry.junk_response
            }
            Err(Halt::Failed(Failure::ResponseTimeout)) => retry.response_timeout,
            Err(_) => false,
        }
    }
}

/// What an attempt to connect failed of.
pub(super) fn connect_failure(kind: connect::Failure) -> Failure {
    use connect::Failure as Kind;
    match kind {
        Kind::NoSource
        | Kind::ProcessDescriptors
        | Kind::SystemDescriptors
        | Kind::Memory
        | Kind::NotPermitted => Failure::ConnectResources,
        _ => Failure::ConnectRefused,
    }
}
