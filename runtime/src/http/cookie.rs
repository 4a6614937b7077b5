//! Cookies in their headers: finding one, changing its value, taking it out, in place.
//!
//! The syntax is what the reference takes (RFC 6265, and of RFC 2965 the comma, quotes and `$` attributes).

use std::ops::Range;

use super::message::Head;
use super::name::Name;

/// One `name=value` of a Cookie header, or the first of a Set-Cookie header, as ranges of the header's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Its name.
    pub name: Range<usize>,
    /// Its value, with its quotes; none if there is no `=`.
    pub value: Option<Range<usize>>,
    /// The delimiter before it.
    before: Option<usize>,
    /// The delimiter behind it, or the end of the header.
    after: usize,
}

/// Pairs of a Cookie header's value, in order; empty ones are left out.
pub fn pairs(value: &[u8]) -> impl Iterator<Item = Pair> {
    let mut next = Some((None, 0));
    std::iter::from_fn(move || {
        loop {
            let (before, from) = next?;
            let pair = pair_at(value, before, from);
            next = (pair.after < value.len()).then_some((Some(pair.after), pair.after + 1));
            if !pair.name.is_empty() || pair.value.is_some() {
                return Some(pair);
            }
        }
    })
}

/// The first pair of a Set-Cookie header's value; its attributes follow and don't count.
pub fn set_cookie(value: &[u8]) -> Option<Pair> {
    Some(pair_at(value, None, 0)).filter(|pair| pair.value.is_some())
}

/// A request's first cookie called `name`: which field it stands in, and where. Names are compared exactly.
pub fn find(head: &Head, name: &[u8]) -> Option<(usize, Pair)> {
    let mut from = 0;
    while let Some(index) = head.position_of(Name::Cookie, from) {
        let value = head.value(index);
        if let Some(pair) = pairs(value).find(|pair| pair.is(value, name)) {
            return Some((index, pair));
        }
        from = index + 1;
    }
    None
}

/// Takes every cookie called `name` out of a request, and the header with its last one.
pub fn remove(head: &mut Head, name: &[u8]) -> usize {
    let mut count = 0;
    while let Some((index, pair)) = find(head, name) {
        count += 1;
        cut(head, index, &pair);
        // Delimiters and attributes alone are no cookies: their header goes too.
        let value = head.value(index);
        let is_nothing = |pair: Pair| match value.get(pair.name) {
            Some([b'$', ..]) => true,
            Some([]) | None => pair.value.is_none(),
            Some(_) => false,
        };
        let field = head.fields().get(index);
        if field.is_some_and(|field| field.id == Name::Cookie) && pairs(value).all(is_nothing) {
            head.remove_at(index);
        }
    }
    count
}

/// Gives a found cookie another value; white space around its `=` goes.
pub fn set_value(head: &mut Head, index: usize, pair: &Pair, value: &[u8]) {
    let Some(old) = &pair.value else { return };
    let header = head.value(index);
    let mut new = Vec::with_capacity(header.len() + value.len());
    new.extend_from_slice(&header[..pair.name.end]);
    new.push(b'=');
    new.extend_from_slice(value);
    new.extend_from_slice(&header[old.end..]);
    head.replace_value(index, &new);
}

impl Pair {
    /// Whether it is called `name` and has a value; `header` is what the pair was found in.
    pub fn is(&self, header: &[u8], name: &[u8]) -> bool {
        self.value.is_some() && header.get(self.name.clone()) == Some(name)
    }

    /// Whether it begins a cookie of a Set-Cookie2 header, where commas separate cookies; others are attributes.
    pub fn begins_cookie(&self, header: &[u8]) -> bool {
        self.before
            .is_none_or(|delimiter| header.get(delimiter) == Some(&b','))
    }

    /// Its value; empty if it has none.
    pub fn value_in<'a>(&self, header: &'a [u8]) -> &'a [u8] {
        self.value
            .clone()
            .and_then(|range| header.get(range))
            .unwrap_or_default()
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn skip_spaces(value: &[u8], from: usize) -> usize {
    value[from..]
        .iter()
        .position(|&byte| !is_space(byte))
        .map_or(value.len(), |count| from + count)
}

fn trim_end(value: &[u8], from: usize, to: usize) -> usize {
    value[from..to]
        .iter()
        .rposition(|&byte| !is_space(byte))
        .map_or(from, |last| from + last + 1)
}

fn pair_at(value: &[u8], before: Option<usize>, from: usize) -> Pair {
    let start = skip_spaces(value, from);
    let name_end = value[start..]
        .iter()
        .position(|byte| matches!(byte, b'=' | b';' | b','));
    let name_end = name_end.map_or(value.len(), |count| start + count);
    let name = start..trim_end(value, start, name_end);
    if value.get(name_end) != Some(&b'=') {
        return Pair {
            name,
            value: None,
            before,
            after: name_end,
        };
    }
    let value_start = skip_spaces(value, name_end + 1);
    let after = value_end(value, value_start);
    Pair {
        name,
        value: Some(value_start..trim_end(value, value_start, after)),
        before,
        after,
    }
}

/// The delimiter behind a value: quoted ones don't count, an unfinished quote goes to the end.
fn value_end(value: &[u8], from: usize) -> usize {
    let mut quoted = false;
    let mut at = from;
    while let Some(&byte) = value.get(at) {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' if quoted => at += 1,
            b';' | b',' if !quoted => return at,
            _ => {}
        }
        at += 1;
    }
    value.len()
}

/// Cuts one pair, with the `$` attributes behind it: the delimiter behind it stays, with one space, if something
/// follows.
fn cut(head: &mut Head, index: usize, pair: &Pair) {
    let value = head.value(index);
    let mut after = pair.after;
    while after < value.len() {
        let next = pair_at(value, Some(after), after + 1);
        if value.get(next.name.start) != Some(&b'$') {
            break;
        }
        after = next.after;
    }
    let rest = if after < value.len() {
        skip_spaces(value, after + 1)
    } else {
        value.len()
    };
    let length = value.len();
    match pair.before {
        None if rest == length => head.remove_at(index),
        None => head.narrow_value(index, rest, length),
        Some(before) if after >= length => head.narrow_value(index, 0, before),
        Some(before) => {
            let delimiter = value[after];
            let kept = trim_end(value, 0, before);
            let bytes = head.value_mut(index);
            // Always shorter than the pair that goes: its name and `=` are at least as long.
            bytes[kept] = delimiter;
            bytes[kept + 1] = b' ';
            bytes.copy_within(rest..length, kept + 2);
            head.narrow_value(index, 0, kept + 2 + length - rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Version;
    use super::*;

    fn request(cookies: &[&str]) -> Head {
        let mut head = Head::request(b"GET", b"/", Version::HTTP_11);
        cookies
            .iter()
            .for_each(|cookie| head.add(b"Cookie", cookie.as_bytes()));
        head
    }

    fn cookies(head: &Head) -> Vec<String> {
        head.iter()
            .map(|(_, value)| String::from_utf8(value.to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn a_removed_cookie_leaves_what_the_reference_leaves() {
        for (before, after) in [
            ("SRV=s1", None),
            ("a=1; SRV=s1; b=2", Some("a=1; b=2")),
            ("SRV=s1; a=1", Some("a=1")),
            ("a=1; SRV=s1", Some("a=1")),
            ("a=1;SRV=s1;b=2", Some("a=1; b=2")),
            ("a=1 ;  SRV = s1 ; b=2", Some("a=1; b=2")),
            ("SRV=\"s1\"; a=1", Some("a=1")),
            ("a=\"x;SRV=s1\"; b=2", Some("a=\"x;SRV=s1\"; b=2")),
            ("a=1, SRV=s1, b=2", Some("a=1, b=2")),
            ("a=1, SRV=s1;b=2", Some("a=1; b=2")),
            ("a=1; SRV=s1; $P=/; $D, b=2", Some("a=1, b=2")),
            ("a=1;SRV=s1,", Some("a=1, ")),
            ("$Version=1; SRV=s1; $Path=/; a=1", Some("$Version=1; a=1")),
            ("SRV=; a=1", Some("a=1")),
            ("SRV; a=1", Some("SRV; a=1")),
            ("srv=s1; a=1", Some("srv=s1; a=1")),
            ("SRV=s1; SRV=s2; a=1", Some("a=1")),
            ("a=1; SRV=s1;", Some("a=1; ")),
            ("a=1;;SRV=s1;;b=2", Some("a=1;; ;b=2")),
            ("XSRV=s1; a=1", Some("XSRV=s1; a=1")),
            ("a=SRV=s1; b=2", Some("a=SRV=s1; b=2")),
            ("SRV=s1=x; b=2", Some("b=2")),
            ("=x; SRV=s1", Some("=x")),
            ("a; SRV=s1", Some("a")),
            ("a=\"1; b=2; SRV=s1", Some("a=\"1; b=2; SRV=s1")),
            ("a=1\t;\tSRV=s1", Some("a=1\t")),
            ("; SRV=s1;", None),
            ("$Version=1; SRV=s1", None),
        ] {
            let mut head = request(&[before]);
            remove(&mut head, b"SRV");
            assert_eq!(cookies(&head), Vec::from_iter(after), "{before}");
        }
        let mut head = request(&["SRV=s1; b=1", "SRV=s2; a=1"]);
        assert_eq!(remove(&mut head, b"SRV"), 2);
        assert_eq!(cookies(&head), ["b=1", "a=1"]);
    }

    #[test]
    fn a_value_is_replaced_and_spaces_around_the_equals_sign_go() {
        let changed = |before: &str, value: &str| {
            let mut head = request(&[before]);
            let (index, pair) = find(&head, b"SRV").unwrap();
            set_value(&mut head, index, &pair, value.as_bytes());
            cookies(&head).remove(0)
        };
        assert_eq!(changed("a=1; SRV=s1~abc; b=2", "abc"), "a=1; SRV=abc; b=2");
        assert_eq!(changed("SRV = x", "longer"), "SRV=longer");
    }

    #[test]
    fn the_value_of_a_found_cookie_is_told() {
        let head = request(&["a=1", "b=2; SRV=s1|x"]);
        let (index, pair) = find(&head, b"SRV").unwrap();
        assert_eq!((index, pair.value_in(head.value(index))), (1, &b"s1|x"[..]));
        assert_eq!(find(&head, b"c"), None);
        let names: Vec<_> = pairs(b"a=1;; b ; c=\"x, y\", d=")
            .map(|pair| pair.name.len())
            .collect();
        assert_eq!(names, [1, 1, 1, 1]);
    }

    #[test]
    fn only_the_first_pair_of_set_cookie_counts() {
        let value = b"SRV = abc ; path=/";
        let pair = set_cookie(value).unwrap();
        assert!(pair.is(value, b"SRV"));
        assert_eq!(pair.value_in(value), b"abc");
        let list = b"SRV=abc, b=2";
        assert_eq!(set_cookie(list).unwrap().value_in(list), b"abc");
        assert_eq!(set_cookie(b"SRV; path=/"), None);
        assert!(
            !set_cookie(b"a=1; SRV=abc")
                .unwrap()
                .is(b"a=1; SRV=abc", b"SRV")
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_cookies_panic(value in "[a$=;, \t\"\\\\SRV]{0,30}") {
            let mut head = request(&[&value]);
            set_cookie(value.as_bytes());
            remove(&mut head, b"SRV");
            remove(&mut head, b"a");
        }
    }
}
