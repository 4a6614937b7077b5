//! The path that was executed, as the kernel got it: a link stays a link, and argv[0] has no say in it.

use std::{
    ffi::{CStr, OsStr},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
};

/// The path given to execve(2); `None` where the kernel doesn't tell.
pub fn path() -> Option<PathBuf> {
    // SAFETY: getauxval only looks a number up.
    let pointer = unsafe { libc::getauxval(libc::AT_EXECFN) } as *const libc::c_char;
    if pointer.is_null() {
        return None;
    }
    // SAFETY: the kernel put a terminated string there, above the stack, and nobody writes to it (this program changes
    // neither its arguments nor its name in place).
    let path = unsafe { CStr::from_ptr(pointer) };
    Some(PathBuf::from(OsStr::from_bytes(path.to_bytes())))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_path_of_this_test_is_a_file() {
        assert!(super::path().is_some_and(|path| path.is_file()));
    }
}
