//! What the README, the chapters, the manual pages and the scripts promise.

mod fresh_user;
mod man_pages;
mod pages;
mod reference;
mod scripts;
