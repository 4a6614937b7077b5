//! `global`: process-wide settings (manual 3). Several sections add up.

use locum_model::{Origin, process::Process, proxy::Global};
use locum_parser::haproxy::Word;

use super::{Section, negation, section_line};
use crate::{
    keyword,
    load::{Fault, Loader, Lowered, SectionLine},
};

/// A line of `global`.
pub struct GlobalLine<'l, 'o> {
    /// The line itself.
    pub line: SectionLine<'l, 'o>,
    /// Settings that aren't about processes.
    pub global: &'l mut Global,
    /// Settings of the process.
    pub process: &'l mut Process,
    /// What lines of `global` leave behind besides.
    pub facts: &'l mut GlobalFacts,
}

/// What lines of `global` leave behind besides the model.
#[derive(Debug, Clone, Default)]
pub struct GlobalFacts {
    /// `quiet`
    pub quiet: bool,
    /// `zero-warning`
    pub zero_warning: bool,
    /// `unix-bind`: prefix and access of unix sockets.
    pub unix_bind: crate::bind_option::UnixBind,
    /// `h1-case-adjust-file`
    pub case_file: Option<String>,
}

/// Opens it.
pub(super) fn open(loader: &mut Loader<'_>, words: &[Word], at: &Origin) -> Lowered {
    loader.enter(Section::Global);
    section_line(&mut loader.shared, words, at).at_most(0, 1)
}

/// A line of it.
pub(super) fn line(loader: &mut Loader<'_>, words: &[Word], at: &Origin) -> Lowered {
    let (negated, words) = negation(&mut loader.shared, words, at);
    let name = words
        .first()
        .map(|word| word.as_str().into_owned())
        .unwrap_or_default();
    let Some(row) = keyword::global_keyword(&name) else {
        let hint = crate::suggest::global(&name);
        return Err(Fault::from(format!(
            "unknown keyword '{name}' in 'global' section{hint}"
        )));
    };
    let line = SectionLine {
        words,
        at: at.clone(),
        shared: &mut loader.shared,
        negated,
    };
    let mut line = GlobalLine {
        line,
        global: &mut loader.model.global,
        process: &mut loader.model.process,
        facts: &mut loader.global_facts,
    };
    let result = (row.lower)(&mut line);
    let shared = &mut loader.shared;
    shared.take_warnings(at);
    if result.is_ok() {
        match row.state {
            keyword::State::Unexecuted => shared.unexecuted(name, at),
            keyword::State::Tuning => shared.tuning(&name, at),
            keyword::State::Executed => {}
        }
    }
    result
}
