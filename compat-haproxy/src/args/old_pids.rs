//! `-sf` and `-st`: the pids of processes to replace.

use std::{ffi::OsStr, iter::Peekable, os::unix::ffi::OsStrExt};

use super::{Ending, USAGE};

/// Processes that leave once this one serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldProcesses {
    /// They finish what they do (`-sf`) rather than end at once (`-st`); the last option decides for all.
    pub finish: bool,
    /// Their pids, in the order given.
    pub pids: Vec<i32>,
}

/// Reads pids up to the next option or the end; an empty list is fine.
pub(super) fn read<'a>(
    words: &mut Peekable<impl Iterator<Item = &'a OsStr>>,
    old: &mut OldProcesses,
) -> Result<(), Ending> {
    while let Some(word) = words.next_if(|w| w.as_bytes().first() != Some(&b'-')) {
        old.pids.push(pid(word.as_bytes(), old.finish)?);
    }
    Ok(())
}

fn pid(word: &[u8], finish: bool) -> Result<i32, Ending> {
    let text = word.trim_ascii_start();
    let digits_from = usize::from(text.first() == Some(&b'+'));
    let length = text[digits_from..]
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let (number, left) = match length {
        0 => (0, word),
        _ => {
            let (digits, left) = text[digits_from..].split_at(length);
            let number = digits.iter().fold(0i64, |n, digit| {
                n.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
            });
            (number, left.trim_ascii_start())
        }
    };
    if !left.is_empty() {
        return Err(Ending::Refused {
            alert: format!(
                "-{} option: some bytes unconsumed in PID list {{{}}}",
                if finish { "sf" } else { "st" },
                String::from_utf8_lossy(left)
            ),
        });
    }
    // The number is cut to 32 bits like the reference's: 4294967295 is -1 and no pid.
    match number as i32 {
        pid if pid > 0 => Ok(pid),
        _ => Err(USAGE),
    }
}
