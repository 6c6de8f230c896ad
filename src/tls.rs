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
            Ok(0) => return Err(cannot("it holds no certificate")),
            Ok(_) => {}
            Err(()) => return Err(cannot("it is not in PEM form")),
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
    if let Some(pem) = probe.cert_file.and_then(|path| fs::read(path).ok()) {
        let _ = add(roots, &pem);
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
    for pem in files.filter_map(|file| fs::read(file.path()).ok()) {
        let _ = add(roots, &pem);
    }
}

/// Adds the certificates of a PEM text that rustls understands; says how many.
fn add(roots: &mut RootCertStore, pem: &[u8]) -> Result<usize, ()> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| ())?;
    Ok(roots.add_parsable_certificates(certificates).0)
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
        assert_eq!(add(&mut store, key.cert.pem().as_bytes()), Ok(1));
    }
}
