//! A few texts in one piece of memory: comparing with each of them is faster than a look-up.

use smallvec::SmallVec;

/// At most so many texts; more are found faster by their hash.
const FEW: usize = 8;

/// Texts in the order of their list, folded where case doesn't count.
#[derive(Debug)]
pub(super) struct Few {
    /// Each text behind its length. Short ones stand here, where the search already is.
    texts: SmallVec<[u8; 56]>,
    pub(super) ignore_case: bool,
}

impl Few {
    /// `None` for too many or too long ones.
    pub(super) fn new<'t>(
        texts: impl ExactSizeIterator<Item = &'t [u8]>,
        ignore_case: bool,
    ) -> Option<Self> {
        if texts.len() > FEW {
            return None;
        }
        let mut all = SmallVec::new();
        for text in texts {
            all.push(u8::try_from(text.len()).ok()?);
            let start = all.len();
            all.extend_from_slice(text);
            if ignore_case {
                all[start..].make_ascii_lowercase();
            }
        }
        Some(Self {
            texts: all,
            ignore_case,
        })
    }

    /// The accepted texts, each with its place, that what `part` cuts out at their length is equal to.
    pub(super) fn that_are<'f, 't: 'f>(
        &'f self,
        accepts: &'f impl Fn(u32) -> bool,
        part: impl Fn(usize) -> Option<&'t [u8]> + 'f,
    ) -> impl Iterator<Item = (u32, usize)> + 'f {
        (0u32..).zip(self.texts()).filter_map(move |(at, text)| {
            let found = part(text.len())?;
            let equal = if self.ignore_case {
                found.eq_ignore_ascii_case(text)
            } else {
                found == text
            };
            (equal && accepts(at)).then_some((at, text.len()))
        })
    }

    fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.texts[..];
        std::iter::from_fn(move || {
            let (length, behind) = rest.split_first()?;
            let (text, behind) = behind.split_at_checked(usize::from(*length))?;
            rest = behind;
            Some(text)
        })
    }
}
