//! `ring NAME`: a ring buffer for log lines (manual 3.9).
//!
//! ```text
//! ring myring
//!     description "My local buffer"
//!     format rfc3164
//!     maxlen 1200
//!     size 32764
//!     server mysyslogsrv 127.0.0.1:6514 log-proto octet-count
//! ```

use std::time::Duration;

use locum_model::{
    Located, Origin,
    log::{LogLineFormat, LogProtocol, RingServer, RingSettings},
};
use locum_parser::haproxy::{
    Word,
    units::{self, TimeError, TimeUnit},
};

use super::{Section, bad_name_character, section_line};
use crate::{
    address::{self, Allowed},
    keyword::log::line_format,
    load::{Fault, Loader, Lowered, SectionLine},
};

/// Bytes of a ring, and of a line, where nothing was said.
pub(crate) const DEFAULT_SIZE: u32 = 16384;

/// Names that the process has taken for itself.
pub(crate) const BUILT_IN: &[&str] = &["stdout", "stderr", "buf0"];

/// Opens a ring.
pub(super) fn open(loader: &mut Loader<'_>, words: &[Word], at: &Origin) -> Lowered {
    loader.enter(Section::Ring(None));
    let line = section_line(&mut loader.shared, words, at);
    if !line.has(1) {
        return Err("missing ring name.".into());
    }
    let name = line.text(1);
    if let Some(bad) = bad_name_character(&name) {
        return Err(
            format!("invalid ring name '{name}' (character '{bad}' is not permitted).").into(),
        );
    }
    let rings = &mut loader.model.rings;
    if BUILT_IN.contains(&name.as_str()) || rings.iter().any(|ring| ring.name == name) {
        return Err(format!("sink named '{name}' already exists.").into());
    }
    rings.push(RingSettings {
        description: name.clone(),
        name,
        format: LogLineFormat::Raw,
        max_length: DEFAULT_SIZE,
        size: DEFAULT_SIZE,
        ..RingSettings::default()
    });
    let index = rings.len() - 1;
    loader.enter(Section::Ring(Some(index)));
    Ok(())
}

/// A line of it.
pub(super) fn line(
    loader: &mut Loader<'_>,
    ring: Option<usize>,
    words: &[Word],
    at: &Origin,
) -> Lowered {
    let (_, words) = super::negation(&mut loader.shared, words, at);
    let mut line = section_line(&mut loader.shared, words, at);
    let Some(ring) = ring.and_then(|ring| loader.model.rings.get_mut(ring)) else {
        return Err(without_a_ring(&line));
    };
    match line.bytes(0) {
        b"size" => size(&mut line, ring),
        b"maxlen" => {
            // Beyond 31 bits it is what is left of it (observed).
            ring.max_length = match line.lenient_number(1) {
                0 => return Err(invalid_size(&line)),
                number => number as u32,
            };
            Ok(())
        }
        b"format" => {
            let name = line.text(1);
            ring.format = line_format(&name).ok_or_else(|| format!("unknown format '{name}'."))?;
            Ok(())
        }
        b"description" if !line.has(1) => Err("missing ring description text.".into()),
        b"description" => {
            ring.description = line.text(1);
            Ok(())
        }
        b"timeout" => timeout(&mut line, ring),
        b"server" => server(&mut line, ring),
        b"backing-file" => {
            line.shared.unexecuted("backing-file", at);
            Ok(())
        }
        _ => Err(format!("unknown statement '{}'.", line.text(0)).into()),
    }
}

/// A line of a section whose header was wrong.
fn without_a_ring(line: &SectionLine<'_, '_>) -> Fault {
    match line.bytes(0) {
        b"size" => "'size' directive not usable with this type of sink.".into(),
        b"format" => format!("unable to set format '{}'.", line.text(1)).into(),
        b"maxlen" | b"description" | b"timeout" | b"server" | b"backing-file" => Fault::Reported,
        _ => format!("unknown statement '{}'.", line.text(0)).into(),
    }
}

fn invalid_size(line: &SectionLine<'_, '_>) -> Fault {
    format!("invalid size '{}' for new sink buffer.", line.text(1)).into()
}

/// `size BYTES`: a ring never shrinks.
fn size(line: &mut SectionLine<'_, '_>, ring: &mut RingSettings) -> Lowered {
    let size = match u32::try_from(line.lenient_number(1)) {
        Ok(0) | Err(_) => return Err(invalid_size(line)),
        Ok(size) => size,
    };
    if size < ring.size {
        let text = format!(
            "ignoring new size '{size}' that is smaller than current size '{}' for ring '{}'.",
            ring.size, ring.name
        );
        line.warn(&text);
        // A warning, but the file counts as faulty (observed).
        return Err(Fault::Reported);
    }
    ring.size = size;
    Ok(())
}

/// `timeout connect` and `timeout server`; others are read over (observed).
fn timeout(line: &mut SectionLine<'_, '_>, ring: &mut RingSettings) -> Lowered {
    let name = line.text(1);
    let field = match name.as_str() {
        "connect" => &mut ring.connect_timeout,
        "server" => &mut ring.server_timeout,
        _ => return Ok(()),
    };
    let text = line.text(2);
    if text.is_empty() {
        return Err(format!("'timeout {name}' expects <time> as argument.").into());
    }
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(time) => {
            let length = Duration::from_millis(u64::from(time.value));
            *field = (time.value > 0).then_some(length);
            Ok(())
        }
        Err(TimeError::Unexpected(byte)) => Err(Fault::Tight(format!(
            "unexpected character '{}' in argument to <timeout {name}>.",
            char::from(byte)
        ))),
        Err(_) => Err(Fault::Tight(format!(
            "timer overflow in argument <{text}> to <timeout {name}> (maximum value is 2147483647 ms or ~24.8 days)."
        ))),
    }
}

/// `server NAME ADDRESS [log-proto legacy|octet-count]`
fn server(line: &mut SectionLine<'_, '_>, ring: &mut RingSettings) -> Lowered {
    if !line.has(2) {
        return Err(placed(
            line,
            "'server' expects <name> and <addr>[:<port>] as arguments.",
        ));
    }
    let (name, text) = (line.text(1), line.text(2));
    let allowed = Allowed {
        unix: true,
        ..Allowed::default()
    };
    let shown = format!("'server {}/{name}'", ring.name);
    let parsed = address::parse(&text, allowed, &line.shared.environment).map_err(|reason| {
        placed(
            line,
            &format!("{shown} : {}", address::with_line_feed(reason)),
        )
    })?;
    let mut protocol = LogProtocol::Legacy;
    let mut at = 3;
    while line.has(at) {
        match line.bytes(at) {
            b"log-proto" => {
                let value = line.text(at + 1);
                protocol = match value.as_str() {
                    "legacy" => LogProtocol::Legacy,
                    "octet-count" => LogProtocol::OctetCount,
                    _ => {
                        let text = format!(
                            "{shown} : 'log-proto' expects one of 'legacy' or 'octet-count' but got '{value}'."
                        );
                        return Err(placed(line, &text));
                    }
                };
                at += 2;
            }
            _ => {
                // TLS, a source address and the like: whoever relies on one of them is told.
                let word = line.text(at);
                let place = line.at.clone();
                line.shared.unexecuted(&word, &place);
                break;
            }
        }
    }
    ring.servers.push(RingServer {
        name: Located::new(name, line.at.clone()),
        address: parsed.address,
        protocol,
    });
    Ok(())
}

/// Faults of servers name their place without `parsing`.
fn placed(line: &SectionLine<'_, '_>, text: &str) -> Fault {
    Fault::Whole(format!("[{}] : {text}", line.at))
}
