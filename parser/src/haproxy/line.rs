//! One line to words: quotes, backslashes and environment variables (manual 2.2 and 2.3).
//!
//! There are no continuation lines: a backslash at the end of a line is an ordinary character. A
//! carriage return inside a word ends the line, also inside quotes, where the quote is then unmatched;
//! between words it is white space. `\$` is an escape inside weak quotes only (the manual says otherwise; the reference
//! keeps the backslash outside).

use std::borrow::Cow;

/// The most words a line may have; the reference refuses longer ones.
pub const MAX_WORDS: usize = 64;

/// A word after quotes, escapes and variables were resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The resolved text; it ends before a NUL that `\x00` produced, as C strings do.
    pub text: Vec<u8>,
    /// Column in bytes, counted from 1, where the word began in the line as written.
    pub column: u32,
    /// Whether any part of it stood in quotes.
    pub quoted: bool,
}

impl Word {
    /// A word that stands at a column, for texts that come from no file.
    #[must_use]
    pub fn new(text: impl Into<Vec<u8>>, column: u32) -> Self {
        Self {
            text: text.into(),
            column,
            quoted: false,
        }
    }

    /// The text, with replacement characters where it isn't UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    /// The text if it is UTF-8.
    #[must_use]
    pub fn as_utf8(&self) -> Option<&str> {
        std::str::from_utf8(&self.text).ok()
    }

    /// Whether nothing is in it: the reference takes an empty word for the end of the arguments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// Lets words be compared with keywords directly.
impl PartialEq<str> for Word {
    fn eq(&self, other: &str) -> bool {
        self.text == other.as_bytes()
    }
}

impl PartialEq<&str> for Word {
    fn eq(&self, other: &&str) -> bool {
        self.text == other.as_bytes()
    }
}

/// Why a line can't be cut into words. The reference drops such a line and goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordErrorKind {
    /// A quote that nothing closes.
    UnmatchedQuote,
    /// `${` without its `}`.
    UnmatchedBrace,
    /// `\x` without two hexadecimal digits.
    InvalidHexadecimal,
    /// `$` before something that can't begin a name, or an unknown pseudo-variable.
    ForbiddenVariableName,
    /// `[` in `${NAME[*]}` without the rest of it.
    InvalidWordExpansion,
    /// More than [`MAX_WORDS`]; holds the last word that was kept.
    TooManyWords(Vec<u8>),
}

/// A line that can't be cut, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordError {
    /// What is wrong.
    pub kind: WordErrorKind,
    /// Offset in the line, from 0. For [`WordErrorKind::TooManyWords`] it is the offset of the last
    /// word in the *resolved* line, as the reference counts there.
    pub position: usize,
    /// Where the reference's excerpt of the line ends.
    pub visible_end: usize,
}

impl WordError {
    /// The reference's message without its prefix and excerpt.
    #[must_use]
    pub fn message(&self) -> String {
        let position = self.position + 1;
        match &self.kind {
            WordErrorKind::UnmatchedQuote => format!("unmatched quote at position {position}:"),
            WordErrorKind::UnmatchedBrace => {
                format!("unmatched brace in environment variable name at position {position}:")
            }
            WordErrorKind::InvalidHexadecimal => {
                format!("truncated or invalid hexadecimal sequence at position {position}:")
            }
            WordErrorKind::ForbiddenVariableName => {
                format!("forbidden first char in environment variable name at position {position}:")
            }
            WordErrorKind::InvalidWordExpansion => {
                format!("truncated or invalid word expansion sequence at position {position}:")
            }
            WordErrorKind::TooManyWords(last) => format!(
                "too many words, truncating after word {MAX_WORDS}, position {position}: <{}>.",
                String::from_utf8_lossy(last)
            ),
        }
    }
}

/// The words of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The words, empty ones included.
    pub words: Vec<Word>,
    /// Whether white space follows the last word: where the reference joins words again (conditions),
    /// it sees one more, empty word there.
    pub trailing_blank: bool,
}

/// What variables of a line stand for.
pub trait Variables {
    /// The value of an environment variable, or of a pseudo-variable if the name begins with a dot.
    /// None for what doesn't exist.
    fn variable(&self, name: &str) -> Option<Vec<u8>>;
}

/// Cuts `line` (without its line feed) into words. With `comments` an unquoted `#` ends it.
///
/// # Errors
/// The first thing that can't be resolved, from left to right; too many words come last.
pub fn words(line: &[u8], variables: &dyn Variables, comments: bool) -> Result<Words, WordError> {
    let mut cutter = Cutter {
        line,
        at: 0,
        variables,
        comments,
        words: Vec::new(),
        visible_end: line.len(),
    };
    let trailing_blank = cutter.run()?;
    let words = cutter.words;
    limit(&words, trailing_blank, line.len())?;
    Ok(Words {
        words,
        trailing_blank,
    })
}

fn limit(words: &[Word], trailing_blank: bool, visible_end: usize) -> Result<(), WordError> {
    if words.len() + usize::from(trailing_blank) <= MAX_WORDS {
        return Ok(());
    }
    let kept = words.get(..MAX_WORDS).unwrap_or(words);
    let Some((last, before)) = kept.split_last() else {
        return Ok(());
    };
    Err(WordError {
        kind: WordErrorKind::TooManyWords(last.text.clone()),
        position: before.iter().map(|word| word.text.len() + 1).sum(),
        visible_end,
    })
}

/// White space that ends a word.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)
}

/// White space between words, and in the value of a variable that is expanded to several words.
pub(crate) fn is_space(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b'\n' | b'\r')
}

struct Cutter<'a> {
    line: &'a [u8],
    at: usize,
    variables: &'a dyn Variables,
    comments: bool,
    words: Vec<Word>,
    /// Where the reference's excerpts of this line end: it overwrites the brace behind a default value.
    visible_end: usize,
}

impl Cutter<'_> {
    /// Returns whether the line ended in white space.
    fn run(&mut self) -> Result<bool, WordError> {
        let mut blank_before = false;
        loop {
            while self.peek().is_some_and(is_space) {
                self.at += 1;
                blank_before = true;
            }
            if self.ended() {
                return Ok(blank_before && !self.words.is_empty());
            }
            self.word()?;
            blank_before = false;
            if self.peek() == Some(b'\r') {
                return Ok(false);
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    /// Whether nothing of the line is left outside of quotes.
    fn ended(&self) -> bool {
        match self.peek() {
            None | Some(b'\r') => true,
            Some(b'#') => self.comments,
            Some(_) => false,
        }
    }

    fn word(&mut self) -> Result<(), WordError> {
        let mut word = Word::new(Vec::new(), column(self.at));
        while !self.ended() {
            match self.line[self.at] {
                byte if is_blank(byte) => break,
                b'"' => self.weak(&mut word)?,
                b'\'' => self.strong(&mut word)?,
                b'\\' => self.escape(&mut word, false)?,
                byte => {
                    word.text.push(byte);
                    self.at += 1;
                }
            }
        }
        self.push(word);
        Ok(())
    }

    fn push(&mut self, mut word: Word) {
        if let Some(nul) = word.text.iter().position(|byte| *byte == 0) {
            word.text.truncate(nul);
        }
        self.words.push(word);
    }

    fn strong(&mut self, word: &mut Word) -> Result<(), WordError> {
        let open = self.at;
        word.quoted = true;
        self.at += 1;
        let rest = &self.line[self.at..];
        match rest.iter().position(|byte| matches!(byte, b'\'' | b'\r')) {
            Some(length) if rest[length] == b'\'' => {
                word.text.extend_from_slice(&rest[..length]);
                self.at += length + 1;
                Ok(())
            }
            _ => Err(self.error(WordErrorKind::UnmatchedQuote, open)),
        }
    }

    fn weak(&mut self, word: &mut Word) -> Result<(), WordError> {
        let open = self.at;
        word.quoted = true;
        self.at += 1;
        loop {
            match self.peek() {
                None | Some(b'\r') => return Err(self.error(WordErrorKind::UnmatchedQuote, open)),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape(word, true)?,
                Some(b'$') => self.variable(word)?,
                Some(byte) => {
                    word.text.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    /// A backslash; before anything that needs no escape it stands for itself.
    fn escape(&mut self, word: &mut Word, weak: bool) -> Result<(), WordError> {
        let text = match self.line.get(self.at + 1) {
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'x') => return self.hexadecimal(word),
            Some(byte @ (b'\\' | b' ' | b'"' | b'\'' | b'#')) => *byte,
            Some(b'$') if weak => b'$',
            _ => {
                word.text.push(b'\\');
                self.at += 1;
                return Ok(());
            }
        };
        word.text.push(text);
        self.at += 2;
        Ok(())
    }

    fn hexadecimal(&mut self, word: &mut Word) -> Result<(), WordError> {
        let digit = |offset: usize| {
            let byte = self.line.get(self.at + offset)?;
            char::from(*byte).to_digit(16)
        };
        let (Some(high), Some(low)) = (digit(2), digit(3)) else {
            return Err(self.error(WordErrorKind::InvalidHexadecimal, self.at));
        };
        let byte = u8::try_from(high * 16 + low).expect("two hexadecimal digits fit in a byte");
        word.text.push(byte);
        self.at += 4;
        Ok(())
    }

    /// `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}`; the cursor stands on the dollar.
    fn variable(&mut self, word: &mut Word) -> Result<(), WordError> {
        self.at += 1;
        let brace = (self.peek() == Some(b'{')).then_some(self.at);
        if brace.is_some() {
            self.at += 1;
        }
        let value = self.named_value()?;
        let Some(brace) = brace else {
            word.text.extend_from_slice(&value.unwrap_or_default());
            return Ok(());
        };
        let several = self.word_expansion()?;
        let default = self.default_value(brace)?;
        if self.peek() != Some(b'}') {
            return Err(self.error(WordErrorKind::UnmatchedBrace, brace));
        }
        self.at += 1;
        let value = value.or(default).unwrap_or_default();
        if several {
            self.spread(word, &value);
        } else {
            word.text.extend_from_slice(&value);
        }
        Ok(())
    }

    /// The name and its value. Only the pseudo-variables may begin with a dot.
    fn named_value(&mut self) -> Result<Option<Vec<u8>>, WordError> {
        let start = self.at;
        if matches!(self.peek(), Some(byte) if byte == b'.' || byte == b'_' || byte.is_ascii_alphabetic())
        {
            self.at += 1;
            while self
                .peek()
                .is_some_and(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
            {
                self.at += 1;
            }
        }
        let name = std::str::from_utf8(&self.line[start..self.at]).unwrap_or_default();
        if name.is_empty() {
            return Err(self.error(WordErrorKind::ForbiddenVariableName, start));
        }
        let value = self.variables.variable(name);
        if value.is_none() && name.starts_with('.') {
            // The reference has written a terminator behind the name by then, so its excerpt ends there.
            return Err(WordError {
                kind: WordErrorKind::ForbiddenVariableName,
                position: start,
                visible_end: self.visible_end.min(self.at),
            });
        }
        Ok(value)
    }

    fn word_expansion(&mut self) -> Result<bool, WordError> {
        if self.peek() != Some(b'[') {
            return Ok(false);
        }
        if !self.line[self.at..].starts_with(b"[*]") {
            return Err(self.error(WordErrorKind::InvalidWordExpansion, self.at));
        }
        self.at += 3;
        Ok(true)
    }

    /// The text between the dash and the next closing brace, taken as it stands.
    fn default_value(&mut self, brace: usize) -> Result<Option<Vec<u8>>, WordError> {
        if self.peek() != Some(b'-') {
            return Ok(None);
        }
        let start = self.at + 1;
        let Some(length) = self.line[start..].iter().position(|byte| *byte == b'}') else {
            return Err(self.error(WordErrorKind::UnmatchedBrace, brace));
        };
        self.at = start + length;
        self.visible_end = self.visible_end.min(self.at);
        Ok(Some(self.line[start..start + length].to_vec()))
    }

    /// Each run of white space in the value ends the word and begins the next.
    fn spread(&mut self, word: &mut Word, value: &[u8]) {
        let mut at = 0;
        while at < value.len() {
            if !is_space(value[at]) {
                word.text.push(value[at]);
                at += 1;
                continue;
            }
            while at < value.len() && is_space(value[at]) {
                at += 1;
            }
            let next = Word {
                text: Vec::new(),
                column: word.column,
                quoted: true,
            };
            let complete = std::mem::replace(word, next);
            self.push(complete);
        }
    }

    fn error(&self, kind: WordErrorKind, position: usize) -> WordError {
        WordError {
            kind,
            position,
            visible_end: self.visible_end,
        }
    }
}

fn column(offset: usize) -> u32 {
    u32::try_from(offset + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    struct Environment(HashMap<&'static str, &'static str>);

    impl Variables for Environment {
        fn variable(&self, name: &str) -> Option<Vec<u8>> {
            self.0.get(name).map(|value| value.as_bytes().to_vec())
        }
    }

    fn environment() -> Environment {
        Environment(HashMap::from([
            ("A", "aa bb"),
            ("E", ""),
            ("L", " x  y "),
            ("Q", "\"q\" \\n #h"),
            (".LINE", "7"),
        ]))
    }

    fn cut(line: &str) -> Vec<String> {
        let words = words(line.as_bytes(), &environment(), true).unwrap();
        words
            .words
            .iter()
            .map(|word| word.as_str().into_owned())
            .collect()
    }

    fn fails(line: &str) -> (WordErrorKind, usize) {
        let error = words(line.as_bytes(), &environment(), true).unwrap_err();
        (error.kind, error.position + 1)
    }

    #[test]
    fn white_space_separates_and_a_carriage_return_in_a_word_ends_the_line() {
        assert_eq!(
            cut("\r a\tb\u{b}c\u{c}d \r e\rf"),
            ["a", "b", "c", "d", "e"]
        );
    }

    #[test]
    fn quotes_join_and_protect() {
        assert_eq!(cut(r#"a"b c"'d "e' "" ''"#), ["ab cd \"e", "", ""]);
    }

    #[test]
    fn manual_examples_are_equivalent() {
        let expected = ["log-format", "%{+Q}o %t %s %{-Q}r"];
        assert_eq!(cut(r"log-format %{+Q}o\ %t\ %s\ %{-Q}r"), expected);
        assert_eq!(cut(r#"log-format "%{+Q}o %t %s %{-Q}r""#), expected);
        assert_eq!(cut(r"log-format '%{+Q}o %t %s %{-Q}r'"), expected);
        assert_eq!(cut(r#"log-format "%{+Q}o %t"' %s %{-Q}r'"#), expected);
        assert_eq!(cut(r#"log-format "%{+Q}o %t"' %s'\ %{-Q}r"#), expected);
    }

    #[test]
    fn escapes_work_outside_and_inside_weak_quotes() {
        assert_eq!(cut(r#"\x41\n\r\t\ \#\"\'\\\q\$"#), ["A\n\r\t #\"'\\\\q\\$"]);
        assert_eq!(cut(r#""\x41\n\ \#\"\'\\\q\$""#), ["A\n #\"'\\\\q$"]);
        assert_eq!(cut(r"'\x41\n'"), ["\\x41\\n"]);
        assert_eq!(cut("a\\"), ["a\\"]);
        assert_eq!(cut("a\\\tb"), ["a\\", "b"]);
        assert_eq!(cut("a\\x00b c"), ["a", "c"]);
    }

    #[test]
    fn an_unquoted_hash_ends_the_line_even_inside_a_word() {
        assert_eq!(cut("abc#def"), ["abc"]);
        assert_eq!(cut("\"a#b\" # c"), ["a#b"]);
        let words = words(b"1 #c", &environment(), false).unwrap();
        assert_eq!(words.words.len(), 2);
    }

    #[test]
    fn variables_are_resolved_in_weak_quotes_only() {
        assert_eq!(
            cut(r#""$A"x "${A}" $A '$A' "$A-x" "$Q" "${.LINE}""#),
            [
                "aa bbx",
                "aa bb",
                "$A",
                "$A",
                "aa bb-x",
                "\"q\" \\n #h",
                "7"
            ]
        );
        assert_eq!(cut(r#""$NOPE" x"${NOPE}""#), ["", "x"]);
    }

    #[test]
    fn a_default_replaces_what_is_unset_but_not_what_is_empty() {
        assert_eq!(
            cut(r#""${NOPE-d "e"\}x" "${E-d}" "${A-d}" "${NOPE-}""#),
            ["d \"e\"\\x", "", "aa bb", ""]
        );
    }

    #[test]
    fn a_list_variable_becomes_several_words() {
        assert_eq!(cut(r#""p${L[*]}q""#), ["p", "x", "y", "q"]);
        assert_eq!(cut(r#""${L[*]}" k"#), ["", "x", "y", "", "k"]);
        assert_eq!(cut(r#""${NOPE[*]}" "${NOPE[*]-1 b}""#), ["", "1", "b"]);
    }

    #[test]
    fn errors_name_the_position_that_the_reference_names() {
        assert_eq!(fails("a \"b"), (WordErrorKind::UnmatchedQuote, 3));
        assert_eq!(fails("\"a\rb\""), (WordErrorKind::UnmatchedQuote, 1));
        assert_eq!(fails("'a\""), (WordErrorKind::UnmatchedQuote, 1));
        assert_eq!(fails("\"\\x4\""), (WordErrorKind::InvalidHexadecimal, 2));
        assert_eq!(fails("\"$1a\""), (WordErrorKind::ForbiddenVariableName, 3));
        assert_eq!(fails("\"${}\""), (WordErrorKind::ForbiddenVariableName, 4));
        assert_eq!(
            fails("\"${.NOPE}x\""),
            (WordErrorKind::ForbiddenVariableName, 4)
        );
        assert_eq!(fails("\"${A\""), (WordErrorKind::UnmatchedBrace, 3));
        assert_eq!(fails("\"${A:-x}\""), (WordErrorKind::UnmatchedBrace, 3));
        assert_eq!(fails("\"${A-x\""), (WordErrorKind::UnmatchedBrace, 3));
        assert_eq!(
            fails("\"${A[0]}\""),
            (WordErrorKind::InvalidWordExpansion, 5)
        );
        assert_eq!(fails("\\xzz \"abc"), (WordErrorKind::InvalidHexadecimal, 1));
    }

    #[test]
    fn the_sixty_fifth_word_is_too_much_and_trailing_space_counts_as_one() {
        let line = |count: usize| {
            (0..count)
                .map(|n| format!("w{n}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(cut(&line(64)).len(), 64);
        let expected = (WordErrorKind::TooManyWords(b"w63".to_vec()), 243);
        assert_eq!(fails(&line(65)), expected);
        assert_eq!(fails(&(line(64) + " ")), expected);
        assert_eq!(
            fails(&format!(" \"ww\" {}", line(70))),
            (WordErrorKind::TooManyWords(b"w62".to_vec()), 242)
        );
    }
}
