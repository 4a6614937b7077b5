use locum_model::pattern::MapValue;

use super::{super::tests::list, *};

fn value(list: &Reference, text: &str) -> Option<String> {
    list.find(0, Value::Str(text.as_bytes()), |hit| {
        hit.entry
            .with_value(|value| String::from_utf8_lossy(value).into_owned())
    })
}

fn keys(list: &Reference, version: Option<u32>) -> Vec<String> {
    let entries = list.entries(version);
    let keys = entries
        .iter()
        .map(|entry| String::from_utf8_lossy(&entry.key));
    keys.map(|key| key.into_owned()).collect()
}

fn map(text: &str) -> Arc<Reference> {
    list(Method::Str, false, Some(MapValue::Str), text)
}

fn add(list: &Reference, key: &str, value: &str) {
    list.add([(key.as_bytes(), value.as_bytes())].into_iter(), None)
        .unwrap();
}

#[test]
fn the_first_of_equal_patterns_counts_until_it_goes() {
    let list = map("a 1\nb 2\na 3\n");
    assert_eq!(value(&list, "a").as_deref(), Some("1"));
    add(&list, "a", "4");
    let first = number(&list.entries(None)[0]);
    assert!(list.delete(Which::Number(first)) && !list.delete(Which::Number(first)));
    assert_eq!(value(&list, "a").as_deref(), Some("3"));
    assert!(list.delete(Which::Key(b"a")) && !list.delete(Which::Key(b"a")));
    assert_eq!(
        (value(&list, "a"), keys(&list, None)),
        (None, vec!["b".to_owned()])
    );
}

#[test]
fn values_are_set_for_all_patterns_of_a_key() {
    let list = map("a 1\nb 2\na 3\n");
    assert!(list.set(Which::Key(b"a"), b"5") && !list.set(Which::Key(b"c"), b"5"));
    assert_eq!(value(&list, "a").as_deref(), Some("5"));
    list.put(b"c", b"6");
    list.put(b"c", b"7");
    assert_eq!(value(&list, "c").as_deref(), Some("7"));
    assert_eq!(keys(&list, None), ["a", "b", "a", "c"]);
}

#[test]
fn a_version_counts_once_it_is_committed() {
    let list = map("a 1\n");
    let new = |key: &'static str, version| {
        list.add([(key.as_bytes(), &b"new"[..])].into_iter(), Some(version))
    };
    assert_eq!(new("b", 1), Err(AddError::Version));
    assert_eq!((list.prepare(), list.prepare()), (1, 2));
    assert_eq!((new("b", 1), new("c", 2)), (Ok(()), Ok(())));
    assert_eq!(
        (value(&list, "b"), value(&list, "a").as_deref()),
        (None, Some("1"))
    );
    assert!(!list.commit(0) && !list.commit(3) && list.commit(1) && !list.commit(1));
    assert_eq!(
        (value(&list, "a"), value(&list, "b").as_deref()),
        (None, Some("new"))
    );
    assert_eq!(keys(&list, Some(2)), ["c"]);
    list.clear(Some(2));
    let left = Versions {
        current: 1,
        next: 2,
        count: 1,
    };
    assert_eq!((keys(&list, Some(2)).len(), list.versions()), (0, left));
}

#[test]
fn a_list_that_changes_much_is_searched_as_one_that_was_read_so() {
    let list = map("");
    for n in 0..3000 {
        add(&list, &format!("k{}", n % 1000), &n.to_string());
        if n % 3 == 0 {
            assert!(list.delete(Which::Key(format!("k{}", n % 500).as_bytes())));
        }
    }
    let entries = list.entries(None);
    for n in 0..1000 {
        let key = format!("k{n}");
        let first = entries.iter().find(|entry| *entry.key == *key.as_bytes());
        let expected =
            first.map(|entry| entry.with_value(|v| String::from_utf8_lossy(v).into_owned()));
        assert_eq!(value(&list, &key), expected, "{key}");
    }
    assert_eq!(list.versions().count, entries.len() as i64);
    assert!(list.state.load().segments.len() < 16);
}

#[test]
fn the_longest_beginning_is_found_across_segments() {
    let list = list(
        Method::Beginning,
        false,
        Some(MapValue::Str),
        "/a 1\n/a/b 2\n",
    );
    add(&list, "/a/b/c", "3");
    add(&list, "/a", "4");
    let found = |text| value(&list, text).unwrap();
    assert_eq!(
        [found("/a/b/c/d"), found("/a/b"), found("/a")],
        ["3", "2", "1"]
    );
}
