//! Who the client says it is: `http_auth`, `http_auth_group`, `http_auth_user`, `_pass`, `_type`, `_bearer`
//! (manual 7.3.6). Only `authorization` counts, also in requests for a proxy (observed).
//!
//! ```text
//! http-request auth unless { http_auth(admins) }
//! ```

use std::ops::ControlFlow;

use base64::Engine as _;
use locum_runtime::{
    http::message::{Head, trim},
    sample::value::{Arena, Fetched, Type, Value},
    vocab::FetchDef,
};

use super::{fetch, request};

pub(super) static HTTP_AUTH: FetchDef = fetch("http_auth", Type::Bool, |view, args, arena| {
    let Some(list) = args.userlist(0) else {
        return Fetched::Absent;
    };
    request(view, |head| {
        let (user, password) = basic(head, arena)?;
        Some(Value::Bool(list.admits(user, password)))
    })
});

/// The user, if the password is right; an access list matches the groups.
pub(super) static HTTP_AUTH_GROUP: FetchDef = FetchDef {
    each: Some(|view, args, arena, each| {
        let (Some(head), Some(list)) = (view.request, args.userlist(0)) else {
            return view.last_look;
        };
        if let Some((user, password)) = basic(head, arena)
            && list.admits(user, password)
        {
            let mut groups = list.groups(user).map(|group| Value::Str(group.as_bytes()));
            let _: ControlFlow<()> = groups.try_for_each(each);
        }
        true
    }),
    ..fetch("http_auth_group", Type::Str, |view, args, arena| {
        let Some(list) = args.userlist(0) else {
            return Fetched::Absent;
        };
        request(view, |head| {
            let (user, password) = basic(head, arena)?;
            list.admits(user, password).then_some(Value::Str(user))
        })
    })
};

pub(super) static HTTP_AUTH_BEARER: FetchDef =
    fetch("http_auth_bearer", Type::Str, |view, args, _| {
        request(view, |head| {
            let value = match args.text(0).filter(|name| !name.is_empty()) {
                Some(name) => head.first(name)?,
                None => authorization(head)?,
            };
            let (scheme, token) = split(value);
            scheme
                .eq_ignore_ascii_case(b"bearer")
                .then_some(Value::Str(token))
        })
    });

pub(super) static HTTP_AUTH_PASS: FetchDef =
    fetch("http_auth_pass", Type::Str, |view, _, arena| {
        request(view, |head| {
            basic(head, arena).map(|(_, password)| Value::Str(password))
        })
    });

pub(super) static HTTP_AUTH_TYPE: FetchDef = fetch("http_auth_type", Type::Str, |view, _, _| {
    request(view, |head| {
        authorization(head).map(|value| Value::Str(split(value).0))
    })
});

pub(super) static HTTP_AUTH_USER: FetchDef =
    fetch("http_auth_user", Type::Str, |view, _, arena| {
        request(view, |head| {
            basic(head, arena).map(|(user, _)| Value::Str(user))
        })
    });

fn authorization(head: &Head) -> Option<&[u8]> {
    head.first(b"authorization")
}

/// Scheme and what follows it.
fn split(value: &[u8]) -> (&[u8], &[u8]) {
    match value.iter().position(|&byte| byte == b' ') {
        Some(at) => (&value[..at], trim(&value[at + 1..])),
        None => (value, b""),
    }
}

/// User and password of Basic authentication (RFC 7617).
fn basic<'a>(head: &'a Head, arena: &'a Arena) -> Option<(&'a [u8], &'a [u8])> {
    let (scheme, token) = split(authorization(head)?);
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let text = arena.alloc_slice_fill_copy(token.len(), 0u8);
    let length = base64::engine::general_purpose::STANDARD
        .decode_slice(token, text)
        .ok()?;
    let text: &'a [u8] = &text[..length];
    let at = text.iter().position(|&byte| byte == b':')?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_runtime::http::message::Version;

    #[test]
    fn the_password_may_hold_colons() {
        let mut head = Head::request(b"GET", b"/", Version::HTTP_11);
        head.add(b"Authorization", b"basic  dTpwOnc=");
        let arena = Arena::new();
        assert_eq!(basic(&head, &arena), Some((&b"u"[..], &b"p:w"[..])));
        head.set(b"authorization", b"Basic ###");
        assert_eq!(basic(&head, &arena), None);
    }
}
