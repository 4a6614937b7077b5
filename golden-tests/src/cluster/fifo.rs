//! A FIFO that a daemon writes to, and the lines that have come so far.

use std::io::{BufRead, BufReader};
use std::sync::{Arc, Mutex, PoisonError};

/// Lines that a thread collects.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// All that have come.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Makes the FIFO, and reads its lines from now on.
///
/// # Errors
/// There is no making or opening it.
pub fn read_fifo(path: &str) -> Result<Lines, String> {
    let mode = nix::sys::stat::Mode::from_bits_truncate(0o666);
    nix::unistd::mkfifo(path, mode).map_err(|e| format!("{path}: {e}"))?;
    // Also for writing: so there is never an end of file.
    let fifo = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|e| format!("{path}: {e}"))?;
    let lines = Lines::default();
    let shared = lines.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(fifo).lines().map_while(Result::ok) {
            let mut all = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(line);
        }
    });
    Ok(lines)
}
