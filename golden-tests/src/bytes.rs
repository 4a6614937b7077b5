//! Bytes as text and back: what scenarios send and what snapshots show, exact to the byte.

/// Turns a scenario's text into bytes: `\r \n \t \0 \\ \xHH`, and `{ab*500}` for five hundred times `ab`.
/// Real control characters (TOML's own escapes) pass unchanged.
///
/// # Errors
/// Names the escape that it doesn't know.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match first {
            '\\' => rest = escape(&rest[1..], &mut out)?,
            '{' => match repetition(rest) {
                Some((unit, count, after)) => {
                    let unit = unescape(unit)?;
                    out.extend_from_slice(&unit.repeat(count));
                    rest = after;
                }
                None => {
                    out.push(b'{');
                    rest = &rest[1..];
                }
            },
            other => {
                let mut utf8 = [0; 4];
                out.extend_from_slice(other.encode_utf8(&mut utf8).as_bytes());
                rest = &rest[other.len_utf8()..];
            }
        }
    }
    Ok(out)
}

fn escape<'a>(rest: &'a str, out: &mut Vec<u8>) -> Result<&'a str, String> {
    let unknown = || format!("unknown escape '\\{rest}'");
    let byte = match rest.bytes().next().ok_or_else(unknown)? {
        b'r' => b'\r',
        b'n' => b'\n',
        b't' => b'\t',
        b'0' => 0,
        b'\\' => b'\\',
        b'x' => {
            let digits = rest.get(1..3).ok_or_else(unknown)?;
            out.push(u8::from_str_radix(digits, 16).map_err(|_| unknown())?);
            return Ok(&rest[3..]);
        }
        _ => return Err(unknown()),
    };
    out.push(byte);
    Ok(&rest[1..])
}

/// `{unit*count}` at the start of `text`: (unit, count, what follows).
fn repetition(text: &str) -> Option<(&str, usize, &str)> {
    let end = text.find('}')?;
    let (unit, count) = text[1..end].rsplit_once('*')?;
    if unit.is_empty() || unit.contains('{') {
        return None;
    }
    Some((unit, count.parse().ok()?, &text[end + 1..]))
}

/// Shows bytes one line each behind `prefix`, with `\r\n` written out; 40 and more equal bytes show as `{a*40}`, and so
/// do 200 and more equal lines.
#[must_use]
pub fn render(prefix: &str, bytes: &[u8]) -> String {
    let mut out = String::new();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    for equal in lines.chunk_by(|a, b| a == b) {
        let mut shown = String::new();
        render_line(equal[0], &mut shown);
        if equal.len() >= 200 {
            out.push_str(&format!("{prefix}{{{shown}*{}}}\n", equal.len()));
        } else {
            out.push_str(&format!("{prefix}{shown}\n").repeat(equal.len()));
        }
    }
    out
}

fn render_line(line: &[u8], out: &mut String) {
    let mut at = 0;
    while at < line.len() {
        let byte = line[at];
        let run = line[at..].iter().take_while(|b| **b == byte).count();
        let shown = match byte {
            b'\r' => "\\r".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\t' => "\\t".to_owned(),
            b'\\' => "\\\\".to_owned(),
            0x20..=0x7e => char::from(byte).to_string(),
            other => format!("\\x{other:02x}"),
        };
        if run >= 40 {
            out.push_str(&format!("{{{shown}*{run}}}"));
        } else {
            out.push_str(&shown.repeat(run));
        }
        at += run;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_repetitions_and_plain_braces_become_bytes() {
        assert_eq!(
            unescape("a\\r\\n\\x00{bc*2}{}\\\\").unwrap(),
            b"a\r\n\0bcbc{}\\"
        );
        assert!(unescape("\\q").is_err());
    }

    #[test]
    fn a_rendered_message_shows_every_byte() {
        assert_eq!(
            render("< ", b"A\r\n\n\x01\xff"),
            "< A\\r\\n\n< \\n\n< \\x01\\xff\n"
        );
        assert_eq!(render("", &[b'a'; 50]), "{a*50}\n");
        assert_eq!(render("> ", &b"a\n".repeat(300)), "> {a\\n*300}\n");
    }
}
