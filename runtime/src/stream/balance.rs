//! What the balancer is given of a request: the hash of its key (manual: "balance", "hash-type").

use locum_model::pool::{Balance, HashType};

use super::{ClientSide, Stream};
use crate::{
    http::Head,
    lb::{Choice, hash},
    net::rdp,
    sample::value::{Arena, Type, Value},
};

impl<C: ClientSide> Stream<'_, C> {
    /// What the balancer needs of this request.
    pub(super) fn balance_choice(&self) -> Choice {
        let Some(backend) = &self.backend.backend else {
            return Choice::default();
        };
        let settings = &backend.settings;
        let (hash, random) = match &settings.balance {
            Balance::Source => {
                let source = self.session.source;
                let hash = source.map(|s| hash::of_address(settings.hash_type, s.ip()));
                (hash, 0)
            }
            Balance::Random(_) => (None, self.worker.next_random()),
            Balance::Hash(_) => (self.hash_of_expression(settings.hash_type), 0),
            // Bytes without a request have no other key.
            Balance::RdpCookie(name) if self.request.method().is_empty() => {
                let packet = self.client.buffered_body().bytes;
                let hash = match rdp::cookie(packet, Some(name.as_bytes())) {
                    rdp::Cookie::Value(key) if !key.is_empty() => {
                        hash::of_bytes(settings.hash_type, key)
                    }
                    _ => None,
                };
                (hash, 0)
            }
            _ if self.request.method().is_empty() => (None, 0),
            keyed => {
                let body = self.client.buffered_body().bytes;
                let key = request_key(keyed, &self.request, body);
                let hash = key.and_then(|key| hash::of_bytes(settings.hash_type, key));
                (hash, 0)
            }
        };
        Choice {
            hash,
            random,
            ..Choice::default()
        }
    }

    /// The expression's value as bytes; integers are eight bytes, addresses four or sixteen.
    fn hash_of_expression(&self, hash_type: HashType) -> Option<u32> {
        let expression = self.backend.backend.as_ref()?.balance_key.as_ref()?;
        let arena = Arena::new();
        let value = expression.eval(&self.view(self.backend), &arena).value()?;
        match value.cast(Type::Bin, &arena)? {
            Value::Bin(bytes) => hash::of_bytes(hash_type, bytes),
            _ => None,
        }
    }
}

/// The bytes of a request that an algorithm hashes; none sends the request in turns.
fn request_key<'r>(balance: &'r Balance, request: &'r Head, body: &'r [u8]) -> Option<&'r [u8]> {
    match balance {
        Balance::Uri {
            len,
            depth,
            whole,
            path_only,
        } => {
            let mut uri = match *path_only {
                true => &request.uri()[request.target().before_path().len()..],
                false => request.uri(),
            };
            if *path_only && !uri.starts_with(b"/") {
                uri = b"";
            }
            Some(uri_key(uri, *whole, *len, *depth))
        }
        Balance::UrlParam { name, check_post } => {
            let name = name.as_bytes();
            let uri = request.uri();
            let query = memchr::memchr(b'?', uri).map_or(&b""[..], |at| &uri[at + 1..]);
            parameter(query, name).or_else(|| {
                (*check_post && request.method() == b"POST")
                    .then(|| parameter(body, name))
                    .flatten()
            })
        }
        Balance::Header { name, domain_only } => {
            let value = request.elements(name.as_bytes()).next()?;
            let value = value.trim_ascii();
            match domain_only {
                _ if value.is_empty() => None,
                true => Some(main_domain(value)),
                false => Some(value),
            }
        }
        _ => None,
    }
}

/// The URI up to its query, or whole, cut before the directory behind `depth` and after `len` bytes.
fn uri_key(uri: &[u8], whole: bool, len: Option<u32>, depth: Option<u32>) -> &[u8] {
    let most = len.map_or(usize::MAX, |len| len as usize).min(uri.len());
    let depth = depth.unwrap_or(u32::MAX);
    let mut slashes = 0;
    let end = uri[..most].iter().position(|byte| {
        slashes += u32::from(*byte == b'/');
        slashes > depth || (*byte == b'?' && !whole)
    });
    &uri[..end.unwrap_or(most)]
}

/// The value of a parameter of a query or a body. Only `&` separates; a name without `=` has no value.
fn parameter<'r>(parameters: &'r [u8], name: &[u8]) -> Option<&'r [u8]> {
    parameters
        .split(|byte| *byte == b'&')
        .find_map(|part| part.strip_prefix(name)?.strip_prefix(b"="))
}

/// The label before the top-level one: `1wt` of `haproxy.1wt.eu`. Without a dot behind its first byte, all of it.
fn main_domain(host: &[u8]) -> &[u8] {
    let Some(last) = memchr::memrchr(b'.', host).filter(|at| *at > 0) else {
        return host;
    };
    // The label has at least one byte, be it a dot (observed).
    let start = memchr::memrchr(b'.', &host[..last - 1]).map_or(0, |at| at + 1);
    &host[start..last]
}

#[cfg(test)]
mod tests {
    use super::*;

    // All keys were found by comparing the reference's choice among 61 servers with the hashes of candidates.
    #[test]
    fn a_uri_is_cut_at_its_query_its_depth_and_its_length() {
        let key = |uri: &'static str, len, depth| {
            String::from_utf8_lossy(uri_key(uri.as_bytes(), false, len, depth)).into_owned()
        };
        assert_eq!(key("/abc?x=1", None, None), "/abc");
        assert_eq!(key("http://a/abc?x", None, None), "http://a/abc");
        assert_eq!(key("/ab/cd/ef/gh?x=1/2", None, Some(1)), "/ab");
        assert_eq!(key("/ab/cd/ef/gh?x=1/2", None, Some(2)), "/ab/cd");
        assert_eq!(key("//ab/c", None, Some(1)), "/");
        assert_eq!(key("//ab/c", None, Some(2)), "//ab");
        assert_eq!(key("/abcdef", Some(3), None), "/ab");
        assert_eq!(key("/a/bcd/c", Some(4), Some(2)), "/a/b");
        assert_eq!(uri_key(b"/abc?x=1", true, None, None), b"/abc?x=1");
    }

    #[test]
    fn a_parameter_ends_at_an_ampersand_and_may_be_empty() {
        assert_eq!(parameter(b"x=1&id=abc", b"id"), Some(&b"abc"[..]));
        assert_eq!(parameter(b"id=abc;x=1", b"id"), Some(&b"abc;x=1"[..]));
        assert_eq!(parameter(b"xid=1&id=ab", b"id"), Some(&b"ab"[..]));
        assert_eq!(parameter(b"id=", b"id"), Some(&b""[..]));
        assert_eq!(parameter(b"id&x", b"id"), None);
        assert_eq!(parameter(b"a=1;id=abc", b"id"), None);
    }

    #[test]
    fn the_main_domain_is_the_label_before_the_last() {
        let domain = |host: &'static str| String::from_utf8_lossy(main_domain(host.as_bytes()));
        assert_eq!(domain("haproxy.1wt.eu"), "1wt");
        assert_eq!(domain("1wt.eu"), "1wt");
        assert_eq!(domain("www.foo.co.uk"), "co");
        assert_eq!(domain("foo.bar:8080"), "foo");
        assert_eq!(domain("localhost"), "localhost");
        assert_eq!(domain("foo:80"), "foo:80");
        assert_eq!(domain("foo.bar."), "bar");
        assert_eq!(domain("foo."), "foo");
        assert_eq!(domain(".foo"), ".foo");
        assert_eq!(domain("..foo"), ".");
        assert_eq!(domain("a..b"), "a.");
    }
}
