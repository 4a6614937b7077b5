//! The configuration's files as the parent read them: its children read this copy, not the files, which may have changed
//! since. A child that is started again goes on with what the daemon runs with.
//!
//! ```text
//! parent: reads ─ accepts ─▶ keep ─▶ memory (memfd) ─▶ take: every child, at its start and at a reload
//! ```
//! The memory is older than the children and shared by all; a lock keeps them from reading half of it.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::File,
    io,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::FileExt,
    },
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{FcntlArg, fcntl},
    libc,
    sys::memfd::{MFdFlags, memfd_create},
};

/// What reading asked of the file system, and the answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answers {
    files: BTreeMap<PathBuf, Result<Vec<u8>, i32>>,
    patterns: BTreeMap<(Vec<u8>, PathBuf), Vec<PathBuf>>,
}

impl Answers {
    /// Notes a file.
    pub(super) fn note_file(&mut self, path: &Path, read: &io::Result<Vec<u8>>) {
        let read = match read {
            Ok(bytes) => Ok(bytes.clone()),
            Err(error) => Err(error.raw_os_error().unwrap_or(libc::EIO)),
        };
        self.files.insert(path.to_owned(), read);
    }

    /// Notes what a pattern matched in a folder.
    pub(super) fn note_pattern(&mut self, pattern: &[u8], folder: &Path, found: &[PathBuf]) {
        let key = (pattern.to_vec(), folder.to_owned());
        self.patterns.insert(key, found.to_vec());
    }

    /// The file as it was; `None`: nobody asked for it.
    pub(super) fn file(&self, path: &Path) -> Option<io::Result<Vec<u8>>> {
        let read = self.files.get(path)?.clone();
        Some(read.map_err(io::Error::from_raw_os_error))
    }

    /// What the pattern matched; `None`: nobody asked for it.
    pub(super) fn pattern(&self, pattern: &[u8], folder: &Path) -> Option<Vec<PathBuf>> {
        let key = (pattern.to_vec(), folder.to_owned());
        self.patterns.get(&key).cloned()
    }

    /// Records of words, each with its length before it: `f` path bytes, `e` path errno, `p` pattern folder count paths.
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |word: &[u8]| {
            out.extend((word.len() as u64).to_le_bytes());
            out.extend(word);
        };
        for (path, read) in &self.files {
            let (kind, content) = match read {
                Ok(bytes) => (b"f", bytes.clone()),
                Err(errno) => (b"e", errno.to_le_bytes().to_vec()),
            };
            put(kind);
            put(path.as_os_str().as_bytes());
            put(&content);
        }
        for ((pattern, folder), found) in &self.patterns {
            put(b"p");
            put(pattern);
            put(folder.as_os_str().as_bytes());
            put(&(found.len() as u64).to_le_bytes());
            for path in found {
                put(path.as_os_str().as_bytes());
            }
        }
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut answers = Self::default();
        let mut words = Words(bytes);
        while !words.0.is_empty() {
            match words.next()? {
                b"f" => {
                    let path = words.path()?;
                    answers.files.insert(path, Ok(words.next()?.to_vec()));
                }
                b"e" => {
                    let path = words.path()?;
                    let errno = i32::from_le_bytes(words.next()?.try_into().ok()?);
                    answers.files.insert(path, Err(errno));
                }
                b"p" => {
                    let key = (words.next()?.to_vec(), words.path()?);
                    let count = u64::from_le_bytes(words.next()?.try_into().ok()?);
                    let found = (0..count).map(|_| words.path()).collect::<Option<_>>()?;
                    answers.patterns.insert(key, found);
                }
                _ => return None,
            }
        }
        Some(answers)
    }
}

/// Words that are left to be read.
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (word, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(word)
    }

    fn path(&mut self) -> Option<PathBuf> {
        let word = self.next()?.to_vec();
        Some(OsString::from_vec(word).into())
    }
}

/// Where the parent keeps a copy for its children.
#[derive(Debug)]
pub(super) struct Memory(Option<File>);

impl Memory {
    /// Without a copy in it. Where the system gives no memory for it children read the files.
    pub(super) fn new() -> Self {
        let memory = memfd_create(c"keepalived-configuration", MFdFlags::MFD_CLOEXEC);
        Self(memory.ok().map(File::from))
    }

    /// From now on this is what children read.
    pub(super) fn keep(&self, answers: &Answers) {
        let Some(file) = &self.0 else {
            return;
        };
        let bytes = answers.encode();
        let written = locked(file, libc::F_WRLCK, || {
            file.set_len(0)?;
            file.write_all_at(&bytes, 0)
        });
        if written.is_err() {
            // Half a copy is none.
            let _ = file.set_len(0);
        }
    }

    /// The copy that was kept last.
    pub(super) fn take(&self) -> Option<Answers> {
        let file = self.0.as_ref()?;
        let bytes = locked(file, libc::F_RDLCK, || {
            let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, 0)?;
            Ok(bytes)
        });
        let bytes = bytes.ok().filter(|bytes| !bytes.is_empty())?;
        Answers::decode(&bytes)
    }
}

/// Does something while no other process has the file for something that excludes it.
fn locked<T>(file: &File, kind: libc::c_int, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let lock = |kind: libc::c_int| {
        let whole = libc::flock {
            l_type: kind as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        loop {
            match fcntl(file, FcntlArg::F_SETLKW(&whole)) {
                Err(Errno::EINTR) => {}
                done => return done,
            }
        }
    };
    lock(kind)?;
    let done = act();
    lock(libc::F_UNLCK)?;
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_what_is_taken_and_the_last_copy_counts() {
        let memory = Memory::new();
        assert_eq!(memory.take(), None);
        let mut answers = Answers::default();
        answers.note_file(Path::new("a.conf"), &Ok(b"instance x\n\0".to_vec()));
        answers.note_file(Path::new("/b"), &Err(io::Error::from_raw_os_error(2)));
        answers.note_pattern(b"*.conf", Path::new("/etc"), &["/etc/x.conf".into()]);
        answers.note_pattern(b"no*", Path::new(""), &[]);
        memory.keep(&answers);
        let taken = memory.take().expect("it was kept");
        assert_eq!(taken, answers);
        let read = taken.file(Path::new("/b")).expect("it was asked for");
        assert_eq!(read.expect_err("it wasn't there").raw_os_error(), Some(2));
        assert!(taken.file(Path::new("c")).is_none());
        memory.keep(&Answers::default());
        assert_eq!(memory.take(), None);
    }

    #[test]
    fn bytes_that_are_no_copy_are_none() {
        let mut answers = Answers::default();
        answers.note_file(Path::new("a"), &Ok(vec![1, 2, 3]));
        let bytes = answers.encode();
        for end in 1..bytes.len() {
            assert_eq!(Answers::decode(&bytes[..end]), None);
        }
        assert_eq!(Answers::decode(&[0xff; 64]), None);
    }
}
