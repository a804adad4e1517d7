//! What is wrong with an entry, with its place.
