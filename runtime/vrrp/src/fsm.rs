//! One virtual router's choices: what an advert means to a backup and to a master, and how long to wait (RFC 5798 §6.4).
//!
//! ```text
//!           ┌────────── no advert in time ──────────▶┐
//!  INIT ─▶ BACKUP                                  MASTER
//!           │ ▲ └◀── higher priority or address ─────┘ │
//!           ▼ │                                        ▼
//!          FAULT ◀──── link, address, tracker lost ────┘
//! ```
//!
//! Nothing here has effects: the engine carries the choice out.

use std::{net::IpAddr, time::Duration};

use locum_model::vrrp::Version;

/// What an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Not started: a tracking script hasn't told its first result, or the start is delayed.
    #[default]
    Init,
    /// Listens.
    Backup,
    /// Has the addresses.
    Master,
    /// Can't take part.
    Fault,
}

/// What a timer depends on.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Version.
    pub version: Version,
    /// Effective priority.
    pub priority: u8,
    /// Our interval.
    pub interval: Duration,
    /// The master's interval: version 3 learns it, else it is ours.
    pub master_interval: Duration,
    /// Adverts that may be missed.
    pub down_adverts: u32,
}

impl Timing {
    /// Version 2: (256 − priority) / 256 s; version 3 takes so much of the master's interval. Microseconds, not RFC 5798's
    /// hundredths.
    pub fn skew(&self) -> Duration {
        let parts = 256 - u64::from(self.priority);
        let whole = match self.version {
            Version::V2 => 1_000_000,
            Version::V3 => self.master_interval.as_micros() as u64,
        };
        Duration::from_micros(whole.saturating_mul(parts) / 256)
    }

    /// How long a backup waits for an advert.
    pub fn master_down(&self) -> Duration {
        self.master_interval.saturating_mul(self.down_adverts) + self.skew()
    }
}

/// An advert, as far as choices depend on it.
#[derive(Debug, Clone, Copy)]
pub struct Heard {
    /// Who sent it.
    pub source: IpAddr,
    /// Its priority.
    pub priority: u8,
}

/// What a backup makes of an advert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupChoice {
    /// The master leaves: wait only the skew.
    MasterLeaves,
    /// There is a master to obey: wait anew.
    Obey,
    /// It is lower than us, and we obey it until the preempt delay is over, which begins now.
    ObeyAndStartDelay,
    /// It is lower than us: as if nothing was heard.
    Discard,
}

/// A backup's preemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preempt {
    /// Never.
    Never,
    /// At once.
    AtOnce,
    /// After a delay that hasn't begun.
    Later,
    /// The delay runs.
    Waiting,
    /// The delay is over.
    Waited,
}

/// A backup hears an advert.
pub fn backup_hears(heard: Heard, priority: u8, preempt: Preempt) -> BackupChoice {
    if heard.priority == 0 {
        return BackupChoice::MasterLeaves;
    }
    if heard.priority >= priority {
        return BackupChoice::Obey;
    }
    match preempt {
        Preempt::Never | Preempt::Waiting => BackupChoice::Obey,
        Preempt::Later => BackupChoice::ObeyAndStartDelay,
        Preempt::AtOnce | Preempt::Waited => BackupChoice::Discard,
    }
}

/// What a master makes of an advert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MasterChoice {
    /// Another master leaves: tell that we are here.
    Answer,
    /// It has to give way to us.
    Stand,
    /// We give way: its priority is higher.
    GiveWayToPriority,
    /// We give way: its address is higher.
    GiveWayToAddress,
}

/// A master hears an advert; `source` is its own address.
pub fn master_hears(heard: Heard, priority: u8, source: Option<IpAddr>) -> MasterChoice {
    if heard.priority == 0 {
        return MasterChoice::Answer;
    }
    match heard.priority.cmp(&priority) {
        std::cmp::Ordering::Less => MasterChoice::Stand,
        std::cmp::Ordering::Greater => MasterChoice::GiveWayToPriority,
        std::cmp::Ordering::Equal if source.is_none_or(|ours| heard.source > ours) => {
            MasterChoice::GiveWayToAddress
        }
        std::cmp::Ordering::Equal => MasterChoice::Stand,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(version: Version, priority: u8, ms: u64) -> Timing {
        let interval = Duration::from_millis(ms);
        Timing {
            version,
            priority,
            interval,
            master_interval: interval,
            down_adverts: 3,
        }
    }

    fn heard(priority: u8, last: u8) -> Heard {
        Heard {
            source: IpAddr::from([192, 0, 2, last]),
            priority,
        }
    }

    #[test]
    fn the_master_down_time_is_the_recorded_one() {
        let us = |version, priority, ms| timing(version, priority, ms).master_down().as_micros();
        assert_eq!(us(Version::V2, 100, 1000), 3_609_375);
        assert_eq!(us(Version::V2, 150, 2000), 6_414_062);
        assert_eq!(us(Version::V2, 255, 1000), 3_003_906);
        assert_eq!(us(Version::V3, 100, 100), 360_937);
        assert_eq!(us(Version::V3, 254, 1500), 4_511_718);
    }

    #[test]
    fn a_backup_obeys_what_is_not_lower_and_discards_what_is() {
        assert_eq!(
            backup_hears(heard(100, 9), 100, Preempt::AtOnce),
            BackupChoice::Obey
        );
        assert_eq!(
            backup_hears(heard(99, 12), 100, Preempt::AtOnce),
            BackupChoice::Discard
        );
        assert_eq!(
            backup_hears(heard(99, 12), 100, Preempt::Never),
            BackupChoice::Obey
        );
        assert_eq!(
            backup_hears(heard(0, 12), 100, Preempt::Never),
            BackupChoice::MasterLeaves
        );
        assert_eq!(
            backup_hears(heard(99, 12), 100, Preempt::Later),
            BackupChoice::ObeyAndStartDelay
        );
        assert_eq!(
            backup_hears(heard(99, 12), 100, Preempt::Waited),
            BackupChoice::Discard
        );
    }

    #[test]
    fn of_two_masters_the_higher_priority_then_the_higher_address_stays() {
        let ours = Some(IpAddr::from([192, 0, 2, 11]));
        assert_eq!(
            master_hears(heard(101, 9), 100, ours),
            MasterChoice::GiveWayToPriority
        );
        assert_eq!(master_hears(heard(99, 12), 100, ours), MasterChoice::Stand);
        assert_eq!(
            master_hears(heard(100, 12), 100, ours),
            MasterChoice::GiveWayToAddress
        );
        assert_eq!(master_hears(heard(100, 9), 100, ours), MasterChoice::Stand);
        assert_eq!(master_hears(heard(0, 12), 100, ours), MasterChoice::Answer);
    }
}
