//! The drivers' clock: the only place of the runtime that reads the time. Cores get it as an argument.
//!
//! While a task runs its time stands still: it is read once, when first asked for. What happens in one go happens at
//! one moment, in the log too, and a request doesn't cost two dozen readings of the clock.

use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
    time::{Instant, SystemTime},
};

use crate::vocab::Now;

/// The time of the task that runs.
#[derive(Debug, Clone, Copy)]
enum Held {
    /// No task runs that holds it.
    No,
    /// One does, and hasn't asked yet.
    Unread,
    /// It has asked for the monotonic time.
    Instant(Instant),
    /// It has asked for both.
    Both(Now),
}

thread_local! {
    static HELD: Cell<Held> = const { Cell::new(Held::No) };
}

/// The monotonic time.
#[inline]
pub fn now() -> Instant {
    match HELD.get() {
        Held::Instant(instant) | Held::Both(Now { instant, .. }) => instant,
        Held::No => read(),
        Held::Unread => {
            let instant = read();
            HELD.set(Held::Instant(instant));
            instant
        }
    }
}

/// Monotonic and calendar time together.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub fn both() -> Now {
    let held = HELD.get();
    if let Held::Both(both) = held {
        return both;
    }
    let both = Now {
        instant: match held {
            Held::Instant(instant) => instant,
            _ => read(),
        },
        date: SystemTime::now(),
    };
    if !matches!(held, Held::No) {
        HELD.set(Held::Both(both));
    }
    both
}

/// The monotonic time, read anew also for a task that holds it.
pub fn refresh() -> Instant {
    let instant = read();
    if !matches!(HELD.get(), Held::No) {
        HELD.set(Held::Instant(instant));
    }
    instant
}

#[allow(clippy::disallowed_methods, reason = "this is the clock")]
#[inline]
fn read() -> Instant {
    Instant::now()
}

/// A task whose time stands still while it runs.
pub fn held<F: Future>(task: F) -> impl Future<Output = F::Output> {
    HeldTask { task }
}

pin_project_lite::pin_project! {
    struct HeldTask<F> {
        #[pin]
        task: F,
    }
}

impl<F: Future> Future for HeldTask<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        /// Lets the time go on, also when the task panics.
        struct Release;
        impl Drop for Release {
            fn drop(&mut self) {
                HELD.set(Held::No);
            }
        }
        HELD.set(Held::Unread);
        let _release = Release;
        self.project().task.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_time_stands_still_while_a_task_runs_and_goes_on_behind_it() {
        let mut seen = Vec::new();
        let mut task = Box::pin(held(std::future::poll_fn(|_| {
            seen.push((now(), both().instant));
            std::thread::sleep(Duration::from_millis(2));
            seen.push((now(), both().instant));
            if seen.len() == 4 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(task.as_mut().poll(&mut cx).is_pending());
        assert!(task.as_mut().poll(&mut cx).is_ready());
        drop(task);
        assert_eq!(seen[0], seen[1]);
        assert_eq!(seen[0].0, seen[0].1);
        assert!(seen[2].0 >= seen[0].0 + Duration::from_millis(2));
        assert!(now() >= seen[3].0 + Duration::from_millis(2));
    }
}
