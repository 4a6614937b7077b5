//! Access lists: an expression, how to match, what to match against (manual 7.1).
//!
//! ```text
//! acl static path_end -i .gif .png -f /etc/haproxy/more.lst
//! ```

use locum_model::{
    Located,
    acl::Acl,
    expr::{Arg, Expr},
    pattern::{PatternRef, PatternUse},
};
use locum_parser::haproxy::Word;

use super::{
    GroupTest, Place, Points, dotted,
    expr::{LoweredExpr, converts, lower_expr_words},
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
    let (lowered, mut fetch_word, mut word_method) = lower_head(head, place)?;
    if !lowered.expr.converters.is_empty() {
        // The word's own method is for the word's own value: before a converter `path_beg` is `path` (observed).
        if let Some((fetch, _)) = acl_word(&fetch_word) {
            fetch_word = fetch.to_owned();
        }
        word_method = None;
    }
    let points = lowered.fetch.points;
    let is_raw = lowered.fetch.is_raw();
    let has_default = !matches!(lowered.output, Kind::Any | Kind::Bin | Kind::Method);
    let mut reader = Reader {
        words: &words[words.len().min(1)..],
        at: 0,
        is_dotted: false,
        flags: Flags::default(),
    };
    reader.flags()?;
    let flags = &reader.flags;
    let matcher = match flags.method.as_deref().or(word_method) {
        Some(method) => method.to_owned(),
        None if !has_default => {
            return Err(format!(
                "matching method must be specified first (using '-m') when using a sample fetch of this type ('{fetch_word}')"
            ));
        }
        None => default_method(lowered.output).to_owned(),
    };
    if !converts(lowered.output, input_of(&matcher)) {
        return Err(format!(
            "matching method '{matcher}' cannot be used with fetch keyword '{fetch_word}'"
        ));
    }
    let by = PatternUse {
        matcher: matcher.clone(),
        ignore_case: flags.ignore_case,
        no_dns: flags.no_dns,
        value: None,
    };
    let word = match lowered.expr.converters.is_empty() {
        true => &fetch_word,
        false => &lowered.expr.fetch.name,
    };
    reader.is_dotted = reader.flags.method.is_none() && dotted::WORDS.contains(&&*fetch_word);
    let lists = reader.lists(word, &by, place)?;
    if lowered.expr.fetch.name == "http_auth_group" {
        let is_own = reader.flags.method.is_none() && word_method.is_some();
        note_groups(name, &lowered.expr, is_own, &by, &lists, place);
    }
    // Only the word right behind the expression is looked at, be it a flag (observed).
    match words.get(1).map(|word| &*word.text) {
        None if matcher != "bool" => place.notes.warnings.push(no_pattern(head)),
        Some([b'(', ..]) if !head.contains(&b'(') => {
            let pattern = words[1].as_str();
            place.notes.warnings.push(parenthesis(name, head, &pattern));
        }
        _ => {}
    }
    let acl = Acl {
        name: name.to_owned(),
        matcher,
        expr: Located::new(lowered.expr, place.at.clone()),
        lists,
    };
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
            let own = acl_word(&word)
                .and_then(|(fetch, _)| reason.strip_prefix(&format!("fetch method '{fetch}' : ")));
            // What is said of converters ends with a full stop of its own (observed).
            Err(match own {
                Some(own) => format!("ACL keyword '{word}' : {own}"),
                None => format!("ACL keyword '{word}' : {reason}."),
            })
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

/// Notes which groups a test of `http_auth_group` names.
///
/// Those of files count as groups but not as some being there, as do words that are found by a search and not one
/// after the other (observed).
fn note_groups(
    acl: &str,
    expr: &Expr,
    is_own: bool,
    by: &PatternUse,
    lists: &[PatternRef],
    place: &mut Place<'_>,
) {
    let is_listed = match by.matcher.as_str() {
        "str" => is_own || by.ignore_case,
        "beg" => by.ignore_case,
        "found" | "bool" | "ip" => false,
        _ => true,
    };
    let has_names = !matches!(by.matcher.as_str(), "int" | "len" | "bin");
    let all = &place.notes.pattern_lists;
    let mut groups = Vec::new();
    let mut is_empty = true;
    for (index, list) in lists.iter().enumerate() {
        let is_line = index + 1 == lists.len();
        let words = all.words(list.list);
        is_empty &= !(is_line && is_listed && !words.is_empty());
        if has_names && (!is_line || is_listed) {
            groups.extend(words);
        }
    }
    let Some(Arg::Userlist(userlist)) = expr.fetch.args.first() else {
        return;
    };
    place.notes.group_tests.push(GroupTest {
        acl: acl.to_owned(),
        userlist: userlist.clone(),
        proxy: place.proxy.to_owned(),
        groups,
        is_empty,
    });
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

/// What the values of a match method are.
fn input_of(matcher: &str) -> Kind {
    match matcher {
        "found" => Kind::Any,
        "bool" => Kind::Bool,
        "int" => Kind::Int,
        "ip" => Kind::Ip,
        "bin" => Kind::Bin,
        "meth" => Kind::Method,
        _ => Kind::Str,
    }
}

struct Reader<'w> {
    words: &'w [Word],
    at: usize,
    /// Patterns are dotted numbers.
    is_dotted: bool,
    flags: Flags,
}

#[derive(Default)]
struct Flags {
    method: Option<String>,
    ignore_case: bool,
    no_dns: bool,
    two_columns: bool,
    id: Option<i64>,
    /// `--` was met: what follows are patterns, and having none is meant.
    ended: bool,
    /// Files to read once the match method is known.
    files: Vec<PatternFile>,
}

/// A file behind `-f`, with the flags that stand before it: those behind it are for what follows (observed).
struct PatternFile {
    path: String,
    two_columns: bool,
    ignore_case: bool,
    no_dns: bool,
}

impl Reader<'_> {
    fn next(&mut self) -> String {
        let word = self.words.get(self.at).filter(|word| !word.is_empty());
        self.at += usize::from(word.is_some());
        word.map_or_else(String::new, |word| word.as_str().into_owned())
    }

    fn flags(&mut self) -> Result<(), String> {
        while let Some(word) = self.words.get(self.at) {
            if word.text.len() < 2 || word.text[0] != b'-' {
                break;
            }
            self.at += 1;
            match word.text.as_slice() {
                b"--" => {
                    self.flags.ended = true;
                    break;
                }
                b"-i" => self.flags.ignore_case = true,
                b"-n" => self.flags.no_dns = true,
                b"-M" => self.flags.two_columns = true,
                b"-u" => self.flags.id = Some(unique_id(&self.next())?),
                b"-f" => {
                    let file = PatternFile {
                        path: self.next(),
                        two_columns: self.flags.two_columns,
                        ignore_case: self.flags.ignore_case,
                        no_dns: self.flags.no_dns,
                    };
                    self.flags.files.push(file);
                }
                b"-m" if !self.flags.files.is_empty() => {
                    return Err("'-m' must only be specified before patterns and files in parsing ACL expression".to_owned());
                }
                b"-m" => {
                    let method = self.next();
                    if !pattern::METHODS.contains(&method.as_str()) {
                        return Err(format!(
                            "unknown matching method '{method}' when parsing ACL expression"
                        ));
                    }
                    self.flags.method = Some(method);
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

    /// The lists of the files, then that of the line.
    fn lists(
        &mut self,
        fetch_word: &str,
        by: &PatternUse,
        place: &mut Place<'_>,
    ) -> Result<Vec<PatternRef>, String> {
        let lists = &mut place.notes.pattern_lists;
        let mut all = Vec::new();
        for file in &self.flags.files {
            let list = lists.of_file(&file.path, file.two_columns)?;
            let by = PatternUse {
                ignore_case: file.ignore_case,
                no_dns: file.no_dns,
                ..by.clone()
            };
            all.push(lists.use_by(list, by, &place.at)?);
        }
        let words = self.words[self.at.min(self.words.len())..].iter();
        let words: Vec<&[u8]> = words
            .map(|word| word.text.as_slice())
            .take_while(|word| !word.is_empty())
            .collect();
        let patterns = if self.is_dotted {
            let numbers = words
                .iter()
                .map(|word| dotted::number(&String::from_utf8_lossy(word)))
                .collect::<Result<Vec<String>, _>>()?;
            let numbers: Vec<&[u8]> = numbers.iter().map(String::as_bytes).collect();
            pattern::lower(&by.matcher, &numbers)?
        } else {
            pattern::lower(&by.matcher, &words)?
        };
        let list = lists.of_line(fetch_word.to_owned(), &place.at, patterns, self.flags.id)?;
        all.push(lists.use_by(list, by.clone(), &place.at)?);
        Ok(all)
    }
}

/// `-u`: the number by which commands call the list; no word at all is 0 (observed).
fn unique_id(text: &str) -> Result<i64, String> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse()
        .map_err(|_| "the argument of -u must be an integer".to_owned())
}

fn parenthesis(acl: &str, head: &[u8], pattern: &str) -> String {
    let head = String::from_utf8_lossy(head);
    format!(
        "parsing acl '{acl}' :\n  matching '{head}' for pattern '{pattern}' is likely a mistake and probably\n  \
         not what you want. Maybe you need to remove the extraneous space before '('.\n  \
         If you are really sure this is not an error, please insert '--' between the\n  \
         match and the pattern to make this warning message disappear."
    )
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
