//! `aimharder` books gym classes on the AimHarder platform, from a shell, crontab or systemd timers.
//!
//! This is the library behind the program of the same name; the program is [`commands::run`] with a line of arguments.
//! Here is how it is made. What users are promised stands in the README, in every command's `--help` and, for their scripts, in the
//! [reference](cli::reference) (`scripting.md` in comments); what is known of the platform in [how it talks](platform::protocol)
//! (`protocol.md`).
//!
//! # Rooms
//!
//! Data flows one way, and no import goes back:
//!
//! ```text
//! main → cli → commands → sessions ─→ store        SQLite, the only SQL
//!                 │           └─────→ aimharder    HTTP and wire types, the only way to the platform
//!                 ├─→ booking                      one class booked or cancelled, and proven
//!                 ├─→ prebook                      when and what to fire, and the firing
//!                 ├─→ store                        what needs no login: boxes, prebookings, listings
//!                 ├─→ model                        pure: days, times, opening rules, daylight saving
//!                 ├─→ status                       facts of one look, and what is wrong with them
//!                 └─→ output, notify               every word that users read, every notice
//! ```
//!
//! | room | what it is for | what it must not do |
//! | --- | --- | --- |
//! | [`cli`] | clap structs, one per subcommand, and their help | touch config, store or network |
//! | [`commands`] | one file per subcommand: find the session, ask, store, show | SQL, HTTP, HTML |
//! | [`sessions`] | the one door to a usable login | book |
//! | [`booking`] | send, and settle every doubt by the class's own row | print |
//! | [`prebook`] | plan, measure the server's clock, fire at the instant | print |
//! | [`mod@platform`] | one function per endpoint, answers classified by pure functions | read the clock, the store, the config |
//! | [`store`] | schema, rows ↔ types | know HTTP, print |
//! | [`status`] | facts of one look at everything, and what they mean | write, ask the network, print |
//! | [`completions`] | what a shell may complete, from [`cli`]'s definition and the store, read only | write, wait, send, complain |
//! | [`output`], [`error`] | words, JSON, exit codes | decide |
//! | [`notify`] | notices and dead-man switches, after the result is stored | change a result or an exit code |
//! | [`alerts`] | which problem of automation is new, stands, or is over | change an exit code or the JSON |
//! | [`config`], [`password`], [`store_key`] | the config file, and where passwords and the store's key come from | know store or platform |
//! | [`model`], [`text`] | days, times, zones, opening rules, sessions, prebookings; text made safe | anything but compute |
//! | [`clock`], [`signals`], [`logs`], [`secret`] | time, signals, logging, what must not be seen | know what they are used for |
//! | `private_files` | opens files of this user alone, judges directories | know what they are used for |
//!
//! Secrets at rest: with `aimharder store encrypt` every token and cookie in the store is sealed with a key that comes
//! from [`store_key`]; [`store`] alone knows, and whoever reads a session from it sees no difference.
//!
//! # One refresh
//!
//! The platform replaces a session's token at every update and ends a session whose *old* token is shown again. So one
//! process at a time updates a session, and what the server replaced is on disk before anything else happens:
//!
//! ```text
//! commands::refresh     rows that are due                                    store (one indexed question)
//!  └ Batch::take        the session's lock, held alone (the kernel frees it) sessions::lock
//!     ├ row again       updated by another process meanwhile? then done      store
//!     ├ resolve         an earlier response was lost: log in again, or whoami sessions
//!     ├ update_held     not served (no connection, 429, 503): up to 3 tries  sessions
//!     │  ├ begin_update a marker: begun, not finished; room for the end      store, on disk
//!     │  ├ token_update the one request                                      aimharder
//!     │  └ finish_update token, cookies, generation in one statement,         store, on disk
//!     │                 only over the generation that was read
//!     └ prolong         setrefresh, once a day or with --deep                sessions → aimharder → store
//! ```
//!
//! "logout" instead of a token: a device session is deleted, a background session marked and, where its password is at
//! hand, logged in again. See [`sessions`].
//!
//! # One booking
//!
//! ```text
//! commands::book      which account, session, box, day                     config, store
//!  ├ Sessions::open   row → lock if its token is old → Live                sessions
//!  ├ Desk::schedule   the day's rows; nothing personal in them? whoami,    booking → Live::call → aimharder
//!  │                  because a dead session's schedule looks empty
//!  ├ decided          mine already, closed, cancelled: nothing is sent     pure
//!  ├ Desk::request    the POST; "logout" heals the session and repeats     Live::call
//!  └ Desk::settled    state 1, 0, {}, "same hour", no answer → the row,    booking
//!                     read again, decides; unreadable → exit 8
//! ```
//!
//! A prebooking does the same at its instant, and `book --wait` is one that nobody stores: [`prebook`] tells how the instant
//! is found and met. Neither passes `BoxClient::book`; they look the class up themselves, then send and settle with the same
//! `BoxClient`. What decides before anything is sent is `booking::outcome::decided`, for all of them and for `--dry-run`.
//!
//! # Promises
//!
//! What holds the program together. Comments cite them by number; each has a test that fails without it.
//!
//! 1. The caller names the kind of session, device or background; nothing falls back on one.
//! 2. A background session is protected: one for each account, with a fingerprint that can be computed, never too old, deleted
//!    only by the command with two flags.
//! 3. One update of a session's token at a time, across processes: a lock of the operating system, and the row read again
//!    once it is had. Firing holds it shared, so that no update comes between. Waiters stop as soon as the row is fresh
//!    or expired.
//! 4. A newer token never yields to an older one: token, cookies and generation change together, over the generation that
//!    was read.
//! 5. What the server has replaced is on disk before anything else happens; an update that was cut off leaves a mark. An
//!    update that may have been served is not repeated with the same token while the session's cookies still work.
//! 6. Success is proven: `logout` is looked for first, and `booked` and `cancelled` are reported only when the schedule row
//!    shows it. A request is sent again only when the server provably did not act, or when the row, read later, is not the
//!    member's and the platform would refuse a duplicate.
//! 7. Nothing blocks for ever, and a signal ends the program soon: requests, locks, retries, answers and notifications have
//!    limits. After the first SIGINT or SIGTERM no new request is started, and the program ends when the requests under way
//!    have ended and their results are stored: at most the request timeout, and two seconds for notifications. One read may
//!    settle the outcome of a booking or cancellation that was sent, within that same timeout. See [`signals`].
//! 8. Secrets stay in: files of mode 0600 from the first byte, in directories that belong to the user and that no other user can
//!    write to, never behind another user's link; a type that cannot be shown; cookies for hosts of the domain only.
//! 9. A class is booked once: a prebooking is claimed in one transaction, for as long as its run lives; what a dead run left
//!    is settled by the schedule before anything is sent.
//! 10. Wall clocks belong to the box: days are counted on its calendar, and become instants last.
//! 11. What cannot be read stops the command: nothing is replaced or defaulted in silence.
//!
//! # Time
//!
//! Only [`clock`] reads a clock or sleeps; where a decision hangs on it, `now` is an argument. [`mod@platform`] stamps
//! with it when a request left and when its answer came, which is what the server's clock is measured by, and
//! time-outs are counted by its steady clock. Days and wall times belong to the
//! box's zone ([`model::zone`] says what happens to those that daylight saving skips or repeats); instants are UTC.

pub mod alerts;
pub mod booking;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
mod dns;
pub mod docs;
pub mod error;
pub mod logs;
pub mod model;
pub mod notify;
mod output;
pub mod password;
pub mod platform;
pub mod prebook;
mod private_files;
mod process;
pub mod secret;
pub mod sessions;
pub mod signals;
pub mod status;
pub mod store;
pub mod store_key;
pub mod text;
mod tls;
pub mod ui;
