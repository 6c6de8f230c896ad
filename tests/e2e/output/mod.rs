//! What every command prints: messages, exit codes, logs, help, and the first steps without a store.

mod exit_codes;
mod first_run;
mod logs;
mod messages;
mod positional;
mod secrets;
mod text;
mod usage;
mod widths;
