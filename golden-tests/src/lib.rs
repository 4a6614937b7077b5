//! Black-box tests: runs binaries, links none of our crates.
