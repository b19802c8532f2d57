//! A measuring device, this console, and a device's clock beside ours (PhdDevice, PhgDevice and Coincident Timestamp of
//! uv-phd 2.0.0). Bluetooth addresses are left out: they may be random and identify nothing.
use crate::codes;
use crate::datatypes::{CodeableConcept, Coding, Identifier, Meta, Reference};
use crate::element::ResourceType;
use crate::filing::{FilingContext, NotFilable, instant, stable_id};
use crate::resources::{Device, DeviceName, DeviceSpecialization, DeviceVersion, Observation};
use bedside_vitals::{DeviceClock, DeviceDescription, DeviceId};
use serde_json::Map;
use uuid::Uuid;

/// A measuring device as it describes itself; what it does not say is left out.
pub fn device(context: &FilingContext, description: &DeviceDescription) -> Device {
    let system_id = description.system_id.as_deref().map(|id| Identifier {
        r#type: Some(CodeableConcept::coded(vec![Coding::new(codes::DEVICE_IDENTIFIER_TYPE, "SYSID", None)])),
        ..Identifier::new(codes::SYSTEM_ID, dashed(id))
    });
    let own_id = Identifier::new("urn:ietf:rfc:3986", format!("urn:uuid:{}", description.id));
    let (specialization, specialization_name) = codes::specialization(description.kind);
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
        manufacturer: description.manufacturer.clone(),
        serial_number: description.serial.clone(),
        device_name: name.into_iter().collect(),
        model_number: description.model.clone(),
        r#type: Some(codes::mdc(65_573, "MDC_MOC_VMS_MDS_SIMP")),
        specialization: vec![DeviceSpecialization {
            system_type: codes::mdc(specialization, specialization_name),
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
        r#type: Some(codes::mdc(531_975, "MDC_ID_PROD_SPEC_SW")),
        value: version.to_owned(),
        rest: Map::new(),
    };
    Device {
        resource_type: ResourceType::NEW,
        id: Some(context.gateway.to_string()),
        meta: Meta::for_test_data(context.test_data),
        extension: Vec::new(),
        identifier: vec![Identifier::new("urn:ietf:rfc:3986", format!("urn:uuid:{}", context.gateway))],
        manufacturer: Some("Bedside".to_owned()),
        serial_number: None,
        device_name: Vec::new(),
        model_number: Some("Bedside console".to_owned()),
        r#type: Some(codes::mdc(531_981, "MDC_MOC_VMS_MDS_AHD")),
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
    // Both times were read in one zone, so the device's clock showed this instant.
    let shown = clock.read_at.plus_millis(clock.offset_ms);
    let value = clock.device.civil().map(|_| instant(shown)).transpose()?;
    Ok(Observation {
        resource_type: ResourceType::NEW,
        status: "final".to_owned(),
        code: codes::mdc(67_975, "MDC_ATTR_TIME_ABS"),
        id: Some(coincident_timestamp_id(description.id, clock).to_string()),
        meta: Meta::for_test_data(context.test_data || description.simulated),
        extension: Vec::new(),
        identifier: Vec::new(),
        category: codes::categories(false),
        subject: Some(Reference::to("Device", description.id.0)),
        effective_date_time: Some(instant(clock.read_at)?),
        effective_period: None,
        value_quantity: None,
        data_absent_reason: value.is_none().then(|| codes::absent("error")),
        value_date_time: value,
        interpretation: Vec::new(),
        note: Vec::new(),
        method: None,
        body_site: None,
        device: Some(Reference::to("Device", context.gateway)),
        component: Vec::new(),
        rest: Map::new(),
    })
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

fn revisions(description: &DeviceDescription) -> Vec<DeviceVersion> {
    let DeviceDescription { hardware, software, firmware, .. } = description;
    [
        (531_974, "MDC_ID_PROD_SPEC_HW", hardware),
        (531_975, "MDC_ID_PROD_SPEC_SW", software),
        (531_976, "MDC_ID_PROD_SPEC_FW", firmware),
    ]
    .into_iter()
    .filter_map(|(code, name, revision)| {
        let value = revision.clone()?;
        Some(DeviceVersion { r#type: Some(codes::mdc(code, name)), value, rest: Map::new() })
    })
    .collect()
}
