//! Pages of the usual size for the heap.

/// Has the kernel back this process's heap with pages of the usual size, from here on.
///
/// The allocator asks for transparent huge pages wherever it may. A proxy's heap is many small things of which few
/// are in use: in pages of 2 MiB an idle process takes 12 MiB, in those of 4 KiB half as much, and requests cost the
/// same. Call it before the first large allocation. Programs that this process starts inherit it.
pub fn use_small_pages() {
    // A kernel that doesn't know the call has no huge pages to be spared.
    let _ = nix::sys::prctl::set_thp_disable(true);
}
