//! Where a request goes: `use_backend`, `default_backend`, `use-server`.

use bytes::Bytes;
use locum_model::proxy::Mode;

use super::{ClientSide, Halt, Phase, Stream, failure::Failure};
use crate::{
    http::{Head, Version},
    plan::{ProxyId, Server, ServerTarget, Target},
    rules::{Truth, reply::LocalReply},
    sample::value::Arena,
};

impl<C: ClientSide> Stream<'_, C> {
    /// Chooses the backend and enters it.
    ///
    /// # Errors
    /// There is none: 503. Or it speaks no HTTP, which the client does: neither gets a word (observed).
    pub fn switch_backend(&mut self) -> Phase {
        if let Some(id) = self.chosen_backend() {
            self.backend = self.plan.proxy(id);
        } else if self.frontend.backend.is_none() {
            return Err(Halt::Failed(Failure::NoBackend));
        }
        self.facts.backend = Some(self.backend.id);
        if self.backend.id != self.frontend.id {
            self.filters.extend(&self.backend.filters);
        }
        self.enter_backend();
        self.expect_cookie();
        self.show_place();
        if self.session.mode == Mode::Http && self.backend.mode == Mode::Tcp {
            self.facts.termination.mark(b'I', b'R');
            return Err(Halt::Closed);
        }
        Ok(())
    }

    fn chosen_backend(&self) -> Option<ProxyId> {
        let frontend = self.frontend.frontend.as_ref()?;
        if let Some(id) = self.facts.line_backend {
            return Some(id);
        }
        let arena = Arena::new();
        for (condition, target) in &frontend.use_backend {
            let applies = condition.as_ref().is_none_or(|condition| {
                condition.test(&self.view(self.frontend), &arena) == Truth::True
            });
            if applies && let Some(id) = self.resolve(target) {
                return Some(id);
            }
        }
        self.resolve(frontend.default_backend.as_ref()?)
    }

    fn resolve(&self, target: &Target) -> Option<ProxyId> {
        match target {
            Target::Proxy(id) => Some(*id),
            Target::Dynamic(format) => {
                let name = self.render(format, self.frontend);
                let id = self.plan.proxy_named(std::str::from_utf8(&name).ok()?)?;
                self.plan.proxy(id).backend.is_some().then_some(id)
            }
        }
    }

    /// The server that a `use-server` rule names.
    pub fn ruled_server(&self) -> Option<u32> {
        let backend = self.backend.backend.as_ref()?;
        let arena = Arena::new();
        for (condition, target) in &backend.use_server {
            let applies = condition.as_ref().is_none_or(|condition| {
                condition.test(&self.view(self.backend), &arena) == Truth::True
            });
            if !applies {
                continue;
            }
            match target {
                ServerTarget::Index(index) => return Some(*index),
                ServerTarget::Dynamic(format) => {
                    let name = self.render(format, self.backend);
                    let found = backend
                        .servers
                        .iter()
                        .position(|server| server.name.as_bytes() == name);
                    if let Some(index) = found.and_then(|index| u32::try_from(index).ok()) {
                        return Some(index);
                    }
                }
            }
        }
        None
    }

    /// `redir`: a GET or HEAD is sent to the server by the client itself (manual 5.2 "redir").
    ///
    /// # Errors
    /// The redirection to answer with.
    pub(super) fn redirect_to(&mut self, server: &Server) -> Phase {
        let Some(prefix) = &server.settings.redirect_prefix else {
            return Ok(());
        };
        if !matches!(self.request.method(), b"GET" | b"HEAD") {
            return Ok(());
        }
        let location = [prefix.as_bytes(), self.request.target().path_and_query()].concat();
        let mut head = Head::response(Version::HTTP_11, 302, b"Found");
        head.add(b"cache-control", b"no-cache");
        head.add(b"content-length", b"0");
        head.add(b"location", &location);
        head.facts.content_length = Some(0);
        head.facts.close = true;
        self.facts.termination.mark(b'L', b'C');
        self.count_server_session(server.id);
        Err(Halt::Reply(Box::new(LocalReply {
            status: 302,
            head,
            body: Bytes::new(),
        })))
    }

    /// `force-persist` and `ignore-persist`: `Some(true)` sends a client to its server though it is down,
    /// `Some(false)` forgets its cookie.
    pub fn persistence_override(&self) -> Option<bool> {
        let backend = self.backend.backend.as_ref()?;
        let arena = Arena::new();
        let view = self.view(self.backend);
        backend
            .persist
            .iter()
            .find(|(_, condition)| condition.test(&view, &arena) == Truth::True)
            .map(|(force, _)| *force)
    }
}
