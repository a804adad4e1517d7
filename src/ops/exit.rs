//! Exit codes: a contract with scripts (`docs/cli.md` section 3).

/// What the program says to the shell when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exit(pub u8);

macro_rules! exits {
    ($($(#[$about:meta])* $name:ident = $code:literal, $word:literal;)*) => {
        impl Exit {
            $($(#[$about])* pub const $name: Self = Self($code);)*

            /// A stable word for JSON, such as `access.pending`.
            pub fn word(self) -> &'static str {
                match self.0 {
                    $($code => $word,)*
                    _ => "other",
                }
            }
        }
    };
}

exits! {
    /// Done.
    DONE = 0, "done";
    /// Something that has no code of its own.
    OTHER = 1, "other";
    /// The command line is wrong.
    USAGE = 2, "usage";
    /// Settings are wrong.
    CONFIG = 10, "config";
    /// A catalogue entry is wrong, or the dataset is not known.
    CATALOG = 11, "catalog";
    /// The lock is missing or stale.
    LOCK = 12, "lock";
    /// An overlay entry contradicts its own digest.
    OVERLAY = 13, "overlay";
    /// The ledger is broken.
    LEDGER = 14, "ledger";
    /// No credential, or no account.
    NO_CREDENTIAL = 20, "access.no-credential";
    /// The host refused the credential.
    REFUSED = 21, "access.refused";
    /// The host says not granted, or pending.
    PENDING = 22, "access.pending";
    /// Terms were not accepted.
    NOT_ACCEPTED = 23, "access.not-accepted";
    /// The terms' text changed since it was accepted.
    TERMS_CHANGED = 24, "access.terms-changed";
    /// A grant or a training certificate lapsed.
    LAPSED = 25, "access.lapsed";
    /// A person must fetch it by hand, then `import`.
    MANUAL = 26, "access.manual";
    /// Nothing is distributed.
    NOT_DISTRIBUTED = 27, "access.not-distributed";
    /// Offline, and something is missing.
    OFFLINE = 30, "network.offline";
    /// Cannot connect.
    CONNECT = 31, "network.connect";
    /// Stalled or timed out after all tries.
    STALLED = 32, "network.stalled";
    /// Rate limit or quota.
    RATE_LIMIT = 33, "network.rate-limit";
    /// Server error after all tries.
    SERVER = 34, "network.server";
    /// Gone from every source.
    GONE = 35, "network.gone";
    /// A signed link expired.
    EXPIRED = 36, "network.expired";
    /// The bytes are not the expected ones.
    MISMATCH = 40, "verify.mismatch";
    /// The file ends too early.
    TRUNCATED = 41, "verify.truncated";
    /// The wrong kind of content, such as a web page.
    WRONG_CONTENT = 42, "verify.wrong-content";
    /// Files failed, for different reasons of one class.
    PARTIAL = 43, "verify.partial";
    /// No space left.
    NO_SPACE = 50, "space.bytes";
    /// No inodes or quota left.
    NO_INODES = 51, "space.inodes";
    /// No permission, or read-only.
    DENIED = 52, "space.denied";
    /// Held by another run.
    HELD = 53, "space.held";
    /// An archive was refused as unsafe.
    UNSAFE = 54, "archive.unsafe";
    /// An archive of a kind that is not supported.
    UNSUPPORTED = 55, "archive.unsupported";
    /// The policy or the terms do not allow what is planned.
    POLICY = 60, "policy.denied";
    /// Something is not known, and nothing unknown was to pass (`--strict`).
    UNKNOWN = 61, "policy.unknown";
    /// Differences were found.
    DIFFERENT = 62, "different";
    /// A fault of medsets itself.
    INTERNAL = 70, "internal";
    /// The terminal or the connection is gone (SIGHUP).
    HUNG_UP = 129, "hung-up";
    /// Interrupted (Ctrl-C).
    INTERRUPTED = 130, "interrupted";
    /// Terminated (SIGTERM).
    TERMINATED = 143, "terminated";
}

impl Exit {
    /// Of several failures the most actionable: access, space, verify, network, then the rest.
    #[must_use]
    pub fn most_actionable(self, other: Self) -> Self {
        if other.class() < self.class() { other } else { self }
    }

    /// Whether a signal asked for the end.
    pub fn is_a_stop(self) -> bool {
        matches!(self, Self::HUNG_UP | Self::INTERRUPTED | Self::TERMINATED)
    }

    /// Its class, the most actionable first: interrupted, access, space and archives,
    /// verification, network, the rest, done.
    pub fn class(self) -> u8 {
        match self.0 {
            _ if self.is_a_stop() => 0,
            20..=29 => 1,
            50..=55 => 2,
            40..=49 => 3,
            30..=39 => 4,
            0 => 9,
            _ => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_beats_space_beats_verify_beats_network() {
        let order = [Exit::NOT_ACCEPTED, Exit::NO_SPACE, Exit::MISMATCH, Exit::CONNECT, Exit::OTHER, Exit::DONE];
        for (index, stronger) in order.iter().enumerate() {
            for weaker in &order[index..] {
                assert_eq!(weaker.most_actionable(*stronger), *stronger);
                assert_eq!(stronger.most_actionable(*weaker), *stronger);
            }
        }
    }

    #[test]
    fn words_are_known_for_all_codes() {
        assert_eq!(Exit::PENDING.word(), "access.pending");
        assert_eq!(Exit(99).word(), "other");
    }
}
