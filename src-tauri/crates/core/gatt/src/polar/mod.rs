//! Polar measurement data (PMD): raw ECG, acceleration, pulse waveform and beat intervals of Polar sensors.
//! Facts from Polar's published measurement data specification and SDK sources; starting and stopping is the sessions'.
mod control;
mod data;
mod delta;
mod samples;

pub use control::{
    ControlReply, ControlRequest, ControlStatus, Factor, MeasurementKind, MeasurementKinds, MeasurementSupport,
    Setting, decode_settings, encode_settings,
};
pub use data::DataFrame;
pub use samples::{EcgContactSample, EcgTaggedSample, PulseInterval, Samples};
