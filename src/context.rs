//! Settings, each with the origin of its value.
