//! HTTP_GET, SSL_GET: pages are looked at one after the other.

use locum_model::{
    Text,
    check::{BodyPattern, CheckerKind, HttpChecker, HttpVersion, Url},
};
use locum_parser::keepalived::Line;

use super::{COMMON, TIMING, connection, keep, read, set, set_kind};
use crate::{
    load::{Abort, Pass, number, value},
    lvs::switch,
    row::{Row, Rows, accepted},
};

pub(crate) const ROWS: Rows = &[COMMON, TIMING, connection::ROWS, WORDS];

const WORDS: &[Row] = &[
    accepted("enable_sni", |pass, line| {
        match switch(pass, line, "Invalid enable_sni parameter") {
            Some(on) => set_http(pass, |http| http.sni = on),
            None => Ok(()),
        }
    }),
    accepted("fast_recovery", |pass, line| {
        match switch(pass, line, "Invalid fast_recovery parameter") {
            Some(on) => set_http(pass, |http| http.fast_recovery = on),
            None => Ok(()),
        }
    }),
    accepted("http_protocol", http_protocol),
    accepted("nb_get_retry", |pass, line| {
        pass.error("nb_get_retry is deprecated - please use 'retry'");
        let text = pass.parameter(line, 1)?;
        match pass.number(number::unsigned(&text, 0, u32::MAX)) {
            Some(retry) => set(pass, |checker| checker.timing.retry = Some(retry)),
            None => {
                pass.error(format!("Invalid nb_get_retry value '{text}'"));
                Ok(())
            }
        }
    }),
    accepted("url", url),
    accepted("virtualhost", |pass, line| match text(line) {
        Some(host) => set_http(pass, |http| http.virtualhost = Some(host)),
        None => {
            pass.error("HTTP_GET virtualhost name missing");
            Ok(())
        }
    }),
];

pub(crate) const URL: Rows = &[&[
    accepted("digest", digest),
    accepted("path", |pass, line| {
        let path = pass.parameter(line, 1)?;
        set_url(pass, |url| url.path = Text::from(path.into_bytes()))
    }),
    accepted("regex", |pass, line| {
        let regex = text(line).unwrap_or_default();
        set_pattern(pass, |pattern| pattern.regex = regex)
    }),
    accepted("regex_max_offset", |pass, line| {
        let offset = offset(line);
        set_pattern(pass, |pattern| pattern.offsets.1 = offset)
    }),
    accepted("regex_min_offset", |pass, line| {
        let offset = offset(line);
        set_pattern(pass, |pattern| pattern.offsets.0 = offset)
    }),
    accepted("regex_no_match", |pass, _| {
        set_pattern(pass, |pattern| pattern.negated = true)
    }),
    accepted("regex_options", |pass, line| {
        let options = (1..).map_while(|index| value::word(line, index)).collect();
        set_pattern(pass, |pattern| pattern.options = options)
    }),
    // How large a stack the reference's engine has; ours needs none.
    accepted("regex_stack", |pass, _| set_pattern(pass, |_| ())),
    accepted("status_code", status_code),
    accepted("virtualhost", |pass, line| match text(line) {
        Some(host) => set_url(pass, |url| url.virtualhost = Some(host)),
        None => {
            pass.error("Missing HTTP_GET virtualhost name");
            Ok(())
        }
    }),
]];

pub(super) fn http_get(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let tls = line.words.first().is_some_and(|word| word.is("SSL_GET"));
    let kind = CheckerKind::Http(HttpChecker {
        tls,
        ..HttpChecker::default()
    });
    let checker = read(pass, kind, ROWS)?;
    match checker.as_ref().map(|checker| &checker.kind.value) {
        Some(CheckerKind::Http(http)) if http.urls.is_empty() => {
            pass.error("HTTP/SSL_GET checker has no urls specified - ignoring");
        }
        _ => keep(pass, checker),
    }
    Ok(())
}

fn set_http(pass: &mut Pass<'_>, change: impl FnOnce(&mut HttpChecker)) -> Result<(), Abort> {
    set_kind(pass, |kind| {
        if let CheckerKind::Http(http) = kind {
            change(http);
        }
    })
}

fn set_url(pass: &mut Pass<'_>, change: impl FnOnce(&mut Url)) -> Result<(), Abort> {
    if let Some(url) = &mut pass.draft.lvs.url {
        change(url);
    }
    Ok(())
}

fn set_pattern(pass: &mut Pass<'_>, change: impl FnOnce(&mut BodyPattern)) -> Result<(), Abort> {
    set_url(pass, |url| change(url.pattern.get_or_insert_default()))
}

fn text(line: &Line) -> Option<Text> {
    line.words.get(1).map(|word| Text::from(word.text.clone()))
}

fn offset(line: &Line) -> Option<u32> {
    value::word(line, 1).and_then(|text| text.parse().ok())
}

fn http_protocol(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let version = match value::word(line, 1).as_deref() {
        Some("1.0") => HttpVersion::V1_0,
        Some("1.0C" | "1.0c") => HttpVersion::V1_0Close,
        Some("1.1") => HttpVersion::V1_1,
        Some(other) => {
            pass.error(format!("Invalid http_protocol version {other}"));
            return Ok(());
        }
        None => {
            pass.error("Missing http_protocol version");
            return Ok(());
        }
    };
    set_http(pass, |http| http.version = version)
}

fn url(pass: &mut Pass<'_>, _line: &Line) -> Result<(), Abort> {
    pass.draft.lvs.url = Some(Url::default());
    pass.block(URL)?;
    match pass.draft.lvs.url.take() {
        Some(url) if !url.path.is_empty() => set_http(pass, |http| http.urls.push(url)),
        _ => {
            pass.error("HTTP/SSL_GET checker url has no path - ignoring");
            Ok(())
        }
    }
}

/// MD5 in 32 hexadecimal digits.
fn digest(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    const DIGITS: usize = 32;
    let text = pass.parameter(line, 1)?;
    if text.len() != DIGITS {
        let length = text.len();
        pass.error(format!(
            "digest '{text}' character length should be {DIGITS} rather than {length}"
        ));
        return Ok(());
    }
    let mut digest = [0; DIGITS / 2];
    for (index, byte) in digest.iter_mut().enumerate() {
        let at = index * 2;
        let pair = text
            .get(at..at + 2)
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let Some(pair) = pair else {
            pass.error(format!(
                "Unable to interpret hex digit in '{text}' at offset {at}/{}",
                at + 1
            ));
            return Ok(());
        };
        *byte = pair;
    }
    set_url(pass, |url| url.digest = Some(digest))
}

/// Codes from 100 to 599 and ranges of them; one that is wrong ends the line.
fn status_code(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    for word in (1..).map_while(|index| value::word(line, index)) {
        let (low, high) = word.split_once('-').unwrap_or((&word, &word));
        let code = |text: &str| {
            text.parse::<u16>()
                .ok()
                .filter(|code| (100..600).contains(code))
        };
        match code(low).zip(code(high)).filter(|(low, high)| low <= high) {
            Some(range) => set_url(pass, |url| url.statuses.push(range))?,
            None => pass.error(format!("Invalid HTTP_GET status code '{word}'")),
        }
    }
    Ok(())
}
