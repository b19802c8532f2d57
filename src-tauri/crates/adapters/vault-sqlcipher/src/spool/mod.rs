//! What is committed while the vault is locked: sealed to its public key, in files that are only appended to, and filed
//! at the next opening. Decision record 0014. Not here: who decides to lock, and the commit by which a batch is filed.

pub(crate) mod file;
mod mirror;
mod origin;
mod outside;
mod queue;
mod state;
#[cfg(test)]
mod tests;
mod unproven;
pub(crate) mod written;

pub(crate) use queue::{Spool, random};
