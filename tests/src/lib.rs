//! The rules of the house as functions, so that each can be shown to fail on a wrong house.
//! They are applied to this checkout by `architecture.rs` beside this folder. Beside them, what several test programs
//! use.

pub mod canary;
pub mod clinic;
pub mod desk;
pub mod fault_proxy;
pub mod figures;
pub mod homes;
pub mod layers;
pub mod memory_keys;
pub mod purity;
pub mod window;
