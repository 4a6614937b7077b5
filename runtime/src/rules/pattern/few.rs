//! A few texts in one piece of memory: comparing with each of them is faster than a look-up.

use smallvec::SmallVec;

/// At most so many texts; more are found faster by their hash.
const FEW: usize = 8;

/// Texts in the order of their list, folded where case doesn't count.
#[derive(Debug)]
pub(super) struct Few {
    bytes: Box<[u8]>,
    /// Where each text ends in `bytes`.
    ends: SmallVec<[u32; FEW]>,
    ignore_case: bool,
}

impl Few {
    /// `None` for too many.
    pub(super) fn new<'t>(
        texts: impl ExactSizeIterator<Item = &'t [u8]>,
        ignore_case: bool,
    ) -> Option<Self> {
        if texts.len() > FEW {
            return None;
        }
        let (mut bytes, mut ends) = (Vec::new(), SmallVec::new());
        for text in texts {
            bytes.extend_from_slice(text);
            ends.push(u32::try_from(bytes.len()).ok()?);
        }
        if ignore_case {
            bytes.make_ascii_lowercase();
        }
        Some(Self {
            bytes: bytes.into(),
            ends,
            ignore_case,
        })
    }

    /// The accepted texts, each with its place, that what `part` cuts out at their length is equal to.
    pub(super) fn that_are<'f, 't: 'f>(
        &'f self,
        accepts: &'f impl Fn(u32) -> bool,
        part: impl Fn(usize) -> Option<&'t [u8]> + 'f,
    ) -> impl Iterator<Item = (u32, usize)> + 'f {
        let mut start = 0;
        (0u32..).zip(&self.ends).filter_map(move |(at, &end)| {
            let text = &self.bytes[start..end as usize];
            start = end as usize;
            let found = part(text.len())?;
            let equal = if self.ignore_case {
                found.eq_ignore_ascii_case(text)
            } else {
                found == text
            };
            (equal && accepts(at)).then_some((at, text.len()))
        })
    }
}
