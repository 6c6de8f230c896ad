//! Logs go to standard error. Only our own modules are heard, at any level: what other crates
//! would say of requests could hold tokens.

use std::io::Write;
use std::sync::OnceLock;

use log::{Level, LevelFilter};

use crate::clock;

/// Start logging. `RUST_LOG` (a level) wins over the flags.
pub fn start(quiet: bool, verbose: u8) {
    let flags = match (quiet, verbose) {
        (true, _) => LevelFilter::Error,
        (false, 0) => LevelFilter::Warn,
        (false, 1) => LevelFilter::Info,
        (false, _) => LevelFilter::Debug,
    };
    let mut builder = env_logger::Builder::new();
    match std::env::var("RUST_LOG") {
        Ok(rules) if !rules.trim().is_empty() => builder.parse_filters(&rules),
        _ => builder.filter_module("aimharder", flags),
    };
    let stamps = flags > LevelFilter::Warn && !under_journal();
    builder.format(move |to, record| {
        if !record.target().starts_with("aimharder") {
            return Ok(());
        }
        if stamps {
            let now = clock::now().with_timezone(&chrono::Local);
            write!(to, "{} ", now.format("%H:%M:%S%.3f"))?;
        }
        match record.level() {
            Level::Error => writeln!(to, "{}error: {}", journal_mark(3), record.args()),
            Level::Warn => writeln!(to, "{}warning: {}", journal_mark(4), record.args()),
            Level::Info => writeln!(to, "{}{}", journal_mark(6), record.args()),
            Level::Debug | Level::Trace => writeln!(to, "{}{}", journal_mark(7), record.args()),
        }
    });
    // a second start (in tests of the library) changes nothing
    let _ = builder.try_init();
}

/// Does standard error lead to systemd's journal? `JOURNAL_STREAM` names the device and inode of the journal's pipe; a
/// standard error that was led elsewhere since (into a file, a pipe) gets neither marks nor loses its time stamps.
fn under_journal() -> bool {
    static LEADS_THERE: OnceLock<bool> = OnceLock::new();
    *LEADS_THERE.get_or_init(|| {
        let named = std::env::var("JOURNAL_STREAM").ok();
        let Some((device, inode)) = named.as_deref().and_then(|it| it.split_once(':')) else {
            return false;
        };
        rustix::fs::fstat(std::io::stderr()).is_ok_and(|stderr| {
            device.parse() == Ok(stderr.st_dev) && inode.parse() == Ok(stderr.st_ino)
        })
    })
}

/// The priority mark that systemd's journal reads at the start of a line; nothing elsewhere.
pub fn journal_mark(priority: u8) -> String {
    if under_journal() {
        format!("<{priority}>")
    } else {
        String::new()
    }
}
