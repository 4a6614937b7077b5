//! What was captured: headers `%hr %hrl %hs %hsl`, cookies `%CC %CS` (manual 8.2.4, 8.7, 8.8).

use locum_runtime::{
    sample::format::{Encoding, Field},
    vocab::AliasDef,
};

use super::{alias, http_alias};

pub(super) static HR: AliasDef = alias("hr", |view, field| {
    let captures = view.stream.map(|stream| stream.request_captures.borrow());
    block(captures.as_ref().map(|captures| captures.as_slice()), field);
});
pub(super) static HRL: AliasDef = alias("hrl", |view, field| {
    let captures = view.stream.map(|stream| stream.request_captures.borrow());
    list(captures.as_ref().map(|captures| captures.as_slice()), field);
});
pub(super) static HS: AliasDef = alias("hs", |view, field| {
    let captures = view.stream.map(|stream| stream.response_captures.borrow());
    block(captures.as_ref().map(|captures| captures.as_slice()), field);
});
pub(super) static HSL: AliasDef = alias("hsl", |view, field| {
    let captures = view.stream.map(|stream| stream.response_captures.borrow());
    list(captures.as_ref().map(|captures| captures.as_slice()), field);
});

pub(super) static CC: AliasDef = http_alias("CC", |view, field| {
    field.optional(
        view.stream
            .and_then(|stream| stream.cookie_captures.0.as_deref()),
    );
});
pub(super) static CS: AliasDef = http_alias("CS", |view, field| {
    field.optional(
        view.stream
            .and_then(|stream| stream.cookie_captures.1.as_deref()),
    );
});

/// `{a|b|}`; nothing at all when nothing is captured.
fn block(captures: Option<&[Option<Vec<u8>>]>, field: &mut Field<'_>) {
    let captures = captures.unwrap_or_default();
    if captures.is_empty() {
        return;
    }
    field.quoted(|field| {
        for (at, value) in captures.iter().enumerate() {
            field.raw(if at == 0 { b"{" } else { b"|" });
            if let Some(value) = value {
                field.push(value, Some(Encoding::Header));
            }
        }
        field.raw(b"}");
    });
}

/// Each in its own field, for CLF: `a b -`.
fn list(captures: Option<&[Option<Vec<u8>>]>, field: &mut Field<'_>) {
    for (at, value) in captures.unwrap_or_default().iter().enumerate() {
        if at > 0 {
            field.raw(b" ");
        }
        match value {
            Some(value) => field.encoded(value, Encoding::Header),
            None => field.absent(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_model::expr::FormatFlags;
    use locum_runtime::sample::format::Style;

    fn written(quote: bool, write: impl FnOnce(&mut Field<'_>)) -> String {
        let mut out = Vec::new();
        let flags = FormatFlags {
            quote,
            ..FormatFlags::default()
        };
        write(&mut Field::new(&mut out, "", flags, Style::Log));
        String::from_utf8(out).unwrap()
    }

    // Values recorded from the reference.
    #[test]
    fn captured_headers_stand_in_braces_or_in_fields() {
        let captures = [Some(b"x\"y|".to_vec()), Some(Vec::new()), None];
        assert_eq!(
            written(false, |field| block(Some(&captures), field)),
            "{x#22y#7C||}"
        );
        assert_eq!(
            written(true, |field| block(Some(&captures), field)),
            "\"{x#22y#7C||}\""
        );
        assert_eq!(
            written(false, |field| list(Some(&captures), field)),
            "x#22y#7C  -"
        );
        assert_eq!(
            written(true, |field| list(Some(&captures), field)),
            "\"x#22y#7C\" \"\" \"\""
        );
        assert_eq!(written(true, |field| block(None, field)), "");
    }
}
