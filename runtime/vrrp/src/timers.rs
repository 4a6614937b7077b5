//! Deadlines of thousands of things in one heap.
//!
//! Most deadlines only ever move away: each advert that a backup hears puts its timer off. So an [`Alarm`] keeps the time
//! that holds, the heap an earlier one; when that comes, the entry moves on. Hearing an advert costs the heap nothing.

use std::{cmp::Reverse, collections::BinaryHeap, time::Instant};

/// What an owner of a timer keeps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alarm {
    due: Option<Instant>,
    queued: Option<Instant>,
}

impl Alarm {
    /// When it goes off.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether an entry of this time makes it go off.
    pub fn is_at(&self, at: Instant) -> bool {
        self.due == Some(at) && self.queued == Some(at)
    }

    /// It doesn't go off. Its entry in the heap dies when its time comes.
    pub fn stop(&mut self) {
        self.due = None;
    }
}

/// What an entry that came due means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// The alarm goes off.
    Now,
    /// Its time was moved, or it was stopped.
    NotYet,
}

/// The heap; entries of one time come in the order of their keys.
#[derive(Debug)]
pub struct Timers<K> {
    heap: BinaryHeap<Reverse<(Instant, K)>>,
}

impl<K: Ord + Copy> Default for Timers<K> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
        }
    }
}

impl<K: Ord + Copy> Timers<K> {
    /// Sets an alarm, in place of what it was set to.
    pub fn set(&mut self, alarm: &mut Alarm, key: K, at: Instant) {
        alarm.due = Some(at);
        if alarm.queued.is_none_or(|queued| at < queued) {
            alarm.queued = Some(at);
            self.heap.push(Reverse((at, key)));
        }
    }

    /// The earliest entry: an alarm may go off then, none does before.
    pub fn earliest(&self) -> Option<(Instant, K)> {
        self.heap.peek().map(|Reverse(entry)| *entry)
    }

    /// Takes the earliest entry out, if its time has come.
    pub fn take(&mut self, now: Instant) -> Option<(Instant, K)> {
        if self.earliest()?.0 > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    /// What an entry that was taken out means to its alarm at `now`; an alarm that was moved gets a new entry.
    pub fn ring(&mut self, alarm: &mut Alarm, entry: (Instant, K), now: Instant) -> Ring {
        let (at, key) = entry;
        if alarm.queued != Some(at) {
            return Ring::NotYet;
        }
        alarm.queued = None;
        match alarm.due {
            Some(due) if due <= now && due <= at => {
                alarm.due = None;
                Ring::Now
            }
            Some(due) => {
                self.set(alarm, key, due);
                Ring::NotYet
            }
            None => Ring::NotYet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_alarm_that_is_put_off_goes_off_once_and_late() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let (mut timers, mut alarm) = (Timers::default(), Alarm::default());
        timers.set(&mut alarm, 1, at(10));
        timers.set(&mut alarm, 1, at(30));
        let entry = timers.take(at(10)).unwrap();
        assert_eq!(timers.ring(&mut alarm, entry, at(10)), Ring::NotYet);
        assert_eq!(timers.take(at(29)), None);
        timers.set(&mut alarm, 1, at(20));
        let entry = timers.take(at(40)).unwrap();
        assert_eq!(
            (entry.0, timers.ring(&mut alarm, entry, at(40))),
            (at(20), Ring::Now)
        );
        let entry = timers.take(at(40)).unwrap();
        assert_eq!(timers.ring(&mut alarm, entry, at(40)), Ring::NotYet);
        assert_eq!(timers.earliest(), None);
    }
}
