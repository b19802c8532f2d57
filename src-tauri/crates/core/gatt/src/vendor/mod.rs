//! Frames of vendors outside the adopted profiles, documented or found by observation: one file per vendor.
//! Which model speaks which is data of the sessions; Beurer's byte order stands beside blood pressure.
pub mod berrymed;
pub mod nonin;
pub mod viatom;
pub mod xiaomi;
pub mod yonker;
