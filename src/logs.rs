//! Logs on standard error. Only records of this crate are written, at any level, because those of other crates could contain
//! tokens.
//!
//! The level is that of the flags, or that of `RUST_LOG`, which takes precedence. Under systemd's journal a record has a
//! priority mark instead of a time.

use std::io::Write;
use std::sync::OnceLock;

use log::{Level, LevelFilter};

use crate::clock;

/// Starts logging. `arrange` makes the lines of an error or a warning.
pub fn start(
    quiet: bool,
    verbose: u8,
    arrange: impl Fn(&str) -> Vec<String> + Send + Sync + 'static,
) {
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
    let has_time = flags > LevelFilter::Warn && !is_under_journal();
    builder.format(move |to, record| {
        if !record.target().starts_with("aimharder") {
            return Ok(());
        }
        if has_time {
            let now = clock::now().with_timezone(&chrono::Local);
            write!(to, "{} ", now.format("%H:%M:%S%.3f"))?;
        }
        match record.level() {
            Level::Error | Level::Warn => {
                let (mark, name) = match record.level() {
                    Level::Error => (3, "error"),
                    _ => (4, "warning"),
                };
                let lines = arrange(&format!("{name}: {}", record.args()));
                let mut lines = lines.iter();
                lines.try_for_each(|line| writeln!(to, "{}{line}", journal_mark(mark)))
            }
            Level::Info => writeln!(to, "{}{}", journal_mark(6), record.args()),
            Level::Debug | Level::Trace => writeln!(to, "{}{}", journal_mark(7), record.args()),
        }
    });
    // a second call, which tests of the library make, changes nothing
    let _ = builder.try_init();
}

/// Whether standard error is connected to systemd's journal: `JOURNAL_STREAM` contains the device and inode of the journal's
/// stream, and standard error may have been redirected since.
fn is_under_journal() -> bool {
    static IS_UNDER_JOURNAL: OnceLock<bool> = OnceLock::new();
    *IS_UNDER_JOURNAL.get_or_init(|| {
        let named = std::env::var("JOURNAL_STREAM").ok();
        let Some((device, inode)) = named.as_deref().and_then(|it| it.split_once(':')) else {
            return false;
        };
        rustix::fs::fstat(std::io::stderr()).is_ok_and(|stderr| {
            device.parse() == Ok(stderr.st_dev) && inode.parse() == Ok(stderr.st_ino)
        })
    })
}

/// The priority mark that systemd's journal reads at the start of a line, or an empty string elsewhere.
pub fn journal_mark(priority: u8) -> String {
    if is_under_journal() {
        format!("<{priority}>")
    } else {
        String::new()
    }
}
