//! The clinic's server over HTTPS: one request out, one whole answer back, or a fault that says what is known; and
//! signing in to it. No FHIR, no order, no retry: the outbox decides those. No token is kept: the console does that.

mod address;
mod answer;
mod body;
mod client;
mod fault;
mod options;
mod server;
mod sign_in;

pub use address::{InvalidServer, ServerAddress};
pub use options::{Browser, ClinicHttpOptions, ProxyChoice, SignInOptions};
pub use server::ClinicHttp;
