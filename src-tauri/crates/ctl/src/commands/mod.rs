//! One file for each command.
//! Not here: parsing the command line and exit codes.

pub(crate) mod audit;
pub(crate) mod clinicians;
pub(crate) mod decode;
pub(crate) mod doctor;
mod inbox;
mod kit;
pub(crate) mod pairing;
pub(crate) mod patients;
pub(crate) mod policy;
pub(crate) mod readings;
pub(crate) mod record;
pub(crate) mod scan;
pub(crate) mod storm;
pub(crate) mod sync;
mod sync_words;
pub(crate) mod vault;
mod versions;
mod words;
