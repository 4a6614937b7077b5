//! Rise and fall: how single results become "up" and "down" (manual 5.2: "rise", "fall", "observe").
//!
//! Health is one number from 0 to rise + fall − 1, as `show servers state` prints it. A member is up while it is at
//! least `rise`. It starts at `rise`: unchecked members are trusted, and one failure is enough to withdraw that.

use std::time::{Duration, Instant};

use locum_model::proxy::{Observe, OnError};

use super::result::{CheckResult, CheckStatus, Verdict};

/// The rules of one member.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HealthRules {
    /// Successes in a row that bring it up.
    pub rise: u32,
    /// Failures in a row that take it down.
    pub fall: u32,
    /// Traffic that is watched.
    pub observe: Option<Observe>,
    /// Errors in a row in traffic that count.
    pub error_limit: u32,
    /// What they lead to.
    pub on_error: OnError,
}

impl Default for HealthRules {
    fn default() -> Self {
        Self {
            rise: 2,
            fall: 3,
            observe: None,
            error_limit: 10,
            on_error: OnError::default(),
        }
    }
}

/// What a result changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing that anybody sees.
    None,
    /// The number moved, or the verdict of an unchanged member differs: health-check logs tell it.
    Progress,
    /// From down to up.
    Up,
    /// From up to down.
    Down,
    /// Still up, but wants no new sessions.
    Stopping,
    /// Takes new sessions again.
    Running,
}

/// What is seen in proxied traffic (manual: "observe").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// A connection stood, or a valid answer came.
    Good,
    /// A connection failed.
    ConnectFailed,
    /// The answer was an error: its status, not parsable, timed out, broken off.
    ResponseFailed,
}

/// What an observation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// The change of state.
    pub turn: Turn,
    /// The next check comes after `fastinter`, if that is sooner.
    pub hasten: bool,
}

/// Where a member is between fully up and fully down: what the interval depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Fully up.
    Up,
    /// Going up, going down, or unchecked.
    Transition,
    /// Fully down.
    Down,
}

/// The health of one member. Sans-IO: results come in, turns go out.
#[derive(Debug, Clone)]
pub struct Health {
    rules: HealthRules,
    value: u32,
    errors_in_a_row: u32,
    conditional: bool,
    /// Failed checks while up (`chkfail`).
    pub failed_checks: u64,
    /// Turns from up to down (`chkdown`).
    pub times_down: u64,
    /// Failures seen in traffic that counted (`hanafail`).
    pub observed_failures: u64,
    /// The last result; before the first one the status is `Initializing`.
    pub last: CheckResult,
    /// The last verdict.
    pub verdict: Verdict,
    /// Whether a check is running now.
    pub running: bool,
    /// When the last check ended.
    pub last_at: Option<Instant>,
}

impl Health {
    /// A member that was not checked yet.
    pub fn new(rules: HealthRules) -> Self {
        let rules = HealthRules {
            rise: rules.rise.max(1),
            fall: rules.fall.max(1),
            ..rules
        };
        Self {
            value: rules.rise,
            rules,
            errors_in_a_row: 0,
            conditional: false,
            failed_checks: 0,
            times_down: 0,
            observed_failures: 0,
            last: CheckResult::new(CheckStatus::Initializing, Duration::ZERO),
            verdict: Verdict::Unknown,
            running: false,
            last_at: None,
        }
    }

    /// The rules.
    pub fn rules(&self) -> &HealthRules {
        &self.rules
    }

    /// The number, 0 to rise + fall − 1.
    pub fn value(&self) -> u32 {
        self.value
    }

    /// At least `rise`.
    pub fn is_up(&self) -> bool {
        self.value >= self.rules.rise
    }

    /// What the interval to the next check depends on.
    pub fn phase(&self) -> Phase {
        if self.value == 0 {
            Phase::Down
        } else if self.value == self.full() && self.last.status != CheckStatus::Initializing {
            Phase::Up
        } else {
            Phase::Transition
        }
    }

    /// Progress as `(value, out of)`: up members count failures that are left, down ones successes that were seen
    /// (`UP 1/3`, `DOWN 1/2`).
    pub fn progress(&self) -> (u32, u32) {
        if self.is_up() {
            (self.value - self.rules.rise + 1, self.rules.fall)
        } else {
            (self.value, self.rules.rise)
        }
    }

    /// A check has ended.
    pub fn on_result(&mut self, now: Instant, result: CheckResult) -> Turn {
        self.running = false;
        self.last_at = Some(now);
        let verdict = result.status.verdict();
        let same = verdict == self.verdict && result.status == self.last.status;
        self.verdict = verdict;
        self.last = result;
        self.errors_in_a_row = 0;
        match verdict {
            Verdict::Unknown => Turn::None,
            Verdict::Failed => self.fail(),
            Verdict::Passed => self.pass(false, same),
            Verdict::ConditionallyPassed => self.pass(true, same),
        }
    }

    /// Something was seen in traffic. Only meaningful with `observe`.
    pub fn on_observation(&mut self, now: Instant, seen: Observation) -> Observed {
        let nothing = Observed {
            turn: Turn::None,
            hasten: false,
        };
        let counts = match (self.rules.observe, seen) {
            (None, _) => return nothing,
            (_, Observation::Good) => {
                self.errors_in_a_row = 0;
                return nothing;
            }
            (_, Observation::ConnectFailed) => true,
            (Some(observe), Observation::ResponseFailed) => observe == Observe::Layer7,
        };
        if !counts {
            return nothing;
        }
        self.errors_in_a_row += 1;
        if self.errors_in_a_row < self.rules.error_limit {
            return nothing;
        }
        let errors = std::mem::take(&mut self.errors_in_a_row);
        self.observed_failures += 1;
        let turn = match self.rules.on_error {
            OnError::FastInter => Turn::None,
            OnError::FailCheck => self.fail_by_observation(now, errors, seen),
            OnError::SuddenDeath => {
                self.value = self.value.min(self.rules.rise + 1);
                self.fail_by_observation(now, errors, seen)
            }
            OnError::MarkDown => {
                self.value = self.value.min(self.rules.rise);
                self.fail_by_observation(now, errors, seen)
            }
        };
        Observed { turn, hasten: true }
    }

    /// Takes the member fully up or fully down by hand (`set server … health`), without a check.
    pub fn force(&mut self, up: bool) -> Turn {
        let was_up = self.is_up();
        self.value = if up { self.full() } else { 0 };
        match (was_up, up) {
            (false, true) => Turn::Up,
            (true, false) => {
                self.times_down += 1;
                Turn::Down
            }
            _ => Turn::None,
        }
    }

    /// Back to unchecked, after maintenance.
    pub fn restart(&mut self) {
        self.value = self.rules.rise;
        self.errors_in_a_row = 0;
        self.conditional = false;
    }

    fn full(&self) -> u32 {
        self.rules.rise + self.rules.fall - 1
    }

    fn fail_by_observation(&mut self, now: Instant, errors: u32, last: Observation) -> Turn {
        if !self.is_up() {
            return Turn::None;
        }
        self.last_at = Some(now);
        self.verdict = Verdict::Failed;
        self.last = CheckResult::new(CheckStatus::Observed, Duration::ZERO)
            .with(super::result::CheckInfo::ConsecutiveErrors(errors, last));
        self.fail()
    }

    fn fail(&mut self) -> Turn {
        if !self.is_up() {
            // A success on the way up is lost.
            return if std::mem::take(&mut self.value) > 0 {
                Turn::Progress
            } else {
                Turn::None
            };
        }
        self.failed_checks += 1;
        if self.value > self.rules.rise {
            self.value -= 1;
            Turn::Progress
        } else {
            self.value = 0;
            self.conditional = false;
            self.times_down += 1;
            Turn::Down
        }
    }

    fn pass(&mut self, conditional: bool, same: bool) -> Turn {
        let was_up = self.is_up();
        if !was_up {
            self.value += 1;
            if !self.is_up() {
                return Turn::Progress;
            }
            self.value = self.full();
            self.conditional = conditional;
            return Turn::Up;
        }
        let moved = self.value < self.full();
        self.value = self.full();
        let was_conditional = std::mem::replace(&mut self.conditional, conditional);
        match (was_conditional, conditional) {
            (false, true) => Turn::Stopping,
            (true, false) => Turn::Running,
            _ if moved || !same => Turn::Progress,
            _ => Turn::None,
        }
    }
}
