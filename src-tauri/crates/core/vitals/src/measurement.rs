//! A measurement: what, how much, in which unit, when, how good, and what makes it this one and no other.
//! Not here: whose it is, and how numbers, units and times are built (`decimal`, `unit`, `time`).
use crate::{
    ConnectionId, CorrectedTime, GlucoseDetails, Number, Parameter, Quality, ReadingIdentity, TemperatureSite, Unit,
};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A number and its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quantity {
    /// The number, or the state in its place.
    pub number: Number,
    /// Its unit.
    pub unit: Unit,
}

/// The pressures of one measurement. They share one unit; a missing one is special.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BloodPressure {
    /// Systolic pressure.
    pub systolic: Number,
    /// Diastolic pressure.
    pub diastolic: Number,
    /// Mean arterial pressure.
    pub mean: Number,
    /// mmHg or kPa.
    pub unit: Unit,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MeasuredValue {
    /// One quantity.
    Single(Quantity),
    /// The three pressures.
    Pressures(BloodPressure),
}

impl MeasuredValue {
    /// The unit that every number of the value shares.
    pub const fn unit(&self) -> Unit {
        match self {
            Self::Single(quantity) => quantity.unit,
            Self::Pressures(pressures) => pressures.unit,
        }
    }
}

/// Whether values come as a stream or one at a time: it decides freshness, storage and what goes to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cadence {
    /// Value after value, about once a second.
    Streaming,
    /// A single measurement.
    Spot,
}

/// One numeric measurement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// What was measured.
    pub parameter: Parameter,
    /// How much.
    pub value: MeasuredValue,
    /// Stream or single.
    pub cadence: Cadence,
    /// When.
    pub time: CorrectedTime,
    /// What makes it this one.
    pub identity: ReadingIdentity,
    /// How good it is, as the device says.
    pub quality: Quality,
    /// The user slot a cuff or scale names.
    pub user_slot: Option<u8>,
    /// What a meter says of a glucose reading besides its number; `None` for everything else.
    pub glucose: Option<GlucoseDetails>,
    /// Where a temperature was taken, if the thermometer says so; `None` for everything else. Not in what earlier
    /// versions wrote down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_site: Option<TemperatureSite>,
}

/// Samples of a waveform (or of beat intervals) at an even or, with `hertz` 0, an uneven pace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaveformBlock {
    /// Which waveform.
    pub parameter: Parameter,
    /// The unit of one step of `samples`.
    pub unit: Unit,
    /// Samples a second; 0 for beat intervals, which have no even pace.
    pub hertz: u16,
    /// When the last sample was taken.
    pub last_sample: CorrectedTime,
    /// Which connection.
    pub connection: ConnectionId,
    /// Samples of this waveform on the connection before this block.
    pub first_index: u64,
    /// The device's own integers.
    pub samples: Vec<i32>,
}
