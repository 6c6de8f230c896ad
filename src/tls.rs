//! The TLS side of every connection, the platform's and the notices': rustls with ring, the system's certificate
//! authorities, and `ca_file`.
//!
//! Reading the authorities is most of what starting a client costs, so a plain connection reads none, and an encrypted one
//! the system's one bundle rather than its hundred files. Must not skip a check, ever.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Which certificate authorities are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Roots<'f> {
    /// none: for connections that are plain throughout
    None,
    /// the system's, and those of this file
    System(Option<&'f Path>),
}

/// The TLS configuration.
///
/// # Errors
/// In words: `ca_file` cannot be used, or no authority is found at all.
pub(crate) fn config(trusted: Roots) -> Result<ClientConfig, String> {
    let roots = match trusted {
        Roots::None => RootCertStore::empty(),
        Roots::System(ca_file) => roots(ca_file)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("cannot set up tls: {e}"))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    system(&mut roots);
    if let Some(path) = ca_file {
        let cannot = |why: &str| format!("cannot use ca_file {}: {why}", path.display());
        let pem = fs::read(path).map_err(|e| cannot(&crate::text::why(&e)))?;
        match add(&mut roots, &pem) {
            Added { good: 0, bad: 0 } => return Err(cannot("it holds no certificate")),
            Added { good: 0, .. } => return Err(cannot("none of its certificates can be read")),
            added => added.note(path, log::Level::Warn),
        }
    }
    if roots.is_empty() {
        return Err("no certificate authorities found on this system: install ca-certificates or set ca_file".to_owned());
    }
    Ok(roots)
}

/// The system's bundle, else the files of its folders. `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured by the probe.
fn system(roots: &mut RootCertStore) {
    let probe = openssl_probe::probe();
    if let Some(path) = probe.cert_file
        && let Ok(pem) = fs::read(&path)
    {
        add(roots, &pem).note(&path, log::Level::Info);
    }
    if !roots.is_empty() {
        return;
    }
    let files = probe
        .cert_dir
        .iter()
        .filter_map(|dir| fs::read_dir(dir).ok())
        .flatten()
        .flatten();
    // keys and other things that are no authorities may lie there: no word about them
    for pem in files.filter_map(|file| fs::read(file.path()).ok()) {
        add(roots, &pem);
    }
}

/// How many certificates of a bundle are trusted now, and how many could not be read.
#[derive(Debug, PartialEq, Eq)]
struct Added {
    good: usize,
    bad: usize,
}

impl Added {
    /// The user's own bundle is worth a warning; the system's, which nobody here has written, is not: cron would mail
    /// it at every run.
    fn note(&self, bundle: &Path, level: log::Level) {
        if self.bad > 0 {
            let (bad, bundle) = (self.bad, bundle.display());
            log::log!(
                level,
                "{bad} of the certificates in {bundle} cannot be read; the others are used"
            );
        }
    }
}

/// Adds the certificates of a PEM text that rustls understands: one that is broken must not take the others along.
fn add(roots: &mut RootCertStore, pem: &[u8]) -> Added {
    let mut added = Added { good: 0, bad: 0 };
    for certificate in CertificateDer::pem_slice_iter(pem) {
        match certificate.map(|it| roots.add(it)) {
            Ok(Ok(())) => added.good += 1,
            _ => added.bad += 1,
        }
    }
    added
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_that_cannot_be_used_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let message = |path: &Path| roots(Some(path)).unwrap_err();
        assert_eq!(
            message(&path),
            format!(
                "cannot use ca_file {}: no such file or directory",
                path.display()
            )
        );
        fs::write(&path, "not a certificate\n").unwrap();
        assert_eq!(
            message(&path),
            format!(
                "cannot use ca_file {}: it holds no certificate",
                path.display()
            )
        );
    }

    #[test]
    fn a_ca_file_is_trusted() {
        let key = rcgen::generate_simple_self_signed(vec!["a.test".to_owned()]).unwrap();
        let mut store = RootCertStore::empty();
        let added = add(&mut store, key.cert.pem().as_bytes());
        assert_eq!(added, Added { good: 1, bad: 0 });
    }

    /// The whole bundle was dropped, without a word.
    #[test]
    fn a_broken_certificate_takes_no_other_along() {
        let pem = |name: &str| {
            let key = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
            key.cert.pem()
        };
        let block = |text: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
        };
        for broken in [block("!not base64!"), block("AAAA")] {
            let bundle = format!("{}{broken}{}", pem("a.test"), pem("b.test"));
            let mut store = RootCertStore::empty();
            let added = add(&mut store, bundle.as_bytes());
            assert_eq!(added, Added { good: 2, bad: 1 }, "{broken}");

            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("ca.pem");
            fs::write(&path, &broken).unwrap();
            let why = roots(Some(&path)).unwrap_err();
            assert!(
                why.ends_with("none of its certificates can be read"),
                "{why}"
            );
        }
    }
}
