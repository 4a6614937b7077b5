//! Every word of the reference has a row.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use locum_compat_keepalived::{block, row};

/// Block and word, as the reference's parser registers them.
const WORDS: &str = include_str!("keywords-2.2.7.tsv");

#[test]
fn no_word_of_the_reference_is_unknown() {
    let known: BTreeSet<(&str, &str)> = block::ALL
        .iter()
        .flat_map(|block| block.rows.iter().map(move |family| (block.name, family)))
        .flat_map(|(name, family)| family.iter().map(move |row| (name, row.name)))
        .collect();
    let mut unknown = Vec::new();
    for line in WORDS.lines() {
        let (block, word) = line.split_once('\t').unwrap();
        let block = match block {
            "/" => "top level",
            "vrrp_track_file" => "track_file",
            other => other,
        };
        // The table has it, the reference says "Unknown keyword".
        if block.ends_with("MISC_CHECK") && word == "bind_if" {
            continue;
        }
        if !known.contains(&(block, word)) {
            unknown.push(format!("{block}: {word}"));
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn rows_of_a_family_are_sorted_and_no_word_has_two() {
    for block in block::ALL {
        let mut seen = BTreeSet::new();
        for family in block.rows {
            assert!(
                family.is_sorted_by_key(|row: &row::Row| row.name),
                "{}: {:?}",
                block.name,
                family.iter().map(|row| row.name).collect::<Vec<_>>()
            );
            for row in *family {
                assert!(seen.insert(row.name), "{}: {}", block.name, row.name);
            }
        }
    }
}
