//! Acceptances, the hash chain that protects them, and the ledger file.
