//! Regular expressions, compiled once to see whether they are valid.

/// Checks a pattern in PCRE syntax.
///
/// # Errors
/// The reference's wording, with the library's own message and offset.
pub fn check(pattern: &[u8], ignore_case: bool) -> Result<(), String> {
    let text = String::from_utf8_lossy(pattern);
    match pcre2::bytes::RegexBuilder::new()
        .caseless(ignore_case)
        .build(&text)
    {
        Ok(_) => Ok(()),
        Err(error) => {
            let said = error.to_string();
            let reason = said
                .rsplit_once(": ")
                .map_or(said.as_str(), |(_, reason)| reason);
            let offset = error.offset().unwrap_or(0);
            Err(format!(
                "regex '{text}' is invalid (error={reason}, erroffset={offset})"
            ))
        }
    }
}
