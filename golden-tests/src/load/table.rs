//! Figures of pairs of runs as rows of a markdown table, and where they are written.

use std::fs;
use std::path::Path;

/// The same figure of both sides, pair by pair.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Ours.
    pub ours: Vec<f64>,
    /// The reference's.
    pub theirs: Vec<f64>,
}

impl Figures {
    /// Picks one figure from each run of each pair.
    pub fn pick<R>(pairs: &[(R, R)], figure: impl Fn(&R) -> f64) -> Self {
        Self {
            ours: pairs.iter().map(|(ours, _)| figure(ours)).collect(),
            theirs: pairs.iter().map(|(_, theirs)| figure(theirs)).collect(),
        }
    }

    /// ours/reference of each pair.
    #[must_use]
    pub fn ratios(&self) -> Vec<f64> {
        self.ours
            .iter()
            .zip(&self.theirs)
            .map(|(ours, theirs)| ours / theirs)
            .collect()
    }

    /// `0.84 (0.82–0.86)`: the median of the pairs' ratios, the least and the greatest.
    #[must_use]
    pub fn ratio(&self) -> String {
        let ratios = self.ratios();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        format!("**{:.2}** ({least:.2}–{most:.2})", median(&ratios))
    }

    /// `12.3 / 14.5`: the medians of ours and of the reference.
    #[must_use]
    pub fn medians(&self, digits: usize) -> String {
        format!(
            "{:.digits$} / {:.digits$}",
            median(&self.ours),
            median(&self.theirs)
        )
    }
}

/// The middle value; the mean of the two middle ones of an even number.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

/// A markdown table.
#[must_use]
pub fn markdown(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    out
}

/// Replaces what stands between `<!-- NAME begin -->` and `<!-- NAME end -->` of a file.
///
/// # Errors
/// The file isn't there or has no such marks.
pub fn write_between(path: &Path, name: &str, text: &str) -> Result<(), String> {
    let fail = |what: &str| format!("{}: {what}", path.display());
    let whole = fs::read_to_string(path).map_err(|e| fail(&e.to_string()))?;
    let (begin, end) = (
        format!("<!-- {name} begin -->"),
        format!("<!-- {name} end -->"),
    );
    let (before, rest) = whole
        .split_once(&begin)
        .ok_or_else(|| fail(&format!("no {begin}")))?;
    let (_, after) = rest
        .split_once(&end)
        .ok_or_else(|| fail(&format!("no {end}")))?;
    fs::write(path, format!("{before}{begin}\n\n{text}\n{end}{after}"))
        .map_err(|e| fail(&e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_the_median_of_the_pairs_and_its_bounds() {
        let figures = Figures {
            ours: vec![1.0, 4.0, 3.0],
            theirs: vec![2.0, 4.0, 4.0],
        };
        assert_eq!(figures.ratio(), "**0.75** (0.50–1.00)");
        assert_eq!(figures.medians(1), "3.0 / 4.0");
        assert!((median(&[1.0, 2.0]) - 1.5).abs() < 1e-9);
    }
}
