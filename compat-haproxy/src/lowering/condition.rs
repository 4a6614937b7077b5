//! `if` and `unless` with their access lists (manual 7.2).

use locum_model::acl::{Condition, Term, Test};
use locum_parser::haproxy::{
    Word,
    acl_condition::{Condition as ConditionSyntax, Polarity, Test as TestSyntax, UNCLOSED},
};

use super::{Place, Point, Points, acl::lower_acl, place::AclFacts};

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
    let (mut is_raw, mut is_told) = (false, false);
    for alternative in &syntax.alternatives {
        let mut terms = Vec::with_capacity(alternative.len());
        for term in alternative {
            let lowered = lower_test(&term.test, place, &mut is_told);
            let (test, raw) = lowered.map_err(ConditionError::Wrong)?;
            is_raw |= raw;
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
    if is_raw && place.section != "defaults" {
        let (proxy, at) = (place.proxy.to_owned(), place.at.clone());
        place.notes.raw_conditions.push((proxy, at));
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

/// Lowers a test; gives whether it looks at bytes, too. Of several tests without a value the reference tells only of the
/// first: `is_told` says that there was one.
fn lower_test(
    test: &TestSyntax,
    place: &mut Place<'_>,
    is_told: &mut bool,
) -> Result<(Test, bool), String> {
    match test {
        TestSyntax::Anonymous(words) => {
            let lowered = lower_acl("", words, place)?;
            warn_of_points(place, None, &[(lowered.fetch, lowered.points)], is_told);
            Ok((Test::Anonymous(Box::new(lowered.acl)), lowered.is_raw))
        }
        TestSyntax::Named(word) => {
            let name = word.as_str();
            if let Some(AclFacts { fetches, is_raw }) = place.acls.get(name.as_ref()) {
                warn_of_points(place, Some(&name), fetches, is_told);
                return Ok((Test::Named(name.into_owned()), *is_raw));
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
            warn_of_points(
                place,
                Some(&name),
                &[(lowered.fetch, lowered.points)],
                is_told,
            );
            Ok((Test::Anonymous(Box::new(lowered.acl)), lowered.is_raw))
        }
    }
}

/// Warns of a test of which some lines, or all, have no value where the condition stands.
fn warn_of_points(
    place: &mut Place<'_>,
    name: Option<&str>,
    fetches: &[(String, Points)],
    is_told: &mut bool,
) {
    let Some(point) = place.points.first().filter(|_| !*is_told) else {
        return;
    };
    let useless = |row: &&(String, Points)| !row.1.intersects(place.points);
    let Some((fetch, _)) = fetches.iter().find(useless) else {
        return;
    };
    let rule_set = place.surroundings.starts_with("tcp-").then_some(point);
    let rule_set = rule_set.and_then(Point::tcp_rule_set);
    let within = rule_set.map(|name| format!(" in '{name}'"));
    let within = within.as_deref().unwrap_or_default();
    let is_all = fetches.iter().filter(useless).count() == fetches.len();
    let why = match name {
        None => format!(
            "anonymous acl will never match{within} because it uses keyword '{fetch}' which is incompatible"
        ),
        Some(name) if is_all => format!(
            "acl '{name}' will never match{within} because it only involves keywords that are incompatible"
        ),
        Some(name) => {
            let keyword = rule_set.map_or("keywords", |_| "keyword");
            format!("acl '{name}' involves {keyword} '{fetch}' which is incompatible")
        }
    };
    let (at, point) = (&place.at, point.description());
    let warning = format!("parsing [{at}] : {why} with '{point}'");
    place.notes.warnings.push(warning);
    *is_told = true;
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
