//! Polar measurement data (PMD): raw ECG, acceleration, pulse waveform and beat intervals of Polar sensors.
//! Facts from Polar's published measurement data specification and SDK sources; starting and stopping is the sessions'.
mod control;
mod data;
mod delta;

pub use control::{
    ControlReply, ControlRequest, ControlStatus, Factor, MeasurementKind, Setting, decode_settings, encode_settings,
};
pub use data::{DataFrame, PulseInterval, Samples};
