//! Names that nobody else uses.

/// `prefix` with a mark behind it that no other process has, on this machine or on another one
/// that shares the disk: numbers of processes are the same on many.
pub fn fresh_name(prefix: &str) -> String {
    let mark = getrandom::u64().unwrap_or_else(|_| {
        // Without randomness, process and time still tell two names of one machine apart.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |now| u64::from(now.subsec_nanos()) << 32) ^ u64::from(std::process::id())
    });
    format!("{prefix}{mark:016x}")
}
