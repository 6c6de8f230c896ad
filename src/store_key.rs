//! The source of the store's key: the systemd credential `aimharder-key`, else `key_command` under `[store]`. The key is never an
//! argument and never in the environment, which child processes inherit.

use std::io;
use std::time::Duration;

use crate::config::Config;
use crate::password::{credential_path, read_credential};
use crate::process;
use crate::secret::Secret;

/// Reads the store key. Called only when the key is needed.
pub type KeySource = Box<dyn Fn() -> io::Result<Secret> + Send + Sync>;

/// The usual timeout of the key command.
pub(crate) const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);
const CREDENTIAL: &str = "aimharder-key";

/// The source, if there is one. The credential comes first, because a unit that has it may be unable to run the command,
/// which may take `limit`.
pub(crate) fn source(config: &Config, limit: Duration) -> Option<KeySource> {
    if let Some(credential) = credential_path(CREDENTIAL).filter(|path| path.is_file()) {
        return Some(Box::new(move || {
            read_credential(&credential, "the store's key from the credential")
        }));
    }
    let command = config.store.key_command.clone()?;
    Some(Box::new(move || {
        let what = "the key_command of [store]";
        process::first_line_of(process::of(&command), what, limit)
    }))
}
