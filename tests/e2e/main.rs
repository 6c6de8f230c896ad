//! End to end: the real binary against the sandbox on loopback, each test in a home of its own.
//!
//! What users are promised (`cli.md`) is looked at from outside: exit status, standard output,
//! standard error, the store's file, and the sandbox's log of what was really sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod book;
mod book_lost;
mod book_wait;
mod book_wait_long;
mod book_which;
mod bookings;
mod boxes;
mod calendar;
mod campaign;
mod cancel;
mod classes;
mod classes_shown;
mod clocks;
mod completions;
mod completions_shells;
mod config;
mod copies;
mod dead;
mod endings;
mod faults;
mod first_run;
mod fresh_user;
mod full_disk;
mod healing;
mod kill;
mod locks;
mod login;
mod login_flows;
mod logout;
mod logs;
mod manual;
mod pages;
mod passwords;
mod plain_words;
mod prebook_again;
mod prebook_class;
mod prebook_clock;
mod prebook_kill;
mod prebook_outage;
mod prebook_queue;
mod prebook_random;
mod prebook_share;
mod prebook_story;
mod prebook_zones;
mod reference;
mod refresh;
mod refresh_dead;
mod refresh_faults;
mod refresh_pace;
mod refusals;
mod run_broken;
mod run_faults;
mod scripts;
mod scripts_busy;
mod sealed;
mod sealed_keys;
mod sealed_races;
mod secrets;
mod signals;
mod stampede;
mod status;
mod status_keys;
mod status_problems;
mod status_shown;
mod status_together;
mod store;
mod tokens;
mod told;
mod usage;
