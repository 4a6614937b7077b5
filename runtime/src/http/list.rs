//! Comma-separated values (RFC 9110 §5.6.1).

/// Elements of one comma-separated value (RFC 9110 §5.6.1): trimmed, empty ones left out, commas in quoted strings kept.
pub fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    raw_elements(value).filter(|element| !element.is_empty())
}

/// The same with the empty elements.
pub fn raw_elements(value: &[u8]) -> Elements<'_> {
    Elements { rest: Some(value) }
}

/// Iterator over the elements of a comma-separated value, trimmed.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let end = element_end(rest);
        self.rest = rest.get(end + 1..);
        Some(trim(&rest[..end]))
    }
}

/// Where the first element ends: at its comma, or with the value.
fn element_end(value: &[u8]) -> usize {
    // Quotes are rare, and most values have one element.
    let mut at = match memchr::memchr2(b',', b'"', value) {
        Some(at) if value[at] == b'"' => at,
        end => return end.unwrap_or(value.len()),
    };
    let mut quoted = false;
    while let Some(&byte) = value.get(at) {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' if quoted => at += 1,
            b',' if !quoted => return at,
            _ => {}
        }
        at += 1;
    }
    value.len()
}

/// Without the spaces and tabs around it.
#[inline]
pub fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
