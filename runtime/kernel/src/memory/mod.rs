//! What memory the process takes, beside what it asks for: the allocator, its pages, and what can be given back.

mod allocator;
mod give_back;
mod small_pages;

pub use allocator::Allocator;
pub use give_back::give_back;
