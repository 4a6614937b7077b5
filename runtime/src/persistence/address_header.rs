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
