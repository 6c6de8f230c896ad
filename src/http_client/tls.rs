//! TLS for every connection, to the platform and for notifications: rustls with ring, the system's certificate authorities,
//! and `ca_file`.
//!
//! Reading the certificate authorities takes most of the time that a client needs to start. A plain connection therefore reads
//! none, and an encrypted one reads the system's bundle instead of its separate files. No check of a certificate can be
//! switched off.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Builds the TLS configuration.
///
/// # Errors
/// If TLS cannot be set up.
pub(super) fn config(trusted: RootCertStore) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("cannot set up tls: {e}"))?;
    let mut config = builder
        .with_root_certificates(trusted)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificate authorities of the system and of a file.
///
/// # Errors
/// If `ca_file` cannot be used or no certificate authority is found.
pub(super) fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    system(&mut roots);
    if let Some(path) = ca_file {
        let cannot = |why: &str| format!("cannot use ca_file {}: {why}", path.display());
        let pem = fs::read(path).map_err(|e| cannot(&crate::text::why(&e)))?;
        if add(&mut roots, &pem) == 0 {
            return Err(cannot("it contains no certificate that can be read"));
        }
    }
    if roots.is_empty() {
        return Err("no certificate authorities found on this system; install ca-certificates or set ca_file".to_owned());
    }
    Ok(roots)
}

/// Adds the system's bundle, or the files of the system's folders if the bundle has no usable certificate. The probe honours
/// `SSL_CERT_FILE` and `SSL_CERT_DIR`.
fn system(roots: &mut RootCertStore) {
    let probe = openssl_probe::probe();
    if let Some(path) = probe.cert_file
        && let Ok(pem) = fs::read(path)
    {
        add(roots, &pem);
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
    // other files, such as keys, may be there too and are not reported
    for pem in files.filter_map(|file| fs::read(file.path()).ok()) {
        add(roots, &pem);
    }
}

/// Adds the certificates of a PEM text that rustls can read, and returns their number. The others are not used: a user cannot
/// correct those of the system.
fn add(roots: &mut RootCertStore, pem: &[u8]) -> usize {
    let certificates = CertificateDer::pem_slice_iter(pem).flatten();
    certificates
        .filter(|it| roots.add(it.clone()).is_ok())
        .count()
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
                "cannot use ca_file {}: it contains no certificate that can be read",
                path.display()
            )
        );
    }

    #[test]
    fn an_unreadable_certificate_does_not_exclude_the_others() {
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
            assert_eq!(add(&mut store, bundle.as_bytes()), 2, "{broken}");
            assert_eq!(add(&mut store, broken.as_bytes()), 0, "{broken}");
        }
    }
}
