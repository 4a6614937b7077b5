//! Changes the environment of this process (`setenv`, `presetenv` and the like) while it has one thread.

use std::{ffi::OsStr, io, os::unix::ffi::OsStrExt};

use crate::threads;

/// Sets a variable.
pub fn set(name: &OsStr, value: &OsStr) -> io::Result<()> {
    if !valid_name(name) || value.as_bytes().contains(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    threads::require_single()?;
    // SAFETY: no other thread exists that could read the environment; name and value were checked, so it can't panic.
    unsafe { std::env::set_var(name, value) };
    Ok(())
}

/// Removes a variable.
pub fn remove(name: &OsStr) -> io::Result<()> {
    if !valid_name(name) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    threads::require_single()?;
    // SAFETY: no other thread exists that could read the environment; the name was checked, so it can't panic.
    unsafe { std::env::remove_var(name) };
    Ok(())
}

fn valid_name(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    !bytes.is_empty() && !bytes.contains(&b'=') && !bytes.contains(&0)
}
