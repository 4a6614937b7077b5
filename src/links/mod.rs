//! `locum links DIR`: the links by which the program is found under the names it stands in for.

use std::{ffi::OsString, io, io::Write, os::unix::fs::symlink, path::Path};

use locum_runtime::process::Exit;

/// Makes `DIR/haproxy` and `DIR/keepalived`, links to this program. What is there already stays, with an error.
pub fn run(words: &[OsString]) -> Exit {
    let [directory] = words else {
        let _ = writeln!(io::stderr(), "usage: locum links DIR");
        return Exit::Status(2);
    };
    match make(Path::new(directory)) {
        Ok(()) => Exit::Status(0),
        Err(error) => {
            let _ = writeln!(io::stderr(), "locum links: {error}");
            Exit::Status(1)
        }
    }
}

fn make(directory: &Path) -> io::Result<()> {
    let program = std::env::current_exe()?;
    for name in ["haproxy", "keepalived"] {
        let link = directory.join(name);
        symlink(&program, &link).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", link.display()))
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_point_at_this_program_and_are_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        make(directory.path()).unwrap();
        let target = std::fs::read_link(directory.path().join("haproxy")).unwrap();
        assert_eq!(target, std::env::current_exe().unwrap());
        assert!(make(directory.path()).is_err());
    }
}
