//! A measuring device, this console, and a device's clock beside ours (PhdDevice, PhgDevice and Coincident Timestamp of
//! uv-phd 2.0.0). Bluetooth addresses are left out: they may be random and identify nothing.
use crate::codes;
use crate::datatypes::{Identifier, Meta, Reference};
use crate::element::ResourceType;
use crate::filing::{FilingContext, NotFilable, instant, stable_id};
use crate::reading::of_device;
use crate::resources::{Device, DeviceName, DeviceSpecialization, DeviceUdiCarrier, DeviceVersion, Observation};
use bedside_vitals::{
    CorrectedTime, DeviceClock, DeviceDescription, DeviceId, DeviceTime, TimeMethod, UniqueDeviceIdentifier,
};
use serde_json::Map;
use uuid::Uuid;

/// A measuring device as it describes itself; what it does not say is left out.
pub fn device(context: &FilingContext, description: &DeviceDescription) -> Device {
    let system_id = description.system_id.as_deref().map(|id| Identifier {
        r#type: Some(codes::concept(codes::SYSTEM_ID)),
        ..Identifier::new(codes::uri::SYSTEM_ID, dashed(id))
    });
    let own_id = Identifier::of_uuid(description.id.0);
    let name = (!description.name.is_empty()).then(|| DeviceName {
        name: description.name.clone(),
        r#type: "user-friendly-name".to_owned(),
        rest: Map::new(),
    });
    Device {
        resource_type: ResourceType::NEW,
        id: Some(description.id.to_string()),
        meta: Meta::for_test_data(context.test_data || description.simulated),
        extension: Vec::new(),
        identifier: system_id.into_iter().chain([own_id]).collect(),
        udi_carrier: description.udi.as_ref().map(udi_carrier).into_iter().collect(),
        manufacturer: description.manufacturer.clone(),
        serial_number: description.serial.clone(),
        device_name: name.into_iter().collect(),
        model_number: description.model.clone(),
        r#type: Some(codes::mdc(codes::DEVICE)),
        specialization: vec![DeviceSpecialization {
            system_type: codes::mdc(codes::specialization(description.kind)),
            version: None,
            rest: Map::new(),
        }],
        version: revisions(description),
        rest: Map::new(),
    }
}

/// This console: the gateway between devices and the server. `version` is the program's.
pub fn gateway(context: &FilingContext, version: &str) -> Device {
    let software = DeviceVersion {
        r#type: Some(codes::mdc(codes::SOFTWARE_REVISION)),
        value: version.to_owned(),
        rest: Map::new(),
    };
    Device {
        resource_type: ResourceType::NEW,
        id: Some(context.gateway.to_string()),
        meta: Meta::for_test_data(context.test_data),
        extension: Vec::new(),
        identifier: vec![Identifier::of_uuid(context.gateway)],
        udi_carrier: Vec::new(),
        manufacturer: Some("Bedside".to_owned()),
        serial_number: None,
        device_name: Vec::new(),
        model_number: Some("Bedside console".to_owned()),
        r#type: Some(codes::mdc(codes::GATEWAY)),
        specialization: Vec::new(),
        version: vec![software],
        rest: Map::new(),
    }
}

/// The id of the Observation that says how far a device's clock was off.
pub fn coincident_timestamp_id(device: DeviceId, clock: &DeviceClock) -> Uuid {
    stable_id(&format!("clock|{device}|{}|{}", clock.read_at.0, clock.device))
}

/// A device's clock beside ours, both at one moment: it explains every corrected time that refers to it.
pub fn coincident_timestamp(
    context: &FilingContext,
    description: &DeviceDescription,
    clock: &DeviceClock,
) -> Result<Observation, NotFilable> {
    // Both times were read in one zone, so the device's clock showed this instant. One that shows no possible time is
    // at fault: what it showed is no value.
    let shown = clock.read_at.plus_millis(clock.offset_ms);
    let value = clock.device.civil().map(|_| instant(shown)).transpose()?;
    let id = coincident_timestamp_id(description.id, clock);
    Ok(Observation {
        id: Some(id.to_string()),
        meta: Meta::for_test_data(context.test_data || description.simulated),
        identifier: vec![Identifier::of_uuid(id)],
        effective_date_time: Some(instant(clock.read_at)?),
        data_absent_reason: value.is_none().then(|| codes::concept(codes::ABSENT_ERROR)),
        value_date_time: value,
        device: Some(Reference::to("Device", context.gateway)),
        ..of_device(codes::TIME_ABSOLUTE, description)
    })
}

/// Whether a reading's time is the device's own although this reading of its clock, on the same connection, should have
/// corrected it: the clock showed no possible time, or one by which the reading would be of another time than it can be.
pub fn is_at_fault(clock: &DeviceClock, time: &CorrectedTime) -> bool {
    time.method == TimeMethod::DeviceClockUnverified && time.device.is_some() && !corrects(clock, time)
}

/// Whether a reading's time was corrected by this reading of the device's clock, and by no other of the same
/// connection.
pub fn explains(clock: &DeviceClock, time: &CorrectedTime) -> bool {
    time.method == TimeMethod::DeviceClockCorrected && corrects(clock, time)
}

/// Whether a reading's time is just what this reading of the device's clock makes of the device's own.
fn corrects(clock: &DeviceClock, time: &CorrectedTime) -> bool {
    let between = |later: DeviceTime, earlier: DeviceTime| Some(later.as_if_utc()?.millis_since(earlier.as_if_utc()?));
    let since = time.device.and_then(|device| between(device, clock.device));
    since.is_some_and(|since| clock.read_at.plus_millis(since) == time.at)
}

/// The device's part of the guide's key: the System ID without dashes, in capitals; without one, our own id.
pub(crate) fn key_part(description: &DeviceDescription) -> String {
    match &description.system_id {
        Some(id) => id.to_ascii_uppercase(),
        None => description.id.0.simple().to_string().to_ascii_uppercase(),
    }
}

/// An EUI-64 as the guide writes it: capitals, a dash between octets.
fn dashed(hex: &str) -> String {
    let digits: Vec<char> = hex.to_ascii_uppercase().chars().collect();
    digits.chunks(2).map(|octet| octet.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// A UDI in its parts; issuer and authority are object identifiers, and what is none is left out.
fn udi_carrier(udi: &UniqueDeviceIdentifier) -> DeviceUdiCarrier {
    let is_oid = |text: &&String| {
        text.contains('.')
            && text.split('.').all(|arc| !arc.is_empty() && arc.bytes().all(|octet| octet.is_ascii_digit()))
    };
    let uri = |oid: &Option<String>| oid.as_ref().filter(is_oid).map(|oid| format!("urn:oid:{oid}"));
    DeviceUdiCarrier {
        device_identifier: udi.device_identifier.clone(),
        issuer: uri(&udi.issuer),
        jurisdiction: uri(&udi.authority),
        carrier_hrf: udi.label.clone(),
        rest: Map::new(),
    }
}

fn revisions(description: &DeviceDescription) -> Vec<DeviceVersion> {
    let DeviceDescription { hardware, software, firmware, .. } = description;
    [(codes::HARDWARE_REVISION, hardware), (codes::SOFTWARE_REVISION, software), (codes::FIRMWARE_REVISION, firmware)]
        .into_iter()
        .filter_map(|(term, revision)| {
            let value = revision.clone()?;
            Some(DeviceVersion { r#type: Some(codes::mdc(term)), value, rest: Map::new() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::{BootTime, WallTime};

    #[test]
    fn a_clock_is_at_fault_for_a_time_that_it_should_have_corrected_and_did_not() {
        let read_at = WallTime(1_773_842_792_000);
        let of_year = |year| DeviceTime { year, month: Some(3), day: Some(18), hour: 14, minute: 6, second: 32 };
        let clock = |year| DeviceClock { device: of_year(year), read_at, offset_ms: 0 };
        let time = |method, device| CorrectedTime {
            at: read_at,
            method,
            device,
            received: read_at,
            received_boot: BootTime::from_millis(5),
        };
        let as_it_stands = time(TimeMethod::DeviceClockUnverified, Some(of_year(Some(2026))));
        for at_fault in [clock(None), clock(Some(2020))] {
            assert!(is_at_fault(&at_fault, &as_it_stands) && !explains(&at_fault, &as_it_stands));
        }
        assert!(!is_at_fault(&clock(Some(2026)), &as_it_stands), "it agrees");
        assert!(!is_at_fault(&clock(None), &time(TimeMethod::DeviceClockUnverified, None)));
        let corrected = time(TimeMethod::DeviceClockCorrected, Some(of_year(Some(2026))));
        assert!(!is_at_fault(&clock(None), &corrected));
        assert!(explains(&clock(Some(2026)), &corrected));
    }
}
