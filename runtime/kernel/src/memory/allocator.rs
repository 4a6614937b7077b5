//! The allocator of the whole program: the fast one, or the system's, which takes less.
//!
//! Which one it is depends on what the program runs as, and is decided at the first allocation, before `main`: what one
//! has given can't be returned to the other.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicU8, Ordering::Relaxed},
};

use mimalloc::MiMalloc;

const UNDECIDED: u8 = 0;
const FAST: u8 = 1;
const SMALL: u8 = 2;
/// As much of the command line as is looked at.
const COMMAND_LINE: usize = 4096;

/// A `#[global_allocator]`.
#[derive(Debug)]
pub struct Allocator {
    choice: AtomicU8,
    wants_small: fn(&mut dyn Iterator<Item = &[u8]>) -> bool,
}

impl Allocator {
    /// `wants_small` gets the words of the command line, the program's own name first, and must not allocate.
    pub const fn new(wants_small: fn(&mut dyn Iterator<Item = &[u8]>) -> bool) -> Self {
        Self {
            choice: AtomicU8::new(UNDECIDED),
            wants_small,
        }
    }

    #[inline]
    fn is_small(&self) -> bool {
        match self.choice.load(Relaxed) {
            UNDECIDED => self.decide(),
            choice => choice == SMALL,
        }
    }

    /// Rust has no arguments yet that could be had without an allocation: the kernel is asked.
    #[cold]
    fn decide(&self) -> bool {
        let mut line = [0; COMMAND_LINE];
        let length = command_line(&mut line).unwrap_or(0);
        let mut words = line[..length].split(|byte| *byte == 0);
        let small = (self.wants_small)(&mut words);
        // There is one thread as yet.
        self.choice.store(if small { SMALL } else { FAST }, Relaxed);
        small
    }
}

/// Reads the beginning of the command line, words that end with a zero byte, without an allocation.
fn command_line(line: &mut [u8]) -> nix::Result<usize> {
    use nix::{fcntl, sys::stat::Mode, unistd};
    let file = fcntl::open(
        c"/proc/self/cmdline",
        fcntl::OFlag::O_RDONLY | fcntl::OFlag::O_CLOEXEC,
        Mode::empty(),
    )?;
    unistd::read(&file, line)
}

// SAFETY: each call goes to one of two allocators that keep the contract, and always to the same one: the choice is made
// at the first allocation, when there is one thread, and never changes.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.is_small() {
            // SAFETY: the caller's promise is passed on, here and below.
            unsafe { System.alloc(layout) }
        } else {
            // SAFETY: as above.
            unsafe { MiMalloc.alloc(layout) }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if self.is_small() {
            // SAFETY: as above.
            unsafe { System.dealloc(block, layout) }
        } else {
            // SAFETY: as above.
            unsafe { MiMalloc.dealloc(block, layout) }
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if self.is_small() {
            // SAFETY: as above.
            unsafe { System.alloc_zeroed(layout) }
        } else {
            // SAFETY: as above.
            unsafe { MiMalloc.alloc_zeroed(layout) }
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if self.is_small() {
            // SAFETY: as above.
            unsafe { System.realloc(block, layout, size) }
        } else {
            // SAFETY: as above.
            unsafe { MiMalloc.realloc(block, layout, size) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_decides_once() {
        static ASKED: AtomicU8 = AtomicU8::new(0);
        let allocator = Allocator::new(|words| {
            ASKED.fetch_add(1, Relaxed);
            words.next().is_some_and(|name| !name.is_empty())
        });
        assert!(allocator.is_small(), "this process has a name");
        assert!(allocator.is_small());
        assert_eq!(ASKED.load(Relaxed), 1);
        assert!(!Allocator::new(|_| false).is_small());
    }

    #[test]
    fn blocks_come_from_and_return_to_the_chosen_one() {
        for allocator in [Allocator::new(|_| true), Allocator::new(|_| false)] {
            let layout = Layout::from_size_align(100, 64).unwrap();
            let grown = Layout::from_size_align(10_000, 64).unwrap();
            // SAFETY: the layouts aren't empty, each block is used within its size and returned once, with its layout.
            unsafe {
                let block = allocator.alloc_zeroed(layout);
                assert_eq!((block.align_offset(64), *block.add(99)), (0, 0));
                *block = 7;
                let block = allocator.realloc(block, layout, grown.size());
                assert_eq!(*block, 7);
                allocator.dealloc(block, grown);
                allocator.dealloc(allocator.alloc(layout), layout);
            }
        }
    }
}
