//! The only unsafe code of the workspace: one operation a file, a safe API outward.
