//! Access lists: an expression, how to match, what to match against (manual 7.1).
//!
//! ```text
//! acl static path_end -i .gif .png -f /etc/haproxy/more.lst
//! ```

use locum_model::{
    Located, Text,
    acl::{Acl, PatternFile},
};
use locum_parser::haproxy::Word;

use super::{
    Place, Points, dotted,
    expr::{LoweredExpr, lower_expr_words},
    known::{Kind, acl_word, known_fetch},
    pattern,
};

/// A lowered test and where it has a value.
#[derive(Debug)]
pub struct LoweredAcl {
    /// The test.
    pub acl: Acl,
    /// Where its fetch has a value.
    pub points: Points,
    /// Its fetch as written.
    pub fetch: String,
    /// Whether it looks at bytes, which HTTP mode doesn't show.
    pub is_raw: bool,
}

/// Lowers the words behind an access list's name, or those between braces.
///
/// # Errors
/// The reference's wording without the place and without its closing full stop.
pub fn lower_acl(name: &str, words: &[Word], place: &mut Place<'_>) -> Result<LoweredAcl, String> {
    let head = words.first().map_or(&[][..], |word| &word.text);
    let (lowered, fetch_word, word_method) = lower_head(head, place)?;
    let points = lowered.fetch.points;
    let is_raw = lowered.fetch.is_raw();
    let has_default = !matches!(lowered.output, Kind::Any | Kind::Bin | Kind::Method);
    let mut reader = Reader {
        words: &words[words.len().min(1)..],
        at: 0,
        acl: Acl {
            name: name.to_owned(),
            matcher: word_method
                .map_or_else(|| default_method(lowered.output).to_owned(), str::to_owned),
            expr: Located::new(lowered.expr, place.at.clone()),
            ignore_case: false,
            no_dns: false,
            patterns: Vec::new(),
            files: Vec::new(),
            id: None,
        },
        is_map: false,
        ended: false,
        said_method: false,
        is_dotted: false,
        files: Vec::new(),
    };
    reader.flags()?;
    if !reader.said_method && word_method.is_none() && !has_default {
        return Err(format!(
            "matching method must be specified first (using '-m') when using a sample fetch of this type ('{fetch_word}')"
        ));
    }
    reader.is_dotted = !reader.said_method && dotted::WORDS.contains(&&*fetch_word);
    let ended = reader.ended;
    reader.patterns()?;
    let acl = reader.acl;
    let is_empty = acl.patterns.is_empty() && acl.files.is_empty();
    if is_empty && !ended && !matches!(acl.matcher.as_str(), "bool" | "found" | "int") {
        place.notes.warnings.push(no_pattern(head));
    }
    Ok(LoweredAcl {
        acl,
        points,
        fetch: fetch_word,
        is_raw,
    })
}

/// The expression of an access list: one word; the first name may be one that only access lists know.
fn lower_head(
    head: &[u8],
    place: &mut Place<'_>,
) -> Result<(LoweredExpr, String, Option<&'static str>), String> {
    let shown = String::from_utf8_lossy(head).into_owned();
    let length = head
        .iter()
        .position(|byte| matches!(byte, b'(' | b','))
        .unwrap_or(head.len());
    let word = String::from_utf8_lossy(&head[..length]).into_owned();
    let surroundings = std::mem::replace(&mut place.surroundings, ACL_KEYWORD);
    let (text, method) = match acl_word(&word) {
        // The word stands for a fetch of another name: put that name in its place.
        Some((fetch, method)) => {
            let mut text = fetch.as_bytes().to_vec();
            text.extend_from_slice(&head[length..]);
            (text, Some(method))
        }
        None => (head.to_vec(), None),
    };
    let result = lower_expr_words(&[Word::new(text, 1)], place);
    place.surroundings = surroundings;
    match result {
        Ok((lowered, _)) => Ok((lowered, word, method)),
        Err(reason) if method.is_some() => {
            let reason = acl_word(&word).map_or(reason.clone(), |(fetch, _)| {
                reason
                    .strip_prefix(&format!("fetch method '{fetch}' : "))
                    .unwrap_or(&reason)
                    .to_owned()
            });
            Err(format!("ACL keyword '{word}' : {reason}."))
        }
        Err(reason)
            if known_fetch(&word).is_some()
                || reason.starts_with("missing")
                || reason.starts_with("unknown") =>
        {
            Err(format!("{reason} in ACL expression '{shown}'"))
        }
        Err(reason) => Err(reason),
    }
}

/// What [`Place::surroundings`] holds while an access list is read.
pub const ACL_KEYWORD: &str = "ACL keyword";

/// How a value is matched when nothing says it.
fn default_method(output: Kind) -> &'static str {
    match output {
        Kind::Bool => "bool",
        Kind::Int => "int",
        Kind::Ip | Kind::Ipv4 | Kind::Ipv6 => "ip",
        Kind::Method => "meth",
        Kind::Bin => "bin",
        Kind::Str | Kind::Any => "str",
    }
}

struct Reader<'w> {
    words: &'w [Word],
    at: usize,
    acl: Acl,
    is_map: bool,
    /// `--` was met: what follows are patterns, and having none is meant.
    ended: bool,
    /// `-m` was met.
    said_method: bool,
    /// Patterns are dotted numbers.
    is_dotted: bool,
    /// Files to read once the match method is known.
    files: Vec<(String, bool)>,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<&[u8]> {
        let word = self.words.get(self.at).filter(|word| !word.is_empty())?;
        self.at += 1;
        Some(&word.text)
    }

    fn flags(&mut self) -> Result<(), String> {
        while let Some(word) = self.words.get(self.at) {
            if word.text.len() < 2 || word.text[0] != b'-' || word.text[1].is_ascii_digit() {
                break;
            }
            self.at += 1;
            match word.text.as_slice() {
                b"--" => {
                    self.ended = true;
                    break;
                }
                b"-i" => self.acl.ignore_case = true,
                b"-n" => self.acl.no_dns = true,
                b"-M" => self.is_map = true,
                b"-u" => self.unique_id()?,
                b"-f" => {
                    let path = self
                        .next()
                        .map(String::from_utf8_lossy)
                        .unwrap_or_default()
                        .into_owned();
                    if path.is_empty() {
                        return Err("failed to open pattern file <>".to_owned());
                    }
                    self.files.push((path, self.is_map));
                }
                b"-m" if !self.files.is_empty() => {
                    return Err("'-m' must only be specified before patterns and files in parsing ACL expression".to_owned());
                }
                b"-m" => {
                    let method = self
                        .next()
                        .map(String::from_utf8_lossy)
                        .unwrap_or_default()
                        .into_owned();
                    if !pattern::METHODS.contains(&method.as_str()) {
                        return Err(format!(
                            "unknown matching method '{method}' when parsing ACL expression"
                        ));
                    }
                    self.acl.matcher = method;
                    self.said_method = true;
                }
                flag => {
                    return Err(format!(
                        "'{}' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'",
                        String::from_utf8_lossy(flag)
                    ));
                }
            }
        }
        Ok(())
    }

    fn unique_id(&mut self) -> Result<(), String> {
        let text = self
            .next()
            .map(String::from_utf8_lossy)
            .unwrap_or_default()
            .into_owned();
        match text.parse() {
            Ok(id) => {
                self.acl.id = Some(id);
                Ok(())
            }
            Err(_) => Err("Argument of \"-u\" must be an integer".to_owned()),
        }
    }

    fn patterns(&mut self) -> Result<(), String> {
        for (path, is_map) in std::mem::take(&mut self.files) {
            let patterns = read_patterns(&path, is_map)?;
            for text in &patterns {
                let key = if is_map {
                    text.split(|b| b.is_ascii_whitespace()).next()
                } else {
                    None
                };
                pattern::check(&self.acl.matcher, key.unwrap_or(text))
                    .map_err(|reason| format!("{reason} at line 1 of file '{path}'"))?;
            }
            self.acl.files.push(PatternFile {
                path,
                is_map,
                patterns,
            });
        }
        let words: Vec<&[u8]> = std::iter::from_fn(|| {
            let word = self.words.get(self.at).filter(|word| !word.is_empty())?;
            self.at += 1;
            Some(word.text.as_slice())
        })
        .collect();
        if self.is_dotted {
            let numbers: Result<Vec<String>, String> = words
                .iter()
                .map(|word| dotted::number(&String::from_utf8_lossy(word)))
                .collect();
            let numbers = numbers?;
            let words: Vec<&[u8]> = numbers.iter().map(String::as_bytes).collect();
            self.acl.patterns = pattern::lower(&self.acl.matcher, &words)?;
            return Ok(());
        }
        self.acl.patterns = pattern::lower(&self.acl.matcher, &words)?;
        Ok(())
    }
}

/// A pattern file: one pattern a line; leading blanks, blank lines and comments don't count (manual 7.1).
fn read_patterns(path: &str, is_map: bool) -> Result<Vec<Text>, String> {
    let bytes = std::fs::read(path).map_err(|_| format!("failed to open pattern file <{path}>"))?;
    let mut patterns = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii_start();
        if line.is_empty() || line[0] == b'#' {
            continue;
        }
        let line = if is_map {
            line
        } else {
            line.strip_suffix(b"\r").unwrap_or(line)
        };
        patterns.push(Text::from(line));
    }
    Ok(patterns)
}

fn no_pattern(head: &[u8]) -> String {
    format!(
        "parsing acl keyword '{}' :\n  no pattern to match against were provided, so this ACL will never match.\n  \
         If this is what you intended, please add '--' to get rid of this warning.\n  \
         If you intended to match only for existence, please use '-m found'.\n  \
         If you wanted to force an int to match as a bool, please use '-m bool'.\n",
        String::from_utf8_lossy(head)
    )
}
