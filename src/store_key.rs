//! Where the store's key comes from: the systemd credential `aimharder-key`, else `key_command` under
//! `[store]`. Never argv and never the environment, which children inherit.

use std::fs::File;
use std::io::BufReader;
use std::time::Duration;

use crate::config::Config;
use crate::password::credential_path;
use crate::process;
use crate::secret::Secret;
use crate::store::KeySource;

/// A key command that takes longer is given up.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
const CREDENTIAL: &str = "aimharder-key";

/// The source, if there is one. A unit that is given the credential may be unable to run the command.
pub fn source(config: &Config) -> Option<KeySource> {
    source_within(config, COMMAND_LIMIT)
}

/// The same, with less patience for a command.
pub(crate) fn source_within(config: &Config, limit: Duration) -> Option<KeySource> {
    if let Some(credential) = credential_path(CREDENTIAL).filter(|path| path.is_file()) {
        return Some(Box::new(move || {
            let cannot = |why: String| {
                let path = credential.display();
                format!("cannot read the store's key from the credential {path}: {why}")
            };
            let file = File::open(&credential).map_err(|e| cannot(crate::text::why(&e)))?;
            process::first_line(BufReader::new(file)).map_err(cannot)
        }));
    }
    let command = config.store.key_command.clone()?;
    Some(Box::new(move || {
        let what = "the key_command of [store]";
        process::first_line_of(process::of(&command), what, limit)
    }))
}

/// The new key of a store that has one: the first line of standard input.
///
/// # Errors
/// In one line, without the key.
pub fn from_stdin() -> Result<Secret, String> {
    process::first_line(std::io::stdin().lock())
        .map_err(|why| format!("cannot read the new key from standard input: {why}"))
}
