//! A network namespace of another name (ip-netns(8)), and a directory that looks the same in each of them.

use std::{fs, io, os::unix::fs::DirBuilderExt, path::Path};

use nix::{
    mount::{MsFlags, mount, umount},
    sched::{CloneFlags, setns, unshare},
};

/// Where ip-netns(8) keeps namespaces by name.
const NAMES: &str = "/run/netns";

/// Enters the network namespace of that name; children follow. Called with one thread.
///
/// # Errors
/// There is none of that name, or it isn't allowed.
pub fn enter(name: &str) -> io::Result<()> {
    let file = fs::File::open(Path::new(NAMES).join(name))?;
    Ok(setns(file, CloneFlags::CLONE_NEWNET)?)
}

/// Makes `directory`, and for this process and its children `directory/name` in its place: others see the files
/// there. The rest of the file system stays shared.
///
/// # Errors
/// A directory can't be made, or mounting isn't allowed.
pub fn overlay(directory: &Path, name: &str) -> io::Result<()> {
    let own = directory.join(name);
    for path in [directory, &own] {
        match fs::DirBuilder::new().mode(0o755).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    unshare(CloneFlags::CLONE_NEWNS)?;
    let nothing = None::<&str>;
    mount(
        nothing,
        "/",
        nothing,
        MsFlags::MS_REC | MsFlags::MS_SLAVE,
        nothing,
    )?;
    mount(Some(&own), directory, nothing, MsFlags::MS_BIND, nothing)?;
    Ok(())
}

/// Undoes [`overlay`] and removes both directories if nothing is left in them.
pub fn remove_overlay(directory: &Path, name: &str) {
    // What can't be undone ends with the process.
    let _ = umount(directory);
    let _ = fs::remove_dir(directory.join(name));
    let _ = fs::remove_dir(directory);
}
