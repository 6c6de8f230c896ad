//! Standard error and standard input as a terminal: the line that the cursor is in, which a signal finishes before it ends the
//! program, and hidden prompts, whose settings are restored afterwards and by a signal.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

/// Whether standard error ends with a prompt, a countdown or progress: a line without a line break.
static LINE_IS_OPEN: Mutex<bool> = Mutex::new(false);

fn line_is_open() -> MutexGuard<'static, bool> {
    LINE_IS_OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes to standard error. If this leaves a line `open`, a signal finishes it.
pub(crate) fn write_line(text: &str, open: bool) {
    let mut is_open = line_is_open();
    let _ = write!(io::stderr(), "{text}");
    *is_open = open;
}

/// Finishes the line on a terminal if it is open, or if the key that sent the signal was `echoed` there.
pub(crate) fn finish_line(echoed: bool) -> MutexGuard<'static, bool> {
    let mut is_open = line_is_open();
    if (*is_open || echoed) && io::stderr().is_terminal() {
        let _ = writeln!(io::stderr());
    }
    *is_open = false;
    is_open
}

/// The settings of the terminal before a hidden prompt.
static SETTINGS: Mutex<Option<Termios>> = Mutex::new(None);

/// Shows a prompt and reads a line from the terminal on standard input, which does not show what is typed. The terminal's
/// settings are restored afterwards, and by a signal.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] at Ctrl-D; those of the terminal.
pub(crate) fn hidden_line(prompt: &str) -> io::Result<String> {
    let before = tcgetattr(io::stdin())?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    // Ctrl-Z is a character: a stopped program would leave a terminal that shows nothing
    hidden.special_codes[SpecialCodeIndex::VSUSP] = 0;
    *line_is_open() = true;
    // set before the prompt is shown, so that nothing typed at once is echoed
    let set = {
        let mut settings = settings();
        *settings = Some(before);
        tcsetattr(io::stdin(), OptionalActions::Now, &hidden)
    };
    let mut line = String::new();
    let read = set
        .map_err(io::Error::from)
        .and_then(|()| show(prompt))
        .and_then(|()| io::stdin().read_line(&mut line));
    *restore() = None;
    let mut is_open = line_is_open();
    let _ = show("\n");
    *is_open = false;
    match read? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line),
    }
}

/// Writes to the terminal, even if standard error is not one.
fn show(text: &str) -> io::Result<()> {
    if io::stderr().is_terminal() {
        return write!(io::stderr(), "{text}");
    }
    write!(File::options().write(true).open("/dev/tty")?, "{text}")
}

fn settings() -> MutexGuard<'static, Option<Termios>> {
    SETTINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Restores the settings. They stay as they are while the guard is held.
pub(crate) fn restore() -> MutexGuard<'static, Option<Termios>> {
    let settings = settings();
    if let Some(before) = settings.as_ref() {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
    }
    settings
}
