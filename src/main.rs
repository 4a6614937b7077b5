//! The one binary: picks a face by `argv[0]`, or a subcommand of `locum`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let argv: Vec<_> = std::env::args_os().collect();
    locum::run(&argv).leave()
}
