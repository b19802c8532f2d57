//! What is known after a request without an answer: nothing was sent, or perhaps something was. In doubt, perhaps.
//! The texts are our own: an error of the HTTP library may hold a URL, and a URL may hold an identifier.
use bedside_console::ports::ClinicFault;
use std::error::Error;
use std::io;

/// The fault of a request that got no answer.
pub(crate) fn of_request(error: &reqwest::Error) -> ClinicFault {
    if let Some(tls) = find::<rustls::Error>(error) {
        // A handshake that failed sent nothing. Later alerts come with the connection in use.
        if error.is_connect() {
            return ClinicFault::NotTrusted(tls_words(tls));
        }
        return ClinicFault::Ambiguous("the encrypted connection broke".to_owned());
    }
    if error.is_builder() {
        return ClinicFault::NotTrusted("the request could not be made".to_owned());
    }
    let words = words(error);
    if error.is_connect() { ClinicFault::Unreachable(words) } else { ClinicFault::Ambiguous(words) }
}

/// The fault of an answer that began and did not end.
pub(crate) fn of_body(error: &reqwest::Error) -> ClinicFault {
    ClinicFault::Ambiguous(format!("the answer broke off: {}", words(error)))
}

fn words(error: &reqwest::Error) -> String {
    let said = if error.is_timeout() {
        "no answer in time"
    } else if error.is_dns() {
        "its name is not known on this network"
    } else {
        match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => "the connection was refused",
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted) => {
                "the connection was reset"
            }
            Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => "there is no way to it",
            Some(io::ErrorKind::UnexpectedEof) => "the connection was closed",
            _ => "the connection failed",
        }
    };
    said.to_owned()
}

fn tls_words(error: &rustls::Error) -> String {
    let said = match error {
        rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
            "its certificate is from an unknown issuer"
        }
        rustls::Error::InvalidCertificate(
            rustls::CertificateError::Expired | rustls::CertificateError::ExpiredContext { .. },
        ) => "its certificate has expired",
        rustls::Error::InvalidCertificate(
            rustls::CertificateError::NotValidYet | rustls::CertificateError::NotValidYetContext { .. },
        ) => "its certificate is not valid yet: check this computer's clock",
        rustls::Error::InvalidCertificate(
            rustls::CertificateError::NotValidForName | rustls::CertificateError::NotValidForNameContext { .. },
        ) => "its certificate is for another name",
        rustls::Error::InvalidCertificate(rustls::CertificateError::Revoked) => "its certificate was revoked",
        rustls::Error::InvalidCertificate(_) => "its certificate is not valid",
        _ => "it does not speak TLS as it must",
    };
    said.to_owned()
}

/// The first error of a type in the chain, also where an `io::Error` wraps it.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|inner| find::<T>(inner)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}
