//! Names of the files around the store, and the error of one that cannot be used.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Error;

/// The directory of a file.
pub(super) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// `aimharder.db` + `.lock` → `aimharder.db.lock`, in the same folder.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The error of something that could not be done to a file.
pub(super) fn cannot(what: &str, path: &Path, cause: &std::io::Error) -> Error {
    let remedy = match cause.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "; make it writable, or name another place with --store"
        }
        _ => "",
    };
    let (shown, why) = (path.display(), crate::text::why(cause));
    Error::Unusable(format!("cannot {what} {shown}: {why}{remedy}"))
}
