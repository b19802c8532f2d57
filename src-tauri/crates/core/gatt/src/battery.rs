//! Battery service 0x180F (Bluetooth SIG): the level, and how the device is powered.
//! What level is worth a warning is not decided here.
use crate::codes::flag_word;
use crate::error::{Characteristic, DecodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec;
use alloc::vec::Vec;

const BATTERY_LEVEL: Characteristic = Characteristic::named("Battery Level");
const BATTERY_LEVEL_STATUS: Characteristic = Characteristic::named("Battery Level Status");

const IDENTIFIER_PRESENT: u8 = 1;
const LEVEL_PRESENT: u8 = 1 << 1;
const ADDITIONAL_PRESENT: u8 = 1 << 2;
const RESERVED: u8 = 0b1111_1000;

/// Battery Level 0x2A19.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatteryLevel {
    /// 0 to 100 percent.
    Percent(u8),
    /// A reserved number, 101 to 255: the level is unknown.
    Reserved(u8),
}

/// Battery Level Status 0x2BED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatteryLevelStatus {
    /// How the device is powered.
    pub power: PowerState,
    /// Which battery it is, by the number of its characteristic's description.
    pub identifier: Option<u16>,
    /// Its level.
    pub level: Option<BatteryLevel>,
    /// What else the device says of it.
    pub additional: Option<AdditionalStatus>,
}

flag_word! {
    /// How a device is powered, as received: flags, and in bits 1 to 11 five numbers.
    pub struct PowerState(u16);
    /// One statement about the power of a device.
    pub enum PowerStatement {
        /// A battery is in it.
        BatteryPresent = 0 => "battery_present",
        /// Charging failed because of the battery.
        BatteryFault = 12 => "battery",
        /// Charging failed because of the external power source.
        ExternalPowerFault = 13 => "external_power_source",
        /// Charging failed for another reason.
        OtherFault = 14 => "other",
    }
}

flag_word! {
    /// What else a device says of its battery, as received; bits 0 and 1 say whether it needs service.
    pub struct AdditionalStatus(u8);
    /// One statement about a battery.
    pub enum AdditionalStatement {
        /// It is faulty.
        BatteryFault = 2 => "battery_fault",
    }
}

/// Whether something is so, as far as the device knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// No.
    No,
    /// Yes.
    Yes,
    /// The device does not know.
    Unknown,
    /// The code 3, which has no meaning yet.
    Reserved,
}

/// What the battery is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChargeState {
    /// The device does not know.
    Unknown,
    /// It is being charged.
    Charging,
    /// It powers the device.
    Discharging,
    /// It loses charge while the device does not use it.
    Inactive,
}

/// The level in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChargeLevel {
    /// The device does not know.
    Unknown,
    /// Enough.
    Good,
    /// Low.
    Low,
    /// The device may stop at any moment.
    Critical,
}

/// How the battery is being charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChargingType {
    /// It is not, or the device does not know.
    UnknownOrNotCharging,
    /// With constant current.
    ConstantCurrent,
    /// With constant voltage.
    ConstantVoltage,
    /// With a trickle.
    Trickle,
    /// With a float charge.
    Float,
    /// A code of 5 to 7, which have no meaning yet.
    Reserved(u8),
}

impl BatteryLevel {
    /// The level of an octet; any octet has one.
    pub const fn from_octet(octet: u8) -> Self {
        if octet <= 100 { Self::Percent(octet) } else { Self::Reserved(octet) }
    }

    /// The level in percent; `None` when it is unknown.
    pub const fn percent(self) -> Option<u8> {
        match self {
            Self::Percent(percent) => Some(percent),
            Self::Reserved(_) => None,
        }
    }

    /// A value of exactly one octet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(BATTERY_LEVEL, octets, 1)?.u8("level").map(Self::from_octet)
    }

    /// The octet.
    pub fn encode(self) -> Vec<u8> {
        let (Self::Percent(octet) | Self::Reserved(octet)) = self;
        vec![octet]
    }
}

impl BatteryLevelStatus {
    /// Reads a value.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(BATTERY_LEVEL_STATUS, octets);
        let flags = reader.u8("flags")?;
        let power = PowerState::from_bits(reader.u16("power state")?);
        let identifier = if flags & IDENTIFIER_PRESENT == 0 { None } else { Some(reader.u16("identifier")?) };
        let level = if flags & LEVEL_PRESENT == 0 { None } else { Some(reader.u8("level")?) };
        let additional = if flags & ADDITIONAL_PRESENT == 0 { None } else { Some(reader.u8("additional status")?) };
        reader.finish(flags & RESERVED != 0)?;
        let (level, additional) = (level.map(BatteryLevel::from_octet), additional.map(AdditionalStatus::from_bits));
        Ok(Self { power, identifier, level, additional })
    }

    /// The octets.
    pub fn encode(&self) -> Vec<u8> {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let mut writer = Writer::new(BATTERY_LEVEL_STATUS);
        writer.u8(flag(self.identifier.is_some(), IDENTIFIER_PRESENT)
            | flag(self.level.is_some(), LEVEL_PRESENT)
            | flag(self.additional.is_some(), ADDITIONAL_PRESENT));
        writer.u16(self.power.bits());
        if let Some(identifier) = self.identifier {
            writer.u16(identifier);
        }
        if let Some(BatteryLevel::Percent(octet) | BatteryLevel::Reserved(octet)) = self.level {
            writer.u8(octet);
        }
        if let Some(additional) = self.additional {
            writer.u8(additional.bits());
        }
        writer.finish()
    }
}

impl PowerState {
    /// Whether a source is connected by wire.
    pub const fn wired_external_power(self) -> Answer {
        Answer::from_bits(self.bits() >> 1)
    }

    /// Whether a source is connected without a wire.
    pub const fn wireless_external_power(self) -> Answer {
        Answer::from_bits(self.bits() >> 3)
    }

    /// What the battery is doing.
    pub const fn charge_state(self) -> ChargeState {
        match self.bits() >> 5 & 0b11 {
            0 => ChargeState::Unknown,
            1 => ChargeState::Charging,
            2 => ChargeState::Discharging,
            _ => ChargeState::Inactive,
        }
    }

    /// The level in words.
    pub const fn charge_level(self) -> ChargeLevel {
        match self.bits() >> 7 & 0b11 {
            0 => ChargeLevel::Unknown,
            1 => ChargeLevel::Good,
            2 => ChargeLevel::Low,
            _ => ChargeLevel::Critical,
        }
    }

    /// How the battery is being charged.
    pub const fn charging_type(self) -> ChargingType {
        match self.bits() >> 9 & 0b111 {
            0 => ChargingType::UnknownOrNotCharging,
            1 => ChargingType::ConstantCurrent,
            2 => ChargingType::ConstantVoltage,
            3 => ChargingType::Trickle,
            4 => ChargingType::Float,
            reserved => ChargingType::Reserved(reserved as u8),
        }
    }

    /// Why charging failed.
    pub fn charging_faults(self) -> impl Iterator<Item = PowerStatement> {
        self.raised().filter(|statement| *statement != PowerStatement::BatteryPresent)
    }
}

impl AdditionalStatus {
    /// Whether the battery needs service.
    pub const fn service_required(self) -> Answer {
        Answer::from_bits(self.bits() as u16)
    }
}

impl Answer {
    const fn from_bits(bits: u16) -> Self {
        match bits & 0b11 {
            0 => Self::No,
            1 => Self::Yes,
            2 => Self::Unknown,
            _ => Self::Reserved,
        }
    }

    /// The stable name in snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Yes => "yes",
            Self::Unknown => "unknown",
            Self::Reserved => "reserved",
        }
    }
}

impl ChargeState {
    /// The stable name in snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Charging => "charging",
            Self::Discharging => "discharging",
            Self::Inactive => "inactive",
        }
    }
}

impl ChargeLevel {
    /// The stable name in snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Good => "good",
            Self::Low => "low",
            Self::Critical => "critical",
        }
    }
}

impl ChargingType {
    /// The stable name in snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownOrNotCharging => "unknown_or_not_charging",
            Self::ConstantCurrent => "constant_current",
            Self::ConstantVoltage => "constant_voltage",
            Self::Trickle => "trickle",
            Self::Float => "float",
            Self::Reserved(_) => "reserved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_above_a_hundred_is_unknown_and_keeps_its_number() {
        assert_eq!(BatteryLevel::decode(&[100]).unwrap().percent(), Some(100));
        assert_eq!(BatteryLevel::decode(&[101]), Ok(BatteryLevel::Reserved(101)));
        assert_eq!(BatteryLevel::Reserved(101).percent(), None);
    }

    #[test]
    fn a_level_is_one_octet() {
        assert_eq!(BatteryLevel::decode(&[]).unwrap_err().kind(), "length");
        assert_eq!(BatteryLevel::decode(&[50, 0]).unwrap_err().kind(), "length");
    }

    #[test]
    fn a_power_state_is_flags_and_five_numbers() {
        let power = PowerState::from_bits(1 | 1 << 1 | 2 << 3 | 1 << 5 | 2 << 7 | 3 << 9 | 1 << 13);
        assert!(power.has(PowerStatement::BatteryPresent));
        assert_eq!((power.wired_external_power(), power.wireless_external_power()), (Answer::Yes, Answer::Unknown));
        assert_eq!((power.charge_state(), power.charge_level()), (ChargeState::Charging, ChargeLevel::Low));
        assert_eq!(power.charging_type(), ChargingType::Trickle);
        let faults: Vec<_> = power.charging_faults().map(PowerStatement::name).collect();
        assert_eq!(faults, ["external_power_source"]);
        assert_eq!(PowerState::from_bits(7 << 9).charging_type(), ChargingType::Reserved(7));
        assert_eq!(PowerState::from_bits(3 << 1).wired_external_power(), Answer::Reserved);
    }

    #[test]
    fn a_status_has_its_optional_fields_in_order() {
        let octets = [0b111, 0x21, 0, 0x06, 0x01, 101, 0b101];
        let status = BatteryLevelStatus::decode(&octets).unwrap();
        assert_eq!((status.identifier, status.level), (Some(0x0106), Some(BatteryLevel::Reserved(101))));
        let additional = status.additional.unwrap();
        assert_eq!(additional.service_required(), Answer::Yes);
        assert!(additional.has(AdditionalStatement::BatteryFault));
        assert_eq!(status.encode(), octets);
    }

    #[test]
    fn missing_and_surplus_octets_of_a_status_are_rejected() {
        let kind = |octets: &[u8]| BatteryLevelStatus::decode(octets).unwrap_err().kind();
        assert_eq!(kind(&[0, 1]), "truncated");
        assert_eq!(kind(&[0b10, 1, 0]), "truncated");
        assert_eq!(kind(&[0, 1, 0, 50]), "trailing_bytes");
        assert!(BatteryLevelStatus::decode(&[0b1000, 1, 0, 50]).is_ok());
    }
}
