//! Where dumps are written, and how: a new file beside the old one, then renamed over it, off the event loop.

use std::{
    fs::Permissions,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Which dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The parent's data.
    Parent,
    /// The VRRP process' data.
    Vrrp,
    /// The checkers' data.
    Checkers,
    /// The BFD process' data.
    Bfd,
    /// Counters of instances.
    Statistics,
    /// Instances and counters as JSON.
    Json,
}

/// Where a dump goes. `daemon` is what tells daemons of one machine apart, where `data_use_instance` asks for it; only
/// data has it.
pub fn path(kind: Kind, daemon: Option<&str>) -> PathBuf {
    let (stem, extension) = match kind {
        Kind::Parent => ("keepalived_parent", "data"),
        Kind::Vrrp => ("keepalived", "data"),
        Kind::Checkers => ("keepalived_check", "data"),
        Kind::Bfd => ("keepalived_bfd", "data"),
        Kind::Statistics => ("keepalived", "stats"),
        Kind::Json => ("keepalived", "json"),
    };
    let daemon = match kind {
        Kind::Statistics | Kind::Json => None,
        _ => daemon,
    };
    let daemon = daemon.map_or(String::new(), |daemon| format!(".{daemon}"));
    Path::new("/tmp").join(format!("{stem}{daemon}.{extension}"))
}

/// Writes a dump in a thread of its own: a disk may take its time. `mask` is the daemon's file creation mask.
///
/// # Errors
/// There is no thread to be had. What fails in the thread only leaves the old file in place, which whoever asked sees.
pub fn write_behind(path: PathBuf, bytes: Vec<u8>, mask: u32) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("dump".to_owned())
        .spawn(move || {
            let _ = write(&path, &bytes, mask);
        })
        .map(drop)
}

/// Writes a dump: others see the old file or the whole new one, with mode 0666 less the mask.
pub fn write(path: &Path, bytes: &[u8], mask: u32) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().unwrap_or_default();
    let mut file = tempfile::Builder::new()
        .prefix(name)
        .rand_bytes(6)
        .tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file()
        .set_permissions(Permissions::from_mode(0o666 & !mask))?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_replaces_the_one_before_it_with_the_mode_of_the_mask() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keepalived.data");
        write(&path, b"first, and longer", 0o177).unwrap();
        write(&path, b"second", 0o177).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        write(&path, b"third", 0o022).unwrap();
        assert_eq!(mode(&path), 0o644);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn names_tell_processes_and_daemons_apart() {
        assert_eq!(path(Kind::Vrrp, None), Path::new("/tmp/keepalived.data"));
        assert_eq!(
            path(Kind::Bfd, Some("ns_in1")),
            Path::new("/tmp/keepalived_bfd.ns_in1.data")
        );
        assert_eq!(
            path(Kind::Statistics, Some("ns_in1")),
            Path::new("/tmp/keepalived.stats")
        );
    }
}
