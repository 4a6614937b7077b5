//! The one binary: picks a face by `argv[0]`, or a subcommand of `locum`.

use locum_runtime::process::memory::Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new(locum::is_frugal);

fn main() {
    let argv: Vec<_> = std::env::args_os().collect();
    locum::run(&argv).leave()
}
