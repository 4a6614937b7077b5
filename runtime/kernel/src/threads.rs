//! Counts the threads of this process: fork and changes of the environment are sound with exactly one.

use std::{fs, io};

/// How many threads this process has now.
pub fn count() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}

/// Fails unless the calling thread is the only one.
pub fn require_single() -> io::Result<()> {
    match count()? {
        1 => Ok(()),
        n => Err(io::Error::other(format!(
            "only possible with one thread, there are {n}"
        ))),
    }
}
