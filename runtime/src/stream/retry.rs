//! Another attempt behind a failure: what is worth one, and where it goes (manual: "retries", "retry-on",
//! "option redispatch").

use locum_model::proxy::RedispatchInterval;

use super::{ClientSide, Halt, Phase, Stream, failure::Failure};
use crate::{
    event::{Event, Resource},
    http::h1::framing::Framing,
    net::connect,
    plan::ServerId,
};

/// Where another attempt goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    SameServer,
    OtherServer,
}

impl<C: ClientSide> Stream<'_, C> {
    /// Another attempt: on the same server, or on another one where redispatching says so.
    pub(super) fn begin_attempt(&mut self, server: ServerId, retries: u32) -> Attempt {
        self.facts.retries += 1;
        if self.redispatches(self.facts.retries, retries) {
            self.facts.redispatched = true;
            self.forget_server();
            self.avoid = Some(server.index);
            self.count_redispatch(server);
            Attempt::OtherServer
        } else {
            self.bound = Some(server.index);
            self.count_retry(server);
            Attempt::SameServer
        }
    }

    fn redispatches(&self, attempt: u32, retries: u32) -> bool {
        match self
            .backend
            .backend
            .as_ref()
            .and_then(|backend| backend.settings.redispatch)
        {
            None => false,
            Some(RedispatchInterval::LastRetry) => attempt == retries,
            Some(RedispatchInterval::Every(n)) => n > 0 && attempt.is_multiple_of(n),
            Some(RedispatchInterval::Last(n)) => attempt + n > retries,
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
