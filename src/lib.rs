//! `aimharder` books gym classes on the AimHarder platform, from a shell, crontab or systemd timers.
//!
//! This library is the whole program; `main` parses the command line and calls [`cli::Cli::run`]. These pages describe how
//! it is built. What users rely on is in the README, in `--help`, and in the [command-line reference](docs::scripting)
//! (cited as `scripting.md`). What is known of the platform is in [its protocol](docs::protocol) (cited as `protocol.md`).
//! The words of the project are in the [glossary](docs::glossary).
//!
//! # Modules
//!
//! Imports go down this list:
//!
//! | module | purpose | must not |
//! | --- | --- | --- |
//! | [`cli`], [`commands`] | arguments, flow and output of each subcommand | contain SQL, HTTP or HTML |
//! | [`ui`] | how output is written: tables, styles, progress, prompts, JSON, hints | decide |
//! | [`diagnostics`] | facts and findings of `aimharder status` | write or print |
//! | [`prebook`] | runs prebookings: measures the server clock and fires at the opening | print |
//! | [`booking`] | books or cancels one class and settles the outcome by the schedule row | print |
//! | [`sessions`] | selects a session, refreshes its token, recovers it after a logout | book |
//! | [`notify`] | notifications and dead-man pings, sent after the result is stored | change a result or an exit code |
//! | [`alerts`] | decides whether a problem is new, persists, or is over | change an exit code or JSON |
//! | [`mod@platform`], `http_client` | one function per endpoint; pure functions classify responses; the only HTTP to it | use the store |
//! | [`store`] | schema, migrations, rows to types; the only SQL | use HTTP, print |
//! | [`config`], [`password`], [`store_key`], `process` | the config file and the commands that it names; sources of passwords and store key | use store or platform |
//! | [`model`], [`text`] | days, times, zones, opening rules, sessions, prebookings; cleaning of text | do anything but compute |
//! | [`error`], [`secret`], `private_files` | exit kinds, secret values, file checks | know their users |
//! | [`clock`], [`signals`], `terminal`, [`logs`] | time, signals, the line of the cursor, logging | know their users |
//!
//! # How a session is refreshed
//!
//! The platform replaces a session's token at every update, and ends a session whose *old* token is used again. One process
//! at a time updates a session, and a replaced token is on disk before anything else happens:
//!
//! ```text
//! commands::refresh     rows that are due                                      store (one indexed query)
//!  └ per session        the session's lock, held exclusively                   sessions::lock
//!     ├ row again       was it updated by another process meanwhile?           store
//!     ├ resolve         if an earlier response was lost: re-login, or whoami   sessions
//!     ├ begin_update    marks the update as begun, reserves room for its end   store, on disk
//!     ├ token_update    the request; if it was not served, up to 3 attempts    platform
//!     ├ finish_update   token, cookies and generation in one statement,        store, on disk
//!     │                 conditional on the generation that was read
//!     └ extend          setrefresh, once a day or with --deep                  sessions → platform → store
//! ```
//!
//! If the response is a logout, a device session is deleted. A background session is marked as expired, and logged in again
//! if its account has a password source. See [`sessions`].
//!
//! # How a class is booked
//!
//! `book` reads the schedule of the day, and answers from the row if that is enough: booked already, closed, cancelled. Then
//! it sends one booking request. The response alone proves nothing: the row is read again, and the outcome is `booked` only
//! if the row shows it. See [`booking`].
//!
//! # How a prebooking fires
//!
//! `prebook run` claims every prebooking that opens within its horizon and executes each on a thread. The thread refreshes
//! the session and takes its lock in shared mode, looks the class up, opens a connection, and estimates the server clock from
//! the `Date` headers of several responses. It sleeps until just before the opening, without touching store, locks or
//! notifications, spins for the last moment and sends the request. It repeats the request after every response that does not
//! prove an end, until `--give-up`. Then it settles the outcome by the schedule row, as `book` does, stores it, and hands it
//! to the notifications. See [`prebook`].
//!
//! # Promises
//!
//! Comments cite these by number. Each has a test that fails without it.
//!
//! 1. **The caller names the session kind.** `device` for a person's action, `background` for automation; nothing falls back on
//!    the other.
//! 2. **Background sessions are protected.** One per account (unique index), with a computed fingerprint and no expiry by age,
//!    deleted only by the command with two flags. Device sessions are keyed by account and fingerprint; after 7 days they are
//!    not refreshed any more and may be pruned.
//! 3. **One token update at a time per session, across processes.** A lock of the operating system per session; after getting
//!    it the row is read again. Firing holds it in shared mode. Waiters stop as soon as the row is fresh or expired.
//! 4. **A newer token never yields to an older one.** Token, cookies and generation change in one statement, conditional on
//!    the generation that was read.
//! 5. **What the server replaced is durable before anything else happens.** An interrupted update leaves a mark. An update
//!    that may have been served is not repeated with the same token while the session's cookies still work.
//! 6. **Success is proven.** `logout` is looked for first, and `booked` and `cancelled` are reported only when the schedule row
//!    shows it. A row that shows the booking proves it by itself. A row that does not is believed only if the same session has
//!    shown its login in this process: by a response other than `logout` to a request that needs a login, by a personal row,
//!    or by `whoami`. A request is sent again only when the server provably did not act, or when the row, read later, is not
//!    the member's and the platform would refuse a duplicate. After a request with an unknown outcome a run requests
//!    no other class for that prebooking.
//! 7. **Nothing blocks for ever, and a signal ends the program soon.** Requests, locks, retries, notifications and name
//!    resolution have limits. After the first SIGINT or SIGTERM no new request is started, and the program ends when the
//!    requests under way have ended and their results are stored: at most the request timeout, and two seconds for
//!    notifications. One read may settle the outcome of a booking or cancellation that was sent, within that same timeout.
//!    See [`signals`].
//! 8. **Secrets stay in.** Files have mode 0600 from the first byte, in directories that belong to the user and that no other
//!    user can write to; links of other users are not followed. Secret types have no `Display`. Cookies go only to hosts of
//!    the domain; beyond 50 cookies or 8 KiB for a host only the platform's own are kept.
//! 9. **A class is booked once.** A prebooking is claimed in one transaction, for as long as its run lives; the claim of a dead
//!    run is settled by the schedule before anything is sent.
//! 10. **Wall clocks belong to the box.** Days are counted on its calendar and become instants last.
//! 11. **Unreadable data stops the command.** Nothing is replaced or defaulted silently.
//! 12. **Only the platform's own words end a session.** A logout counts when the body says so (`logout`, an empty `data` list
//!     from `whoami`, or the platform's login page on its own host). A bare 401, a page of a proxy or an unknown shape is
//!     `unreachable` and changes nothing.
//!
//! # Encryption at rest
//!
//! After `aimharder store encrypt` every token and cookie in the store is encrypted with a key from [`store_key`]. Only
//! [`store`] knows: the other modules read and write sessions as before.
//!
//! # Time
//!
//! Only [`clock`] reads a clock or sleeps; a decision that depends on time has `now` as an argument. [`mod@platform`] records
//! when a request left and when its response arrived, from which the server clock is estimated. Days and wall-clock times
//! belong to the box's zone ([`model::zone`] defines those that daylight saving skips or repeats); instants are UTC.

pub mod alerts;
pub mod booking;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod diagnostics;
pub mod docs;
pub mod error;
mod http_client;
pub mod logs;
pub mod model;
pub mod notify;
pub mod password;
pub mod platform;
pub mod prebook;
mod private_files;
mod process;
pub mod secret;
pub mod sessions;
pub mod signals;
pub mod store;
pub mod store_key;
mod terminal;
pub mod text;
pub mod ui;
