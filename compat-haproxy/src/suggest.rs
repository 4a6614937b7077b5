//! "did you mean": the known word that is nearest to an unknown one.

use strsim::osa_distance;

/// The known word that is most like `word`, if any is near enough.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let distance = osa_distance(word, candidate);
        if best.is_none_or(|(nearest, _)| distance < nearest) {
            best = Some((distance, candidate));
        }
    }
    let (distance, candidate) = best?;
    let length = word.chars().count().max(candidate.chars().count());
    (distance * 5 <= length * 2 && distance < length.min(word.chars().count())).then_some(candidate)
}

/// `; did you mean 'x' maybe ?`, or nothing.
pub fn hint<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| {
        format!("; did you mean '{near}' maybe ?")
    })
}

/// The hint for an unknown keyword of a proxy. Section words are among the candidates, as a section may have been meant.
pub fn keyword(word: &str) -> String {
    let names = crate::keyword::PROXY_FAMILIES
        .iter()
        .flat_map(|rows| rows.iter())
        .map(|row| row.name);
    hint(word, names.chain(SECTIONS.iter().copied()))
}

/// The hint for an unknown keyword of `global`.
pub fn global(word: &str) -> String {
    let names = crate::keyword::GLOBAL_FAMILIES
        .iter()
        .flat_map(|rows| rows.iter())
        .map(|row| row.name);
    hint(word, names.chain(SECTIONS.iter().copied()))
}

const SECTIONS: &[&str] = &[
    "backend",
    "cache",
    "defaults",
    "fcgi-app",
    "frontend",
    "global",
    "http-errors",
    "listen",
    "log-forward",
    "mailers",
    "peers",
    "program",
    "resolvers",
    "ring",
    "userlist",
];
