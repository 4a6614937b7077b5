//! Which processors the subject gets and which the load around it.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The processors this process may use, divided.
#[derive(Debug, Clone)]
pub struct Cores {
    /// For the program under test: as many as it has threads.
    pub subject: Vec<usize>,
    /// For client, origin and sink: the others, or all when none is left.
    pub load: Vec<usize>,
}

impl Cores {
    /// Gives the first `threads` processors to the subject.
    ///
    /// # Errors
    /// The kernel doesn't tell, or there are fewer processors than threads.
    pub fn divide(threads: usize) -> Result<Self, String> {
        let all = ours()?;
        if all.len() < threads {
            return Err(format!(
                "{threads} threads need {threads} processors, there are {}",
                all.len()
            ));
        }
        let (subject, rest) = all.split_at(threads);
        let load = if rest.is_empty() { &all } else { rest };
        Ok(Self {
            subject: subject.to_vec(),
            load: load.to_vec(),
        })
    }
}

/// The processors that the calling thread may run on.
///
/// # Errors
/// The kernel doesn't tell.
pub fn ours() -> Result<Vec<usize>, String> {
    let set = sched_getaffinity(Pid::from_raw(0)).map_err(|e| format!("sched_getaffinity: {e}"))?;
    Ok((0..CpuSet::count())
        .filter(|at| set.is_set(*at).unwrap_or(false))
        .collect())
}

/// Keeps the calling thread, and the threads and processes it starts from now on, on these processors.
///
/// # Errors
/// The kernel refuses.
pub fn pin(to: &[usize]) -> Result<(), String> {
    let mut set = CpuSet::new();
    for at in to {
        set.set(*at).map_err(|e| format!("processor {at}: {e}"))?;
    }
    sched_setaffinity(Pid::from_raw(0), &set).map_err(|e| format!("sched_setaffinity {to:?}: {e}"))
}
