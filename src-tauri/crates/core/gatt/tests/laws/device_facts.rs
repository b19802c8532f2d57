//! The laws of the codecs for medical floats, clocks, device information and battery.
//! Single captures are tested beside each profile.

use crate::common::{codec_laws, device_time, float, short_float};
use bedside_gatt::battery::BatteryLevel;
use bedside_gatt::current_time::{
    AdjustReasons, CurrentTime, DaylightSavingOffset, LocalTimeInformation, ReferenceTimeInformation, TimeAccuracy,
    TimeSource, TimeZone,
};
use bedside_gatt::device_information::{MODEL_NUMBER, PnpId, SystemId, VendorIdSource, decode_text, encode_text};
use bedside_gatt::{DecodeError, date_time, medical_float};
use bedside_vitals::{DeviceTime, Number};
use proptest::option;
use proptest::prelude::*;

fn time_zone() -> impl Strategy<Value = TimeZone> {
    prop_oneof![Just(TimeZone::UNKNOWN), (-48..=56i8).prop_map(|quarters| TimeZone::from_quarters(quarters).unwrap())]
}

fn daylight_saving() -> impl Strategy<Value = DaylightSavingOffset> {
    any::<u8>().prop_map(DaylightSavingOffset::from_octet)
}

fn current_time() -> impl Strategy<Value = CurrentTime> {
    (device_time(), option::of(1..=7u8), any::<u8>(), any::<u8>()).prop_map(
        |(time, day_of_week, fractions256, bits)| CurrentTime {
            time,
            day_of_week,
            fractions256,
            adjust_reasons: AdjustReasons::from_bits(bits),
        },
    )
}

fn reference_time() -> impl Strategy<Value = ReferenceTimeInformation> {
    let accuracy = prop_oneof![
        (0..=253u8).prop_map(TimeAccuracy::Eighths),
        Just(TimeAccuracy::OutOfRange),
        Just(TimeAccuracy::Unknown)
    ];
    (any::<u8>(), accuracy, any::<u8>(), any::<u8>()).prop_map(
        |(source, accuracy, days_since_update, hours_since_update)| ReferenceTimeInformation {
            source: TimeSource::from_octet(source),
            accuracy,
            days_since_update,
            hours_since_update,
        },
    )
}

fn text(octets: &[u8]) -> Result<String, DecodeError> {
    decode_text(MODEL_NUMBER, octets).map(str::to_owned)
}

fn is_whole_text(_: &String, prefix: &[u8]) -> bool {
    core::str::from_utf8(prefix).is_ok()
}

codec_laws!(bare_short_float: short_float(),
    medical_float::decode_short_float, |number: &Number| medical_float::encode_short_float(*number).unwrap());
codec_laws!(bare_float: float(),
    medical_float::decode_float, |number: &Number| medical_float::encode_float(*number).unwrap());

codec_laws!(date_and_time: device_time(),
    date_time::decode, |time: &DeviceTime| date_time::encode(*time).unwrap());
codec_laws!(current: current_time(), CurrentTime::decode, |current: &CurrentTime| current.encode().unwrap());
codec_laws!(zone: time_zone(), TimeZone::decode, |zone: &TimeZone| zone.encode());
codec_laws!(daylight_saving_offset: daylight_saving(),
    DaylightSavingOffset::decode, |offset: &DaylightSavingOffset| offset.encode());
codec_laws!(local_time:
    (time_zone(), daylight_saving()).prop_map(|(time_zone, daylight_saving)| LocalTimeInformation { time_zone, daylight_saving }),
    LocalTimeInformation::decode, |local: &LocalTimeInformation| local.encode());
codec_laws!(reference: reference_time(),
    ReferenceTimeInformation::decode, |reference: &ReferenceTimeInformation| reference.encode().unwrap());

codec_laws!(information_text: "[A-Za-zøµ語😀 ]{0,20}".prop_map(String::from),
    text, |text: &String| encode_text(text), complete: is_whole_text);
codec_laws!(system_id:
    (0..1u64 << 40, 0..1u32 << 24).prop_map(|(manufacturer_id, oui)| SystemId { manufacturer_id, oui }),
    SystemId::decode, |id: &SystemId| id.encode().unwrap());
codec_laws!(pnp_id:
    any::<(u8, u16, u16, u16)>().prop_map(|(source, vendor_id, product_id, product_version)| PnpId {
        vendor_id_source: VendorIdSource::from_octet(source), vendor_id, product_id, product_version
    }),
    PnpId::decode, |id: &PnpId| id.encode());
codec_laws!(battery_level: any::<u8>().prop_map(BatteryLevel::from_octet),
    BatteryLevel::decode, |level: &BatteryLevel| level.encode());
