//! `cookie NAME …` and `dynamic-cookie-key`: persistence by a cookie (manual 4.2).
//!
//! ```text
//! cookie SRV insert indirect nocache
//! ```

use std::time::Duration;

use locum_model::{
    Text,
    proxy::{Cookie, CookieMode},
};
use locum_parser::haproxy::units::{self, TimeError, TimeUnit};

use super::{ProxyKeyword, Sections};
use crate::load::{Capability, Fault, Lowered, ProxyLine};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    row("cookie", "<name> [ rewrite|insert|prefix ] …", cookie),
    row("dynamic-cookie-key", "<string>", dynamic_key),
];

const fn row(
    name: &'static str,
    arguments: &'static str,
    lower: fn(&mut ProxyLine<'_, '_>) -> Lowered,
) -> ProxyKeyword {
    ProxyKeyword::executed(name, Sections::SERVERS, arguments, lower)
}

fn cookie(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "cookie");
    if !line.line.has(1) {
        return Err("'cookie' expects <cookie_name> as argument.".into());
    }
    let mut cookie = Cookie {
        name: Text::from(line.line.bytes(1)),
        mode: CookieMode::Passive,
        indirect: false,
        nocache: false,
        postonly: false,
        preserve: false,
        httponly: false,
        secure: false,
        domains: Vec::new(),
        maxidle: None,
        maxlife: None,
        dynamic: false,
        dynamic_key: None,
        attributes: Vec::new(),
    };
    let mut modes = [false; 3];
    let mut at = 2;
    while line.line.has(at) {
        match line.line.bytes(at) {
            b"rewrite" => modes[0] = true,
            b"insert" => modes[1] = true,
            b"prefix" => modes[2] = true,
            b"indirect" => cookie.indirect = true,
            b"nocache" => cookie.nocache = true,
            b"postonly" => cookie.postonly = true,
            b"preserve" => cookie.preserve = true,
            b"httponly" => cookie.httponly = true,
            b"secure" => cookie.secure = true,
            b"domain" => {
                at += 1;
                domain(line, at, &mut cookie)?;
            }
            b"maxidle" => {
                at += 1;
                cookie.maxidle = Some(lifetime(line, at, "maxidle", "<idletime>")?);
            }
            b"maxlife" => {
                at += 1;
                cookie.maxlife = Some(lifetime(line, at, "maxlife", "<lifetime>")?);
            }
            b"dynamic" => {
                line.lacks(Capability::Backend, "dynamic");
                cookie.dynamic = true;
            }
            b"attr" => {
                at += 1;
                if !line.line.has(at) {
                    return Err(Fault::tight("'attr' expects <value> as argument."));
                }
                let value = line.line.text(at);
                let bad = value
                    .bytes()
                    .find(|byte| *byte < 0x20 || matches!(byte, b';' | 0x7f));
                if let Some(bad) = bad {
                    return Err(Fault::tight(format!(
                        "character '%x{bad:02X}' is not permitted in attribute value."
                    )));
                }
                cookie.attributes.push(Text::from(value));
            }
            _ => {
                return Err("'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', 'maxlife' and 'attr' options.".into());
            }
        }
        at += 1;
    }
    finish(&mut cookie, modes)?;
    line.draft.backend.cookie = Some(cookie);
    Ok(())
}

fn finish(cookie: &mut Cookie, [rewrite, insert, prefix]: [bool; 3]) -> Lowered {
    if [rewrite, insert, prefix]
        .iter()
        .filter(|said| **said)
        .count()
        > 1
    {
        return Err("cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.".into());
    }
    if rewrite && cookie.indirect {
        return Err("cookie 'rewrite' and 'indirect' modes are incompatible.".into());
    }
    if (cookie.maxidle.is_some() || cookie.maxlife.is_some()) && !insert {
        return Err("cookie 'maxidle' and 'maxlife' are only supported in 'insert' mode.".into());
    }
    cookie.mode = match (rewrite, insert, prefix) {
        (true, ..) => CookieMode::Rewrite,
        (_, true, _) => CookieMode::Insert,
        (.., true) => CookieMode::Prefix,
        _ => CookieMode::Passive,
    };
    Ok(())
}

fn domain(line: &mut ProxyLine<'_, '_>, at: usize, cookie: &mut Cookie) -> Lowered {
    let domain = line.line.text(at);
    if domain.is_empty() {
        return Err(Fault::tight("'domain' expects <domain> as argument."));
    }
    if !domain.starts_with('.') && !domain.contains('.') {
        let text = format!(
            "parsing [{}]: domain '{domain}' contains no embedded dot, this configuration may not work properly (see RFC6265#5.2.3).",
            line.line.at
        );
        let place = line.line.at.clone();
        line.line.shared.warn(&place, text);
    }
    if let Some(bad) = domain
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')))
    {
        return Err(Fault::tight(format!(
            "character '{bad}' is not permitted in domain name '{domain}'."
        )));
    }
    cookie.domains.push(domain);
    Ok(())
}

fn lifetime(
    line: &ProxyLine<'_, '_>,
    at: usize,
    word: &str,
    shown: &str,
) -> Result<Duration, Fault> {
    let text = line.line.text(at);
    match units::time(text.as_bytes(), TimeUnit::Seconds) {
        Ok(time) if time.trailing.is_none() => Ok(Duration::from_secs(u64::from(time.value))),
        Ok(time) => Err(Fault::tight(format!(
            "unexpected character '{}' in argument to <{word}>.",
            char::from(time.trailing.unwrap_or(b' '))
        ))),
        Err(TimeError::Empty) => Err(Fault::tight(format!(
            "'{word}' expects {shown} in seconds as argument."
        ))),
        Err(TimeError::Overflow) => Err(Fault::tight(format!(
            "timer overflow in argument <{text}> to <{word}>, maximum value is 2147483647 s (~68 years)."
        ))),
        Err(TimeError::Unexpected(byte)) => Err(Fault::tight(format!(
            "unexpected character '{}' in argument to <{word}>.",
            char::from(byte)
        ))),
    }
}

fn dynamic_key(line: &mut ProxyLine<'_, '_>) -> Lowered {
    line.lacks(Capability::Backend, "dynamic-cookie-key");
    if !line.line.has(1) {
        return Err("'dynamic-cookie-key' expects <secret_key> as argument.".into());
    }
    line.draft.dynamic_cookie_key = Some(Text::from(line.line.bytes(1)));
    Ok(())
}
