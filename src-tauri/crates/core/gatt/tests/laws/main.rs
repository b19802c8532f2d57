//! The laws that every codec of the crate keeps, tried on thousands of made values.
//! Single captures are tested beside each profile.
#[cfg(test)]
mod clocks_and_power;
#[cfg(test)]
mod common;
#[cfg(test)]
mod continuous_glucose;
#[cfg(test)]
mod device_facts;
#[cfg(test)]
mod enhanced_blood_pressure;
#[cfg(test)]
mod generic_health;
#[cfg(test)]
mod glucose;
#[cfg(test)]
mod polar;
#[cfg(test)]
mod scales;
#[cfg(test)]
mod vendor;
#[cfg(test)]
mod vital_signs;
