//! Versions as `version_atleast` and `openssl_version_atleast` compare them (manual 2.4).

/// A version whose order is that of its release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    numbers: [u64; 4],
    /// Below zero for development versions and candidates, so that they come before the release.
    stage: i8,
    stage_number: u64,
    /// Commits since the release: `2.6.12-44`. Debian's `2.6.12-1+deb12u4` has none, as that isn't a number.
    commits: u64,
}

impl Version {
    /// `2.6`, `2.4-dev19`, `2.6.12-44`; missing numbers are zero, so is what isn't a version at all.
    pub(crate) fn parse(text: &str) -> Self {
        let (numbers, suffix) = numbers(text);
        let (stage, stage_number) = [("-dev", -2), ("-pre", -1), ("-rc", -1)]
            .into_iter()
            .find_map(|(name, stage)| {
                suffix
                    .strip_prefix(name)
                    .map(|rest| (stage, number(rest).0))
            })
            .unwrap_or((0, 0));
        let commits = if suffix.starts_with('-') {
            trailing_commits(suffix)
        } else {
            0
        };
        Self {
            numbers,
            stage,
            stage_number,
            commits,
        }
    }

    /// `1.1.1`, `1.0.2k`, `3.0.0-alpha1`: a letter is the fourth number.
    pub(crate) fn openssl(text: &str) -> Self {
        let (mut numbers, suffix) = numbers(text);
        if let Some(letter) = suffix.bytes().next().filter(u8::is_ascii_lowercase) {
            numbers[3] = u64::from(letter - b'a') + 1;
        }
        let stage = match suffix {
            _ if suffix.starts_with("-alpha") => -3,
            _ if suffix.starts_with("-beta") => -2,
            _ if suffix.starts_with("-rc") || suffix.starts_with("-pre") => -1,
            _ => 0,
        };
        let stage_number = number(suffix.trim_start_matches(|c: char| !c.is_ascii_digit())).0;
        let stage_number = if stage == 0 { 0 } else { stage_number };
        Self {
            numbers,
            stage,
            stage_number,
            commits: 0,
        }
    }
}

/// Up to four numbers with dots between them, and what follows.
fn numbers(text: &str) -> ([u64; 4], &str) {
    let mut rest = text.trim_start();
    let mut numbers = [0; 4];
    for slot in &mut numbers {
        (*slot, rest) = number(rest);
        match rest.strip_prefix('.') {
            Some(behind) => rest = behind,
            None => break,
        }
    }
    (numbers, rest)
}

fn number(text: &str) -> (u64, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    (
        text[..end]
            .parse()
            .unwrap_or(if end == 0 { 0 } else { u64::MAX }),
        &text[end..],
    )
}

/// The number behind the last dash, if nothing but digits is there.
fn trailing_commits(suffix: &str) -> u64 {
    match suffix.rsplit('-').next() {
        Some(last) if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) => {
            number(last).0
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    fn older_than_ours(text: &str) -> bool {
        Version::parse(text) <= Version::parse("2.6.12-1+deb12u4")
    }

    #[test]
    fn versions_compare_as_the_reference_compares_them() {
        for text in [
            "",
            "abc",
            "v2",
            "2",
            "2.6",
            "2.6.12",
            "2.6-dev5",
            "2.6.12-dev1",
            "2.6.12-rc1",
            "2..7",
            "2.6.12+deb",
            "2.6.12-0",
            "2.6.12-1+deb12u5",
            "2.6.12-1-g1",
            "2.6.12-1-4b",
            "2.6.12x-1",
            "2.6.12-dev1-1",
            "2.6.12.0",
        ] {
            assert!(older_than_ours(text), "{text} should not be newer");
        }
        for text in [
            "2.6.13",
            "2.7-dev1",
            "2.6.12-1",
            "2.6.12-1-44",
            "2.6.12-x-1",
            "2.6.12.1",
            "2.6.12.1-dev0",
            "2.6.13-dev1-5",
            " 2.9",
            "9x",
            "1000.0",
            "2.6.256",
            "3-pre9",
        ] {
            assert!(!older_than_ours(text), "{text} should be newer");
        }
    }

    #[test]
    fn openssl_letters_and_stages_order() {
        let order = [
            "1.0.2",
            "1.0.2k",
            "1.1.1-beta2",
            "1.1.1",
            "1.1.1w",
            "3.0.0-alpha1",
            "3.0.0",
            "3.0.17",
        ];
        for pair in order.windows(2) {
            assert!(
                Version::openssl(pair[0]) < Version::openssl(pair[1]),
                "{pair:?}"
            );
        }
    }
}
