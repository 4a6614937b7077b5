//! Tracked files: a number in each, read again whenever its folder says that it changed (inotify(7)).

use std::{
    ffi::OsStr,
    fs::OpenOptions,
    io::{self, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::OpenOptionsExt,
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use locum_model::{keepalived::Configuration, track::TrackFile};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

use crate::identity::Name;

/// A number that was read.
pub(in crate::driver) type Value = Result<i64, OutOfRange>;

/// A number that can't be one; the old value stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::driver) struct OutOfRange(pub(in crate::driver) i64);

/// All files that somebody tracks.
#[derive(Debug)]
pub(in crate::driver) struct Files {
    inotify: Inotify,
    list: Vec<Tracking>,
}

#[derive(Debug)]
struct Tracking {
    name: Name,
    config: TrackFile,
    folder: WatchDescriptor,
}

/// Read at most: a number has no more characters.
const LONGEST: u64 = 128;

impl Files {
    /// None yet; [`Self::reload`] gives them.
    pub(in crate::driver) fn new() -> io::Result<Self> {
        Ok(Self {
            inotify: Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?,
            list: Vec::new(),
        })
    }

    /// Takes over a configuration. `each` gets the value of every file, `failed` those whose folder can't be watched.
    /// At the start of the daemon, files are made as their `init_file` says.
    pub(in crate::driver) fn reload(
        &mut self,
        configuration: &Configuration,
        at_start: bool,
        mut each: impl FnMut(&Name, &Path, Value),
        mut failed: impl FnMut(&Name, io::Error),
    ) {
        let wanted = super::tracked(configuration, |tracks| &tracks.files);
        let old = std::mem::take(&mut self.list);
        for config in &configuration.track_files {
            if !wanted.contains(config.name.value.as_str()) {
                continue;
            }
            let name: Name = Arc::from(config.name.value.as_str());
            if at_start && let Err(error) = initialise(config) {
                failed(&name, error);
            }
            // Watching a folder a second time gives the same descriptor.
            match self.inotify.add_watch(&folder_of(&config.path), changes()) {
                Ok(folder) => {
                    each(&name, &config.path, read(&config.path));
                    self.list.push(Tracking {
                        name,
                        config: config.clone(),
                        folder,
                    });
                }
                Err(error) => failed(&name, error.into()),
            }
        }
        for tracking in old {
            if !self.list.iter().any(|new| new.folder == tracking.folder) {
                let _ = self.inotify.rm_watch(tracking.folder);
            }
        }
    }

    /// Something changed: `each` gets the values of the files it may be about.
    pub(in crate::driver) fn on_change(&self, mut each: impl FnMut(&Name, &Path, Value)) {
        while let Ok(events) = self.inotify.read_events() {
            for event in events {
                for tracking in &self.list {
                    let path = &tracking.config.path;
                    // Without a name, or when the queue ran over: anything may have changed.
                    let concerned = event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW)
                        || tracking.folder == event.wd
                            && (event.name.is_none() || event.name.as_deref() == path.file_name());
                    if concerned {
                        each(&tracking.name, path, read(path));
                    }
                }
            }
        }
    }
}

impl AsFd for Files {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

fn changes() -> AddWatchFlags {
    AddWatchFlags::IN_CLOSE_WRITE
        | AddWatchFlags::IN_MOVED_FROM
        | AddWatchFlags::IN_MOVED_TO
        | AddWatchFlags::IN_DELETE
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder.as_os_str() != OsStr::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn initialise(config: &TrackFile) -> io::Result<()> {
    let Some(init) = config.init else {
        return Ok(());
    };
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if init.overwrite {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    match options.open(&config.path) {
        Ok(mut file) => writeln!(file, "{}", init.value),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// A file that can't be read counts as 0, and so does one without a number.
fn read(path: &Path) -> Value {
    let mut text = Vec::new();
    // Not to be stopped by a FIFO that nobody writes to.
    let open = OpenOptions::new()
        .read(true)
        .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
        .open(path);
    match open {
        Ok(file) => {
            let _ = file.take(LONGEST).read_to_end(&mut text);
            number(&text)
        }
        Err(_) => Ok(0),
    }
}

/// The number at the front, as strtol(3) takes it; what follows doesn't matter.
fn number(text: &[u8]) -> Value {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let value = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .try_fold(0i64, |value, byte| {
            value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))
        })
        .map(|value| if negative { -value } else { value });
    match value {
        None if negative => Err(OutOfRange(i64::MIN)),
        None => Err(OutOfRange(i64::MAX)),
        Some(value) if i32::try_from(value).is_err() => Err(OutOfRange(value)),
        Some(value) => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_at_the_front_counts() {
        for (text, value) in [
            ("5\n", 5),
            (" -7 \n 9", -7),
            ("abc", 0),
            ("", 0),
            ("+3x", 3),
            ("-", 0),
        ] {
            assert_eq!(number(text.as_bytes()), Ok(value), "{text:?}");
        }
        assert_eq!(number(b"99999999999999999999"), Err(OutOfRange(i64::MAX)));
        assert_eq!(number(b"-2147483649"), Err(OutOfRange(-2_147_483_649)));
    }

    #[test]
    fn a_file_is_made_once_unless_it_is_to_be_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = TrackFile {
            name: locum_model::Located::built_in("f".into()),
            path: folder.path().join("value"),
            weight: Default::default(),
            init: Some(locum_model::track::InitFile {
                value: 7,
                overwrite: false,
            }),
        };
        initialise(&config).expect("made");
        assert_eq!(read(&config.path), Ok(7));
        std::fs::write(&config.path, "9").expect("written");
        initialise(&config).expect("left alone");
        assert_eq!(read(&config.path), Ok(9));
        config.init = Some(locum_model::track::InitFile {
            value: 1,
            overwrite: true,
        });
        initialise(&config).expect("made anew");
        assert_eq!(read(&config.path), Ok(1));
    }
}
