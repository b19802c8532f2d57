//! The HTTPS client: the system's certificates and a site's own authority, a certificate of this computer's, proxies,
//! deadlines, no redirects. There is no switch that accepts an invalid certificate. Not here: requests.
use crate::address::{InvalidServer, ServerAddress};
use crate::options::{ClinicHttpOptions, ProxyChoice};
use reqwest::{Certificate, Client, Identity, redirect, tls};
use std::path::Path;
use zeroize::Zeroizing;

/// Makes the client. Nothing is sent.
pub(crate) fn client(options: &ClinicHttpOptions, address: &ServerAddress) -> Result<Client, InvalidServer> {
    // reqwest takes its cryptography from the process. A provider that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .connect_timeout(options.connect_timeout)
        .timeout(options.total_timeout)
        .tls_version_min(tls::Version::TLS_1_2)
        // A redirected POST may arrive as a GET, and records may arrive where nobody configured them.
        .redirect(redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("Bedside/", env!("CARGO_PKG_VERSION")));
    builder = match &options.proxy {
        // What is on this computer is not looked for behind a proxy.
        _ if address.is_loopback() => builder.no_proxy(),
        ProxyChoice::OfSystem => builder,
        ProxyChoice::Direct => builder.no_proxy(),
        ProxyChoice::At(proxy) => {
            let proxy = reqwest::Proxy::all(proxy).map_err(|_| InvalidServer::Proxy)?;
            builder.proxy(proxy)
        }
    };
    if let Some(path) = &options.private_ca {
        builder = builder.tls_certs_merge(certificates(path)?);
    } else if !address.is_encrypted() {
        // Plain loopback needs no certificates, so a computer without any can run it.
        builder = builder.tls_certs_only([]);
    }
    if let Some((certificate, key)) = &options.client_certificate {
        builder = builder.identity(identity(certificate, key)?);
    }
    builder.build().map_err(|error| InvalidServer::Client(innermost(&error)))
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, InvalidServer> {
    let pem = std::fs::read(path)
        .map_err(|error| InvalidServer::CaUnreadable { path: path.to_owned(), reason: error.kind().to_string() })?;
    let wrong = || InvalidServer::CaContent { path: path.to_owned() };
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| wrong())?;
    if certificates.is_empty() { Err(wrong()) } else { Ok(certificates) }
}

/// The certificate by which this computer shows itself, and its key, from their two files.
fn identity(certificate: &Path, key: &Path) -> Result<Identity, InvalidServer> {
    let read = |path: &Path| {
        std::fs::read(path).map(Zeroizing::new).map_err(|error| InvalidServer::ClientCertificateUnreadable {
            path: path.to_owned(),
            reason: error.kind().to_string(),
        })
    };
    let (chain, key_pem) = (read(certificate)?, read(key)?);
    let both = Zeroizing::new([chain.as_slice(), b"\n", key_pem.as_slice()].concat());
    Identity::from_pem(&both).map_err(|_| InvalidServer::ClientCertificateContent {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
    })
}

/// What the library says in the end, without a URL: none has been used yet.
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}
