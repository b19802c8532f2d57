//! Who and what a reading belongs to, as types that cannot be mixed up.
//! Not here: counting ordinals and frames (`bedside-session`), and what a reading says (`measurement`).
use crate::{DeviceTime, Parameter};
use alloc::format;
use alloc::string::String;
use core::fmt;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

identifiers! {
    /// A patient of this vault.
    PatientId,
    /// A device as enrolled in this vault: never its Bluetooth address, which may be random.
    DeviceId,
    /// One connection of one device.
    ConnectionId,
    /// One stored reading.
    ReadingId,
    /// One long series: a parameter of a device while bound to one patient (or to nobody).
    SeriesId,
}

/// The namespace of every version 5 identifier that Bedside derives.
const NAMESPACE: Uuid = Uuid::from_u128(0x8d3f_2b6e_41c7_5a0d_9e52_7c1b_60fa_43d8);

/// What makes a reading the same reading, whatever path it came by. Never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ReadingIdentity {
    /// A record number of the device and its base time.
    Sequence {
        /// The record number.
        sequence: u32,
        /// The device's own time of the record.
        base_time: Option<DeviceTime>,
    },
    /// No record number: the device's own time, and the place among the readings of that time on one delivery.
    Ordinal {
        /// The device's own time of the reading.
        base_time: DeviceTime,
        /// 0 for the first reading of that time.
        ordinal: u32,
    },
    /// Neither number nor time: the connection and the count of frames on it.
    Stream {
        /// The connection.
        connection: ConnectionId,
        /// Frames of that characteristic before this one.
        frame: u64,
    },
}

impl fmt::Display for ReadingIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequence { sequence, base_time: Some(time) } => write!(f, "sequence {sequence} {time}"),
            Self::Sequence { sequence, base_time: None } => write!(f, "sequence {sequence}"),
            Self::Ordinal { base_time, ordinal } => write!(f, "ordinal {base_time} {ordinal}"),
            Self::Stream { connection, frame } => write!(f, "stream {connection} {frame}"),
        }
    }
}

impl ReadingId {
    /// The same reading of the same device makes the same id on every computer of the clinic that knows the device.
    pub fn derive(device: DeviceId, parameter: Parameter, identity: &ReadingIdentity) -> Self {
        Self(derived(&format!("reading|{device}|{}|{identity}", parameter.mdc())))
    }
}

impl DeviceId {
    /// From what the device says of itself. `key` is its UDI, serial number or System ID with the maker's name.
    pub fn derive(key: &str) -> Self {
        Self(derived(&format!("device|{key}")))
    }
}

impl SeriesId {
    /// One series for each device, patient and parameter.
    pub fn derive(device: DeviceId, patient: Option<PatientId>, parameter: Parameter) -> Self {
        let patient = patient.map_or_else(String::new, |id| format!("{id}"));
        Self(derived(&format!("series|{device}|{patient}|{}", parameter.mdc())))
    }
}

fn derived(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readings_of_one_minute_are_two_and_one_reading_is_one() {
        let device = DeviceId::derive("maker|serial 1");
        let base_time = DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 14, minute: 6, second: 0 };
        let id = |ordinal| {
            ReadingId::derive(device, Parameter::BloodPressure, &ReadingIdentity::Ordinal { base_time, ordinal })
        };
        assert_eq!(id(0), id(0));
        assert_ne!(id(0), id(1));
    }
}
