//! Chapters of the documentation, as files that the README links to.

#[doc = include_str!("contributing.md")]
pub mod contributing {}
#[doc = include_str!("glossary.md")]
pub mod glossary {}
#[doc = include_str!("performance.md")]
pub mod performance {}
#[doc = include_str!("prebooking.md")]
pub mod prebooking {}
#[doc = include_str!("protocol.md")]
pub mod protocol {}
#[doc = include_str!("scheduling.md")]
pub mod scheduling {}
#[doc = include_str!("scripting.md")]
pub mod scripting {}
#[doc = include_str!("security.md")]
pub mod security {}
#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}
