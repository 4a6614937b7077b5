//! Sample expressions: names looked up, arguments typed (manual 7.3).

use locum_model::{
    Located,
    expr::{Call, Expr},
};
use locum_parser::haproxy::{
    Word,
    expr::{Call as CallSyntax, Expr as ExprSyntax, ExprProblem},
};

use super::{
    Place,
    arguments::{Role, lower_arguments},
    known::{Kind, KnownFetch, known_converter, known_fetch},
};

/// A lowered expression and what lowering learned about it.
#[derive(Debug)]
pub struct LoweredExpr {
    /// The expression.
    pub expr: Expr,
    /// The reference's row of its fetch.
    pub fetch: &'static KnownFetch,
    /// The type of its value.
    pub output: Kind,
}

/// Lowers an expression that fills one text.
///
/// # Errors
/// The reference's wording of the first thing that is wrong, without the place.
pub fn lower_expr(text: &[u8], place: &mut Place<'_>) -> Result<Located<Expr>, String> {
    let words = [Word::new(text, 1)];
    let (lowered, _) = lower_expr_words(&words, place)?;
    Ok(Located::new(lowered.expr, place.at.clone()))
}

/// Lowers an expression that begins with the first of `words` and may go on in the next ones: after a comma at the end
/// of a word, or with a word that is a converter's name (`src ipmask(24)`). Returns how many words it took.
///
/// # Errors
/// As [`lower_expr`].
pub fn lower_expr_words(
    words: &[Word],
    place: &mut Place<'_>,
) -> Result<(LoweredExpr, usize), String> {
    if words.first().is_none_or(Word::is_empty) {
        return Err("missing fetch method".to_owned());
    }
    let syntax = ExprSyntax::of_words(words, |name| known_converter(name).is_some());
    let mut lowered = lower_syntax(&syntax, &|call| texts_of(words, call), place)?;
    let mut taken = syntax.words;
    // A word that begins with a converter's name goes on even without a comma in between.
    while words
        .get(taken)
        .is_some_and(|word| begins_with_converter(&word.text))
    {
        let rest = &words[taken..];
        let follow = ExprSyntax::of_words(rest, |name| known_converter(name).is_some());
        for call in follow.calls() {
            lowered.convert(call, texts_of(rest, call), place)?;
        }
        if let Some(problem) = follow.problem {
            return Err(problem_text(problem, follow.calls().last(), false));
        }
        taken += follow.words;
    }
    Ok((lowered, taken))
}

/// Lowers the shape the parser found; `text` gives the text that a call's spans count in.
pub fn lower_syntax<'t>(
    syntax: &ExprSyntax,
    text: &dyn Fn(&CallSyntax) -> &'t [u8],
    place: &mut Place<'_>,
) -> Result<LoweredExpr, String> {
    let name = &syntax.fetch.name;
    if syntax.problem == Some(ExprProblem::MissingFetch) {
        return Err("missing fetch method".to_owned());
    }
    let Some(fetch) = known_fetch(name) else {
        return Err(format!("unknown fetch method '{name}'"));
    };
    let args = lower_arguments(
        &syntax.fetch,
        text(&syntax.fetch),
        fetch.signature,
        fetch.required,
        &Role::Fetch(fetch.name),
        place,
    )?;
    let canonical = crate::fetch::canonical(fetch.name);
    let mut call = Call {
        name: canonical.unwrap_or(fetch.name).to_owned(),
        args,
    };
    match crate::fetch::definition(&call.name) {
        Some(def) => {
            if let Some(check) = def.check {
                check(&mut call.args).map_err(|reason| {
                    format!("invalid args in fetch method '{name}' : {reason}")
                })?;
            }
        }
        None => place
            .notes
            .unexecuted
            .push((fetch.name.to_owned(), place.at.clone())),
    }
    if syntax.fetch.args.is_some() && crate::fetch::takes_no_argument(&call.name) {
        let text = "no argument supported for 'fc_*' sample expressions returning counters.";
        place.notes.warnings.push(text.to_owned());
    }
    let mut lowered = LoweredExpr {
        expr: Expr {
            fetch: call,
            converters: Vec::new(),
        },
        fetch,
        output: fetch.output,
    };
    for converter in &syntax.converters {
        lowered.convert(converter, text(converter), place)?;
    }
    match syntax.problem {
        Some(problem) => Err(problem_text(
            problem,
            syntax.calls().last(),
            syntax.converters.is_empty(),
        )),
        None => Ok(lowered),
    }
}

impl LoweredExpr {
    fn convert(
        &mut self,
        call: &CallSyntax,
        text: &[u8],
        place: &mut Place<'_>,
    ) -> Result<(), String> {
        let name = &call.name;
        if name.is_empty() {
            return Err("missing conv method".to_owned());
        }
        let Some(converter) = known_converter(name) else {
            return Err(format!("unknown converter '{name}'"));
        };
        if !converts(self.output, converter.input) {
            return Err(format!("converter '{name}' cannot be applied"));
        }
        let role = Role::Converter {
            name: converter.name,
            fetch: self.fetch.name,
        };
        let args = lower_arguments(
            call,
            text,
            converter.signature,
            converter.required,
            &role,
            place,
        )?;
        let mut call = Call {
            name: converter.name.to_owned(),
            args,
        };
        crate::converter::lower_map(&mut call, place)
            .map_err(|reason| format!("invalid args in converter '{name}' : {reason}"))?;
        match crate::converter::definition(converter.name) {
            Some(def) => {
                if let Some(check) = def.check {
                    check(&mut call.args).map_err(|reason| {
                        format!("invalid args in converter '{name}' : {reason}")
                    })?;
                }
                let warning = crate::converter::warning(&call);
                let at = &place.at;
                let warning = warning.map(|text| format!("parsing [{at}] : {text}"));
                place.notes.warnings.extend(warning);
            }
            None => place
                .notes
                .unexecuted
                .push((converter.name.to_owned(), place.at.clone())),
        }
        // `any` is not the type of the input: nobody knows it (observed).
        self.output = converter.output;
        self.expr.converters.push(call);
        Ok(())
    }
}

/// Whether a value of one type can be given to a converter that takes another: all but a truth, which has no address,
/// and an address, which is no method.
pub(crate) fn converts(from: Kind, to: Kind) -> bool {
    !matches!(
        (from, to),
        (Kind::Bool, Kind::Ip | Kind::Ipv4 | Kind::Ipv6)
            | (Kind::Ip | Kind::Ipv4 | Kind::Ipv6, Kind::Bool)
            | (
                Kind::Method,
                Kind::Ip | Kind::Ipv4 | Kind::Ipv6 | Kind::Int | Kind::Bool
            )
            | (Kind::Ipv6, Kind::Int)
            | (
                Kind::Bin,
                Kind::Bool | Kind::Int | Kind::Ip | Kind::Ipv4 | Kind::Ipv6
            )
    )
}

fn begins_with_converter(text: &[u8]) -> bool {
    let length = text
        .iter()
        .position(|byte| matches!(byte, b'(' | b','))
        .unwrap_or(text.len());
    std::str::from_utf8(&text[..length]).is_ok_and(|name| known_converter(name).is_some())
}

fn texts_of<'t>(words: &'t [Word], call: &CallSyntax) -> &'t [u8] {
    words.get(call.word).map_or(&[][..], |word| &word.text)
}

fn problem_text(problem: ExprProblem, last: Option<&CallSyntax>, is_fetch: bool) -> String {
    let name = last.map_or("", |call| call.name.as_str());
    match problem {
        ExprProblem::MissingFetch => "missing fetch method".to_owned(),
        ExprProblem::Unclosed if is_fetch => format!("fetch method '{name}' : expected ')'"),
        ExprProblem::Unclosed => format!("invalid arg in converter '{name}' : expected ')'"),
        ExprProblem::MissingComma if is_fetch => {
            format!("missing comma after fetch keyword '{name}'")
        }
        ExprProblem::MissingComma => format!("missing comma after converter '{name}'"),
    }
}
