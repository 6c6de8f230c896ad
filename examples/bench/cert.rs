//! A new certificate for the sandbox's hosts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::sandbox::DOMAIN;

/// Where the certificate and its key were written.
#[derive(Debug)]
pub(crate) struct Cert {
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
}

pub(crate) fn make(folder: &Path) -> Result<Cert> {
    let made = rcgen::generate_simple_self_signed(vec![DOMAIN.to_owned(), format!("*.{DOMAIN}")])?;
    let cert = Cert {
        chain: folder.join("cert.pem"),
        key: folder.join("key.pem"),
    };
    fs::write(&cert.chain, made.cert.pem())?;
    fs::write(&cert.key, made.signing_key.serialize_pem())?;
    Ok(cert)
}
