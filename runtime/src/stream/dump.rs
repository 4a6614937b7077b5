//! Prints what passes, step by step, for somebody who debugs a configuration. The words are the face's.

use super::{ClientSide, Stream};

/// A step that can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// A stream of a client begins.
    Client,
    /// The request's head.
    Request,
    /// The response's head, as the server sent it.
    Response,
    /// The client's side has ended.
    ClientClosed,
    /// The server's side has ended.
    ServerClosed,
    /// The stream has ended.
    Closed,
}

impl<C: ClientSide> Stream<'_, C> {
    /// Prints these steps if somebody wants to see them.
    pub(super) fn dump(&self, steps: &[Passing]) {
        if let Some(write) = self.plan.vocabulary.dump {
            let view = self.view(self.backend);
            let mut out = Vec::new();
            for step in steps {
                write(&view, *step, &mut out);
            }
            crate::log::console::print_out(&out);
        }
    }
}
