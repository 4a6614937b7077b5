//! Numbers and ranges: single numbers in a hash table, ranges in a tree that knows the highest end below each node.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::{Found, first};

/// Ranges, each with the place of its pattern.
#[derive(Debug)]
pub(super) struct Numbers {
    /// The first pattern of a single number.
    points: HashMap<i64, u32, RandomState>,
    /// Further patterns of a number that came before.
    repeated: Box<[(i64, u32)]>,
    /// Real ranges by their low end.
    ranges: Box<[(i64, i64, u32)]>,
    /// A tree over `ranges`: node n has the highest end of nodes 2n and 2n + 1; leaves begin in the middle.
    highest: Box<[i64]>,
}

impl Numbers {
    pub(super) fn new(patterns: &[(i64, i64)]) -> Self {
        let mut points: HashMap<i64, u32, RandomState> = HashMap::default();
        let mut repeated = Vec::new();
        let mut ranges = Vec::new();
        for (at, &(low, high)) in (0u32..).zip(patterns) {
            if low < high {
                ranges.push((low, high, at));
            } else if low == high && points.contains_key(&low) {
                repeated.push((low, at));
            } else if low == high {
                points.insert(low, at);
            }
        }
        ranges.sort_unstable();
        repeated.sort_unstable();
        let leaves = ranges.len().next_power_of_two();
        let mut highest = vec![i64::MIN; 2 * leaves];
        for (leaf, range) in highest[leaves..].iter_mut().zip(&ranges) {
            *leaf = range.1;
        }
        for node in (1..leaves).rev() {
            highest[node] = highest[2 * node].max(highest[2 * node + 1]);
        }
        Self {
            points,
            repeated: repeated.into(),
            ranges: ranges.into(),
            highest: highest.into(),
        }
    }

    /// The first pattern that has the number in it.
    pub(super) fn find(&self, number: i64, accepts: &impl Fn(u32) -> bool) -> Option<Found> {
        let point = self.points.get(&number).and_then(|&at| {
            let start = self.repeated.partition_point(|(n, _)| *n < number);
            let more = self.repeated[start..].iter();
            let more = more.take_while(|(n, _)| *n == number).map(|(_, at)| *at);
            std::iter::once(at).chain(more).find(|&at| accepts(at))
        });
        let below = self.ranges.partition_point(|range| range.0 <= number);
        let mut best = point;
        if below > 0 {
            self.visit(1, number, below, accepts, &mut best);
        }
        first(best.into_iter())
    }

    /// Looks at ranges below a node that begin at or before the number; the depth is that of the tree.
    fn visit(
        &self,
        node: usize,
        number: i64,
        below: usize,
        accepts: &impl Fn(u32) -> bool,
        best: &mut Option<u32>,
    ) {
        let leaves = self.highest.len() / 2;
        if self.highest.get(node).is_none_or(|high| *high < number) {
            return;
        }
        if node >= leaves {
            if let Some(range) = self
                .ranges
                .get(node - leaves)
                .filter(|_| node - leaves < below)
                && best.is_none_or(|best| range.2 < best)
                && accepts(range.2)
            {
                *best = Some(range.2);
            }
            return;
        }
        // The first leaf under a node: what begins behind the number needs no look.
        let depth = node.ilog2();
        let span = leaves >> depth;
        if (node - (1 << depth)) * span < below {
            self.visit(2 * node, number, below, accepts, best);
            self.visit(2 * node + 1, number, below, accepts, best);
        }
    }
}

/// `low:high`, `low:`, `:high` or one number; a lone `-5` is all up to 5 (observed: its sign is taken for a range's).
pub(super) fn parse(text: &[u8]) -> Option<(i64, i64)> {
    let text = std::str::from_utf8(text).ok()?;
    let number = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(())?;
        text.parse::<i64>().ok()
    };
    let bound = |part: &str, open: i64| match part {
        "" => Some(open),
        part => number(part),
    };
    match text.split_once(':') {
        Some(("", "")) => None,
        Some((low, high)) => {
            let (low, high) = (bound(low, i64::MIN)?, bound(high, i64::MAX)?);
            (low <= high).then_some((low, high))
        }
        None => number(text).map(|number| match text.strip_prefix('-') {
            Some(_) => (i64::MIN, number.saturating_neg()),
            None => (number, number),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pattern_with_the_number_in_it_is_found() {
        let numbers = Numbers::new(&[(5, 5), (1, 10), (5, 5), (i64::MIN, 3), (7, 20)]);
        let find = |n| numbers.find(n, &|_| true).map(|found| found.at);
        assert_eq!(
            [find(5), find(7), find(2), find(-9)],
            [Some(0), Some(1), Some(1), Some(3)]
        );
        assert_eq!([find(15), find(21)], [Some(4), None]);
        let without = |gone: u32, n| numbers.find(n, &|at| at != gone).map(|found| found.at);
        assert_eq!([without(0, 5), without(1, 8)], [Some(1), Some(4)]);
    }

    #[test]
    fn many_overlapping_ranges_are_searched_as_one_by_one() {
        let ranges: Vec<(i64, i64)> = (0..300)
            .map(|n| ((n * 37) % 101, (n * 37) % 101 + (n * 13) % 29))
            .collect();
        let numbers = Numbers::new(&ranges);
        for n in -2..140 {
            let expected = ranges
                .iter()
                .position(|(low, high)| (*low..=*high).contains(&n));
            let found = numbers.find(n, &|_| true).map(|found| found.at as usize);
            assert_eq!(found, expected, "{n}");
        }
    }

    #[test]
    fn ranges_have_at_least_one_end() {
        assert_eq!(parse(b":-3"), Some((i64::MIN, -3)));
        assert_eq!(parse(b"010"), Some((10, 10)));
        assert_eq!(parse(b"-5"), Some((i64::MIN, 5)));
        for wrong in ["", ":", "5:4", "+5", "1.5", "5 ", "--5", "-"] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
