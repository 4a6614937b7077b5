//! Sample expressions: `fetch(arg,arg),converter,converter(arg)` (manual 7.3).
//!
//! Only the shape is read here. The reference looks each name up before it reads that name's arguments,
//! so whoever words errors goes through the calls in order and comes to [`Expr::problem`] last.

use super::args::{self, Args};
use super::line::Word;
use crate::span::Span;

/// A fetch or a converter with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Letters, digits, `.`, `_`, `-` and `+` (`base32+src`); empty where something else stands in its place.
    pub name: String,
    /// Which of the words it stands in (0 for an expression of one text).
    pub word: usize,
    /// Where the name stands in its text.
    pub span: Span,
    /// The arguments if there are parentheses.
    pub args: Option<Args>,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// What is fetched.
    pub fetch: Call,
    /// What is made of it, in order.
    pub converters: Vec<Call>,
    /// Offset behind the expression in the (last) text.
    pub end: usize,
    /// How many words it took.
    pub words: usize,
    /// What is wrong with its shape; it concerns the last call.
    pub problem: Option<ExprProblem>,
}

/// What may be wrong with the shape of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExprProblem {
    /// There is no name to begin with: "missing fetch method".
    MissingFetch,
    /// The last call's arguments aren't closed: "expected ')'".
    Unclosed,
    /// Something other than a comma follows the last call: "missing comma after …".
    MissingComma,
}

impl Call {
    /// The arguments' texts; one empty text for `()`, none without parentheses.
    pub fn arg_texts(&self) -> impl Iterator<Item = &[u8]> {
        self.args
            .iter()
            .flat_map(|args| args.args.iter().map(|arg| arg.text.as_slice()))
    }

    fn unclosed(&self) -> bool {
        self.args.as_ref().is_some_and(|args| !args.closed)
    }
}

impl Expr {
    /// Reads an expression that stands at `start` and ends where no comma follows a call, as inside
    /// `%[…]`: look at [`Self::end`].
    #[must_use]
    pub fn parse(text: &[u8], start: usize) -> Self {
        let fetch = call(text, start, 0);
        let mut expr = Self {
            end: end_of(&fetch),
            problem: fetch.name.is_empty().then_some(ExprProblem::MissingFetch),
            fetch,
            converters: Vec::new(),
            words: 1,
        };
        if expr.problem.is_none() {
            expr.note_unclosed();
            expr.read_converters(text, 0);
        }
        expr
    }

    /// Reads an expression that fills its words: the first one, and the next one for as long as a word
    /// ends with a comma and the next begins with the name of a converter. What converters there are is
    /// the caller's knowledge. `words` is not empty; [`Self::words`] says how many were taken.
    #[must_use]
    pub fn of_words(words: &[Word], is_converter: impl Fn(&str) -> bool) -> Self {
        let text = words.first().map_or(&[][..], |word| &word.text);
        let mut expr = Self::parse(text, 0);
        let mut text = text;
        while expr.problem.is_none() && expr.end == text.len() && text.ends_with(b",") {
            let index = expr.words;
            let Some(next) = words
                .get(index)
                .filter(|word| is_converter(&name(&word.text, 0).0))
            else {
                break;
            };
            text = &next.text;
            expr.words += 1;
            expr.end = 0;
            expr.read_converter(text, index);
            expr.read_converters(text, index);
        }
        if expr.problem.is_none() && expr.end < text.len() {
            expr.problem = Some(ExprProblem::MissingComma);
        }
        expr
    }

    /// All calls in order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        std::iter::once(&self.fetch).chain(&self.converters)
    }

    fn read_converters(&mut self, text: &[u8], word: usize) {
        while self.problem.is_none() && text.get(self.end) == Some(&b',') {
            self.end += 1;
            self.read_converter(text, word);
        }
    }

    /// One converter; a comma or the end in its place is passed over.
    fn read_converter(&mut self, text: &[u8], word: usize) {
        if matches!(text.get(self.end), None | Some(b',')) {
            return;
        }
        let call = call(text, self.end, word);
        self.end = end_of(&call);
        self.converters.push(call);
        self.note_unclosed();
    }

    fn note_unclosed(&mut self) {
        if self.calls().last().is_some_and(Call::unclosed) {
            self.problem = Some(ExprProblem::Unclosed);
        }
    }
}

fn call(text: &[u8], start: usize, word: usize) -> Call {
    let (name, end) = name(text, start);
    let args = (text.get(end) == Some(&b'(')).then(|| args::args(text, end + 1));
    Call {
        name,
        word,
        span: Span::new(start, end),
        args,
    }
}

/// The name at an offset, which may be empty, and the offset behind it.
fn name(text: &[u8], start: usize) -> (String, usize) {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|byte| {
            !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+'))
        })
        .unwrap_or(rest.len());
    (
        String::from_utf8_lossy(&rest[..length]).into_owned(),
        start + length,
    )
}

fn end_of(call: &Call) -> usize {
    call.args.as_ref().map_or(call.span.end, |args| args.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(expr: &Expr) -> String {
        let call = |call: &Call| match &call.args {
            None => call.name.clone(),
            Some(_) => {
                let args: Vec<String> = call
                    .arg_texts()
                    .map(|arg| String::from_utf8_lossy(arg).into_owned())
                    .collect();
                format!("{}<{}>", call.name, args.join("|"))
            }
        };
        expr.calls().map(call).collect::<Vec<_>>().join(" ")
    }

    fn of_words(words: &[&str]) -> Expr {
        let words: Vec<Word> = words.iter().map(|text| Word::new(*text, 1)).collect();
        Expr::of_words(&words, |name| ["lower", "upper"].contains(&name))
    }

    fn parsed(text: &str) -> (String, Option<ExprProblem>) {
        let expr = of_words(&[text]);
        (shown(&expr), expr.problem)
    }

    #[test]
    fn calls_and_their_arguments() {
        assert_eq!(parsed("path"), ("path".to_owned(), None));
        assert_eq!(parsed("path()"), ("path<>".to_owned(), None));
        assert_eq!(
            parsed("req.hdr(a,1),lower,add(2)"),
            ("req.hdr<a|1> lower add<2>".to_owned(), None)
        );
        assert_eq!(parsed("str( a )"), ("str< a >".to_owned(), None));
        assert_eq!(parsed("hdr(,)"), ("hdr<|>".to_owned(), None));
    }

    #[test]
    fn arguments_have_their_own_quotes_and_escapes() {
        let cases = [
            (r#"a("x,y)",'z)')"#, "a<x,y)|z)>"),
            (r#"a(x"y,"z)"#, "a<xy,z>"),
            (r"a(\,x)", r"a<\|x>"),
            (r#"a(\"\'\\\ \n\#\$\x41\q)"#, "a<\"'\\ \n\\#\\$\\x41\\q>"),
            (r#"a("\"\n\,",'\n')"#, "a<\"\n\\,|\\n>"),
            ("a((x)", "a<(x>"),
            (r#"path,regsub("(a|b)",c,g)"#, "path regsub<(a|b)|c|g>"),
        ];
        for (text, expected) in cases {
            assert_eq!(parsed(text), (expected.to_owned(), None), "{text}");
        }
    }

    #[test]
    fn problems_of_shape() {
        assert_eq!(parsed("").1, Some(ExprProblem::MissingFetch));
        assert_eq!(parsed("(a)").1, Some(ExprProblem::MissingFetch));
        assert_eq!(parsed("path(a").1, Some(ExprProblem::Unclosed));
        assert_eq!(parsed("path(\"a)").1, Some(ExprProblem::Unclosed));
        assert_eq!(parsed("path,lower(").1, Some(ExprProblem::Unclosed));
        for text in [
            "path)",
            "path;lower",
            "path(a)b",
            "path,bytes(1).lower",
            "path,regsub((a|b),c,g)",
        ] {
            assert_eq!(parsed(text).1, Some(ExprProblem::MissingComma), "{text}");
        }
    }

    #[test]
    fn commas_without_a_converter_are_passed_over() {
        assert_eq!(parsed("path,,lower,"), ("path lower".to_owned(), None));
        assert_eq!(
            parsed("path,;"),
            ("path ".to_owned(), Some(ExprProblem::MissingComma))
        );
    }

    #[test]
    fn a_comma_at_the_end_of_a_word_continues_in_the_next_if_that_is_a_converter() {
        let expr = of_words(&["path,", "lower,", "upper", "if"]);
        assert_eq!((shown(&expr).as_str(), expr.words), ("path lower upper", 3));
        assert_eq!(expr.converters[1].word, 2);
        let expr = of_words(&["path", ",lower"]);
        assert_eq!((shown(&expr).as_str(), expr.words), ("path", 1));
        let expr = of_words(&["path,", "if", "a"]);
        assert_eq!(
            (shown(&expr).as_str(), expr.words, expr.problem),
            ("path", 1, None)
        );
    }

    #[test]
    fn inside_brackets_an_expression_says_where_it_ends() {
        let text = br#"%[hdr("a]"),lower]x"#;
        let expr = Expr::parse(text, 2);
        assert_eq!(
            (shown(&expr).as_str(), text[expr.end]),
            ("hdr<a]> lower", b']')
        );
        let expr = Expr::parse(b"src,]", 0);
        assert_eq!(shown(&expr), "src ");
    }
}
