//! How many of something there are now, bounded exactly across workers.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU32,
            Ordering::{Relaxed, SeqCst},
        },
    },
    task::{Context, Poll, Waker},
};

use parking_lot::Mutex;

/// A shared number with its maximum and an optional bound. What is counted holds a [`Share`] that gives back on drop,
/// also when its task panics.
#[derive(Debug, Clone)]
pub struct Gauge(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    now: AtomicU32,
    max: AtomicU32,
    bound: AtomicU32,
    /// Somebody waits for a unit; looked at by those who give one back.
    awaited: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

/// One unit of a [`Gauge`].
#[derive(Debug)]
pub struct Share(Arc<Inner>);

impl Gauge {
    /// At zero; `None` is unbounded.
    pub fn new(bound: Option<u32>) -> Self {
        Self(Arc::new(Inner {
            now: AtomicU32::new(0),
            max: AtomicU32::new(0),
            bound: AtomicU32::new(bound.unwrap_or(u32::MAX)),
            awaited: AtomicBool::new(false),
            waiting: Mutex::default(),
        }))
    }

    /// Takes a unit if the bound allows.
    pub fn try_take(&self) -> Option<Share> {
        let bound = self.0.bound.load(Relaxed);
        let before = self
            .0
            .now
            .fetch_update(Relaxed, Relaxed, |now| (now < bound).then_some(now + 1))
            .ok()?;
        self.0.note(before + 1);
        Some(Share(self.0.clone()))
    }

    /// Takes a unit as soon as the bound allows.
    pub fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Share> {
        if let Some(share) = self.try_take() {
            return Poll::Ready(share);
        }
        self.wait(cx);
        // A unit may have come back before it was known that somebody waits.
        self.try_take().map_or(Poll::Pending, Poll::Ready)
    }

    /// Ready when a unit is free, without taking it.
    pub fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_room() {
            return Poll::Ready(());
        }
        self.wait(cx);
        if self.has_room() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn has_room(&self) -> bool {
        self.0.now.load(SeqCst) < self.0.bound.load(Relaxed)
    }

    fn wait(&self, cx: &Context<'_>) {
        self.0.waiting.lock().push(cx.waker().clone());
        self.0.awaited.store(true, SeqCst);
    }

    /// Takes a unit whatever the bound is.
    pub fn take(&self) -> Share {
        let now = self.0.now.fetch_add(1, Relaxed) + 1;
        self.0.note(now);
        Share(self.0.clone())
    }

    /// Units out now.
    pub fn now(&self) -> u32 {
        self.0.now.load(Relaxed)
    }

    /// The most that were out at once.
    pub fn max(&self) -> u32 {
        self.0.max.load(Relaxed)
    }

    /// The bound; `u32::MAX` is none.
    pub fn bound(&self) -> u32 {
        self.0.bound.load(Relaxed)
    }

    /// Changes the bound; units that are out stay out.
    pub fn set_bound(&self, bound: u32) {
        self.0.bound.store(bound, Relaxed);
        self.0.wake();
    }

    /// Forgets the maximum.
    pub fn reset_max(&self) {
        self.0.max.store(self.now(), Relaxed);
    }
}

impl Inner {
    fn wake(&self) {
        if self.awaited.swap(false, SeqCst) {
            for waker in self.waiting.lock().drain(..) {
                waker.wake();
            }
        }
    }

    fn note(&self, now: u32) {
        if now > self.max.load(Relaxed) {
            self.max.fetch_max(now, Relaxed);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
        if self.0.awaited.load(SeqCst) {
            self.0.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_gauge_gives_nothing_until_something_is_given_back() {
        let gauge = Gauge::new(Some(2));
        let first = gauge.try_take().unwrap();
        let _second = gauge.try_take().unwrap();
        assert!(gauge.try_take().is_none());
        drop(first);
        assert!(gauge.try_take().is_some());
        assert_eq!(gauge.max(), 2);
    }

    #[test]
    fn threads_never_exceed_the_bound() {
        let gauge = Gauge::new(Some(3));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        let _unit = gauge.try_take();
                    }
                });
            }
        });
        assert!(gauge.max() <= 3);
        assert_eq!(gauge.now(), 0);
    }
}
