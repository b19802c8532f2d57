//! The clinic's server over HTTPS: one request out, one whole answer back, or a fault that says what is known.
//! No FHIR, no order, no retry: the outbox decides those.

mod address;
mod answer;
mod fault;
mod server;

pub use address::{InvalidServer, ServerAddress};
pub use server::{ClinicHttp, ClinicHttpOptions};
