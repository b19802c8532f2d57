//! Continuous Glucose Monitoring service 0x181F (Bluetooth SIG): what a sensor measures, can do and is asked.
//! Amounts are mg/dL here, unlike those of glucose meters. Joining offsets to the session start is the sessions' work.
pub mod control;
pub mod feature;
pub mod measurement;
pub mod session;
pub mod status;
