//! The dataset folder: manifest, inventory, staging and commit.
