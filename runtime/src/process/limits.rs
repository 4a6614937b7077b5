//! How many descriptors the process needs, how many connections it may take, and getting the limit
//! (management.txt, chapter 5).
//!
//! The sums are the reference's, read off its own refusal ("Cannot raise FD limit to N") for some thirty
//! configurations: two descriptors a connection, one a listener, one a check and one an agent check, three a
//! thread, two a pipe, ten for the rest; a command socket counts once for itself and for each client it allows.

use nix::{
    errno::Errno,
    sys::resource::{Resource, getrlimit, setrlimit},
};

/// The least number of connections that a process without `maxconn` is made for.
pub const MIN_AUTO_MAXCONN: u64 = 100;

/// What the configuration asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    /// Connections, where the configuration or the command line says.
    pub maxconn: Option<u64>,
    /// Listening sockets of the proxies.
    pub listeners: u64,
    /// Servers with a health check.
    pub checks: u64,
    /// Servers with an agent check.
    pub agent_checks: u64,
    /// Command sockets.
    pub command_sockets: u64,
    /// Clients that the command sockets allow together (10 unless said otherwise).
    pub command_clients: u64,
    /// Threads that serve.
    pub threads: u64,
    /// Pipes for splicing; `None` with splicing on means a quarter of the connections, `Some(0)` none.
    pub maxpipes: Option<u64>,
    /// Some proxy asks for splicing.
    pub splicing: bool,
    /// The limit wanted in place of the computed one.
    pub ulimit_n: Option<u64>,
    /// What the computed limits may never go beyond.
    pub hard_limit: Option<u64>,
    /// A limit that can't be had prevents the start.
    pub strict: bool,
    /// A master supervises: its channel to the worker counts once.
    pub supervised: bool,
}

/// The limits that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections of the process.
    pub maxconn: u64,
    /// Descriptors that the process may need.
    pub max_descriptors: u64,
    /// Pipes.
    pub maxpipes: u64,
    /// The descriptor limit to ask the system for.
    pub wanted: u64,
}

/// A limit that the system doesn't grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitError {
    /// The descriptor limit can't be raised to what is wanted.
    CannotRaise {
        /// What is wanted.
        wanted: u64,
        /// What the system allows.
        allowed: u64,
    },
    /// What is granted isn't enough for what was configured.
    TooLow {
        /// What the system allows.
        allowed: u64,
        /// Connections of the process.
        maxconn: u64,
        /// Descriptors that they need.
        needed: u64,
    },
    /// The limit can't be read.
    System(Errno),
}

impl Demand {
    /// The limits for a process whose hard limit of descriptors is `allowed`.
    pub fn limits(&self, allowed: u64) -> Limits {
        let budget = self.hard_limit.map_or(allowed, |limit| allowed.min(limit));
        let maxconn = self.maxconn.unwrap_or_else(|| self.auto_maxconn(budget));
        let maxpipes = self.pipes(maxconn);
        let max_descriptors = self
            .fixed()
            .saturating_add(maxconn.saturating_mul(2))
            .saturating_add(maxpipes.saturating_mul(2));
        Limits {
            maxconn,
            max_descriptors,
            maxpipes,
            wanted: self.ulimit_n.unwrap_or(max_descriptors),
        }
    }

    /// As many connections as the descriptors allow. A number of pipes that was configured isn't taken into account:
    /// like the reference, such a process may refuse to start where its limit is tight.
    fn auto_maxconn(&self, budget: u64) -> u64 {
        let left = budget.saturating_sub(self.fixed());
        // Splicing: a pipe for every fourth connection, so five descriptors for two connections.
        let connections = if self.splicing {
            left.saturating_mul(2) / 5
        } else {
            left / 2
        };
        connections.max(MIN_AUTO_MAXCONN)
    }

    fn pipes(&self, maxconn: u64) -> u64 {
        match self.maxpipes {
            Some(pipes) => pipes,
            None if self.splicing => (maxconn / 4).max(1),
            None => 0,
        }
    }

    fn fixed(&self) -> u64 {
        10u64
            .saturating_add(self.listeners)
            .saturating_add(self.checks)
            .saturating_add(self.agent_checks)
            .saturating_add(self.command_sockets)
            .saturating_add(self.command_clients)
            .saturating_add(self.threads.saturating_mul(3))
            .saturating_add(u64::from(self.supervised))
    }
}

/// Computes the limits and gets them from the system. What is wrong is told; `None`: the demand is strict, so nothing may
/// start.
pub fn obtain(demand: &Demand, mut tell: impl FnMut(LimitError)) -> Option<Limits> {
    let allowed = match allowed() {
        Ok(allowed) => allowed,
        Err(error) => {
            tell(error);
            return None;
        }
    };
    let mut limits = demand.limits(allowed);
    for attempt in [raise, suffice] {
        if let Err(error) = attempt(demand, &limits) {
            if let LimitError::CannotRaise { allowed, .. } = error {
                limits.wanted = allowed;
            }
            tell(error);
            if demand.strict {
                return None;
            }
        }
    }
    Some(limits)
}

/// Asks the system for the limit; what could be had is taken anyway.
///
/// # Errors
/// The limit can't be raised to what is wanted: with `strict` off, only a warning.
fn raise(demand: &Demand, limits: &Limits) -> Result<(), LimitError> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(LimitError::System)?;
    let allowed = demand.hard_limit.map_or(hard, |limit| hard.min(limit));
    if limits.wanted > allowed {
        // Root may raise the hard limit as well, but never past what the configuration forbids.
        let forbidden = demand.hard_limit.is_some_and(|limit| limits.wanted > limit);
        if forbidden || setrlimit(Resource::RLIMIT_NOFILE, limits.wanted, limits.wanted).is_err() {
            let _ = setrlimit(Resource::RLIMIT_NOFILE, allowed, hard);
            return Err(LimitError::CannotRaise {
                wanted: limits.wanted,
                allowed,
            });
        }
    } else if soft < limits.wanted {
        setrlimit(Resource::RLIMIT_NOFILE, limits.wanted, hard).map_err(LimitError::System)?;
    }
    Ok(())
}

/// Compares what the system grants now with what the configuration needs.
///
/// # Errors
/// It isn't enough.
fn suffice(_: &Demand, limits: &Limits) -> Result<(), LimitError> {
    let (granted, _) = getrlimit(Resource::RLIMIT_NOFILE).map_err(LimitError::System)?;
    if granted < limits.max_descriptors {
        return Err(LimitError::TooLow {
            allowed: granted,
            maxconn: limits.maxconn,
            needed: limits.max_descriptors,
        });
    }
    Ok(())
}

/// The hard limit of this process.
fn allowed() -> Result<u64, LimitError> {
    getrlimit(Resource::RLIMIT_NOFILE)
        .map(|(_, hard)| hard)
        .map_err(LimitError::System)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_listener() -> Demand {
        Demand {
            listeners: 1,
            threads: 1,
            strict: true,
            ..Demand::default()
        }
    }

    #[test]
    fn sums_are_those_of_the_references_refusals() {
        let base = one_listener();
        let wanted = |demand: Demand| demand.limits(64).wanted;
        assert_eq!(wanted(base.clone()), 214);
        assert_eq!(
            wanted(Demand {
                threads: 4,
                ..base.clone()
            }),
            223
        );
        assert_eq!(
            wanted(Demand {
                listeners: 3,
                ..base.clone()
            }),
            216
        );
        assert_eq!(
            wanted(Demand {
                checks: 2,
                ..base.clone()
            }),
            216
        );
        assert_eq!(
            wanted(Demand {
                maxconn: Some(1000),
                ..base.clone()
            }),
            2014
        );
        assert_eq!(
            wanted(Demand {
                maxpipes: Some(20),
                ..base.clone()
            }),
            254
        );
        assert_eq!(
            wanted(Demand {
                splicing: true,
                ..base.clone()
            }),
            264
        );
        assert_eq!(
            wanted(Demand {
                ulimit_n: Some(3000),
                ..base.clone()
            }),
            3000
        );
        let command = Demand {
            command_sockets: 1,
            command_clients: 10,
            ..base
        };
        assert_eq!(wanted(command), 225);
    }

    #[test]
    fn without_maxconn_the_descriptors_decide() {
        let demand = Demand {
            threads: 2,
            checks: 1,
            command_sockets: 1,
            command_clients: 10,
            ..one_listener()
        };
        let limits = demand.limits(1000);
        assert_eq!((limits.maxconn, limits.max_descriptors), (485, 999));
        let limits = demand.limits(20_000);
        assert_eq!((limits.maxconn, limits.max_descriptors), (9985, 19_999));
    }

    #[test]
    fn splicing_takes_its_share_of_the_descriptors() {
        let mut demand = Demand {
            splicing: true,
            command_sockets: 1,
            command_clients: 10,
            ..one_listener()
        };
        for (allowed, maxconn, pipes, descriptors) in [
            (300, 110, 27, 299),
            (1000, 390, 97, 999),
            (1003, 391, 97, 1001),
            (5000, 1990, 497, 4999),
        ] {
            let limits = demand.limits(allowed);
            assert_eq!((limits.maxconn, limits.maxpipes), (maxconn, pipes));
            assert_eq!(limits.max_descriptors, descriptors);
        }
        demand.maxpipes = Some(20);
        assert_eq!(demand.limits(1000).max_descriptors, 845);
    }

    #[test]
    fn a_hard_limit_bounds_the_computation_and_ulimit_n_does_not() {
        let mut demand = Demand {
            hard_limit: Some(500),
            command_sockets: 1,
            command_clients: 10,
            ..one_listener()
        };
        assert_eq!(demand.limits(1000).maxconn, 237);
        demand.hard_limit = None;
        demand.ulimit_n = Some(700);
        let limits = demand.limits(1000);
        assert_eq!((limits.maxconn, limits.wanted), (487, 700));
    }
}
