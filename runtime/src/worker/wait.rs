//! The one waiting primitive: progress on either side, a deadline, or an order from outside.
//!
//! Every await of traffic goes through [`Waiter::wait`]. So a soft stop, a kill from the command line and a timeout
//! reach a connection wherever it is, and there is one timer per connection, re-armed lazily: a deadline that moves
//! away leaves the timer as it is, and the early ring is answered by setting it again.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use tokio::time::Sleep;

use crate::{
    clock,
    plan::{ProxyId, ServerId},
};

/// What others want of a connection's task.
#[derive(Debug, Default)]
pub struct Control {
    order: Cell<Option<Order>>,
    /// The exchange that runs; none while the connection idles.
    pub tag: Cell<Option<StreamTag>>,
    waker: RefCell<Option<Waker>>,
}

/// What others may know of an exchange that runs.
#[derive(Debug, Clone, Copy)]
pub struct StreamTag {
    /// Its number.
    pub number: u64,
    /// The client's address.
    pub source: Option<SocketAddr>,
    /// Who accepted it.
    pub frontend: ProxyId,
    /// The backend, once chosen.
    pub backend: Option<ProxyId>,
    /// The server, once chosen.
    pub server: Option<ServerId>,
    /// When it began.
    pub since: Instant,
}

/// An order to a connection's task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Soft stop: end when idle, and say so to the peer.
    Finish,
    /// End now.
    Kill(KillReason),
}

/// Who ordered the end: what the log's first termination character says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillReason {
    /// The command line interface.
    Command,
    /// The server was marked down.
    ServerDown,
    /// A server came up and ended its backup's sessions.
    ServerUp,
    /// The process ends.
    Shutdown,
}

impl Control {
    /// Gives an order; a kill stays a kill.
    pub fn order(&self, order: Order) {
        if !matches!(self.order.get(), Some(Order::Kill(_))) {
            self.order.set(Some(order));
        }
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Takes the order: it is being obeyed.
    pub fn take(&self) -> Option<Order> {
        self.order.take()
    }

    /// The order that stands.
    pub fn current(&self) -> Option<Order> {
        self.order.get()
    }

    fn register(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker
            .as_ref()
            .is_some_and(|known| known.will_wake(cx.waker()))
        {
            *waker = Some(cx.waker().clone());
        }
    }
}

/// Why a wait ended without progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupted {
    /// The deadline came.
    Deadline,
    /// [`Order::Kill`] came. [`Order::Finish`] wakes, and interrupts nothing.
    Killed,
}

/// A connection's timer and orders.
pub struct Waiter {
    /// Orders to this connection.
    pub control: Rc<Control>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Waiter {
    /// A waiter whose timer isn't set.
    pub fn new(control: Rc<Control>) -> Self {
        Self {
            control,
            timer: None,
        }
    }

    /// Polls `progress` until it is ready, the deadline comes, or an order does.
    ///
    /// # Errors
    /// [`Interrupted`] says which.
    pub async fn wait<T>(
        &mut self,
        deadline: Option<Instant>,
        mut progress: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<T, Interrupted> {
        poll_fn(|cx| self.poll(cx, deadline, &mut progress)).await
    }

    /// One look of [`Self::wait`].
    #[inline]
    pub fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        deadline: Option<Instant>,
        progress: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Result<T, Interrupted>> {
        if let Some(Order::Kill(_)) = self.control.current() {
            return Poll::Ready(Err(Interrupted::Killed));
        }
        if let Poll::Ready(value) = progress(cx) {
            return Poll::Ready(Ok(value));
        }
        self.control.register(cx);
        match deadline {
            Some(deadline) if self.poll_deadline(cx, deadline) => {
                Poll::Ready(Err(Interrupted::Deadline))
            }
            _ => Poll::Pending,
        }
    }

    /// Whether the deadline has come; otherwise the task will be woken at it or before.
    fn poll_deadline(&mut self, cx: &mut Context<'_>, deadline: Instant) -> bool {
        let deadline = tokio::time::Instant::from_std(deadline);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if deadline < timer.deadline() {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(cx).is_ready() {
            // The time that is held is from before the bell.
            if clock::refresh() >= deadline.into_std() {
                return true;
            }
            timer.as_mut().reset(deadline);
        }
        false
    }
}
