//! Generic Health Sensor service 0x1840, version 1.0 (Bluetooth SIG): observations of any device in one form, with the
//! meaning in codes of ISO/IEEE 11073-10101. Which codes the console charts is not decided here.
mod control;
mod features;
mod observation;
mod segments;
mod value;

pub use control::{ControlReply, ControlRequest};
pub use features::{HealthSensorFeatures, Specialization};
pub use observation::{InheritedObservation, MeasurementStatement, MeasurementStatus, Observation, StoredObservation};
pub use segments::{Loss, Segment, SegmentJoiner, SegmentOutcome, split};
pub use value::{Component, ObservationClass, ObservationValue, Quantity, SampleArray, StateEvent};
