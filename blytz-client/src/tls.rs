//! One TLS configuration for HTTP and WebSocket: one crypto provider, one set of trusted roots.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider};
use rustls_platform_verifier::Verifier;

use crate::error::Error;

/// The system's trust, or Mozilla's where the system has none (a bare container). `needed` is
/// false for plain http, which then does not read the system's certificates for nothing.
pub(crate) fn config(needed: bool) -> Result<Arc<ClientConfig>, Error> {
    let provider = provider();
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Config(format!("TLS can't be set up: {error}")))?;
    let system = if needed { Verifier::new(provider).ok() } else { None };
    let config = match system {
        Some(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        None => builder.with_root_certificates(mozilla()),
    };
    Ok(Arc::new(config.with_no_client_auth()))
}

fn mozilla() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// The process's provider. A program that installed its own keeps it; else ring is installed,
/// so that no other crate of the process panics for want of one.
fn provider() -> Arc<CryptoProvider> {
    if let Some(installed) = CryptoProvider::get_default() {
        return installed.clone();
    }
    let ours = rustls::crypto::ring::default_provider();
    // Another thread may have been faster; then its choice is as good.
    drop(ours.clone().install_default());
    CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(ours))
}
