//! Text to tree: the configuration languages, lossless, without any keyword knowledge.
