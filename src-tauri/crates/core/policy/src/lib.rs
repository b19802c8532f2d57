//! The one policy file of a fleet: `policy.json` read into types, with defaults for all that it leaves out.
//! Nothing here opens the file or acts on it.
#![no_std]
extern crate alloc;

mod clinic;
mod fault;
mod freshness;
mod json;
mod limits;
mod policy;
mod safety;
mod server_url;
mod worklist;

#[cfg(test)]
mod schema;

pub use clinic::{ClientCertificate, MachineKey, Proxy, SignIn};
pub use fault::PolicyFault;
pub use limits::{Crossed, Limit, Limits};
pub use policy::{LogLevel, Policy, Retention};
pub use safety::{Backups, LockTimes};
pub use server_url::ServerUrl;
pub use worklist::{Worklist, WorklistBy};
