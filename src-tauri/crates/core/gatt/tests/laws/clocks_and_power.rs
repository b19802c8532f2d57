//! The laws of the codecs for elapsed time, single time values, battery status and the unique device identifier.
//! Single captures are tested beside each profile.

use crate::common::codec_laws;
use bedside_gatt::DecodeError;
use bedside_gatt::battery::{AdditionalStatus, BatteryLevel, BatteryLevelStatus, PowerState};
use bedside_gatt::current_time::{TimeAccuracy, TimeSource};
use bedside_gatt::device_information::UniqueDeviceIdentifier;
use bedside_gatt::elapsed_time::{ClockCapabilities, ClockStatus, CurrentElapsedTime, ElapsedTime, ElapsedTimeFlags};
use proptest::option;
use proptest::prelude::*;

fn elapsed() -> impl Strategy<Value = ElapsedTime> {
    (any::<u8>(), 0..1u64 << 48, any::<u8>(), any::<i8>()).prop_map(|(flags, count, source, offset_quarters)| {
        let (flags, source) = (ElapsedTimeFlags::from_bits(flags), TimeSource::from_octet(source));
        ElapsedTime { flags, count, source, offset_quarters }
    })
}

fn current_elapsed() -> impl Strategy<Value = CurrentElapsedTime> {
    (elapsed(), any::<u8>(), any::<u8>()).prop_map(|(elapsed, status, capabilities)| CurrentElapsedTime {
        elapsed,
        status: ClockStatus::from_bits(status),
        capabilities: ClockCapabilities::from_bits(capabilities),
    })
}

fn accuracy() -> impl Strategy<Value = TimeAccuracy> {
    prop_oneof![
        (0..=253u8).prop_map(TimeAccuracy::Eighths),
        Just(TimeAccuracy::OutOfRange),
        Just(TimeAccuracy::Unknown)
    ]
}

fn battery_status() -> impl Strategy<Value = BatteryLevelStatus> {
    (any::<u16>(), option::of(any::<u16>()), option::of(any::<u8>()), option::of(any::<u8>())).prop_map(
        |(power, identifier, level, additional)| BatteryLevelStatus {
            power: PowerState::from_bits(power),
            identifier,
            level: level.map(BatteryLevel::from_octet),
            additional: additional.map(AdditionalStatus::from_bits),
        },
    )
}

/// An identifier that owns its parts, so that tests can keep it.
#[derive(Clone, Debug, PartialEq)]
struct Owned([Option<String>; 4]);

impl Owned {
    fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let UniqueDeviceIdentifier { label, device_identifier, issuer, authority } =
            UniqueDeviceIdentifier::decode(octets)?;
        Ok(Self([label, device_identifier, issuer, authority].map(|part| part.map(str::to_owned))))
    }

    fn encode(&self) -> Vec<u8> {
        let [label, device_identifier, issuer, authority] = self.0.each_ref().map(Option::as_deref);
        UniqueDeviceIdentifier { label, device_identifier, issuer, authority }.encode().unwrap()
    }
}

fn identifier() -> impl Strategy<Value = Owned> {
    let part = || option::of("[A-Za-z0-9()ø語]{0,12}");
    (part(), part(), part(), part())
        .prop_map(|(label, device_identifier, issuer, authority)| Owned([label, device_identifier, issuer, authority]))
}

codec_laws!(bare_elapsed_time: elapsed(), ElapsedTime::decode, |time: &ElapsedTime| time.encode().unwrap());
codec_laws!(current_elapsed_time: current_elapsed(),
    CurrentElapsedTime::decode, |clock: &CurrentElapsedTime| clock.encode().unwrap());
codec_laws!(time_source: any::<u8>().prop_map(TimeSource::from_octet),
    TimeSource::decode, |source: &TimeSource| source.encode());
codec_laws!(time_accuracy: accuracy(), TimeAccuracy::decode, |accuracy: &TimeAccuracy| accuracy.encode().unwrap());
codec_laws!(battery_level_status: battery_status(),
    BatteryLevelStatus::decode, |status: &BatteryLevelStatus| status.encode());
codec_laws!(unique_device_identifier: identifier(), Owned::decode, Owned::encode);

proptest! {
    #[test]
    fn an_elapsed_time_of_any_kind_has_its_instant_or_none(time in elapsed()) {
        let _ = (time.utc(), time.as_if_utc(), time.offset_minutes(), time.span());
    }
}
