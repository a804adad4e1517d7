//! One file per host: list the files, locate one.
