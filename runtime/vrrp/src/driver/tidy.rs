//! When memory is given back: once a start, a reload, or a change of many has passed, with all that follows it.

use std::time::{Duration, Instant};

use locum_kernel::memory;

/// The second set of announcements comes five seconds after a change, unless the configuration says otherwise.
const REST: Duration = Duration::from_secs(10);

/// What is to be given back, and when.
#[derive(Debug, Default)]
pub(super) struct Tidy {
    due: Option<Instant>,
}

impl Tidy {
    /// Something large has happened: give back after a rest from now on.
    pub(super) fn later(&mut self, now: Instant) {
        self.due = Some(now + REST);
    }

    /// Gives back, if it is time.
    pub(super) fn when_due(&mut self, now: Instant) {
        if self.due.take_if(|due| *due <= now).is_some() {
            memory::give_back();
        }
    }

    /// When it will be.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due
    }
}
