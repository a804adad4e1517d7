//! The one downloader.
