//! The laws that every codec of the crate keeps, tried on thousands of made values.
//! Single captures are tested beside each profile.
#[cfg(test)]
mod common;
#[cfg(test)]
mod device_facts;
#[cfg(test)]
mod polar;
#[cfg(test)]
mod vital_signs;
