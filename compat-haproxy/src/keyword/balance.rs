//! `balance` and `hash-type`: how a server is chosen (manual 4.2).
//!
//! ```text
//! balance url_param userid
//! hash-type consistent
//! ```

use locum_model::pool::{Balance, HashFunction, HashType};

use super::{ProxyKeyword, Sections, State};
use crate::load::{Capability, Fault, Lowered, ProxyLine};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    row("balance", "<algorithm> [<arguments>]", balance),
    row("hash-type", "<method> <function> <modifier>", hash_type),
];

const fn row(
    name: &'static str,
    arguments: &'static str,
    lower: fn(&mut ProxyLine<'_, '_>) -> Lowered,
) -> ProxyKeyword {
    ProxyKeyword {
        name,
        sections: Sections::SERVERS,
        arguments,
        state: State::Executed,
        lower,
    }
}

fn balance(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "balance");
    let word = line.line.text(1);
    let balance = match word.as_str() {
        // Nothing behind the word changes nothing.
        "" => Balance::RoundRobin,
        "roundrobin" => Balance::RoundRobin,
        "static-rr" => Balance::StaticRoundRobin,
        "leastconn" => Balance::LeastConnections,
        "first" => Balance::First,
        "source" => Balance::Source,
        "uri" => uri(line)?,
        "url_param" => {
            if !line.line.has(2) {
                return Err("balance url_param requires an URL parameter name.".into());
            }
            if line.line.has(3) {
                if line.line.bytes(3) != b"check_post" {
                    return Err("balance url_param only accepts check_post modifier.".into());
                }
                unexecuted(line, "balance url_param check_post");
            }
            Balance::UrlParam(line.line.text(2))
        }
        _ => other(line, &word)?,
    };
    line.draft.backend.balance = balance;
    Ok(())
}

fn other(line: &mut ProxyLine<'_, '_>, word: &str) -> Result<Balance, Fault> {
    if let Some(rest) = word.strip_prefix("random") {
        // The reference looks at the beginning of the word only: "randomly" is random too.
        if let Some(inner) = rest.strip_prefix('(') {
            let inner = inner.strip_suffix(')').unwrap_or(inner);
            let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
            if let Some(bad) = inner[digits..].chars().next() {
                return Err(format!(
                    "balance random : unexpected character '{bad}' after argument."
                )
                .into());
            }
            return match inner.parse::<u32>() {
                Ok(draws) if draws >= 1 => Ok(Balance::Random(draws)),
                _ => Err("balance random : number of draws must be at least 1.".into()),
            };
        }
        return Ok(Balance::Random(2));
    }
    if let Some(rest) = word.strip_prefix("hdr(") {
        let name = rest.split(')').next().unwrap_or("");
        if name.is_empty() {
            return Err("balance hdr requires an http header field name.".into());
        }
        let mut domain_only = false;
        if line.line.has(2) {
            if line.line.bytes(2) != b"use_domain_only" {
                return Err("balance hdr(name) only accepts 'use_domain_only' modifier.".into());
            }
            domain_only = true;
        }
        return Ok(Balance::Header {
            name: name.to_owned(),
            domain_only,
        });
    }
    if let Some(rest) = word.strip_prefix("rdp-cookie") {
        unexecuted(line, "balance rdp-cookie");
        let name = rest
            .strip_prefix('(')
            .map_or("msts", |inner| inner.trim_end_matches(')'));
        if name.is_empty() {
            return Err("balance : rdp-cookie : missing cookie name.".into());
        }
        return Ok(Balance::RdpCookie(name.to_owned()));
    }
    Err("balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', 'hdr(name)' and 'rdp-cookie(name)' options.".into())
}

fn uri(line: &mut ProxyLine<'_, '_>) -> Result<Balance, Fault> {
    let (mut len, mut depth, mut whole, mut path_only) = (None, None, false, false);
    let mut at = 2;
    while line.line.has(at) {
        let word = line.line.text(at);
        match word.as_str() {
            "len" | "depth" => {
                let value = line.line.text(at + 1);
                let number = u32::try_from(line.line.lenient_number(at + 1)).unwrap_or(0);
                if number == 0 {
                    return Err(format!(
                        "balance uri : '{word}' expects a positive integer (got '{value}')."
                    )
                    .into());
                }
                if word == "len" {
                    len = Some(number);
                } else {
                    depth = Some(number);
                }
                at += 2;
            }
            "whole" => {
                whole = true;
                at += 1;
            }
            "path-only" => {
                path_only = true;
                at += 1;
            }
            _ => {
                return Err(format!(
                    "balance uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '{word}')."
                )
                .into());
            }
        }
    }
    Ok(Balance::Uri {
        len,
        depth,
        whole,
        path_only,
    })
}

/// Algorithms that are read but have no implementation yet would send traffic elsewhere.
fn unexecuted(line: &mut ProxyLine<'_, '_>, word: &str) {
    if line.draft.can(Capability::Backend) {
        line.line.shared.unexecuted(word, &line.line.at);
    }
}

fn hash_type(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "hash-type");
    let mut hash = HashType {
        consistent: match line.line.bytes(1) {
            b"consistent" => true,
            b"map-based" => false,
            b"avalanche" => {
                return Err("experimental feature 'hash-type avalanche' is not supported anymore, please use 'hash-type map-based sdbm avalanche' instead.".into());
            }
            _ => return Err("'hash-type' only supports 'consistent' and 'map-based'.".into()),
        },
        ..HashType::default()
    };
    if line.line.has(2) {
        hash.function = match line.line.bytes(2) {
            b"sdbm" => HashFunction::Sdbm,
            b"djb2" => HashFunction::Djb2,
            b"wt6" => {
                unexecuted(line, "hash-type wt6");
                HashFunction::Wt6
            }
            b"crc32" => HashFunction::Crc32,
            _ => {
                return Err(
                    "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions."
                        .into(),
                );
            }
        };
        match line.line.bytes(3) {
            b"" => {}
            b"avalanche" => hash.avalanche = true,
            _ => {
                return Err(
                    "'hash-type' only supports 'avalanche' as a modifier for hash functions."
                        .into(),
                );
            }
        }
    }
    line.draft.backend.hash_type = hash;
    Ok(())
}
