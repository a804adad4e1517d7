//! The `medsets` program.

fn main() {}
