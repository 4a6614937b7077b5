//! Dotted numbers, which `req.ssl_ver` is compared with: `3.1` is 3 · 65536 + 1 (manual 7.3.5, "req.ssl_ver").
//!
//! ```text
//! acl tls12 req.ssl_ver 3.3
//! acl old   req.ssl_ver lt 3.1
//! ```

/// Access-list words whose patterns are dotted numbers unless `-m` says otherwise.
pub(super) const WORDS: [&str; 2] = ["req.ssl_ver", "req_ssl_ver"];

/// A pattern as the number, or the range of numbers, that it stands for; operators stay as they are.
///
/// # Errors
/// The reference's wording.
pub(super) fn number(text: &str) -> Result<String, String> {
    if matches!(text, "eq" | "ge" | "gt" | "le" | "lt") {
        return Ok(text.to_owned());
    }
    let bound = |text: &str| match (text, value(text)) {
        ("", _) => Ok(None),
        (_, Some(value)) => Ok(Some(value)),
        (_, None) => Err(()),
    };
    let wrong = |()| format!("'{text}' is not a dotted number");
    let Some((low, high)) = text.split_once(':') else {
        let value = value(text).ok_or(()).map_err(wrong)?;
        return Ok(value.to_string());
    };
    let (low, high) = (bound(low).map_err(wrong)?, bound(high).map_err(wrong)?);
    if low.zip(high).is_some_and(|(low, high)| low > high) {
        return Err(format!("'{text}' is not a valid dotted number range"));
    }
    let shown = |bound: Option<u32>| bound.map(|bound| bound.to_string()).unwrap_or_default();
    Ok(format!("{}:{}", shown(low), shown(high)))
}

/// `3` is `3.0`.
fn value(text: &str) -> Option<u32> {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    let part = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| is_number)
    };
    Some(u32::from(part(major)?) << 16 | u32::from(part(minor)?))
}

#[cfg(test)]
mod tests {
    use super::number;

    // Recorded from the reference.
    #[test]
    fn versions_become_numbers() {
        assert_eq!(number("3.1").unwrap(), "196609");
        assert_eq!(number("3").unwrap(), "196608");
        assert_eq!(number("3.1:").unwrap(), "196609:");
        assert_eq!(number(":3").unwrap(), ":196608");
        assert_eq!(number("gt").unwrap(), "gt");
        for bad in ["65536", "3.65536", "3.", ".3", "3.x", "+3"] {
            assert_eq!(
                number(bad).unwrap_err(),
                format!("'{bad}' is not a dotted number")
            );
        }
        let reversed = "'3.2:3.1' is not a valid dotted number range";
        assert_eq!(number("3.2:3.1").unwrap_err(), reversed);
    }
}
