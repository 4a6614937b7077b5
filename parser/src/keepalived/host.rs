//! What the text may ask about its surroundings, and how far it may go.

use std::io;
use std::path::{Path, PathBuf};

/// What the text may ask about its surroundings.
pub trait Host {
    /// What `@id` lines are compared with (`-i`, else the host's name up to its first dot).
    fn config_id(&self) -> &[u8];

    /// `${_INSTANCE}`.
    fn instance(&self) -> &[u8];

    /// `${_RANDOM low high}`: a number between the two, either of which may be meant; `low` isn't above `high`.
    fn random(&self, low: u32, high: u32) -> u32;

    /// The files and directories that a pattern of glob(3) matches, in its order. The pattern has no alternatives
    /// in braces any more; a relative one begins at `directory`, and so do the paths it gives.
    fn glob(&self, pattern: &[u8], directory: &Path) -> Vec<PathBuf>;

    /// What a path leads to.
    fn kind(&self, _path: &Path) -> FileKind {
        FileKind::Configuration
    }

    /// The directory of a file, as `${_PWD}` names it: absolute, without symbolic links.
    fn directory(&self, path: &Path) -> PathBuf {
        path.parent().map(Path::to_path_buf).unwrap_or_default()
    }

    /// The bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

/// What stands in a directory, as far as `include` cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file that nobody may execute.
    Configuration,
    /// A directory.
    Directory,
    /// Anything else; the reference doesn't read programs either.
    Other,
}

/// A host that gives away nothing: no file can be included.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sealed;

impl Host for Sealed {
    fn config_id(&self) -> &[u8] {
        b""
    }

    fn instance(&self) -> &[u8] {
        b""
    }

    fn random(&self, low: u32, _high: u32) -> u32 {
        low
    }

    fn glob(&self, _pattern: &[u8], _directory: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    fn read(&self, _path: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// How far expansion goes before reading is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Included files, values of parameters and sequences within each other.
    pub depth: usize,
    /// Parameters that are replaced in one line.
    pub replacements: usize,
    /// Bytes of a line after replacement.
    pub line: usize,
    /// Bytes of all lines that are read and made; a line costs at least [`Limits::LINE_COST`].
    pub total: usize,
}

impl Limits {
    /// What the shortest line counts against [`Limits::total`]: rounds of nothing have an end, too.
    pub const LINE_COST: usize = 32;
}

/// 65024 instances of a page each, the manual's largest example, fit in four times over.
impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 64,
            replacements: 1000,
            line: 64 << 10,
            total: 256 << 20,
        }
    }
}
