//! Libraries of C that stand between the program and the system.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles one in a folder; for `LD_PRELOAD`.
pub fn library(folder: &Path, text: &str) -> PathBuf {
    let (source, library) = (folder.join("preload.c"), folder.join("preload.so"));
    std::fs::write(&source, text).expect("the folder can be written");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").status();
    assert!(made.expect("a C compiler is here").success());
    library
}
