//! The pid file: opened while the process may still write there, filled when the pid is known.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// An open, still empty pid file.
#[derive(Debug)]
pub struct Pidfile(File);

impl Pidfile {
    /// Removes what stands there and creates the file anew (a link somebody left there isn't followed to its target),
    /// before the chroot and the change of the user.
    pub fn create(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(path)
            .map(Self)
    }

    /// Creates the file or empties the one that is there, whose inode stays; a link isn't followed.
    pub fn replace(path: &Path) -> io::Result<Self> {
        fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .custom_flags(nix::libc::O_NOFOLLOW)
            .open(path)
            .map(Self)
    }

    /// The pid that a file names; `None`: there is no file, or no pid in it.
    pub fn read(path: &Path) -> Option<i32> {
        let text = fs::read_to_string(path).ok()?;
        text.trim().parse().ok().filter(|pid| *pid > 0)
    }

    /// Writes a pid on a line of its own.
    pub fn write(&mut self, pid: i32) -> io::Result<()> {
        self.0.write_all(format!("{pid}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_replaced_keeps_its_place_and_a_link_is_refused() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("pid");
        for pid in [123_456, 7] {
            let mut file = Pidfile::replace(&path).expect("opened");
            file.write(pid).expect("written");
            assert_eq!(Pidfile::read(&path), Some(pid));
        }
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        assert!(Pidfile::replace(&link).is_err());
        fs::write(&path, "none").expect("written");
        assert_eq!(Pidfile::read(&path), None);
    }

    #[test]
    fn an_old_file_is_replaced_and_a_link_is_not_followed() {
        let directory = tempfile::tempdir().expect("directory");
        let target = directory.path().join("target");
        let path = directory.path().join("pid");
        fs::write(&target, "precious").expect("written");
        std::os::unix::fs::symlink(&target, &path).expect("linked");
        let mut file = Pidfile::create(&path).expect("created");
        file.write(12).expect("written");
        file.write(13).expect("written");
        assert_eq!(fs::read_to_string(&path).expect("read"), "12\n13\n");
        assert_eq!(fs::read_to_string(&target).expect("read"), "precious");
    }
}
