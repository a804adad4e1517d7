//! The catalogue: what each dataset is, where it is, and what it asks of a person.
