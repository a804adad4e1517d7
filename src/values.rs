//! Small types that every layer speaks.
//!
//! Each is a noun with its own rules: what came from outside becomes one of these at the
//! door or is refused there, so that the rest of the program never asks again.

pub mod byte_size;
pub mod choice;
pub mod counted;
pub mod csv_cell;
pub mod dataset_id;
pub mod dataset_name;
pub mod digest;
pub mod hashing_reader;
pub mod hex;
pub mod percent;
pub mod printable;
pub mod rel_path;
pub mod safe_url;
pub mod secret;
pub mod shell_word;

pub use byte_size::ByteSize;
pub use choice::{Choice, MembersOf, WrittenChoice};
pub use counted::{counted, is_zero};
pub use csv_cell::CsvCell;
pub use dataset_id::DatasetId;
pub use dataset_name::DatasetName;
pub use digest::{Algorithm, Digest, Digester};
pub use hashing_reader::HashingReader;
pub use hex::hex;
pub use printable::Printable;
pub use rel_path::{RelPath, UnsafePath};
pub use safe_url::SafeUrl;
pub use secret::Secret;
pub use shell_word::ShellWord;
