//! Messages in the reference's layout, and the verdict they add up to (management manual 3, "-c").
//!
//! ```text
//! [NOTICE]   (4711) : haproxy version is 2.6.12-1+deb12u4
//! [NOTICE]   (4711) : path to executable is /usr/sbin/haproxy
//! [ALERT]    (4711) : config : parsing [haproxy.cfg:7] : unknown keyword 'bnid' in 'frontend' section
//! ```

use std::fmt::Write;

use locum_model::Origin;

/// How bad a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only shown with `-dD`.
    Diag,
    /// Information; it alone brings no introduction.
    Notice,
    /// The configuration is usable.
    Warning,
    /// An error.
    Alert,
}

impl Level {
    /// The tag in brackets, padded as the reference does.
    pub fn tag(self) -> &'static str {
        match self {
            Level::Diag => "[DIAG]    ",
            Level::Notice => "[NOTICE]  ",
            Level::Warning => "[WARNING] ",
            Level::Alert => "[ALERT]   ",
        }
    }
}

/// One message about the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How bad it is.
    pub level: Level,
    /// What stands behind `config : `, possibly several lines, without the last line feed.
    pub text: String,
    /// The line it is about, if there is one.
    pub at: Option<Origin>,
}

/// What is printed around and between messages.
#[derive(Debug, Clone, Default)]
pub struct Printing {
    /// Nothing at all goes to standard error (`-q`, `quiet`).
    pub quiet: bool,
    /// `-dD`: diagnostics are shown.
    pub diagnostics: bool,
    /// The process id between the parentheses.
    pub pid: u32,
    /// For the first `[NOTICE]`.
    pub version: String,
    /// For the second `[NOTICE]`.
    pub executable: String,
    /// The two `[NOTICE]` lines were printed already.
    pub introduced: bool,
    /// An excerpt of the line with a caret goes below each message that has a place: for people on a terminal.
    pub excerpts: bool,
}

/// Everything for standard error.
pub fn render(
    messages: &[Message],
    printing: &Printing,
    file: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> String {
    let mut out = String::new();
    if printing.quiet {
        return out;
    }
    let pid = printing.pid;
    let mut introduced = printing.introduced;
    for message in messages {
        if message.level == Level::Diag && !printing.diagnostics {
            continue;
        }
        if !introduced && message.level > Level::Notice {
            introduced = true;
            let _ = writeln!(
                out,
                "{} ({pid}) : haproxy version is {}",
                Level::Notice.tag(),
                printing.version
            );
            let _ = writeln!(
                out,
                "{} ({pid}) : path to executable is {}",
                Level::Notice.tag(),
                printing.executable
            );
        }
        let _ = writeln!(
            out,
            "{} ({pid}) : config : {}",
            message.level.tag(),
            message.text
        );
        if printing.excerpts {
            out.push_str(&excerpt(message, file));
        }
    }
    out
}

/// The line a message is about with a caret below its column, or nothing if the file is unknown.
fn excerpt(message: &Message, file: &dyn Fn(&str) -> Option<Vec<u8>>) -> String {
    use annotate_snippets::{AnnotationKind, Level as Shown, Renderer, Snippet};
    let Some(at) = &message.at else {
        return String::new();
    };
    let Some(bytes) = file(&at.file) else {
        return String::new();
    };
    let number = usize::try_from(at.line).unwrap_or(0);
    let Some(line) = bytes
        .split(|byte| *byte == b'\n')
        .nth(number.saturating_sub(1))
    else {
        return String::new();
    };
    let line = String::from_utf8_lossy(line).into_owned();
    let column = usize::try_from(at.column).unwrap_or(1).max(1) - 1;
    let start = (column..=line.len())
        .find(|at| line.is_char_boundary(*at))
        .unwrap_or(0);
    let end = line[start..]
        .find([' ', '\t'])
        .map_or(line.len(), |length| start + length);
    let shown = match message.level {
        Level::Alert => Shown::ERROR,
        Level::Warning => Shown::WARNING,
        Level::Notice | Level::Diag => Shown::NOTE,
    };
    let snippet = Snippet::source(&line)
        .line_start(number)
        .path(&*at.file)
        .annotation(AnnotationKind::Primary.span(start..end));
    let group = shown.primary_title("here").element(snippet);
    let mut text = Renderer::styled().render(&[group]);
    text.push('\n');
    text
}
