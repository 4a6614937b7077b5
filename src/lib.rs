//! The root package as a library: one folder per subcommand of `locum`.
