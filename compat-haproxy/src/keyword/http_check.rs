//! `http-check …` and `tcp-check …`: the steps of a health check (manual 4.2).
//!
//! ```text
//! http-check send meth GET uri /health hdr Host www
//! http-check expect status 200-299
//! ```

use locum_model::{
    Text,
    check::{HttpExpect, HttpExpectKind, HttpProbe, Probe},
    expr::{LogFormat, Regex},
};

use super::{ProxyKeyword, Sections, State};
use crate::{
    load::{Capability, Fault, Lowered, ProxyLine},
    lowering::{Point, Points, lower_format},
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    row(
        "http-check",
        "{ expect|send|… } …",
        State::Executed,
        http_check,
    ),
    row(
        "tcp-check",
        "{ connect|send|expect|… } …",
        State::Unexecuted,
        tcp_check,
    ),
];

const fn row(
    name: &'static str,
    arguments: &'static str,
    state: State,
    lower: fn(&mut ProxyLine<'_, '_>) -> Lowered,
) -> ProxyKeyword {
    ProxyKeyword {
        name,
        sections: Sections::SERVERS,
        arguments,
        state,
        lower,
    }
}

/// What kind of check `option` lines chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProbeKind {
    /// Nothing was said: a connection.
    #[default]
    Connect,
    /// `option tcp-check`
    Tcp,
    /// `option httpchk`
    Http,
}

/// The check of a proxy's servers while its section is read.
#[derive(Debug, Clone, Default)]
pub struct HealthDraft {
    /// What `option` lines chose.
    pub kind: ProbeKind,
    /// Method.
    pub method: Option<Text>,
    /// Target.
    pub uri: Option<LogFormat>,
    /// Version.
    pub version: Option<Text>,
    /// Headers of `http-check send`.
    pub headers: Vec<(Text, LogFormat)>,
    /// Body of `http-check send`.
    pub body: Text,
    /// `http-check expect` lines.
    pub expect: Vec<HttpExpect>,
    /// There are `http-check` lines.
    pub has_rules: bool,
    /// `http-check disable-on-404`
    pub disable_on_404: bool,
    /// `http-check send-state`
    pub send_state: bool,
}

impl HealthDraft {
    /// Whether `option httpchk` was said.
    pub fn speaks_http(&self) -> bool {
        self.kind == ProbeKind::Http
    }

    /// The probe that all this amounts to.
    pub fn probe(&self) -> Probe {
        if self.kind != ProbeKind::Http {
            return Probe::TcpConnect;
        }
        Probe::Http(HttpProbe {
            method: self.method.clone().unwrap_or_else(|| Text::from("OPTIONS")),
            uri: self.uri.clone().unwrap_or_else(|| LogFormat::constant("/")),
            version: self
                .version
                .clone()
                .unwrap_or_else(|| Text::from("HTTP/1.0")),
            headers: self.headers.clone(),
            body: self.body.clone(),
            expect: self.expect.clone(),
            disable_on_404: self.disable_on_404,
        })
    }
}

fn http_check(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "http-check");
    let word = line.line.text(1);
    match word.as_str() {
        "disable-on-404" => {
            line.line.at_most(0, 2)?;
            line.draft.health.disable_on_404 = true;
        }
        "send-state" => {
            line.line.at_most(0, 2)?;
            line.draft.health.send_state = true;
            line.line
                .shared
                .unexecuted("http-check send-state", &line.line.at);
        }
        "expect" => expect(line)?,
        "send" => send(line)?,
        "comment" => {}
        _ if word == "connect"
            || ["set-var(", "set-var-fmt(", "unset-var("]
                .iter()
                .any(|known| word.starts_with(known)) =>
        {
            line.line
                .shared
                .unexecuted(format!("http-check {word}"), &line.line.at);
        }
        _ => {
            return Err(format!(
                "'http-check' only supports 'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '{word}'"
            )
            .into());
        }
    }
    if !matches!(word.as_str(), "disable-on-404" | "send-state") {
        line.draft.health.has_rules = true;
    }
    Ok(())
}

fn send(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let mut at = 2;
    let fail = |text: String| Fault::Spaced(format!("'http-check send' : {text}."));
    line.draft.health.headers.clear();
    while line.line.has(at) {
        let word = line.line.text(at);
        let value = line.line.bytes(at + 1).to_vec();
        let missing = value.is_empty();
        match word.as_str() {
            "meth" | "uri" | "ver" | "body" | "comment" | "uri-lf" | "body-lf" if missing => {
                let what = match word.as_str() {
                    "meth" => "'meth' not followed by a string",
                    "uri" | "uri-lf" => "'uri' not followed by a string",
                    "ver" => "'vsn' not followed by a string",
                    _ => return Err(fail(format!("'{word}' not followed by a string"))),
                };
                return Err(fail(what.to_owned()));
            }
            "meth" => line.draft.health.method = Some(Text::from(value)),
            "uri" => line.draft.health.uri = Some(LogFormat::constant(value)),
            "ver" => line.draft.health.version = Some(Text::from(value)),
            "body" => line.draft.health.body = Text::from(value),
            "comment" => {}
            "uri-lf" => {
                let mut place = line.place(Points::of(Point::Check), "http-check expression");
                let format = lower_format(&value, &mut place).map_err(fail)?;
                line.draft.health.uri = Some(format);
            }
            "body-lf" => line
                .line
                .shared
                .unexecuted("http-check send body-lf", &line.line.at),
            "hdr" => {
                let text = line.line.bytes(at + 2).to_vec();
                if missing || text.is_empty() {
                    return Err(fail("'hdr' not followed by <name> <value>".to_owned()));
                }
                let mut place = line.place(Points::of(Point::Check), "http-check expression");
                let format = lower_format(&text, &mut place).map_err(fail)?;
                line.draft.health.headers.push((Text::from(value), format));
                at += 1;
            }
            _ => {
                return Err(fail(format!(
                    "expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '{word}' as argument."
                )));
            }
        }
        at += 2;
    }
    Ok(())
}

fn expect(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let fail = |text: String| Fault::Spaced(format!("'http-check expect' : {text}."));
    if !line.line.has(2) {
        return Err(fail(
            "expects at least a matching pattern as arguments".to_owned(),
        ));
    }
    let mut at = 2;
    let mut unexecuted = false;
    while line.line.has(at) {
        let mut word = line.line.text(at);
        let mut negated = false;
        if word == "!" {
            negated = true;
            at += 1;
            word = line.line.text(at);
        } else if let Some(rest) = word.strip_prefix('!') {
            negated = true;
            word = rest.to_owned();
        }
        let value = line.line.bytes(at + 1).to_vec();
        let matches = match word.as_str() {
            "status" | "rstatus" | "string" | "rstring" if value.is_empty() => {
                return Err(fail(format!("'{word}' expects a <pattern> as argument")));
            }
            "status" => Some(HttpExpectKind::Status(statuses(&value).map_err(fail)?)),
            "rstatus" => Some(HttpExpectKind::StatusRegex(regex(value).map_err(fail)?)),
            "string" => Some(HttpExpectKind::Body(Text::from(value))),
            "rstring" => Some(HttpExpectKind::BodyRegex(regex(value).map_err(fail)?)),
            "hdr" | "fhdr" | "string-lf" => {
                unexecuted = true;
                break;
            }
            "min-recv" | "comment" | "ok-status" | "error-status" | "tout-status"
            | "on-success" | "on-error" | "status-code" => None,
            _ => {
                return Err(fail(format!(
                    "'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, [!]fhdr or comment but got '{word}' as argument."
                )));
            }
        };
        if let Some(matches) = matches {
            line.draft
                .health
                .expect
                .push(HttpExpect { negated, matches });
        }
        at += 2;
    }
    if unexecuted {
        line.line
            .shared
            .unexecuted("http-check expect hdr", &line.line.at);
    }
    Ok(())
}

/// `200,300-399`
fn statuses(text: &[u8]) -> Result<Vec<(u16, u16)>, String> {
    let text = String::from_utf8_lossy(text);
    if let Some(bad) = text
        .chars()
        .find(|c| !(c.is_ascii_digit() || matches!(c, ',' | '-')))
    {
        return Err(format!(
            "invalid character '{bad}' in the list of status codes"
        ));
    }
    let mut ranges = Vec::new();
    for part in text.split(',') {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        match (low.parse(), high.parse()) {
            (Ok(low), Ok(high)) => ranges.push((low, high)),
            _ => return Err(format!("invalid status codes range '{part}'")),
        }
    }
    Ok(ranges)
}

fn regex(pattern: Vec<u8>) -> Result<Regex, String> {
    crate::lowering::regex::check(&pattern, false)?;
    Ok(Regex {
        pattern: Text::from(pattern),
        ignore_case: false,
    })
}

fn tcp_check(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "tcp-check");
    let word = line.line.text(1);
    const KNOWN: &[&str] = &[
        "comment",
        "connect",
        "send",
        "send-lf",
        "send-binary",
        "send-binary-lf",
        "expect",
    ];
    if KNOWN.contains(&word.as_str())
        || ["set-var(", "set-var-fmt(", "unset-var("]
            .iter()
            .any(|known| word.starts_with(known))
    {
        return Ok(());
    }
    Err(format!(
        "'tcp-check' only supports 'comment', 'connect', 'send', 'send-binary', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '{word}'"
    )
    .into())
}
