//! Bytes that turn out to be requests: a frontend in TCP mode goes over to HTTP by `tcp-request content switch-mode`, or
//! when a backend in HTTP mode is chosen (manual 4).
//!
//! ```text
//!   bytes ─ tcp-request content ─┬─ switch-mode http ───────────────────────┐
//!                                └─ backend ─┬─ mode http: it stays chosen ─┼─▶ request, with the frontend's HTTP rules
//!                                            └─ mode tcp ─▶ forward         │
//! ```
//!
//! The first request keeps what the rules over bytes left: variables, tracked entries, its number and its id. Every
//! later one begins anew, as in a frontend in HTTP mode.

use super::{ClientSide, Phase, Stream, facts::StreamFacts};
use crate::{clock, filter::Filters, plan::ProxyId, server::Arrival, worker::wait::StreamTag};

/// What goes over to the first request.
pub struct Upgrade {
    /// What is known of the stream.
    pub(super) facts: StreamFacts,
    filters: Filters,
    /// The backend, and the place in it, where the bytes chose it.
    backend: Option<ProxyId>,
    presence: Option<Arrival>,
    /// The client ended without a byte before its bytes chose a backend: that leaves no trace (observed).
    pub(super) is_nothing: bool,
}

impl<C: ClientSide> Stream<'_, C> {
    /// Enters the backend that the bytes choose so far. One that speaks HTTP makes them requests, and stays chosen
    /// whatever rules make of the request (observed).
    ///
    /// # Errors
    /// As [`Self::switch_backend`].
    pub(super) fn switch_by_bytes(&mut self) -> Phase {
        self.switch_backend()?;
        self.session.mode = self.backend.mode;
        Ok(())
    }

    /// What the first request goes on with.
    pub(super) fn leave_bytes(&mut self) -> Upgrade {
        let is_empty = self.client.buffered_body().bytes.is_empty();
        let unused = StreamFacts::new(self.facts.number, clock::both());
        let mut facts = std::mem::replace(&mut self.facts, unused);
        facts.began_as_bytes = true;
        Upgrade {
            is_nothing: facts.backend.is_some() && is_empty && self.client.has_ended(),
            backend: facts.backend,
            facts,
            filters: std::mem::take(&mut self.filters),
            presence: self.presence.take(),
        }
    }

    /// Goes on as the stream whose bytes they were.
    pub(super) fn take_up(&mut self, upgrade: Upgrade) {
        self.facts = upgrade.facts;
        self.filters = upgrade.filters;
        self.presence = upgrade.presence;
        if let Some(id) = upgrade.backend {
            self.backend = self.plan.proxy(id);
        }
        let tag = &self.waiter.control.tag;
        if let Some(before) = tag.get() {
            let number = self.facts.number;
            tag.set(Some(StreamTag { number, ..before }));
        }
        self.show_place();
    }
}
