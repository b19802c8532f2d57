//! Device Information service 0x180A (Bluetooth SIG): texts and identifiers, as the device reports them.
//! Nothing is looked up or tidied here beyond padding; a serial number never appears in an error.
use crate::codes::octet_codes;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;

/// Manufacturer Name String 0x2A29.
pub const MANUFACTURER_NAME: Characteristic = Characteristic::named("Manufacturer Name");
/// Model Number String 0x2A24.
pub const MODEL_NUMBER: Characteristic = Characteristic::named("Model Number");
/// Serial Number String 0x2A25.
pub const SERIAL_NUMBER: Characteristic = Characteristic::named("Serial Number");
/// Hardware Revision String 0x2A27.
pub const HARDWARE_REVISION: Characteristic = Characteristic::named("Hardware Revision");
/// Firmware Revision String 0x2A26.
pub const FIRMWARE_REVISION: Characteristic = Characteristic::named("Firmware Revision");
/// Software Revision String 0x2A28.
pub const SOFTWARE_REVISION: Characteristic = Characteristic::named("Software Revision");
/// IEEE 11073-20601 Regulatory Certification Data List 0x2A2A: opaque, kept as it came.
pub const REGULATORY_CERTIFICATION: Characteristic = Characteristic::named("Regulatory Certification Data List");
const SYSTEM_ID: Characteristic = Characteristic::named("System ID");
const PNP_ID: Characteristic = Characteristic::named("PnP ID");
const UNIQUE_DEVICE_IDENTIFIER: Characteristic = Characteristic::named("UDI for Medical Devices");

/// The text of one of the string characteristics: UTF-8 without the NUL padding at its end. Any length is
/// complete, also none; a character cut at the end is truncated, other octets that are no UTF-8 are out of range.
pub fn decode_text(characteristic: Characteristic, octets: &[u8]) -> Result<&str, DecodeError> {
    let padding = octets.iter().rev().take_while(|octet| **octet == 0).count();
    let (text, _) = octets.split_at(octets.len() - padding);
    utf8(characteristic, text, 0)
}

/// The text of octets that stand at `start`.
fn utf8(characteristic: Characteristic, text: &[u8], start: usize) -> Result<&str, DecodeError> {
    core::str::from_utf8(text).map_err(|error| {
        let (valid, offset) = (error.valid_up_to(), start + error.valid_up_to());
        let got = i64::from(text.get(valid).copied().unwrap_or(0));
        match error.error_len() {
            Some(_) => DecodeError::OutOfRange { characteristic, field: "text", offset, expected: "UTF-8", got },
            None => {
                let got = text.len() - valid;
                DecodeError::Truncated { characteristic, field: "character", offset, expected: got + 1, got }
            }
        }
    })
}

/// The octets of a text, without padding.
pub fn encode_text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// UDI for Medical Devices 0x2BFF: the unique device identifier in the parts that its issuer defines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct UniqueDeviceIdentifier<'a> {
    /// The whole identifier as it is printed on the device, its serial number included.
    pub label: Option<&'a str>,
    /// The part that is the same for all devices of a model.
    pub device_identifier: Option<&'a str>,
    /// The object identifier of the issuer.
    pub issuer: Option<&'a str>,
    /// The object identifier of the authority that regulates.
    pub authority: Option<&'a str>,
}

const UDI_PARTS: [&str; 4] = ["label", "device identifier", "issuer", "authority"];
const UDI_RESERVED: u8 = 0b1111_0000;

/// System ID 0x2A23.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SystemId {
    /// 40 bits that the manufacturer gives.
    pub manufacturer_id: u64,
    /// 24 bits that the IEEE gives to the manufacturer (organizationally unique identifier).
    pub oui: u32,
}

octet_codes! {
    /// Who assigned the vendor number of a PnP ID.
    pub enum VendorIdSource {
        /// Bluetooth SIG.
        BluetoothSig = 1 => "sig",
        /// USB Implementers Forum.
        Usb = 2 => "usb",
    }
}

/// PnP ID 0x2A50.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PnpId {
    /// Who assigned `vendor_id`.
    pub vendor_id_source: VendorIdSource,
    /// The vendor.
    pub vendor_id: u16,
    /// The vendor's product.
    pub product_id: u16,
    /// The product's version, binary coded decimal by custom (0x0110 is 1.1.0).
    pub product_version: u16,
}

impl<'a> UniqueDeviceIdentifier<'a> {
    /// Reads a value: each announced part is UTF-8 that ends with NUL.
    pub fn decode(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(UNIQUE_DEVICE_IDENTIFIER, octets);
        let flags = reader.u8("flags")?;
        let mut parts = [None; UDI_PARTS.len()];
        for (bit, (part, field)) in parts.iter_mut().zip(UDI_PARTS).enumerate() {
            if flags >> bit & 1 == 1 {
                let start = octets.len() - reader.remaining();
                let text = reader.text_until_nul(field)?;
                *part = Some(utf8(UNIQUE_DEVICE_IDENTIFIER, text, start)?);
            }
        }
        reader.finish(flags & UDI_RESERVED != 0)?;
        let [label, device_identifier, issuer, authority] = parts;
        Ok(Self { label, device_identifier, issuer, authority })
    }

    /// The octets; an error when a part contains the NUL that would end it.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(UNIQUE_DEVICE_IDENTIFIER);
        let parts = [self.label, self.device_identifier, self.issuer, self.authority];
        let announced = parts.iter().enumerate().filter(|(_, part)| part.is_some());
        writer.u8(announced.fold(0, |flags, (bit, _)| flags | 1 << bit));
        for (text, field) in parts.into_iter().zip(UDI_PARTS).filter_map(|(part, field)| Some((part?, field))) {
            if text.contains('\0') {
                return Err(writer.out_of_range(field, "text without NUL", 0));
            }
            writer.octets(text.as_bytes());
            writer.u8(0);
        }
        Ok(writer.finish())
    }
}

impl<'a> Reader<'a> {
    /// The octets before the next NUL, which is passed over.
    fn text_until_nul(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let mut ahead = self.clone();
        let rest = ahead.take_rest();
        let Some(end) = rest.iter().position(|octet| *octet == 0) else {
            return Err(self.truncated(field, rest.len() + 1));
        };
        let text = self.take(field, end)?;
        self.take(field, 1)?;
        Ok(text)
    }
}

impl SystemId {
    /// A value of exactly eight octets, least significant first.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let whole = Reader::fixed(SYSTEM_ID, octets, 8)?.u64("system id")?;
        Ok(Self { manufacturer_id: whole & 0xFF_FFFF_FFFF, oui: (whole >> 40) as u32 })
    }

    /// The eight octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(SYSTEM_ID);
        if self.manufacturer_id > 0xFF_FFFF_FFFF {
            let got = i64::try_from(self.manufacturer_id).unwrap_or(i64::MAX);
            return Err(writer.out_of_range("manufacturer id", "at most 40 bits", got));
        }
        if self.oui > 0xFF_FFFF {
            return Err(writer.out_of_range("OUI", "at most 24 bits", self.oui));
        }
        writer.u64(u64::from(self.oui) << 40 | self.manufacturer_id);
        Ok(writer.finish())
    }
}

impl PnpId {
    /// A value of exactly seven octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(PNP_ID, octets, 7)?;
        Ok(Self {
            vendor_id_source: VendorIdSource::from_octet(reader.u8("vendor id source")?),
            vendor_id: reader.u16("vendor id")?,
            product_id: reader.u16("product id")?,
            product_version: reader.u16("product version")?,
        })
    }

    /// The seven octets.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(PNP_ID);
        writer.u8(self.vendor_id_source.octet());
        writer.u16(self.vendor_id);
        writer.u16(self.product_id);
        writer.u16(self.product_version);
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_at_the_end_is_no_text() {
        assert_eq!(decode_text(MODEL_NUMBER, b"H10\0\0"), Ok("H10"));
        assert_eq!(decode_text(MODEL_NUMBER, b"\0\0"), Ok(""));
        assert_eq!(decode_text(MODEL_NUMBER, b""), Ok(""));
        assert_eq!(decode_text(MANUFACTURER_NAME, "Møller".as_bytes()), Ok("Møller"));
    }

    #[test]
    fn a_cut_character_is_truncated_and_a_wrong_octet_is_out_of_range() {
        assert_eq!(decode_text(MODEL_NUMBER, &[b'M', 0xC3]).unwrap_err().kind(), "truncated");
        let wrong = decode_text(SERIAL_NUMBER, &[b'A', 0xFF, b'B']).unwrap_err();
        assert!(matches!(wrong, DecodeError::OutOfRange { offset: 1, got: 0xFF, .. }), "{wrong}");
    }

    #[test]
    fn a_system_id_is_least_significant_first() {
        let id = SystemId::decode(&[0x9A, 0x78, 0x56, 0x34, 0x12, 0xBC, 0x9A, 0x78]).unwrap();
        assert_eq!(id, SystemId { manufacturer_id: 0x12_3456_789A, oui: 0x78_9ABC });
        assert_eq!(SystemId::decode(&[0; 7]).unwrap_err().kind(), "length");
    }

    #[test]
    fn a_pnp_id_names_who_assigned_the_vendor() {
        let id = PnpId::decode(&[1, 0x6B, 0x00, 0x02, 0x00, 0x10, 0x01]).unwrap();
        assert_eq!((id.vendor_id_source.name(), id.vendor_id, id.product_version), ("sig", 0x6B, 0x0110));
        assert_eq!(PnpId::decode(&[9, 0, 0, 0, 0, 0, 0]).unwrap().vendor_id_source.name(), "reserved");
    }

    #[test]
    fn the_parts_of_a_udi_are_texts_that_end_with_nul() {
        let octets = b"\x0B(01)0123(21)7\0\x30123\x00\x32.51\0";
        let udi = UniqueDeviceIdentifier::decode(octets).unwrap();
        assert_eq!((udi.label, udi.device_identifier), (Some("(01)0123(21)7"), Some("0123")));
        assert_eq!((udi.issuer, udi.authority), (None, Some("2.51")));
        assert_eq!(udi.encode().unwrap(), octets);
        assert_eq!(UniqueDeviceIdentifier::decode(&[0]), Ok(UniqueDeviceIdentifier::default()));
        assert_eq!(UniqueDeviceIdentifier::decode(&[1, 0]).unwrap().label, Some(""));
    }

    #[test]
    fn a_udi_without_its_end_or_with_more_is_rejected() {
        let kind = |octets: &[u8]| UniqueDeviceIdentifier::decode(octets).unwrap_err().kind();
        assert_eq!(kind(&[]), "truncated");
        assert_eq!(kind(b"\x01abc"), "truncated");
        assert_eq!(kind(b"\x03abc\0"), "truncated");
        assert_eq!(kind(b"\x01abc\0\0"), "trailing_bytes");
        assert!(UniqueDeviceIdentifier::decode(b"\x11abc\0\0").is_ok());
        let wrong = UniqueDeviceIdentifier::decode(b"\x03abc\0d\xFF\0").unwrap_err();
        assert!(matches!(wrong, DecodeError::OutOfRange { offset: 6, got: 0xFF, .. }), "{wrong}");
    }

    #[test]
    fn a_part_of_a_udi_with_nul_is_not_encoded() {
        assert!(UniqueDeviceIdentifier { label: Some("a\0b"), ..Default::default() }.encode().is_err());
    }
}
