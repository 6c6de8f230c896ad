//! What the README, the chapters and the scripts promise.

mod fresh_user;
mod pages;
mod reference;
mod scripts;
