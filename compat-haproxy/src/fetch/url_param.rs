//! Parameters of the target: `url_param` (`urlp`) and `urlp_val` (manual 7.3.6). Values are not decoded.
//!
//! ```text
//! acl debug url_param(debug) -m found
//! acl id    urlp(sid,;)      -m len 32
//! ```

use locum_runtime::{
    http::message::Head,
    plan::args::Args,
    sample::value::{Type, Value, leading_int},
    vocab::FetchDef,
};

use super::{fetch, request};

pub(super) static URL_PARAM: FetchDef = FetchDef {
    each: Some(|view, args, _, each| {
        let Some(head) = view.request else {
            return view.last_look;
        };
        let _ = values(head, args).map(Value::Str).try_for_each(each);
        true
    }),
    ..fetch("url_param", Type::Str, |view, args, _| {
        request(view, |head| values(head, args).next().map(Value::Str))
    })
};

pub(super) static URLP_VAL: FetchDef = FetchDef {
    each: Some(|view, args, _, each| {
        let Some(head) = view.request else {
            return view.last_look;
        };
        let numbers = values(head, args).filter_map(leading_int);
        let _ = numbers.map(Value::Int).try_for_each(each);
        true
    }),
    ..fetch("urlp_val", Type::Int, |view, args, _| {
        request(view, |head| {
            leading_int(values(head, args).next()?).map(Value::Int)
        })
    })
};

/// Values of the parameter of the first argument, or of all: what follows the delimiter (`?`; of several characters the
/// first), in parts between `&`, `;` and the delimiter itself (observed). A part without `=` has no value.
fn values<'a>(head: &'a Head, args: &'a Args) -> impl Iterator<Item = &'a [u8]> {
    let delimiter = args
        .text(1)
        .and_then(|text| text.first())
        .copied()
        .unwrap_or(b'?');
    let uri = head.uri();
    let from = uri
        .iter()
        .position(|&byte| byte == delimiter)
        .map_or(uri.len(), |at| at + 1);
    named(&uri[from..], args.text(0), delimiter)
}

/// Values of one parameter, or of all without a name, of a text written like a query string.
pub(super) fn named<'a>(
    query: &'a [u8],
    name: Option<&'a [u8]>,
    delimiter: u8,
) -> impl Iterator<Item = &'a [u8]> {
    let name = name.filter(|name| !name.is_empty());
    query
        .split(move |&byte| matches!(byte, b'&' | b';') || byte == delimiter)
        .filter_map(|part| {
            let at = part.iter().position(|&byte| byte == b'=')?;
            Some((&part[..at], &part[at + 1..]))
        })
        .filter(move |(found, _)| name.is_none_or(|name| *found == name))
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_runtime::{http::message::Version, plan::args::Arg as Compiled};

    fn param(name: &str, delimiter: Option<&str>) -> Option<String> {
        let head = Head::request(
            b"GET",
            b"/p;sid=x;b=7?x=1&y&=v&X=3&x=5&ab=2?z=8,c=9,",
            Version::HTTP_11,
        );
        let mut args = vec![Compiled::Str(name.as_bytes().into())];
        args.extend(delimiter.map(|text| Compiled::Str(text.as_bytes().into())));
        let args = Args(args.into());
        values(&head, &args)
            .next()
            .map(|value| String::from_utf8_lossy(value).into_owned())
    }

    // Values recorded from the reference.
    #[test]
    fn the_first_parameter_of_a_name_counts() {
        assert_eq!(param("x", None).as_deref(), Some("1"));
        assert_eq!(param("X", None).as_deref(), Some("3"));
        assert_eq!(param("y", None), None);
        assert_eq!(param("", None).as_deref(), Some("1"));
        assert_eq!(param("sid", Some(";")).as_deref(), Some("x"));
        assert_eq!(param("b", Some(";")).as_deref(), Some("7?x=1"));
        assert_eq!(param("z", None).as_deref(), Some("8,c=9,"));
        assert_eq!(param("c", Some(",;")).as_deref(), Some("9"));
    }
}
