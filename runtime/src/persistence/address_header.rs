//! Headers that tell a server whom it serves: `option forwardfor`, `option originalto`, `unique-id-header`,
//! `http-send-name-header`. Example: `option forwardfor except 127.0.0.0/8` adds `X-Forwarded-For: 192.0.2.7`.

use std::{io::Write, net::IpAddr};

use locum_model::proxy::AddressHeader;

use crate::http::Head;

/// Adds an address behind all other headers, if the frontend's or the backend's option wants it.
///
/// The backend's name wins. An `except` of either keeps the header out; `if-none` counts only if all options that are
/// set have it. IPv4 addresses in IPv6 form are written and compared as IPv6. A client on a unix socket has no address.
pub fn add(
    head: &mut Head,
    frontend: Option<&AddressHeader>,
    backend: Option<&AddressHeader>,
    address: Option<IpAddr>,
) {
    let (Some(address), Some(named)) = (address, backend.or(frontend)) else {
        return;
    };
    let options = || frontend.into_iter().chain(backend);
    let is_excepted = |option: &AddressHeader| {
        option
            .except
            .is_some_and(|network| network.contains(address))
    };
    let name = named.name.as_bytes();
    if options().any(is_excepted)
        || options().all(|option| option.if_none) && head.position(name, 0).is_some()
    {
        return;
    }
    let mut text = [0; 48];
    let room = text.len();
    let mut rest = &mut text[..];
    write!(rest, "{address}").expect("48 bytes hold every address");
    let length = room - rest.len();
    head.add(name, &text[..length]);
}

/// Adds the identifier of a request, besides one that is there; an empty one too. It comes before the addresses.
pub fn add_unique_id(head: &mut Head, name: &[u8], identifier: &[u8]) {
    head.add(name, identifier);
}

/// Puts the server's name in the place of all headers of that name, before each attempt to send the request. It comes
/// behind the addresses.
pub fn set_server_name(head: &mut Head, name: &[u8], server: &[u8]) {
    head.set(name, server);
}

#[cfg(test)]
mod tests {
    use locum_model::{Text, address::Network};

    use super::*;
    use crate::http::Version;

    /// `name`, `if-none` and `except` separated by spaces; empty: the option isn't set.
    fn option(words: &str) -> Option<AddressHeader> {
        let mut words = words.split_whitespace();
        let name = Text::from(words.next()?);
        let mut option = AddressHeader {
            name,
            except: None,
            if_none: false,
        };
        for word in words {
            match word.split_once('/') {
                None => option.if_none = true,
                Some((ip, prefix)) => {
                    option.except = Some(Network {
                        ip: ip.parse().unwrap(),
                        prefix: prefix.parse().unwrap(),
                    });
                }
            }
        }
        Some(option)
    }

    fn added(frontend: &str, backend: &str, client: &str, sent: &str) -> Vec<String> {
        let mut head = Head::request(b"GET", b"/", Version::HTTP_11);
        if !sent.is_empty() {
            head.add(sent.as_bytes(), b"1");
        }
        head.add(b"z", b"z");
        let frontend = option(frontend);
        let backend = option(backend);
        let address = client.parse().ok();
        add(&mut head, frontend.as_ref(), backend.as_ref(), address);
        let line = |(name, value): (&[u8], &[u8])| {
            String::from_utf8([name, b": ", value].concat()).unwrap()
        };
        let after = head.position(b"z", 0).unwrap() + 1;
        head.iter().skip(after).map(line).collect()
    }

    #[test]
    fn frontend_and_backend_are_combined_as_the_reference_combines_them() {
        let xff = "X-Forwarded-For";
        let local = "X-Forwarded-For 127.0.0.0/8";
        let other = "X-Forwarded-For 10.0.0.0/8";
        let none = "X-Forwarded-For if-none";
        for (frontend, backend, client, sent, expected) in [
            (xff, "", "127.0.0.1", "", "x-forwarded-for: 127.0.0.1"),
            ("", xff, "127.0.0.1", "", "x-forwarded-for: 127.0.0.1"),
            (xff, xff, "127.0.0.1", xff, "x-forwarded-for: 127.0.0.1"),
            ("X-FE", "X-BE", "127.0.0.1", "", "x-be: 127.0.0.1"),
            ("X-FE", xff, "127.0.0.1", "", "x-forwarded-for: 127.0.0.1"),
            ("", "", "127.0.0.1", "", ""),
            (local, xff, "127.0.0.1", "", ""),
            (xff, local, "127.0.0.1", "", ""),
            (local, other, "127.0.0.1", "", ""),
            (other, xff, "127.0.0.1", "", "x-forwarded-for: 127.0.0.1"),
            ("X-FE 127.0.0.1/32", "X-BE", "127.0.0.1", "", ""),
            (xff, "", "::1", "", "x-forwarded-for: ::1"),
            (local, "", "::1", "", "x-forwarded-for: ::1"),
            (
                local,
                "",
                "::ffff:127.0.0.1",
                "",
                "x-forwarded-for: ::ffff:127.0.0.1",
            ),
            (xff, xff, "unix", "", ""),
            (none, xff, "127.0.0.1", xff, "x-forwarded-for: 127.0.0.1"),
            (xff, none, "127.0.0.1", xff, "x-forwarded-for: 127.0.0.1"),
            (none, none, "127.0.0.1", xff, ""),
            (none, "", "127.0.0.1", xff, ""),
            ("", none, "127.0.0.1", xff, ""),
            ("", none, "127.0.0.1", "", "x-forwarded-for: 127.0.0.1"),
            (
                "X-FE if-none",
                "X-BE if-none",
                "127.0.0.1",
                "X-FE",
                "x-be: 127.0.0.1",
            ),
            ("X-FE if-none", "X-BE if-none", "127.0.0.1", "X-BE", ""),
        ] {
            let expected: Vec<_> = Some(expected)
                .into_iter()
                .filter(|e| !e.is_empty())
                .collect();
            assert_eq!(
                added(frontend, backend, client, sent),
                expected,
                "{frontend} | {backend} | {client} | {sent}"
            );
        }
    }

    #[test]
    fn identifier_addresses_and_server_name_stand_in_this_order() {
        let mut head = Head::request(b"GET", b"/", Version::HTTP_11);
        head.add(b"X-UID", b"mine");
        head.add(b"X-Srv", b"a");
        head.add(b"X-Srv", b"b");
        let client = "192.0.2.7".parse().ok();
        add_unique_id(&mut head, b"X-UID", b"uid");
        add(&mut head, option("X-Forwarded-For").as_ref(), None, client);
        add(&mut head, option("X-Original-To").as_ref(), None, client);
        set_server_name(&mut head, b"X-Srv", b"s1");
        set_server_name(&mut head, b"X-Srv", b"s2");
        let names: Vec<_> = head.iter().map(|(_, value)| value).collect();
        let expected: [&[u8]; 5] = [b"mine", b"uid", b"192.0.2.7", b"192.0.2.7", b"s2"];
        assert_eq!(names, expected);
        assert_eq!(head.name(4), b"x-srv");
    }
}
