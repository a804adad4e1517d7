//! Archives to trees, safely.
