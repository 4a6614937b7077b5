//! What a process has cost so far: CPU time and memory, as /proc tells.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::unistd::{SysconfVar, sysconf};
use std::fs;
use std::time::Duration;

/// CPU time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu {
    /// In the program.
    pub user: Duration,
    /// In the kernel on its behalf.
    pub system: Duration,
}

impl Cpu {
    /// What came on top of `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
        }
    }
}

/// CPU time of all threads of a process: utime and stime of /proc/PID/stat, in clock ticks (10 ms).
///
/// # Errors
/// There is no such process.
pub fn cpu(pid: u32) -> Result<Cpu, String> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
    let per_second = sysconf(SysconfVar::CLK_TCK)
        .ok()
        .flatten()
        .and_then(|n| u64::try_from(n).ok())
        .unwrap_or(100);
    // The name (field 2) may hold blanks; after its parenthesis comes field 3. utime is 14, stime 15.
    let mut fields = stat
        .rsplit_once(") ")
        .map(|(_, rest)| rest.split_whitespace().skip(11))
        .ok_or_else(|| format!("{path}: no name"))?;
    let mut ticks = || -> Result<Duration, String> {
        let ticks: u64 = fields
            .next()
            .and_then(|f| f.parse().ok())
            .ok_or_else(|| format!("{path}: too short"))?;
        Ok(Duration::from_millis(ticks * 1000 / per_second))
    };
    Ok(Cpu {
        user: ticks()?,
        system: ticks()?,
    })
}

/// CPU time of all children that have been waited for.
///
/// # Errors
/// The kernel doesn't tell.
pub fn cpu_of_children() -> Result<Cpu, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| format!("getrusage: {e}"))?;
    let exact = |t: nix::sys::time::TimeVal| {
        Duration::from_micros(u64::try_from(t.num_microseconds()).unwrap_or(0))
    };
    Ok(Cpu {
        user: exact(usage.user_time()),
        system: exact(usage.system_time()),
    })
}

/// Memory in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Resident pages.
    pub rss: u64,
    /// Resident pages, shared ones divided by those who share them.
    pub pss: u64,
}

/// Memory of a process: Rss and Pss of /proc/PID/smaps_rollup.
///
/// # Errors
/// There is no such process.
pub fn memory(pid: u32) -> Result<Memory, String> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
    let field = |name: &str| {
        text.lines()
            .find_map(|l| l.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .ok_or_else(|| format!("{path}: no {name}"))
    };
    Ok(Memory {
        rss: field("Rss:")?,
        pss: field("Pss:")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_process_has_memory_and_time() {
        let pid = std::process::id();
        assert!(memory(pid).unwrap().rss > 100);
        assert!(cpu(pid).is_ok());
        assert!(cpu(u32::MAX).is_err());
    }
}
