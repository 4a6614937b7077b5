//! A host with a fixed environment, and a whole file walked at once.

use locum_parser::haproxy::{Expander, Host, Line, Syntax};
use locum_parser::{Diagnostic, SourceFile};
use std::collections::HashMap;

#[derive(Default)]
pub(crate) struct TestHost {
    pub(crate) environment: HashMap<String, Vec<u8>>,
    pub(crate) section: Vec<u8>,
}

impl Host for TestHost {
    fn env(&self, name: &str) -> Option<Vec<u8>> {
        self.environment.get(name).cloned()
    }

    fn section(&self) -> Vec<u8> {
        self.section.clone()
    }

    fn feature(&self, name: &str) -> bool {
        name.is_empty() || name == "OPENSSL"
    }

    fn version(&self) -> String {
        "2.6.12-1+deb12u4".to_owned()
    }
}

pub(crate) fn host(environment: &[(&str, &str)]) -> TestHost {
    TestHost {
        environment: environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect(),
        section: Vec::new(),
    }
}

pub(crate) struct Walk {
    pub(crate) lines: Vec<Line>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) aborted: bool,
}

pub(crate) fn walk(text: impl AsRef<[u8]>, host: &TestHost) -> Walk {
    let syntax = Syntax::parse(SourceFile::new("t.cfg", text.as_ref()));
    let mut expander = Expander::new(&syntax);
    let mut lines = Vec::new();
    let mut diagnostics = Vec::new();
    while let Some(line) = expander.next_line(host) {
        lines.push(line);
        diagnostics.extend(expander.take_diagnostics());
    }
    diagnostics.extend(expander.take_diagnostics());
    Walk {
        lines,
        diagnostics,
        aborted: expander.aborted(),
    }
}

/// Every message as the reference prints it behind `[LEVEL] (pid) : config : `.
pub(crate) fn messages(text: impl AsRef<[u8]>) -> Vec<String> {
    let walk = walk(text, &host(&[("HOME", "/root"), ("A", "aa bb")]));
    walk.diagnostics.iter().map(ToString::to_string).collect()
}
