//! Who a device is: what to read, and the description and id that follow from the answers.
//! Not here: whether the console believes it.
use crate::preparation::Step;
use crate::profiles;
use crate::table::{CharacteristicAddress, DiscoveredService};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bedside_gatt::device_information::{SERIAL_NUMBER, SystemId, UniqueDeviceIdentifier as Parts, decode_text};
use bedside_gatt::uuids;
use bedside_vitals::{DeviceDescription, DeviceId, UniqueDeviceIdentifier};
use uuid::Uuid;

/// What is read of the Device Information service, in this order.
const WANTED: [Uuid; 7] = [
    uuids::MANUFACTURER_NAME,
    uuids::MODEL_NUMBER,
    uuids::SERIAL_NUMBER,
    uuids::SYSTEM_ID,
    uuids::FIRMWARE_REVISION,
    uuids::HARDWARE_REVISION,
    uuids::SOFTWARE_REVISION,
];

/// The steps that read it, as far as the device offers it.
pub(crate) fn steps(services: &[DiscoveredService]) -> Vec<Step> {
    let service = uuids::DEVICE_INFORMATION_SERVICE;
    WANTED
        .into_iter()
        .chain([uuids::UDI_FOR_MEDICAL_DEVICES])
        .map(|characteristic| CharacteristicAddress { service, characteristic })
        .filter(|&address| profiles::offers(services, address))
        .map(Step::ReadIdentity)
        .collect()
}

/// What was read so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    texts: [Option<String>; WANTED.len()],
    /// What could not be read though the device offers it.
    failed: [bool; WANTED.len()],
    udi: Option<UniqueDeviceIdentifier>,
}

/// How many of the parts that are wanted tell devices apart: the others change with the firmware.
const TELLING: usize = 4;

impl Draft {
    /// Takes an answer. A malformed text is left out: it identifies nothing.
    pub(crate) fn take(&mut self, characteristic: Uuid, bytes: &[u8]) {
        if characteristic == uuids::UDI_FOR_MEDICAL_DEVICES {
            self.udi = udi(bytes);
            return;
        }
        let text = if characteristic == uuids::SYSTEM_ID {
            SystemId::decode(bytes).ok().map(|id| format!("{:06X}{:010X}", id.oui, id.manufacturer_id))
        } else {
            // The name of the characteristic only matters to the error, and a text that is none is left out.
            decode_text(SERIAL_NUMBER, bytes).ok().map(cleaned)
        };
        if let Some(place) = WANTED.iter().position(|&wanted| wanted == characteristic) {
            self.failed[place] = text.is_none();
            self.texts[place] = text.filter(|text| !text.is_empty());
        }
    }

    /// A part could not be read.
    pub(crate) fn failed(&mut self, characteristic: Uuid) {
        if let Some(place) = WANTED.iter().position(|&wanted| wanted == characteristic) {
            self.failed[place] = true;
        }
    }

    /// Whether this is another device only because a part of its identity could not be read this time: nothing that was
    /// read says otherwise.
    pub(crate) fn may_be(&self, before: &DeviceDescription) -> bool {
        let known = [&before.manufacturer, &before.model, &before.serial, &before.system_id];
        let contradicts = |(read, known): (&Option<String>, &Option<String>)| {
            read.as_ref().zip(known.as_ref()).is_some_and(|(read, known)| read != known)
        };
        // A serial number where there was none before names the device by itself.
        let new_serial = self.texts[2].is_some() && before.serial.is_none();
        self.failed[..TELLING].contains(&true) && !new_serial && !self.texts.iter().zip(known).any(contradicts)
    }

    /// The description. `address` is the system's name of the peripheral: the last resort as a key.
    pub(crate) fn describe(
        self,
        services: &[DiscoveredService],
        name: Option<&str>,
        address: &str,
        simulated: bool,
    ) -> DeviceDescription {
        let [manufacturer, model, serial, system_id, firmware, hardware, software] = self.texts;
        let maker = manufacturer.as_deref().unwrap_or("");
        let model_name = model.as_deref().unwrap_or("");
        let key = match (&serial, &system_id) {
            (Some(serial), _) => format!("serial|{maker}|{model_name}|{serial}"),
            (None, Some(system_id)) => format!("system|{system_id}"),
            (None, None) => format!("address|{address}"),
        };
        let offered: Vec<Uuid> = services.iter().map(|service| service.uuid).collect();
        let name = name.map(cleaned).filter(|name| !name.is_empty()).or_else(|| model.clone());
        DeviceDescription {
            id: DeviceId::derive(&key),
            kind: profiles::kind_of(&offered),
            name: name.unwrap_or_else(|| String::from("model as reported")),
            manufacturer,
            model,
            serial,
            firmware,
            hardware,
            software,
            system_id,
            udi: self.udi,
            simulated,
        }
    }
}

/// The parts of a UDI that say something; `None` where none does, or the value is malformed.
fn udi(bytes: &[u8]) -> Option<UniqueDeviceIdentifier> {
    const MOST: usize = 256;
    let Parts { label, device_identifier, issuer, authority } = Parts::decode(bytes).ok()?;
    let part = |text: Option<&str>| text.map(|text| printable(text, MOST)).filter(|text| !text.is_empty());
    let udi = UniqueDeviceIdentifier {
        label: part(label),
        device_identifier: part(device_identifier),
        issuer: part(issuer),
        authority: part(authority),
    };
    (udi != UniqueDeviceIdentifier::default()).then_some(udi)
}

/// At most 64 printable characters.
fn cleaned(text: &str) -> String {
    printable(text, 64)
}

/// At most so many printable characters: a device's text is shown to people and must not hide or reorder anything.
fn printable(text: &str, most: usize) -> String {
    let reorders = |c: char| matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let printable: String = text.chars().filter(|&c| !c.is_control() && !reorders(c)).take(most).collect();
    String::from(printable.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_the_same_when_a_part_could_not_be_read_and_nothing_contradicts_it() {
        let drafted = |maker: &[u8]| {
            let mut draft = Draft::default();
            draft.take(uuids::MANUFACTURER_NAME, maker);
            draft
        };
        let mut whole = drafted(b"Maker");
        whole.take(uuids::SERIAL_NUMBER, b"S-1");
        let before = whole.describe(&[], Some("Strap"), "a", false);
        let failed = |maker| {
            let mut draft = drafted(maker);
            draft.failed(uuids::SERIAL_NUMBER);
            draft.may_be(&before)
        };
        assert!(failed(b"Maker"));
        assert!(!failed(b"Another"));
        assert!(!drafted(b"Maker").may_be(&before), "it has no serial number any more");
    }

    #[test]
    fn a_udi_is_kept_in_its_parts_and_one_without_its_end_is_none() {
        let udi = |octets: &[u8]| {
            let mut draft = Draft::default();
            draft.take(uuids::UDI_FOR_MEDICAL_DEVICES, octets);
            draft.describe(&[], None, "a", false).udi
        };
        let told = udi(b"\x09(01)0123(21)7\x002.51\x00").unwrap();
        assert_eq!((told.label.as_deref(), told.authority.as_deref()), (Some("(01)0123(21)7"), Some("2.51")));
        assert_eq!((told.device_identifier, told.issuer), (None, None));
        assert_eq!((udi(b"\x01(01)"), udi(b"\x00")), (None, None));
    }

    #[test]
    fn the_serial_number_identifies_a_device_and_the_address_does_not() {
        let describe = |address| {
            let mut draft = Draft::default();
            draft.take(uuids::MANUFACTURER_NAME, b"Maker");
            draft.take(uuids::SERIAL_NUMBER, b"A\x1b1\0\0");
            draft.describe(&[], Some("Strap\u{202E}"), address, false)
        };
        assert_eq!(describe("a"), describe("b"));
        assert_eq!((describe("a").serial.as_deref(), describe("a").name.as_str()), (Some("A1"), "Strap"));
        let unnamed = |address| Draft::default().describe(&[], None, address, false).id;
        assert_ne!(unnamed("a"), unnamed("b"));
    }
}
