//! Ranked hits.
