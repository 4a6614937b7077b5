//! Replies that the proxy makes itself: the words of `http-request return`, `deny` and `http-error` (manual 4.2).
//!
//! ```text
//! status 503 content-type text/html file /etc/haproxy/sorry.html hdr retry-after 10
//! ```

use locum_model::{
    Text,
    rule::{Reply, ReplyBody},
};
use locum_parser::haproxy::Word;

use super::{Place, format::lower_format};

/// Reads the words of a reply up to one that isn't its own; returns how many were taken.
///
/// # Errors
/// The reference's wording.
pub fn lower_reply(words: &[Word], place: &mut Place<'_>) -> Result<(Reply, usize), String> {
    let mut reply = Reply::default();
    let mut at = 0;
    let text = |index: usize| {
        words
            .get(index)
            .map(|word| word.as_str().into_owned())
            .unwrap_or_default()
    };
    let bytes = |index: usize| words.get(index).map_or(&[][..], |word| &word.text);
    loop {
        match text(at).as_str() {
            "status" => {
                let value = text(at + 1);
                if value.is_empty() {
                    return Err("'status' expects <status_code> as argument".to_owned());
                }
                let number = crate::load::lenient_number(value.as_bytes());
                match u16::try_from(number) {
                    Ok(status @ 200..=599) => reply.status = Some(status),
                    _ => return Err(format!("Unexpected status code '{number}'")),
                }
                at += 2;
            }
            "content-type" => {
                if bytes(at + 1).is_empty() {
                    return Err("'content-type' expects <ctype> as argument".to_owned());
                }
                reply.content_type = Some(Text::from(bytes(at + 1)));
                at += 2;
            }
            "default-errorfiles" => {
                reply.body = ReplyBody::DefaultErrorPage;
                at += 1;
            }
            "errorfiles" => {
                reply.body = ReplyBody::ErrorPages(named(
                    &text(at + 1),
                    "'errorfiles' expects <name> as argument",
                )?);
                at += 2;
            }
            "errorfile" => {
                let path = named(&text(at + 1), "'errorfile' expects <fullpath> as argument")?;
                reply.body = ReplyBody::Raw(read(&path)?);
                at += 2;
            }
            "file" => {
                let path = named(&text(at + 1), "'file' expects <fullpath> as argument")?;
                reply.body = ReplyBody::Bytes(read(&path)?);
                at += 2;
            }
            "lf-file" => {
                let path = named(&text(at + 1), "'lf-file' expects <fullpath> as argument")?;
                reply.body = ReplyBody::Format(lower_format(&read(&path)?, place)?);
                at += 2;
            }
            "string" => {
                named(&text(at + 1), "'string' expects <str> as argument")?;
                reply.body = ReplyBody::Bytes(Text::from(bytes(at + 1)));
                at += 2;
            }
            "lf-string" => {
                named(&text(at + 1), "'lf-string' expects <str> as argument")?;
                reply.body = ReplyBody::Format(lower_format(bytes(at + 1), place)?);
                at += 2;
            }
            "hdr" => {
                if bytes(at + 1).is_empty() || bytes(at + 2).is_empty() {
                    return Err("'hdr' expects <name> and <value> as arguments".to_owned());
                }
                let value = lower_format(bytes(at + 2), place)?;
                reply.headers.push((Text::from(bytes(at + 1)), value));
                at += 3;
            }
            _ => return Ok((reply, at)),
        }
    }
}

fn named(text: &str, otherwise: &str) -> Result<String, String> {
    if text.is_empty() {
        Err(otherwise.to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn read(path: &str) -> Result<Text, String> {
    std::fs::read(path)
        .map(Text::from)
        .map_err(|_| format!("error opening file '{path}'"))
}
