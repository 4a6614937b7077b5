//! Number ranges: merged, sorted, searched by halves.

/// Disjoint inclusive ranges in order.
#[derive(Debug)]
pub(super) struct Ranges(Box<[(i64, i64)]>);

impl Ranges {
    pub(super) fn new(mut ranges: Vec<(i64, i64)>) -> Self {
        ranges.retain(|(low, high)| low <= high);
        ranges.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if low <= last.1 => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        Self(merged.into())
    }

    pub(super) fn contains(&self, number: i64) -> bool {
        let after = self.0.partition_point(|&(low, _)| low <= number);
        after > 0 && number <= self.0[after - 1].1
    }
}

/// `low:high`, `low:`, `:high` or one number.
pub(super) fn parse(text: &[u8]) -> Option<(i64, i64)> {
    let text = std::str::from_utf8(text).ok()?;
    let bound = |part: &str, open: i64| match part {
        "" => Some(open),
        part => part.parse().ok(),
    };
    match text.split_once(':') {
        Some((low, high)) => Some((bound(low, i64::MIN)?, bound(high, i64::MAX)?)),
        None => text.parse().ok().map(|number| (number, number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_ranges_merge() {
        let ranges = Ranges::new(vec![(5, 9), (1, 2), (8, 12), (20, 10)]);
        assert_eq!(&*ranges.0, [(1, 2), (5, 12)]);
        let found: Vec<i64> = (0..15).filter(|&n| ranges.contains(n)).collect();
        assert_eq!(found, [1, 2, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(parse(b":-3"), Some((i64::MIN, -3)));
    }
}
