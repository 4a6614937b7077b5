//! Memory that is given back when a start, a reload or a change of many has passed.

use std::ffi::{c_int, c_void};

/// Gives back what the process holds without needing it at present: free pages of the system's heap, and pages of the
/// program itself, most of which only a start or a change has use for. What is needed again comes back from the
/// system's page cache, without a read. Takes some 100 µs.
pub fn give_back() {
    trim_heap();
    // SAFETY: the callback has the type that is asked for and keeps no pointer; it stops after the first object.
    unsafe { libc::dl_iterate_phdr(Some(forget_segments), std::ptr::null_mut()) };
}

#[cfg(target_env = "gnu")]
fn trim_heap() {
    // SAFETY: the allocator's own function, which may be called at any time.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
fn trim_heap() {}

/// Unmaps the pages of an object's code and constants until they are touched again. Segments that can be written to have
/// been relocated, and aren't what the file says: they stay. Returns 1: only the first object, the program, is asked
/// for; libraries are shared with all the others.
unsafe extern "C" fn forget_segments(
    object: *mut libc::dl_phdr_info,
    _size: usize,
    _data: *mut c_void,
) -> c_int {
    // SAFETY: the loader calls with a description that is valid during the call, whose headers are as many as it says.
    let (base, headers) = unsafe {
        let object = &*object;
        let headers = std::slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into());
        (object.dlpi_addr, headers)
    };
    // SAFETY: sysconf reads a constant.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64;
    for header in headers {
        if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
            continue;
        }
        // Whole pages within: an edge may be shared with a segment that is written to.
        let start = (base + header.p_vaddr).next_multiple_of(page);
        let end = (base + header.p_vaddr + header.p_filesz) / page * page;
        if start < end {
            // SAFETY: these pages are mapped from the program's file, private and never written to; touching them
            // again maps the same content. Where they are locked the kernel refuses, which is right.
            unsafe {
                libc::madvise(
                    start as *mut c_void,
                    (end - start) as usize,
                    libc::MADV_DONTNEED,
                )
            };
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use std::fs;

    /// The resident pages of this program's code.
    fn resident_code() -> u64 {
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
        let program = fs::read_link("/proc/self/exe").unwrap();
        let mut lines = smaps.lines();
        let of_code =
            |line: &str| line.contains(" r-xp ") && line.ends_with(program.to_str().unwrap());
        lines.by_ref().find(|line| of_code(line)).unwrap();
        let rss = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap();
        rss.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn the_program_goes_on_with_less() {
        let words: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        // Whatever the test needed to come here is mapped; then only what it needs to see that.
        let before = resident_code();
        super::give_back();
        let after = resident_code();
        assert!(after < before, "{after} of {before} kB");
        assert_eq!(words[999], "999");
    }
}
