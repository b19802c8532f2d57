//! Rejected values from the store, read again once a quirk of their model is known.
//! Not here: where they are stored, and whose they were.
use crate::clock::Timeline;
use crate::input::{Content, Now};
use crate::memories;
use crate::profiles::{Decoder, Frame};
use crate::quirks::Quirk;
use crate::table::CharacteristicAddress;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bedside_vitals::{BootTime, ConnectionId, DeviceClock, DeviceDescription, Measurement, TimeMethod, WallTime};
use uuid::Uuid;

/// Where a stored value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredValue {
    /// On which connection it came.
    pub connection: ConnectionId,
    /// Of which characteristic.
    pub characteristic: Uuid,
    /// Values of it on the connection before this one.
    pub index: u64,
    /// When it came.
    pub received: WallTime,
    /// Milliseconds this computer's zone was ahead of UTC then.
    pub zone_offset_ms: i64,
    /// The device's clock on that connection, where it was read.
    pub clock: Option<DeviceClock>,
}

/// The measurements of a value, by what is known of the device's model now; streams and waveforms are not read again.
///
/// # Errors
/// Why it is rejected all the same, without health data.
pub fn decode_again(device: &DeviceDescription, value: &StoredValue, bytes: &[u8]) -> Result<Vec<Measurement>, String> {
    let quirk = Quirk::of(Some(&device.name), device.manufacturer.as_deref(), device.model.as_deref());
    let StoredValue { connection, characteristic, index, received, zone_offset_ms, clock } = *value;
    let timeline = Timeline { read: clock.filter(DeviceClock::shows_a_time), ..Timeline::default() };
    // The clock that counts from boot is of another boot: what was received then is older than anything of this one.
    let now = Now { boot: BootTime::default(), wall: received, zone_offset_ms };
    let frame = Frame { connection, index, clock: Some(&timeline), now, quirk, context: None, from_memory: false };
    // What a value means depends on its characteristic alone.
    let address = CharacteristicAddress { service: Uuid::nil(), characteristic };
    let contents = Decoder::default().decode(address, bytes, &frame, device.simulated);
    let measured = |content| match content {
        Content::Measurement(measurement) => Some(measurement),
        Content::Waveform(_) | Content::NotCharted { .. } | Content::Intermediate => None,
    };
    let mut read: Vec<Measurement> =
        contents.map_err(|error| error.to_string())?.into_iter().filter_map(measured).collect();
    if memories::may_be_stored(characteristic) {
        // Whether it was being fetched when it came is not known any more: nor is when it was measured.
        let timeless = read.iter_mut().filter(|reading| reading.time.method == TimeMethod::Receipt);
        timeless.for_each(|reading| reading.time.method = TimeMethod::Unknown);
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles;
    use bedside_gatt::uuids;
    use bedside_vitals::{DeviceId, Parameter};

    fn device(model: &str) -> DeviceDescription {
        DeviceDescription {
            id: DeviceId::derive("serial|Beurer|1"),
            kind: profiles::kind_of(&[uuids::BLOOD_PRESSURE_SERVICE]),
            name: "Cuff".into(),
            manufacturer: Some("Beurer".into()),
            model: Some(model.into()),
            serial: None,
            firmware: None,
            hardware: None,
            software: None,
            system_id: None,
            udi: None,
            simulated: false,
        }
    }

    fn value_of(characteristic: Uuid) -> StoredValue {
        StoredValue {
            connection: ConnectionId(Uuid::nil()),
            characteristic,
            index: 0,
            received: WallTime(1_773_842_792_000),
            zone_offset_ms: 0,
            clock: None,
        }
    }

    #[test]
    fn a_value_that_may_have_lain_in_a_memory_and_has_no_time_is_not_dated_by_its_receipt() {
        // 97 %, 66 a minute, nothing else.
        let read = decode_again(&device("PO60"), &value_of(uuids::SPOT_CHECK_OXIMETRY), &[0, 97, 0, 66, 0]).unwrap();
        assert_eq!(read[0].time.method, TimeMethod::Unknown);
    }

    #[test]
    fn a_value_is_read_again_under_the_quirk_of_its_model() {
        let value = value_of(uuids::BLOOD_PRESSURE_MEASUREMENT);
        // Pulse rate and status most significant octet first, and a user octet without its flag: 72 a minute, slot 2.
        let bytes = [0x14, 0x78, 0, 0x50, 0, 0x5D, 0, 0, 0x48, 2, 0, 4];
        assert!(decode_again(&device("BM54"), &value, &bytes).is_err());
        let read = decode_again(&device("BM85"), &value, &bytes).unwrap();
        assert_eq!(
            read.iter().map(|m| m.parameter).collect::<Vec<_>>(),
            [Parameter::BloodPressure, Parameter::CuffPulseRate]
        );
        assert_eq!(read[0].user_slot, Some(2));
    }
}
