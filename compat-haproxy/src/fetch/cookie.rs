//! Cookies: `req.cook`, `res.cook`, their `_cnt` and `_val` (manual 7.3.6).
//!
//! ```text
//! acl known req.cook(SESSION) -m found
//! ```

use std::ops::ControlFlow;

use locum_runtime::{
    http::message::{Head, trim},
    plan::args::Args,
    sample::{
        value::{Type, Value, leading_int},
        view::View,
    },
    vocab::FetchDef,
};

use super::{fetch, request, response};

pub(super) static REQ_COOK: FetchDef = FetchDef {
    each: Some(|view, args, _, each| each_of(view.request, of_request, view, args, text, each)),
    ..fetch("req.cook", Type::Str, |view, args, _| {
        request(view, |head| text(one(of_request(head), args)?))
    })
};

pub(super) static REQ_COOK_CNT: FetchDef = fetch("req.cook_cnt", Type::Int, |view, args, _| {
    request(view, |head| Some(count(of_request(head), args)))
});

pub(super) static REQ_COOK_VAL: FetchDef = FetchDef {
    each: Some(|view, args, _, each| each_of(view.request, of_request, view, args, number, each)),
    ..fetch("req.cook_val", Type::Int, |view, args, _| {
        request(view, |head| number(one(of_request(head), args)?))
    })
};

pub(super) static RES_COOK: FetchDef = FetchDef {
    each: Some(|view, args, _, each| each_of(view.response, of_response, view, args, text, each)),
    ..fetch("res.cook", Type::Str, |view, args, _| {
        response(view, |head| text(one(of_response(head), args)?))
    })
};

pub(super) static RES_COOK_CNT: FetchDef = fetch("res.cook_cnt", Type::Int, |view, args, _| {
    response(view, |head| Some(count(with_attributes(head), args)))
});

pub(super) static RES_COOK_VAL: FetchDef = FetchDef {
    each: Some(|view, args, _, each| each_of(view.response, of_response, view, args, number, each)),
    ..fetch("res.cook_val", Type::Int, |view, args, _| {
        response(view, |head| number(one(of_response(head), args)?))
    })
};

/// `cookie`: of the message that the rule is about.
pub(super) static COOKIE: FetchDef =
    fetch("cookie", Type::Str, |view, args, _| match view.response {
        Some(_) => response(view, |head| text(one(of_response(head), args)?)),
        None => request(view, |head| text(one(of_request(head), args)?)),
    });

type Cookies<'a> = Box<dyn Iterator<Item = (&'a [u8], &'a [u8])> + 'a>;

/// Names and values of all `cookie` lines. Semicolons and commas part them; one without `=` is none.
fn of_request(head: &Head) -> Cookies<'_> {
    Box::new(
        head.all(b"cookie")
            .flat_map(|line| Parts { rest: line })
            .filter_map(pair),
    )
}

/// Names and values of all `set-cookie` lines: what stands before the first semicolon.
fn of_response(head: &Head) -> Cookies<'_> {
    Box::new(
        head.all(b"set-cookie")
            .filter_map(|line| Parts { rest: line }.next())
            .filter_map(pair),
    )
}

/// As [`of_response`] with the attributes, which the reference counts too (observed).
fn with_attributes(head: &Head) -> Cookies<'_> {
    Box::new(
        head.all(b"set-cookie")
            .flat_map(|line| Parts { rest: line })
            .filter_map(pair),
    )
}

fn pair(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = part.iter().position(|&byte| byte == b'=')?;
    Some((trim(&part[..at]), trim(&part[at + 1..])))
}

/// The parts of a line between `;` and `,` that stand in no quotes.
struct Parts<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let mut quoted = false;
        let end = self.rest.iter().position(|&byte| {
            quoted ^= byte == b'"';
            !quoted && matches!(byte, b';' | b',')
        });
        let end = end.unwrap_or(self.rest.len());
        let part = trim(&self.rest[..end]);
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        Some(part)
    }
}

/// The last cookie of that name; without a name, the first of all.
fn one<'a>(mut cookies: Cookies<'a>, args: &Args) -> Option<&'a [u8]> {
    match name(args) {
        Some(name) => cookies.filter(|(found, _)| *found == name).last(),
        None => cookies.next(),
    }
    .map(|(_, value)| value)
}

fn count<'a>(cookies: Cookies<'a>, args: &Args) -> Value<'a> {
    let name = name(args);
    let matching = cookies.filter(|(found, _)| name.is_none_or(|name| *found == name));
    Value::Int(matching.count() as i64)
}

fn each_of<'a>(
    head: Option<&'a Head>,
    cookies: fn(&'a Head) -> Cookies<'a>,
    view: &View<'a>,
    args: &'a Args,
    convert: fn(&'a [u8]) -> Option<Value<'a>>,
    each: &mut dyn FnMut(Value<'a>) -> ControlFlow<()>,
) -> bool {
    let Some(head) = head else {
        return view.last_look;
    };
    let name = name(args);
    let _ = cookies(head)
        .filter(|(found, _)| name.is_none_or(|name| *found == name))
        .filter_map(|(_, value)| convert(value))
        .try_for_each(each);
    true
}

/// Names of cookies count with their case.
fn name(args: &Args) -> Option<&[u8]> {
    args.text(0).filter(|name| !name.is_empty())
}

fn text(value: &[u8]) -> Option<Value<'_>> {
    Some(Value::Str(value))
}

fn number(value: &[u8]) -> Option<Value<'_>> {
    Some(Value::Int(leading_int(value).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_runtime::{http::message::Version, plan::args::Arg};

    fn head() -> Head {
        let mut head = Head::request(b"GET", b"/", Version::HTTP_11);
        head.add(b"cookie", b"a=1; A=2;a=3,b=4 ;c; d=\"x;y\" ; e= 5 ");
        head.add(b"cookie", b"=z");
        head
    }

    fn cookie(name: &str) -> Option<String> {
        let args = Args(Box::new([Arg::Str(name.as_bytes().into())]));
        one(of_request(&head()), &args).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    // Values recorded from the reference.
    #[test]
    fn the_last_cookie_of_a_name_counts_and_commas_part_too() {
        assert_eq!(cookie("a").as_deref(), Some("3"));
        assert_eq!(cookie("A").as_deref(), Some("2"));
        assert_eq!(cookie("b").as_deref(), Some("4"));
        assert_eq!(cookie("c"), None);
        assert_eq!(cookie("d").as_deref(), Some("\"x;y\""));
        assert_eq!(cookie("e").as_deref(), Some("5"));
        assert_eq!(cookie("").as_deref(), Some("1"));
        assert_eq!(count(of_request(&head()), &Args::default()), Value::Int(7));
    }
}
