//! The shared intermediate model: plain data, depending on nothing of ours.
