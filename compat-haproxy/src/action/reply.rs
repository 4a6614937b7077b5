//! Replies in a rule: the words that `deny`, `tarpit` and `return` share (manual: "http-request return").
//!
//! ```text
//! http-request return status 503 content-type text/html lf-string "<p>%[date,http_date]</p>" hdr retry-after 10
//! ```

use locum_model::{
    Text,
    expr::Arg,
    rule::{Reply, ReplyBody},
};
use locum_runtime::{
    rules::{error_table::has_page, reply::raw_page},
    vocab::RuleSets,
};

use crate::lowering::{ReplyPages, RuleWords, lower_rule_format};

/// Reads a reply's words. Without a word about the body, `default` is it; without one about the status, `status`.
///
/// # Errors
/// The reference's wording.
pub(super) fn parse(
    words: &mut RuleWords<'_, '_>,
    default: ReplyBody,
    status: u16,
) -> Result<Vec<Arg>, String> {
    let reply = read(words, default)?;
    if let ReplyBody::ErrorPages(name) = &reply.body {
        let named = ReplyPages {
            proxy: words.place.proxy.to_owned(),
            pages: name.clone(),
            status: reply.status.unwrap_or(status),
            is_response: words.set == RuleSets::HTTP_RESPONSE,
        };
        words.place.notes.reply_pages.push(named);
    }
    Ok(vec![Arg::Reply(Box::new(reply))])
}

/// The same for whoever isn't a rule.
///
/// # Errors
/// The reference's wording.
pub(crate) fn read(words: &mut RuleWords<'_, '_>, default: ReplyBody) -> Result<Reply, String> {
    let mut reader = Reader {
        reply: Reply::default(),
        body: None,
        has_fields: false,
        defaults: default,
    };
    while reader.take(words)? {}
    reader.finish(words)
}

struct Reader {
    reply: Reply,
    /// The word that gave the body, and the body.
    body: Option<(&'static str, ReplyBody)>,
    /// There was a field, be it one that doesn't count.
    has_fields: bool,
    defaults: ReplyBody,
}

impl Reader {
    /// Takes one word with its arguments; false at a word that isn't a reply's.
    fn take(&mut self, words: &mut RuleWords<'_, '_>) -> Result<bool, String> {
        match words.peek() {
            b"deny_status" if self.defaults == ReplyBody::DefaultErrorPage => self.status(words)?,
            b"status" => {
                self.status(words)?;
                // `status` alone speaks of a reply without a body, `deny_status` of the page.
                self.defaults = ReplyBody::Empty;
            }
            b"content-type" => {
                self.reply.content_type =
                    Some(named(words, "'content-type' expects <ctype> as argument")?);
            }
            b"hdr" => self.header(words)?,
            b"default-errorfiles" => {
                words.take();
                self.set("default-errorfiles", ReplyBody::DefaultErrorPage)?;
            }
            b"errorfiles" => {
                let name = named(words, "'errorfiles' expects <name> as argument")?;
                self.set("errorfiles", ReplyBody::ErrorPages(name.to_string()))?;
            }
            b"errorfile" => {
                let path = named(words, "'errorfile' expects <fmt> as argument")?;
                let page = file(&path).map_err(|reason| format!("{reason}."))?;
                raw_page(&page)
                    .map_err(|_| format!("'{path}': unable to parse headers (error offset: 0)"))?;
                self.set("errorfile", ReplyBody::Raw(page))?;
            }
            b"file" => {
                let path = named(words, "'file' expects <file> as argument")?;
                self.set("file", ReplyBody::Bytes(file(&path)?))?;
            }
            b"string" => {
                let text = named(words, "'string' expects <str> as argument")?;
                self.set("string", ReplyBody::Bytes(text))?;
            }
            b"lf-file" => {
                let path = named(words, "'lf-file' expects <file> as argument")?;
                let format = lower_rule_format(&file(&path)?, words.place)?;
                self.set("lf-file", ReplyBody::Format(format))?;
            }
            b"lf-string" => {
                let text = named(words, "'lf-string' expects <fmt> as argument")?;
                let format = lower_rule_format(&text, words.place)?;
                self.set("lf-string", ReplyBody::Format(format))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set(&mut self, word: &'static str, body: ReplyBody) -> Result<(), String> {
        if let Some((before, _)) = &self.body {
            return Err(format!(
                "unexpected '{word}' argument, '{before}' already defined"
            ));
        }
        self.body = Some((word, body));
        Ok(())
    }

    fn status(&mut self, words: &mut RuleWords<'_, '_>) -> Result<(), String> {
        let text = named(words, "'status' expects <status_code> as argument")?;
        let number = locum_runtime::sample::value::leading_int(&text).unwrap_or(0);
        match u16::try_from(number) {
            Ok(status @ 200..=599) => self.reply.status = Some(status),
            _ => return Err(format!("Unexpected status code '{number}'")),
        }
        Ok(())
    }

    fn header(&mut self, words: &mut RuleWords<'_, '_>) -> Result<(), String> {
        words.take();
        if words.peek().is_empty() || words.peek_at(1).is_empty() {
            return Err("'hdr' expects <name> and <value> as arguments".to_owned());
        }
        self.has_fields = true;
        let name = Text::from(words.take());
        let value = words.format()?;
        if OWN_FIELDS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            warn(
                words,
                &format!("header '{name}' always ignored by the http reply."),
            );
            return Ok(());
        }
        self.reply.headers.push((name, value));
        Ok(())
    }

    fn finish(mut self, words: &mut RuleWords<'_, '_>) -> Result<Reply, String> {
        let said = self.body.is_some();
        let body = match self.body {
            Some((_, body)) => body,
            // Headers make it a reply of its own.
            None if self.has_fields => ReplyBody::Empty,
            None => self.defaults,
        };
        let is_page = matches!(
            body,
            ReplyBody::DefaultErrorPage | ReplyBody::ErrorPages(_) | ReplyBody::Raw(_)
        );
        if is_page && !self.reply.headers.is_empty() {
            warn(
                words,
                "hdr parameters ignored by the http reply when used with an erorrfile.",
            );
            self.reply.headers.clear();
        }
        match (&body, self.reply.status) {
            (ReplyBody::DefaultErrorPage, Some(status)) if !has_page(status) => {
                return Err(format!(
                    "status code '{status}' not handled by default with 'default-errorfiles' argument."
                ));
            }
            (ReplyBody::Bytes(_) | ReplyBody::Format(_), Some(204 | 304)) => {
                let status = self.reply.status.unwrap_or_default();
                return Err(format!("No body expected for {status} responses"));
            }
            _ => {}
        }
        let has_payload = match &body {
            ReplyBody::Bytes(bytes) => !bytes.is_empty(),
            ReplyBody::Format(_) => true,
            _ => false,
        };
        match &self.reply.content_type {
            None if has_payload => {
                return Err(
                    "a content type must be defined when non-empty payload is configured"
                        .to_owned(),
                );
            }
            Some(content_type) if !said => {
                let text = format!(
                    "content-type '{content_type}' ignored by the http reply because neither errorfile nor payload defined."
                );
                warn(words, &text);
                self.reply.content_type = None;
            }
            _ => {}
        }
        self.reply.body = body;
        Ok(self.reply)
    }
}

/// Fields that a reply says of itself, whatever a rule says.
const OWN_FIELDS: [&[u8]; 3] = [b"content-type", b"content-length", b"transfer-encoding"];

fn warn(words: &mut RuleWords<'_, '_>, text: &str) {
    let place = &mut *words.place;
    let text = format!("parsing [{}] : {text}", place.at);
    place.notes.warnings.push(text);
}

/// Takes a word and its argument, which must not be empty.
fn named(words: &mut RuleWords<'_, '_>, otherwise: &str) -> Result<Text, String> {
    words.take();
    if words.peek().is_empty() {
        return Err(otherwise.to_owned());
    }
    Ok(Text::from(words.take()))
}

fn file(path: &Text) -> Result<Text, String> {
    use std::os::unix::ffi::OsStrExt as _;
    std::fs::read(std::ffi::OsStr::from_bytes(path))
        .map(Text::from)
        .map_err(|_| format!("error opening file '{path}'"))
}
