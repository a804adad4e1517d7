//! The gate: what a dataset requires beside what a person holds.
