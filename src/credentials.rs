//! Where a secret may come from, asked in order.
