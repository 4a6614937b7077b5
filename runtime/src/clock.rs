//! The drivers' clock: the only place of the runtime that reads the time. Cores get it as an argument.
//!
//! While a task runs its time stands still: it is read once, when first asked for, and in a worker's thread once for
//! the tasks of a turn of its event loop (the reference reads it so, too). What happens in one go happens at one
//! moment, in the log too, and a request doesn't cost two dozen readings of the clock.

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
    /// The time between two tasks of a turn of the event loop, and how many more of them may have it.
    static TURN: Cell<(Held, u32)> = const { Cell::new((Held::Unread, 0)) };
    static BY_TURNS: Cell<bool> = const { Cell::new(false) };
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
        /// Puts the time aside, also when the task panics: the next task of the turn may have it.
        struct Release;
        impl Drop for Release {
            fn drop(&mut self) {
                let held = HELD.replace(Held::No);
                let left = TURN.get().1.saturating_sub(1);
                TURN.set(if left == 0 {
                    (Held::Unread, 0)
                } else {
                    (held, left)
                });
            }
        }
        let (held, left) = TURN.get();
        if left == 0 {
            HELD.set(Held::Unread);
            TURN.set((Held::Unread, if BY_TURNS.get() { TASKS_AT_ONCE } else { 1 }));
        } else {
            HELD.set(held);
        }
        let _release = Release;
        self.project().task.poll(cx)
    }
}

/// Tasks that share one reading at most: a turn that goes on and on gets new ones.
const TASKS_AT_ONCE: u32 = 32;

/// From here on the held tasks of this thread share the time of their turn, which [`next_turn`] ends.
pub fn hold_by_turns() {
    BY_TURNS.set(true);
}

/// The event loop has waited: the time is another one.
pub fn next_turn() {
    TURN.set((Held::Unread, 0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn tasks_of_one_turn_share_a_time_until_the_turn_ends() {
        hold_by_turns();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut time = || {
            let mut task = Box::pin(held(async { now() }));
            let Poll::Ready(time) = task.as_mut().poll(&mut cx) else {
                unreachable!("it waits for nothing");
            };
            std::thread::sleep(Duration::from_millis(1));
            time
        };
        let first = time();
        assert_eq!(time(), first);
        assert!(now() > first, "what isn't held reads the clock");
        next_turn();
        let second = time();
        assert!(second > first);
        let many: Vec<_> = (0..TASKS_AT_ONCE).map(|_| time()).collect();
        assert_eq!(many[0], second);
        assert!(many[many.len() - 1] > second, "a long turn gets a new time");
        next_turn();
        BY_TURNS.set(false);
    }

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
