//! `if` and `unless` with their access lists (manual 7.2).

use locum_model::acl::{Condition, Term, Test};
use locum_parser::haproxy::{
    Word,
    acl_condition::{Condition as ConditionSyntax, Polarity, Test as TestSyntax, UNCLOSED},
};

use super::{Place, Point, Points, acl::lower_acl};

/// Lowers a condition that may be missing: no words are no condition.
///
/// # Errors
/// [`ConditionError::Unexpected`] for a first word that is neither `if` nor `unless`.
pub fn lower_condition(
    words: &[Word],
    place: &mut Place<'_>,
) -> Result<Option<Condition>, ConditionError> {
    match words.first() {
        None => Ok(None),
        Some(first) if first.is_empty() => Ok(None),
        Some(_) => lower_required_condition(words, place).map(Some),
    }
}

/// Lowers a condition that must be there.
///
/// # Errors
/// As [`lower_condition`]; an empty `words` is unexpected too.
pub fn lower_required_condition(
    words: &[Word],
    place: &mut Place<'_>,
) -> Result<Condition, ConditionError> {
    let Some(syntax) = ConditionSyntax::of(words) else {
        let found = words
            .first()
            .map(|word| word.as_str().into_owned())
            .unwrap_or_default();
        return Err(ConditionError::Unexpected(found));
    };
    let mut any_of = Vec::with_capacity(syntax.alternatives.len());
    let mut is_told = false;
    for alternative in &syntax.alternatives {
        let mut terms = Vec::with_capacity(alternative.len());
        for term in alternative {
            let test =
                lower_test(&term.test, place, &mut is_told).map_err(ConditionError::Wrong)?;
            terms.push(Term {
                negated: term.negated,
                test,
            });
        }
        any_of.push(terms);
    }
    if syntax.unclosed.is_some() {
        let message = UNCLOSED.strip_suffix('.').unwrap_or(UNCLOSED);
        return Err(ConditionError::Wrong(message.to_owned()));
    }
    Ok(Condition {
        unless: syntax.polarity == Polarity::Unless,
        any_of,
    })
}

/// Why a condition can't be lowered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConditionError {
    /// Something else stands where `if` or `unless` should.
    Unexpected(String),
    /// The reference's wording of what is wrong inside, without its closing full stop.
    Wrong(String),
}

/// `is_told`: the condition was warned about; the reference tells only of the first test that has no value.
fn lower_test(
    test: &TestSyntax,
    place: &mut Place<'_>,
    is_told: &mut bool,
) -> Result<Test, String> {
    match test {
        TestSyntax::Anonymous(words) => {
            let lowered = lower_acl("", words, place)?;
            if !lowered.points.intersects(place.points) {
                let what = format!("it uses keyword '{}' which is", lowered.fetch);
                warn(place, is_told, |rule| {
                    format!("anonymous acl will never match{rule} because {what}")
                });
            }
            Ok(Test::Anonymous(Box::new(lowered.acl)))
        }
        TestSyntax::Named(word) => {
            let name = word.as_str();
            if let Some(facts) = place.acls.get(name.as_ref()) {
                warn_named(place, &name, facts.points, &facts.tests, is_told);
                return Ok(Test::Named(name.into_owned()));
            }
            let Some((_, words)) = PREDEFINED.iter().find(|(known, _)| *known == name) else {
                return Err(format!("no such ACL : '{name}'"));
            };
            let words: Vec<Word> = words
                .split(' ')
                .enumerate()
                .map(|(at, text)| Word::new(text, at as u32 + 1))
                .collect();
            let lowered = lower_acl(&name, &words, place)?;
            warn_named(place, &name, lowered.points, &[], is_told);
            Ok(Test::Anonymous(Box::new(lowered.acl)))
        }
    }
}

/// Warns about a named access list none of whose tests has a value here, or some.
fn warn_named(
    place: &mut Place<'_>,
    name: &str,
    points: Points,
    tests: &[(String, Points)],
    is_told: &mut bool,
) {
    if !points.intersects(place.points) {
        warn(place, is_told, |rule| {
            format!(
                "acl '{name}' will never match{rule} because it only involves keywords that are"
            )
        });
        return;
    }
    let here = place.points;
    if let Some((fetch, _)) = tests.iter().find(|(_, points)| !points.intersects(here)) {
        warn(place, is_told, |rule| {
            let keyword = if rule.is_empty() {
                "keywords"
            } else {
                "keyword"
            };
            format!("acl '{name}' involves {keyword} '{fetch}' which is")
        });
    }
}

/// A warning about a test that has no value at the place; `words` gets what the rules over TCP add of themselves.
fn warn(place: &mut Place<'_>, is_told: &mut bool, words: impl FnOnce(&str) -> String) {
    let point = place.points.first().filter(|_| !*is_told);
    let Some(point) = point else {
        return;
    };
    *is_told = true;
    let rule = match point {
        _ if !place.surroundings.starts_with("tcp-re") => "",
        Point::FrontendConnection => " in 'tcp-request connection'",
        Point::FrontendSession => " in 'tcp-request session'",
        Point::FrontendResponseContent | Point::BackendResponseContent => {
            " in 'tcp-response content'"
        }
        _ => " in 'tcp-request content'",
    };
    let (at, words, point) = (&place.at, words(rule), point.description());
    let warning = format!("parsing [{at}] : {words} incompatible with '{point}'");
    place.notes.warnings.push(warning);
}

/// Access lists that need no declaration (manual 7.4).
const PREDEFINED: &[(&str, &str)] = &[
    ("FALSE", "always_false"),
    ("HTTP", "req.proto_http"),
    ("HTTP_1.0", "req.ver 1.0"),
    ("HTTP_1.1", "req.ver 1.1"),
    ("HTTP_2.0", "req.ver 2.0"),
    ("HTTP_CONTENT", "req.hdr_val(content-length) gt 0"),
    ("HTTP_URL_ABS", "url_reg ^[^/:]*://"),
    ("HTTP_URL_SLASH", "url_beg /"),
    ("HTTP_URL_STAR", "url *"),
    ("LOCALHOST", "src 127.0.0.1/8 ::1"),
    ("METH_CONNECT", "method CONNECT"),
    ("METH_DELETE", "method DELETE"),
    ("METH_GET", "method GET HEAD"),
    ("METH_HEAD", "method HEAD"),
    ("METH_OPTIONS", "method OPTIONS"),
    ("METH_POST", "method POST"),
    ("METH_PUT", "method PUT"),
    ("METH_TRACE", "method TRACE"),
    ("RDP_COOKIE", "req.rdp_cookie_cnt gt 0"),
    ("REQ_CONTENT", "req.len gt 0"),
    ("TRUE", "always_true"),
    ("WAIT_END", "wait_end"),
];
