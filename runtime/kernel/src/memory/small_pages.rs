//! Pages of the usual size for the heap, from before the first allocation on.
//!
//! The allocator asks for transparent huge pages wherever it may. A heap of many small things of which few are in use
//! takes 2 MiB for the first of them, and another 2 MiB for the first of the next region, while pages of 4 KiB cost the
//! same time. Rust's own start allocates before `main`: hence an entry of `.init_array`, which the loader calls earlier,
//! in every program that links this crate. Programs that such a process starts inherit the switch.

/// Numbered entries come before those without a number (the allocator's among them), in the order of their numbers.
#[used]
#[unsafe(link_section = ".init_array.00010")]
static BEFORE_MAIN: extern "C" fn() = ask_for;

extern "C" fn ask_for() {
    // A kernel that doesn't know the call has no huge pages to be spared.
    // SAFETY: the call takes plain numbers and touches no memory of this process.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) };
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_process_of_ours_has_huge_pages() {
        assert_eq!(nix::sys::prctl::get_thp_disable(), Ok(true));
    }
}
