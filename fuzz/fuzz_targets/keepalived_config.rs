//! Any bytes as a Keepalived configuration file: nothing panics, reading comes to an end, the tree prints as the file was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use locum_parser::SourceFile;
use locum_parser::keepalived::{FileKind, Host, Limits, Reader, Role, Syntax, strings};
use std::path::{Path, PathBuf};

/// A machine with two files, one of them the input, and a directory.
struct Machine<'a>(&'a [u8]);

impl Host for Machine<'_> {
    fn config_id(&self) -> &[u8] {
        b"a"
    }

    fn instance(&self) -> &[u8] {
        b"i"
    }

    fn random(&self, low: u32, high: u32) -> u32 {
        assert!(low <= high);
        low
    }

    fn glob(&self, pattern: &[u8], _directory: &Path) -> Vec<PathBuf> {
        match pattern {
            b"*" => vec!["a".into(), "b".into(), "d".into()],
            b"a" | b"b" | b"d" => vec![String::from_utf8_lossy(pattern).into_owned().into()],
            _ => Vec::new(),
        }
    }

    fn kind(&self, path: &Path) -> FileKind {
        match path.to_str() {
            Some("d") => FileKind::Directory,
            _ => FileKind::Configuration,
        }
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        match path.to_str() {
            Some("a") => Ok(self.0.to_vec()),
            Some("b") => Ok(b"$A=b { \\\n c ${B} \\\n}\n$A\n".to_vec()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        }
    }
}

const LIMITS: Limits = Limits {
    depth: 16,
    replacements: 100,
    line: 4096,
    total: 200_000,
};

fuzz_target!(|bytes: &[u8]| {
    let syntax = Syntax::parse(SourceFile::new("a", bytes));
    assert_eq!(syntax.print(), bytes);
    let _ = strings(bytes);
    let host = Machine(bytes);
    for role in [Role::Parent, Role::Child] {
        let mut reader = Reader::open(b"a", role, &host).with_limits(LIMITS);
        while let Some(line) = reader.next_line(&host) {
            assert!(!line.words.is_empty());
            let _ = line.strings();
            for (index, word) in line.words.iter().enumerate() {
                assert!(word.span.start <= word.span.end && word.span.end <= line.file.bytes().len());
                let _ = line.rest(index);
            }
            for diagnostic in reader.take_diagnostics() {
                let _ = diagnostic.to_string();
            }
        }
    }
});
