//! What is tracked, and what its state means to whom: a reason to be in fault, or a change of priority.

use locum_model::track::Weight;

use crate::{
    identity::{InstanceId, Name},
    input::ScriptResult,
    instance::OWNER,
};

/// What is tracked, by kind and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The kind.
    pub kind: Kind,
    /// An interface's name, or that of a declared tracker.
    pub name: Name,
}

/// Kinds of trackers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An interface's flags.
    Interface,
    /// A script.
    Script,
    /// A number in a file.
    File,
    /// Runs of a program.
    Process,
    /// A BFD session.
    Bfd,
}

/// A tracker.
#[derive(Debug)]
pub struct Tracker {
    /// What it is.
    pub reading: Reading,
    /// Who watches it.
    pub watches: Vec<Watch>,
}

/// What a tracker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nothing yet: a script that hasn't run.
    Unknown(Script),
    /// Up or down.
    Binary(bool),
    /// A script's state.
    Script(Script, bool),
    /// A file's number.
    Number(i64),
}

/// A script's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Script {
    /// Successes in a row that bring it up.
    pub rise: u32,
    /// Failures in a row that take it down.
    pub fall: u32,
    /// Results in a row against its state.
    pub against: u32,
    /// The status it exited with last.
    pub last_status: i32,
}

/// An instance that watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Which.
    pub instance: InstanceId,
    /// With which weight.
    pub weight: Weight,
    /// What it means to it now.
    pub meaning: Meaning,
}

/// What a reading means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meaning {
    /// A reason to be in fault.
    pub fault: bool,
    /// What is added to the priority.
    pub priority: i32,
}

/// A product of a file's number and its weight below this is a fault.
const FAULT_BELOW: i64 = -253;

impl Reading {
    /// What it means with a weight. `before` is what it meant: a file in fault leaves the priority as it was.
    pub fn meaning(&self, weight: Weight, before: Meaning) -> Meaning {
        match *self {
            Self::Unknown(_) => Meaning::default(),
            Self::Binary(up) | Self::Script(_, up) => binary(up, weight),
            Self::Number(number) => from_number(number, weight, before),
        }
    }

    /// What the log says of a number that means fault: its product with the weight; a weight of 0 has a number of its own.
    pub fn fault_status(&self, weight: Weight) -> i64 {
        match *self {
            Self::Number(number) if weight.value != 0 => product(number, weight),
            _ => FAULT_BELOW - 1,
        }
    }

    /// Takes a script's result. True: its state changed, or became known.
    pub fn result(&mut self, result: ScriptResult) -> bool {
        let success = result == ScriptResult::Exited(0);
        match self {
            Self::Unknown(script) => {
                *self = Self::Script(
                    Script {
                        against: 0,
                        ..*script
                    },
                    success,
                );
                true
            }
            Self::Script(script, up) if *up == success => {
                script.against = 0;
                false
            }
            Self::Script(script, up) => {
                script.against += 1;
                let needed = if success { script.rise } else { script.fall };
                if script.against < needed {
                    return false;
                }
                script.against = 0;
                *up = success;
                true
            }
            Self::Binary(_) | Self::Number(_) => false,
        }
    }
}

fn binary(up: bool, weight: Weight) -> Meaning {
    if weight.value == 0 {
        return Meaning {
            fault: up == weight.reverse,
            priority: 0,
        };
    }
    let sign = if weight.reverse { -1 } else { 1 };
    let counts = up == (weight.value > 0);
    Meaning {
        fault: false,
        priority: if counts { sign * weight.value } else { 0 },
    }
}

fn from_number(number: i64, weight: Weight, before: Meaning) -> Meaning {
    if weight.value == 0 {
        return Meaning {
            fault: (number != 0) != weight.reverse,
            priority: 0,
        };
    }
    let product = product(number, weight);
    if product < FAULT_BELOW {
        return Meaning {
            fault: true,
            priority: before.priority,
        };
    }
    Meaning {
        fault: false,
        priority: product.min(-FAULT_BELOW) as i32,
    }
}

fn product(number: i64, weight: Weight) -> i64 {
    let product = number.saturating_mul(i64::from(weight.value));
    if weight.reverse {
        product.saturating_neg()
    } else {
        product
    }
}

/// The effective priority: an owner's never moves, others stay between 1 and 254.
pub fn effective_priority(base: u8, sum: i32) -> u8 {
    if base == OWNER {
        return OWNER;
    }
    (i32::from(base).saturating_add(sum)).clamp(1, 254) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(value: i32, reverse: bool) -> Weight {
        Weight { value, reverse }
    }

    fn up(value: i32, reverse: bool) -> Meaning {
        Reading::Binary(true).meaning(weight(value, reverse), Meaning::default())
    }

    fn down(value: i32, reverse: bool) -> Meaning {
        Reading::Binary(false).meaning(weight(value, reverse), Meaning::default())
    }

    #[test]
    fn a_weight_of_zero_means_fault() {
        assert!(down(0, false).fault && !up(0, false).fault);
        assert!(!down(0, true).fault && up(0, true).fault);
    }

    #[test]
    fn a_positive_weight_counts_when_up_a_negative_one_when_down() {
        assert_eq!((up(10, false).priority, down(10, false).priority), (10, 0));
        assert_eq!(
            (up(-10, false).priority, down(-10, false).priority),
            (0, -10)
        );
        assert_eq!((up(7, true).priority, down(7, true).priority), (-7, 0));
        assert_eq!((up(-7, true).priority, down(-7, true).priority), (0, 7));
    }

    #[test]
    fn a_files_number_is_multiplied_and_far_below_it_is_a_fault() {
        let of =
            |number, value, before| Reading::Number(number).meaning(weight(value, false), before);
        let before = Meaning {
            fault: false,
            priority: -99,
        };
        assert_eq!(of(-7, -2, before).priority, 14);
        assert_eq!(
            of(-253, 1, before),
            Meaning {
                fault: false,
                priority: -253
            }
        );
        assert_eq!(
            of(-254, 1, before),
            Meaning {
                fault: true,
                priority: -99
            }
        );
        assert_eq!(
            of(1, 0, before),
            Meaning {
                fault: true,
                priority: 0
            }
        );
        assert_eq!(of(i64::MIN, -2, before).priority, 253);
    }

    #[test]
    fn the_first_result_of_a_script_counts_at_once_then_rise_and_fall() {
        let mut script = Reading::Unknown(Script {
            rise: 2,
            fall: 3,
            ..Script::default()
        });
        assert!(script.result(ScriptResult::Exited(1)));
        assert!(!script.result(ScriptResult::Exited(0)));
        assert!(script.result(ScriptResult::Exited(0)));
        assert!(!script.result(ScriptResult::TimedOut));
        assert!(!script.result(ScriptResult::Exited(0)));
        assert!(!script.result(ScriptResult::Exited(2)));
        assert!(!script.result(ScriptResult::Signalled(9)));
        assert!(script.result(ScriptResult::NotStarted));
    }

    #[test]
    fn an_owners_priority_never_moves_and_others_stay_below_it() {
        assert_eq!(effective_priority(255, -200), 255);
        assert_eq!(effective_priority(100, 200), 254);
        assert_eq!(effective_priority(100, -100), 1);
        assert_eq!(effective_priority(100, i32::MIN), 1);
    }
}
