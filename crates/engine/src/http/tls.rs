//! Whom to trust, and what to say about a certificate that is not.
//!
//! Trusted are the system's roots, or Mozilla's where the system has none (as in an empty
//! container), and the operator's own. There is no way to switch verification off.

use std::{io, sync::Arc};

use herald_domain::attempt::{ErrorClass, Failure};
use rustls::{CertificateError, RootCertStore, pki_types::CertificateDer};
use tokio_rustls::TlsConnector;

use super::failure::failure;

/// The client cannot be made with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum ClientProblem {
    /// A certificate of `extra_ca` cannot be used.
    #[error("a certificate of extra_ca is not a usable CA certificate: {0}")]
    ExtraCa(rustls::Error),
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),
}

/// A connector that verifies every certificate, and offers HTTP/2 and HTTP/1.1.
pub(super) fn connector(
    extra_ca: &[CertificateDer<'static>],
) -> Result<TlsConnector, ClientProblem> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(ClientProblem::Tls)?
        .with_root_certificates(roots(extra_ca)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots(extra_ca: &[CertificateDer<'static>]) -> Result<RootCertStore, ClientProblem> {
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!(%error, "some of the system's CA certificates cannot be read");
    }
    let mut roots = RootCertStore::empty();
    let (usable, _unusable) = roots.add_parsable_certificates(native.certs);
    if usable == 0 {
        tracing::info!("the system has no CA certificates; Mozilla's are used");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for certificate in extra_ca {
        roots.add(certificate.clone()).map_err(ClientProblem::ExtraCa)?;
    }
    Ok(roots)
}

/// Why the handshake failed. Nothing was sent in any case.
pub(super) fn unsecured(error: &io::Error) -> Failure {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(problem)) => {
            failure(ErrorClass::TlsCertificate, describe(problem))
        }
        Some(rustls::Error::NoCertificatesPresented) => {
            failure(ErrorClass::TlsCertificate, "The receiver presented no certificate.")
        }
        _ => failure(ErrorClass::TlsHandshake, "The TLS handshake with the receiver failed."),
    }
}

fn describe(problem: &CertificateError) -> &'static str {
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "The receiver's certificate has expired."
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "The receiver's certificate is not valid yet."
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "The receiver's certificate is for another host."
        }
        CertificateError::UnknownIssuer => {
            "The receiver's certificate is self-signed, issued by an unknown authority, or sent \
             without its intermediate certificates."
        }
        CertificateError::Revoked => "The receiver's certificate is revoked.",
        _ => "The receiver's certificate could not be verified.",
    }
}
