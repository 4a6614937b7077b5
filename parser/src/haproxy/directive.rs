//! Directives: `.if` and its kin, `.notice` and its kin (manual 2.4).

use super::condition::{evaluate, join};
use super::expand::Host;
use super::line::Words;
use crate::diagnostic::{Excerpt, Severity};

/// How many `.if` may be open at once, plus one.
const MAX_NESTED_IFS: usize = 100;
/// What an open block at the end of a file is called.
pub(crate) const NON_TERMINATED: &str = "non-terminated '.if' block.";

/// The state of the conditional blocks of one file.
#[derive(Debug, Default)]
pub(crate) struct Directives {
    open: Vec<Block>,
    failed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    branch: Branch,
    in_else: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Branch {
    /// The lines count.
    Taken,
    /// No branch was taken yet.
    Waiting,
    /// A branch was taken, or the whole block is in one that doesn't count.
    Skipped,
}

/// What becomes of the file after a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    /// Nothing more of this file is read; blocks that are open are reported.
    Stop,
    /// The same, and no other file is read either.
    StopAll,
    /// Nothing more is read nor said.
    Abort,
}

/// What a directive has to say.
pub(crate) struct Report {
    pub(crate) severity: Severity,
    pub(crate) column: usize,
    pub(crate) message: String,
    pub(crate) excerpt: Option<Excerpt>,
}

pub(crate) struct Outcome {
    pub(crate) report: Option<Report>,
    pub(crate) flow: Flow,
}

impl Directives {
    /// Whether the lines here don't count.
    pub(crate) fn skipping(&self) -> bool {
        self.open
            .last()
            .is_some_and(|block| block.branch != Branch::Taken)
    }

    /// How many blocks are open.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Whether a directive forbade to read any further file.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    /// Carries out a line whose first word begins with a dot.
    pub(crate) fn run(&mut self, words: &Words, host: &dyn Host) -> Outcome {
        let Some(first) = words.words.first() else {
            return go_on();
        };
        let column = usize::try_from(first.column).unwrap_or(1);
        let name = first.as_str().into_owned();
        let outcome = match name.as_str() {
            ".if" => self.on_if(words, host),
            ".elif" => self.on_elif(words, host),
            ".else" => self.on_else(words),
            ".endif" => self.on_endif(words),
            _ if self.skipping() => Ok(go_on()),
            ".diag" => message(words, Severity::Diag),
            ".notice" => message(words, Severity::Notice),
            ".warning" => message(words, Severity::Warning),
            ".alert" => message(words, Severity::Alert),
            _ => Err(Failure {
                message: format!("unknown directive '{name}'."),
                excerpt: None,
                flow: Flow::Stop,
            }),
        };
        outcome.unwrap_or_else(|failure| {
            self.failed |= failure.flow == Flow::StopAll;
            Outcome {
                report: Some(Report {
                    severity: Severity::Alert,
                    column,
                    message: failure.message,
                    excerpt: failure.excerpt,
                }),
                flow: failure.flow,
            }
        })
    }

    fn on_if(&mut self, words: &Words, host: &dyn Host) -> Result<Outcome, Failure> {
        if self.open.len() + 1 >= MAX_NESTED_IFS {
            return Err(Failure::abort(format!(
                "too many nested '.if', max is {MAX_NESTED_IFS}."
            )));
        }
        let branch = if self.skipping() {
            Branch::Skipped
        } else {
            decide(".if", words, host)?
        };
        self.open.push(Block {
            branch,
            in_else: false,
        });
        Ok(go_on())
    }

    fn on_elif(&mut self, words: &Words, host: &dyn Host) -> Result<Outcome, Failure> {
        let Some(block) = self.open.last_mut() else {
            return Err(lone(".elif"));
        };
        if block.in_else {
            return Err(Failure::abort(
                "'.elif' after '.else' is not permitted.".to_owned(),
            ));
        }
        block.branch = match block.branch {
            Branch::Waiting => decide(".elif", words, host)?,
            Branch::Taken | Branch::Skipped => Branch::Skipped,
        };
        Ok(go_on())
    }

    fn on_else(&mut self, words: &Words) -> Result<Outcome, Failure> {
        no_argument(".else", words)?;
        let Some(block) = self.open.last_mut() else {
            return Err(lone(".else"));
        };
        if block.in_else {
            return Err(Failure::abort(
                "'.else' after '.else' is not permitted.".to_owned(),
            ));
        }
        block.in_else = true;
        block.branch = match block.branch {
            Branch::Waiting => Branch::Taken,
            Branch::Taken | Branch::Skipped => Branch::Skipped,
        };
        Ok(go_on())
    }

    fn on_endif(&mut self, words: &Words) -> Result<Outcome, Failure> {
        no_argument(".endif", words)?;
        self.open
            .pop()
            .map(|_| go_on())
            .ok_or_else(|| lone(".endif"))
    }
}

fn go_on() -> Outcome {
    Outcome {
        report: None,
        flow: Flow::Continue,
    }
}

/// A misused directive.
struct Failure {
    message: String,
    excerpt: Option<Excerpt>,
    flow: Flow,
}

impl Failure {
    fn abort(message: String) -> Self {
        Self {
            message,
            excerpt: None,
            flow: Flow::Abort,
        }
    }
}

/// The reference goes on to check the line's end behind a lone `.endif`, but not behind the others.
fn lone(directive: &str) -> Failure {
    Failure {
        message: format!("lone '{directive}' with no matching '.if'."),
        excerpt: None,
        flow: if directive == ".endif" {
            Flow::StopAll
        } else {
            Flow::Abort
        },
    }
}

fn argument(words: &Words, index: usize) -> Option<String> {
    let word = words.words.get(index).filter(|word| !word.is_empty())?;
    Some(word.as_str().into_owned())
}

fn no_argument(directive: &str, words: &Words) -> Result<(), Failure> {
    match argument(words, 1) {
        Some(found) => Err(Failure {
            message: format!("Unexpected argument '{found}' for '{directive}'."),
            excerpt: None,
            flow: Flow::StopAll,
        }),
        None => Ok(()),
    }
}

/// `.notice` and its kin: one message, in quotes if it has spaces.
fn message(words: &Words, severity: Severity) -> Result<Outcome, Failure> {
    let first = &words.words[0];
    if let Some(found) = argument(words, 2) {
        return Err(Failure {
            message: format!(
                "Unexpected argument '{found}' for '{}'. Use quotes if the message should contain spaces.",
                first.as_str()
            ),
            excerpt: None,
            flow: Flow::Continue,
        });
    }
    let text = argument(words, 1).unwrap_or_default();
    let report = Report {
        severity,
        column: usize::try_from(first.column).unwrap_or(1),
        message: format!("'{text}'."),
        excerpt: None,
    };
    let flow = if severity == Severity::Alert {
        Flow::Abort
    } else {
        Flow::Continue
    };
    Ok(Outcome {
        report: Some(report),
        flow,
    })
}

fn decide(directive: &str, words: &Words, host: &dyn Host) -> Result<Branch, Failure> {
    let text = join(words, 1);
    match evaluate(&text, host) {
        Ok(true) => Ok(Branch::Taken),
        Ok(false) => Ok(Branch::Waiting),
        Err(error) => {
            let mut shown = directive.as_bytes().to_vec();
            shown.push(b' ');
            let caret = shown.len() + error.position;
            shown.extend_from_slice(&text);
            Err(Failure {
                message: format!(
                    "{} in '{directive}' at position {}:",
                    error.message,
                    error.position + 1
                ),
                excerpt: Some(Excerpt::new(&shown, caret)),
                flow: Flow::Abort,
            })
        }
    }
}
