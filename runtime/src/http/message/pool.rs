//! Heads that are used again.

use std::cell::RefCell;

use super::Head;

/// A worker's heads between two messages: their blocks are used again.
#[derive(Debug, Default)]
pub struct HeadPool(RefCell<Vec<Head>>);

impl HeadPool {
    /// Heads that are kept at most.
    const KEEP: usize = 256;

    /// An empty head.
    pub fn take(&self) -> Head {
        self.0.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes a head back; what it holds is forgotten.
    pub fn give(&self, mut head: Head) {
        let mut kept = self.0.borrow_mut();
        if kept.len() < Self::KEEP {
            head.recycle();
            kept.push(head);
        }
    }
}
