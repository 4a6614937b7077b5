//! `json_query(path[,int])`: a text, number or truth out of a JSON document (manual 7.3.1).
//!
//! The path is `$`, then `.key` and `[index]` parts; a backslash takes the meaning from the byte behind it. The document
//! is read until the value is found, and no further: what comes behind it may be wrong. All of this, also what is
//! strange in it, is as the reference does; see docs/undocumented-haproxy.md.
//!
//! ```text
//! http-request set-var(txn.id) req.body,json_query('$.user.id',int)
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::Args,
    sample::value::{Arena, Type, Value},
    vocab::ConverterDef,
};

use super::{bytes_of, converter, json_number};

pub(super) static JSON_QUERY: ConverterDef = ConverterDef {
    check: Some(|args| {
        if !matches!(args.first(), Some(Arg::Str(path)) if !path.is_empty()) {
            return Err("json_path must not be empty".to_owned());
        }
        output_type(args)
    }),
    ..converter(
        "json_query",
        Type::Str,
        Type::Any,
        |value, _, args, arena| query(bytes_of(value)?, args, arena),
    )
};

/// Containers within each other.
const DEEPEST: usize = 20;
/// The greatest number that a double has exactly.
const GREATEST: i64 = (1 << 53) - 1;

pub(super) fn output_type(args: &[Arg]) -> Result<(), String> {
    match args.get(1) {
        Some(Arg::Str(kind)) if !matches!(kind.as_bytes(), b"" | b"int") => {
            Err("output_type only supports \"int\" as argument".to_owned())
        }
        _ => Ok(()),
    }
}

/// The value at the path of the first argument, as the second wants it.
pub(super) fn query<'a>(json: &[u8], args: &Args, arena: &'a Arena) -> Option<Value<'a>> {
    let wants_int = args.text(1).is_some_and(|kind| kind == b"int");
    match find(json, args.text(0)?)? {
        [b'"', rest @ ..] => unescaped(rest, arena).map(Value::Str),
        [b't', ..] => Some(Value::Bool(true)),
        [b'f', ..] => Some(Value::Bool(false)),
        token @ [b'-' | b'0'..=b'9', ..] if wants_int => json_number::integer(token)
            .filter(|number| (-GREATEST..=GREATEST).contains(number))
            .map(Value::Int),
        token @ [b'-' | b'0'..=b'9', ..] => {
            let text = json_number::spelled(json_number::value(token));
            Some(Value::Str(arena.alloc_slice_copy(text.as_bytes())))
        }
        _ => None,
    }
}

/// Where a search stands. What of the path has matched is never taken back.
struct Search<'j> {
    rest: &'j [u8],
    path: &'j [u8],
    /// Parts of the path that have matched.
    matched: usize,
    /// The element's number in the array that is searched.
    index: usize,
    /// The open containers: whether they are arrays.
    open: smallvec::SmallVec<[bool; DEEPEST]>,
}

/// The document from the wanted value on.
fn find<'j>(json: &'j [u8], path: &'j [u8]) -> Option<&'j [u8]> {
    let mut search = Search {
        rest: json,
        path: path.strip_prefix(b"$")?,
        matched: 0,
        index: 0,
        open: smallvec::SmallVec::new(),
    };
    // Between two turns a value is awaited.
    loop {
        match search.value()? {
            Step::Found(at) => return Some(at),
            Step::Opened if search.closes() => search.after_value()?,
            Step::Opened => search.first_key()?,
            Step::Passed => search.after_value()?,
        }
    }
}

enum Step<'j> {
    /// The wanted value.
    Found(&'j [u8]),
    /// A container begins.
    Opened,
    /// A value that isn't wanted is over.
    Passed,
}

impl<'j> Search<'j> {
    fn value(&mut self) -> Option<Step<'j>> {
        self.skip_blanks();
        let first = *self.rest.first()?;
        let is_wanted = self.path.is_empty() && self.open.len() == self.matched;
        match first {
            b'{' | b'[' if is_wanted => None,
            b'{' | b'[' => {
                if self.open.len() == DEEPEST {
                    return None;
                }
                self.open.push(first == b'[');
                self.rest = &self.rest[1..];
                if first == b'[' && self.is_searched() && self.path.first() == Some(&b'[') {
                    self.index = 0;
                    if self.wanted_index() == 0.0 {
                        // Three bytes, whatever they are.
                        self.path = self.path.get(3..).unwrap_or_default();
                        self.matched += 1;
                    }
                }
                Some(Step::Opened)
            }
            _ => {
                let length = token(self.rest, is_wanted)?;
                let at = self.rest;
                self.rest = &self.rest[length..];
                Some(if is_wanted {
                    Step::Found(at)
                } else {
                    Step::Passed
                })
            }
        }
    }

    /// Behind a value: closing brackets, up to the comma that goes before the next one, and its key.
    fn after_value(&mut self) -> Option<()> {
        loop {
            self.skip_blanks();
            let is_array = *self.open.last()?;
            match *self.rest.first()? {
                b',' => {
                    self.rest = &self.rest[1..];
                    if is_array {
                        self.next_element()?;
                    }
                    // A comma may be the last thing in a container.
                    if !self.closes() {
                        return self.first_key();
                    }
                }
                _ if self.closes() => {}
                _ => return None,
            }
        }
    }

    fn next_element(&mut self) -> Option<()> {
        if self.is_searched() && self.path.first() == Some(&b'[') {
            self.index += 1;
            if self.wanted_index() == self.index as f64 {
                let end = self.path.iter().position(|&byte| byte == b']')?;
                self.path = &self.path[end + 1..];
                self.matched += 1;
            }
        }
        Some(())
    }

    /// Whether the innermost container ends here; it is then closed.
    fn closes(&mut self) -> bool {
        self.skip_blanks();
        let closing = match self.open.last() {
            Some(true) => b']',
            Some(false) => b'}',
            None => return false,
        };
        let closes = self.rest.first() == Some(&closing);
        if closes {
            self.rest = &self.rest[1..];
            self.open.pop();
        }
        closes
    }

    /// The key and the colon before a value in an object.
    fn first_key(&mut self) -> Option<()> {
        if self.open.last() == Some(&true) {
            return Some(());
        }
        self.skip_blanks();
        let text = self.rest.strip_prefix(b"\"")?;
        let end = end_of_text(text)?;
        let key = &text[..end];
        // Past the key that matched there is nothing more to be had.
        if self.open.len() == self.matched {
            return None;
        }
        if self.is_searched()
            && let Some(length) = key_length(self.path, key)
        {
            self.path = &self.path[length..];
            self.matched += 1;
        }
        self.rest = &text[end + 1..];
        self.skip_blanks();
        self.rest = self.rest.strip_prefix(b":")?;
        Some(())
    }

    /// Whether the innermost container is where the next part of the path is looked for.
    fn is_searched(&self) -> bool {
        self.open.len() == self.matched + 1
    }

    /// The number behind the path's bracket; what is no number is 0.
    fn wanted_index(&self) -> f64 {
        json_number::value(self.path.get(1..).unwrap_or_default()).trunc()
    }

    fn skip_blanks(&mut self) {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let length = self.rest.iter().take_while(|byte| blank(byte)).count();
        self.rest = &self.rest[length..];
    }
}

/// How long the part of the path is that this key, escapes and all, fits.
fn key_length(path: &[u8], key: &[u8]) -> Option<usize> {
    path.first().filter(|&&byte| byte == b'.')?;
    let mut at = 1;
    for &byte in key {
        if path.get(at) == Some(&b'\\') {
            at += 1;
        } else if matches!(path.get(at), Some(b'.' | b'[')) {
            return None;
        }
        if path.get(at) != Some(&byte) {
            return None;
        }
        at += 1;
    }
    matches!(path.get(at), None | Some(b'.' | b'[')).then_some(at)
}

/// The length of a scalar; a wanted one need not be well-formed to its end.
fn token(text: &[u8], is_wanted: bool) -> Option<usize> {
    match text.first()? {
        b'"' => Some(end_of_text(&text[1..])? + 2),
        b'-' | b'0'..=b'9' => json_number::length(text).or(is_wanted.then_some(0)),
        _ => {
            let words: [&[u8]; 3] = [b"true", b"false", b"null"];
            let word = words.into_iter().find(|word| text.starts_with(word));
            word.map(<[u8]>::len)
        }
    }
}

/// Where the closing quote stands.
fn end_of_text(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            0 => return None,
            _ => at += 1,
        }
    }
}

/// A text up to its closing quote. Escapes name one byte, those of RFC 8259 but `\/`.
fn unescaped<'a>(text: &[u8], arena: &'a Arena) -> Option<&'a [u8]> {
    let mut rest = &text[..end_of_text(text)?];
    let mut out = bumpalo::collections::Vec::with_capacity_in(rest.len(), arena);
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let (&escape, tail) = rest.split_first()?;
        rest = tail;
        out.push(match escape {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'"' | b'\\' => escape,
            b'u' => {
                let digits = std::str::from_utf8(rest.strip_prefix(b"00")?.get(..2)?).ok()?;
                rest = &rest[4..];
                u8::from_str_radix(digits, 16).ok()?
            }
            _ => return None,
        });
    }
    Some(out.into_bump_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str, path: &str) -> Option<String> {
        let at = find(json.as_bytes(), path.as_bytes())?;
        Some(String::from_utf8_lossy(at).into_owned())
    }

    // Values recorded from the reference.
    #[test]
    fn parts_of_the_path_are_keys_and_indices() {
        let json = r#"{"x":{"b":7},"a":{"b":[10,[20,21],{"c.d":1}]}}"#;
        let value = |path| found(json, path).map(|at| at.chars().take(2).collect::<String>());
        assert_eq!(value("$.a.b[0]").as_deref(), Some("10"));
        assert_eq!(value("$.a.b[1][1]").as_deref(), Some("21"));
        assert_eq!(value("$.a.b[2].c\\.d").as_deref(), Some("1}"));
        assert_eq!(value("$.a.b"), None);
        assert_eq!(value("$.a.b[3]"), None);
        assert_eq!(value("a"), None);
    }

    #[test]
    fn what_matched_once_is_not_taken_back() {
        assert!(found(r#"{"a":{"x":1},"a":{"b":2}}"#, "$.a.b").is_none());
        assert!(found(r#"{"a":[{"x":1},{"b":3}]}"#, "$.a[0].b").is_some());
        assert!(found(r#"{"a":[],"a":[4]}"#, "$.a[0]").is_some());
    }

    #[test]
    fn any_bytes_and_paths_are_read_without_a_panic() {
        let pieces = [
            "{", "}", "[", "]", "\"", "a", ":", ",", "\\", "1", "-", ".", "e", "$", " ",
        ];
        let mut seed = 1u32;
        let mut text = || {
            let mut made = String::from("$");
            for _ in 0..12 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                made.push_str(pieces[(seed >> 16) as usize % pieces.len()]);
            }
            made
        };
        for _ in 0..20_000 {
            let (json, path) = (text(), text());
            let _ = found(&json[1..], &path);
        }
    }
}
