//! `balance` and `hash-type`: how a server is chosen (manual 4.2).
//!
//! ```text
//! balance url_param userid
//! hash-type consistent
//! ```

use locum_model::{
    Text,
    pool::{Balance, HashFunction, HashType},
};

use super::{ProxyKeyword, Sections};
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
    ProxyKeyword::executed(name, Sections::SERVERS, arguments, lower)
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
            let check_post = line.line.has(3);
            if check_post && line.line.bytes(3) != b"check_post" {
                return Err(format!(
                    "balance url_param only accepts 'check_post' modifier (got '{}').",
                    line.line.text(3)
                )
                .into());
            }
            Balance::UrlParam {
                name: line.line.text(2),
                check_post,
            }
        }
        "hash" => {
            let expression = one_expression(line)?;
            line.draft.balance_hash = Some(expression);
            return Ok(());
        }
        _ => other(line, &word)?,
    };
    line.draft.backend.balance = balance;
    line.draft.balance_hash = None;
    Ok(())
}

/// The word of `balance hash`, which is looked into when the proxy is complete.
fn one_expression(line: &ProxyLine<'_, '_>) -> Result<Text, Fault> {
    if !line.line.has(2) {
        return Err("balance hash requires a sample expression.".into());
    }
    if line.line.has(3) {
        return Err(format!(
            "balance hash takes no other argument (got '{}').",
            line.line.text(3)
        )
        .into());
    }
    Ok(Text::from(line.line.bytes(2)))
}

fn other(line: &mut ProxyLine<'_, '_>, word: &str) -> Result<Balance, Fault> {
    if let Some(rest) = word.strip_prefix("random") {
        return Ok(Balance::Random(draws(rest)?));
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
        if rest.is_empty() {
            return Ok(Balance::RdpCookie("mstshash".to_owned()));
        }
        return match rest
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(')'))
        {
            Some((name, _)) if !name.is_empty() => Ok(Balance::RdpCookie(name.to_owned())),
            _ => Err("balance rdp-cookie : missing cookie name.".into()),
        };
    }
    Err("balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', 'hdr(name)' and 'rdp-cookie(name)' options.".into())
}

/// The number behind `random`, which the reference reads as C does. It looks at the beginning of the word only:
/// `randomly` is random too.
fn draws(argument: &str) -> Result<u32, Fault> {
    const DEFAULT: u32 = 2;
    let Some(inner) = argument.strip_prefix('(') else {
        return Ok(DEFAULT);
    };
    if inner.starts_with(')') {
        return Ok(DEFAULT);
    }
    let number = inner.trim_start();
    let sign = usize::from(number.starts_with(['+', '-']));
    let digits = number[sign..]
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    match number[sign + digits..].chars().next() {
        Some(')') => {}
        None => return Err("balance random : missing closing parenthesis.".into()),
        Some(bad) => {
            let text = format!("balance random : unexpected character '{bad}' after argument.");
            return Err(text.into());
        }
    }
    match number[..sign + digits].parse::<i64>() {
        Ok(draws) if draws >= 1 => Ok(u32::try_from(draws).unwrap_or(u32::MAX)),
        _ => Err("balance random : number of draws must be at least 1.".into()),
    }
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
    // A ring without a function of its own mixes its sdbm; one that is named isn't mixed unless it says so.
    hash.avalanche = hash.consistent;
    if line.line.has(2) {
        hash.avalanche = false;
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
