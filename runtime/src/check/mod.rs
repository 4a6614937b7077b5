//! Health checks: when (scheduler), what (probe), and what follows (rise_fall).

pub mod driver;
pub mod probe;
pub mod result;
pub mod rise_fall;
pub mod scheduler;
pub mod start;

pub use result::{CheckInfo, CheckResult, CheckStatus, Verdict};
pub use rise_fall::{Health, HealthRules, Observation, Observed, Phase, Turn};

#[cfg(test)]
mod tests;
