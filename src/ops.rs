//! One function per thing the tool does.
