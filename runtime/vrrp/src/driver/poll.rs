//! One set of all descriptors: a turn of the loop knows what can be read now, not what could a moment ago.
//!
//! After a stall that is what counts: the set is asked again before timers run, so that adverts which arrived meanwhile
//! are heard first.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    time::{Duration, Instant},
};

use locum_kernel::readable::Readable;
use locum_runtime::clock;
use nix::sys::{
    epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
    time::TimeSpec,
    timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
};

/// What a descriptor is for; the order is that of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// Adverts, by the socket's number.
    Socket(u32),
    /// Interfaces and addresses.
    Netlink,
    /// Tracked files.
    Files,
    /// Tracked processes.
    Processes,
    /// The time has come.
    Timer,
}

impl Source {
    fn token(self) -> u64 {
        match self {
            Self::Socket(id) => u64::from(id),
            Self::Netlink => 1 << 32,
            Self::Files => 2 << 32,
            Self::Processes => 3 << 32,
            Self::Timer => 4 << 32,
        }
    }

    fn of(token: u64) -> Self {
        match token >> 32 {
            0 => Self::Socket(token as u32),
            1 => Self::Netlink,
            2 => Self::Files,
            3 => Self::Processes,
            _ => Self::Timer,
        }
    }
}

/// A turn that begins so soon behind another is in the middle of a burst.
const SOON: Duration = Duration::from_micros(300);

/// How long a burst may grow before it is heard.
const PAUSE: Duration = Duration::from_micros(500);

/// The clock of a sleeping thread is that much late, at most, on a machine that has time for it.
const SLACK: Duration = Duration::from_micros(100);

/// The set and its timer.
#[derive(Debug)]
pub(super) struct PollSet {
    epoll: Epoll,
    readable: Readable,
    timer: TimerFd,
    armed: Option<Instant>,
    /// When the last turn ended.
    turned: Option<Instant>,
    events: Vec<EpollEvent>,
}

/// Descriptors that one look at the set finds at most; more are found by the next.
const MOST: usize = 256;

impl PollSet {
    /// An empty set, known to the event loop of the calling task.
    pub(super) fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let timer = TimerFd::new(
            ClockId::CLOCK_MONOTONIC,
            TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK,
        )?;
        epoll.add(&timer, wanted(Source::Timer))?;
        let watched: OwnedFd = epoll.0.try_clone()?;
        Ok(Self {
            epoll,
            readable: Readable::new(watched)?,
            timer,
            armed: None,
            turned: None,
            events: vec![EpollEvent::empty(); MOST],
        })
    }

    /// Adds a descriptor. Closing it takes it out again.
    pub(super) fn add(&self, descriptor: impl AsFd, source: Source) -> io::Result<()> {
        Ok(self.epoll.add(descriptor, wanted(source))?)
    }

    /// Waits until something can be read or the time has come.
    pub(super) async fn ready(&self) -> io::Result<()> {
        self.readable.ready().await
    }

    /// Lets a burst grow, so that one turn hears several packets: a crowd of instances advertises within milliseconds,
    /// and to be woken for a packet costs more than the packet does. No timer rings later for it.
    pub(super) fn gather(&self) {
        let now = clock::now();
        let burst = self.turned.is_some_and(|turned| now - turned < SOON);
        let left = match self.armed {
            Some(at) => at.saturating_duration_since(now + SLACK).min(PAUSE),
            None => PAUSE,
        };
        if burst && !left.is_zero() {
            std::thread::sleep(left);
        }
    }

    /// A turn has ended.
    pub(super) fn turned(&mut self) {
        self.turned = Some(clock::now());
    }

    /// What can be read now, in the order of a turn; nothing: all is read.
    pub(super) fn now(&mut self, found: &mut Vec<Source>) -> io::Result<()> {
        found.clear();
        let count = self.epoll.wait(&mut self.events, EpollTimeout::ZERO)?;
        found.extend(
            self.events[..count]
                .iter()
                .map(|event| Source::of(event.data())),
        );
        found.sort_unstable();
        Ok(())
    }

    /// Wakes the loop at `deadline`, or no more.
    pub(super) fn set_timer(&mut self, deadline: Option<Instant>, now: Instant) -> io::Result<()> {
        // An armed timer stays: one that rings early costs a turn, one that is set anew costs a system call each time.
        if self.armed == deadline {
            return Ok(());
        }
        self.armed = deadline;
        match deadline {
            None => self.timer.unset()?,
            Some(at) => {
                // Zero would disarm it.
                let left = at
                    .saturating_duration_since(now)
                    .max(Duration::from_nanos(1));
                self.timer.set(
                    Expiration::OneShot(TimeSpec::from_duration(left)),
                    TimerSetTimeFlags::empty(),
                )?;
            }
        }
        Ok(())
    }

    /// The timer rang: it stays readable until it is set again.
    pub(super) fn timer_rang(&mut self) {
        self.armed = None;
        let _ = self.timer.wait();
    }
}

fn wanted(source: Source) -> EpollEvent {
    EpollEvent::new(EpollFlags::EPOLLIN, source.token())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_come_back_in_the_order_of_a_turn() {
        let sources = [
            Source::Socket(0),
            Source::Socket(u32::MAX),
            Source::Netlink,
            Source::Files,
            Source::Processes,
            Source::Timer,
        ];
        assert!(sources.is_sorted());
        for source in sources {
            assert_eq!(Source::of(source.token()), source);
        }
    }

    #[tokio::test]
    async fn what_waits_is_seen_before_the_timer_that_rang() {
        let mut set = PollSet::new().expect("a set");
        let (reader, mut writer) = io::pipe().expect("a pipe");
        set.add(&reader, Source::Socket(7)).expect("added");
        let now = locum_runtime::clock::now();
        set.set_timer(Some(now), now).expect("armed");
        io::Write::write_all(&mut writer, b"x").expect("written");
        set.ready().await.expect("ready");
        std::thread::sleep(Duration::from_millis(5));
        let mut found = Vec::new();
        set.now(&mut found).expect("asked");
        assert_eq!(found, [Source::Socket(7), Source::Timer]);
    }
}
