//! A stream's part in persistence: which server the client is bound to, what its cookie becomes, and the headers that
//! tell a server whom it serves.

use std::net::IpAddr;

use super::{ClientSide, Halt, Phase, Stream};
use crate::{
    clock,
    persistence::{
        CookieState, Exchange, NamedServers, Regard, address_header, date::Date, on_request,
        on_response,
    },
    plan::{Backend, ProxyId, ServerId},
    rules::error_table::has_page,
    server::Farm,
};

/// The servers of a backend by their cookie values.
struct ByCookie<'a> {
    backend: &'a Backend,
    farm: &'a Farm,
}

impl ByCookie<'_> {
    fn find(&self, value: &[u8], accepts: impl Fn(usize) -> bool) -> Option<u32> {
        let servers = self.backend.servers.iter().enumerate();
        let mut named = servers.filter(|(_, server)| server.cookie_value.as_deref() == Some(value));
        named
            .find(|(index, _)| accepts(*index))
            .and_then(|(index, _)| u32::try_from(index).ok())
    }
}

impl NamedServers for ByCookie<'_> {
    fn usable(&self, value: &[u8]) -> Option<u32> {
        self.find(value, |index| self.farm.servers[index].takes_persistent())
    }

    fn any(&self, value: &[u8]) -> Option<u32> {
        self.find(value, |_| true)
    }
}

impl<C: ClientSide> Stream<'_, C> {
    /// Finds the client's server: by a rule, else by its cookie, which is hidden where that is asked for.
    pub(super) fn find_server(&mut self) {
        self.bound = self.ruled_server();
        let Some(backend) = &self.backend.backend else {
            return;
        };
        let (Some(cookie), Some(farm)) = (&backend.settings.cookie, &self.backend_live().farm)
        else {
            return;
        };
        let regard = match self.persistence_override() {
            Some(false) => Regard::Ignored,
            _ if self.bound.is_some() => Regard::Outranked,
            Some(true) => Regard::Forced,
            None if self.backend.options.persist => Regard::Forced,
            None => Regard::Usual,
        };
        let servers = ByCookie { backend, farm };
        let now = Date::of(clock::both().date);
        let state = on_request(&mut self.request, cookie, &servers, regard, now);
        self.facts.termination.request_cookie = state.flag;
        self.forced = regard == Regard::Forced && state.server.is_some();
        self.bound = self.bound.or(state.server);
        self.cookie = Some(state);
    }

    /// What the log says of the cookies of an exchange that is answered before they are looked at.
    pub(super) fn expect_cookie(&mut self) {
        let backend = self.backend.backend.as_ref();
        // A backend without one has nothing to tell, whatever the frontend's own side has.
        let flag = backend
            .and_then(|backend| backend.settings.cookie.as_ref())
            .map_or(b'-', |cookie| CookieState::new(cookie).flag);
        self.facts.termination.request_cookie = flag;
        self.facts.termination.response_cookie = flag;
    }

    /// A rule refused the request: the log tells all the same which server its cookie named.
    pub(super) fn tell_server(&mut self) {
        self.find_server();
        if let Some(server) = self.cookie.as_ref().and_then(|cookie| cookie.server) {
            self.facts.server = Some(ServerId {
                backend: self.backend.id,
                index: server,
            });
        }
    }

    /// The client's server could not be reached: another one may answer.
    pub(super) fn forget_server(&mut self) {
        self.bound = None;
        self.forced = false;
        self.balanced = true;
        if let Some(cookie) = &mut self.cookie {
            cookie.on_redispatch();
            self.facts.termination.request_cookie = cookie.flag;
        }
    }

    /// Writes the persistence cookie into the response.
    ///
    /// # Errors
    /// A cache could keep the response's cookies, and `option checkcache` forbids that.
    pub(super) fn set_cookie(&mut self) -> Phase {
        let Some(backend) = &self.backend.backend else {
            return Ok(());
        };
        if backend.settings.cookie.is_none() && !self.backend.options.checkcache {
            return Ok(());
        }
        let server = self
            .facts
            .server
            .and_then(|id| backend.servers.get(id.index as usize));
        let exchange = Exchange {
            cookie: backend.settings.cookie.as_ref().zip(self.cookie.as_ref()),
            server_value: server.and_then(|server| server.cookie_value.as_deref()),
            has_server: server.is_some(),
            balanced: self.balanced,
            method: self.request.method(),
            check_cache: self.backend.options.checkcache,
            now: Date::of(clock::both().date),
        };
        let outcome = on_response(&mut self.response, &exchange);
        self.facts.termination.response_cookie = outcome.flag;
        if outcome.blocked {
            self.count_denied_response(self.backend);
            self.facts.timers.response_ms = -1;
            self.facts.termination.mark(b'P', b'H');
            // The page is that of the server's status, as the reference has it, and of 500 where there is none.
            let status = self.response.status();
            let status = if has_page(status) { status } else { 500 };
            let mut page = self.error_page(status);
            page.status = self.response.status();
            return Err(Halt::Reply(Box::new(page)));
        }
        Ok(())
    }

    /// `unique-id-header`, `option forwardfor`, `option originalto`, in this order.
    pub(super) fn add_address_headers(&mut self) {
        if let (Some(name), Some(identifier)) =
            (&self.frontend.unique_id_header, &self.facts.unique_id)
        {
            address_header::add_unique_id(&mut self.request, name, identifier);
        }
        let other: Option<ProxyId> =
            (self.backend.id != self.frontend.id).then_some(self.backend.id);
        let backend = other.map(|id| self.plan.proxy(id));
        let source: Option<IpAddr> = self.session.source.map(|source| source.ip());
        let destination: Option<IpAddr> =
            self.session.destination.map(|destination| destination.ip());
        let forwarded = backend.and_then(|proxy| proxy.forwardfor.as_ref());
        address_header::add(
            &mut self.request,
            self.frontend.forwardfor.as_ref(),
            forwarded,
            source,
        );
        let original = backend.and_then(|proxy| proxy.originalto.as_ref());
        address_header::add(
            &mut self.request,
            self.frontend.originalto.as_ref(),
            original,
            destination,
        );
    }
}
