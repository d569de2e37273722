//! Certificates for receivers in tests: an authority to trust, and every kind that must be refused.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio_rustls::TlsAcceptor;

/// The names that a receiver of these tests is reached by.
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "receiver.example.com"];

/// How many authorities there are.
static ISSUED: AtomicUsize = AtomicUsize::new(0);

/// A certificate authority of one test.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(..)")
    }
}

/// What is wrong with a certificate, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// For 127.0.0.1, `localhost` and `receiver.example.com`, for a long time.
    Valid,
    /// Was valid until 2001.
    Expired,
    /// Valid from 3000 on.
    NotYetValid,
    /// For another name.
    WrongHost,
}

impl Authority {
    /// A new authority with a key of its own.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        // Two of one name would be one authority with two keys, which is another fault.
        let number = ISSUED.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("Test authority {number}"));
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("the parameters are valid");
        Self { issuer }
    }

    /// The certificate to trust.
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// The same as PEM, as configurations take it.
    pub fn certificate_pem(&self) -> String {
        self.issuer.pem()
    }

    /// A receiver's certificate and key, signed by this authority.
    pub fn issue(&self, leaf: Leaf) -> Identity {
        let key = key();
        let certificate =
            params(leaf).signed_by(&key, &self.issuer).expect("the parameters are valid");
        Identity { certificate, key }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// A certificate and its key.
pub struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}

impl Identity {
    /// Right in everything but that it vouches for itself.
    pub fn self_signed() -> Self {
        let key = key();
        let certificate = params(Leaf::Valid).self_signed(&key).expect("the parameters are valid");
        Self { certificate, key }
    }

    /// The certificate as PEM, for receivers in other languages.
    pub fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// Its key as PEM.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// Accepts TLS with this certificate, offering `protocols` (ALPN) in order of preference.
    pub fn acceptor(&self, protocols: &[&str]) -> TlsAcceptor {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring supports the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.der().clone()], key)
            .expect("the key is the certificate's");
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn params(leaf: Leaf) -> CertificateParams {
    let names = match leaf {
        Leaf::WrongHost => vec!["elsewhere.example.com".to_owned()],
        _ => LOOPBACK_NAMES.map(String::from).to_vec(),
    };
    let mut params = CertificateParams::new(names).expect("the names are valid");
    match leaf {
        Leaf::Expired => {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        }
        Leaf::NotYetValid => params.not_before = date_time_ymd(3000, 1, 1),
        Leaf::Valid | Leaf::WrongHost => {}
    }
    params
}

fn key() -> KeyPair {
    KeyPair::generate().expect("ring generates keys")
}
