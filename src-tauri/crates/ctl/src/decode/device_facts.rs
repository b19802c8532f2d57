//! The JSON of bare medical floats, clocks, device information, battery and record access.
//! Values are shown as sent; nothing is looked up.
use super::Decoded;
use super::json::{computed, elapsed_time, names, number, time};
use bedside_gatt::battery::{
    AdditionalStatement, AdditionalStatus, Answer, BatteryLevel, BatteryLevelStatus, PowerStatement,
};
use bedside_gatt::current_time::{
    AdjustReason, CurrentTime, DaylightSavingOffset, LocalTimeInformation, ReferenceTimeInformation, TimeAccuracy,
    TimeZone,
};
use bedside_gatt::device_information::{
    FIRMWARE_REVISION, HARDWARE_REVISION, MANUFACTURER_NAME, MODEL_NUMBER, PnpId, SERIAL_NUMBER, SOFTWARE_REVISION,
    SystemId, UniqueDeviceIdentifier, decode_text,
};
use bedside_gatt::elapsed_time::{ClockCapability, ClockStatement, CurrentElapsedTime};
use bedside_gatt::record_access::RecordReply;
use bedside_gatt::{Characteristic, date_time, medical_float};
use serde_json::{Value, json};

pub(super) fn short_float(octets: &[u8]) -> Decoded {
    Ok(json!({ "value": number(medical_float::decode_short_float(octets)?) }))
}

pub(super) fn float(octets: &[u8]) -> Decoded {
    Ok(json!({ "value": number(medical_float::decode_float(octets)?) }))
}

pub(super) fn date_and_time(octets: &[u8]) -> Decoded {
    Ok(json!({ "time": time(date_time::decode(octets)?) }))
}

pub(super) fn current_time(octets: &[u8]) -> Decoded {
    let current = CurrentTime::decode(octets)?;
    Ok(json!({
        "time": time(current.time),
        "day_of_week": current.day_of_week,
        "fractions256": current.fractions256,
        "adjust_reason": names(current.adjust_reasons.raised().map(AdjustReason::name)),
    }))
}

pub(super) fn time_zone(octets: &[u8]) -> Decoded {
    Ok(json!({ "time_zone_min": TimeZone::decode(octets)?.minutes() }))
}

pub(super) fn daylight_saving(octets: &[u8]) -> Decoded {
    Ok(json!({ "dst_offset_min": daylight_saving_minutes(DaylightSavingOffset::decode(octets)?) }))
}

pub(super) fn local_time(octets: &[u8]) -> Decoded {
    let local = LocalTimeInformation::decode(octets)?;
    Ok(json!({
        "time_zone_min": local.time_zone.minutes(),
        "dst_offset_min": daylight_saving_minutes(local.daylight_saving),
    }))
}

pub(super) fn reference_time(octets: &[u8]) -> Decoded {
    let reference = ReferenceTimeInformation::decode(octets)?;
    Ok(json!({
        "source": reference.source.name(),
        "accuracy_s": match reference.accuracy {
            TimeAccuracy::Eighths(eighths) => computed(i64::from(eighths) * 125, -3),
            TimeAccuracy::OutOfRange => json!("out_of_range"),
            TimeAccuracy::Unknown => Value::Null,
        },
        "days_since_update": reference.days_since_update,
        "hours_since_update": reference.hours_since_update,
    }))
}

pub(super) fn current_elapsed_time(octets: &[u8]) -> Decoded {
    let clock = CurrentElapsedTime::decode(octets)?;
    let mut value = elapsed_time(clock.elapsed);
    value["clock_needs_set"] = json!(clock.status.has(ClockStatement::NeedsSet));
    value["clock_applies_dst"] = json!(clock.capabilities.has(ClockCapability::AppliesDaylightSaving));
    value["clock_manages_tz"] = json!(clock.capabilities.has(ClockCapability::ManagesTimeZone));
    Ok(value)
}

pub(super) fn manufacturer_name(octets: &[u8]) -> Decoded {
    text(MANUFACTURER_NAME, octets)
}

pub(super) fn model_number(octets: &[u8]) -> Decoded {
    text(MODEL_NUMBER, octets)
}

pub(super) fn serial_number(octets: &[u8]) -> Decoded {
    text(SERIAL_NUMBER, octets)
}

pub(super) fn hardware_revision(octets: &[u8]) -> Decoded {
    text(HARDWARE_REVISION, octets)
}

pub(super) fn firmware_revision(octets: &[u8]) -> Decoded {
    text(FIRMWARE_REVISION, octets)
}

pub(super) fn software_revision(octets: &[u8]) -> Decoded {
    text(SOFTWARE_REVISION, octets)
}

pub(super) fn system_id(octets: &[u8]) -> Decoded {
    let id = SystemId::decode(octets)?;
    Ok(json!({ "manufacturer_id": id.manufacturer_id, "oui": format!("{:06x}", id.oui) }))
}

pub(super) fn unique_device_identifier(octets: &[u8]) -> Decoded {
    let UniqueDeviceIdentifier { label, device_identifier, issuer, authority } =
        UniqueDeviceIdentifier::decode(octets)?;
    Ok(json!({ "label": label, "device_identifier": device_identifier, "issuer": issuer, "authority": authority }))
}

pub(super) fn pnp_id(octets: &[u8]) -> Decoded {
    let id = PnpId::decode(octets)?;
    Ok(json!({
        "vendor_id_source": id.vendor_id_source.name(),
        "vendor_id": id.vendor_id,
        "product_id": id.product_id,
        "product_version": id.product_version,
    }))
}

pub(super) fn battery_level(octets: &[u8]) -> Decoded {
    Ok(json!({ "level_percent": BatteryLevel::decode(octets)?.percent() }))
}

pub(super) fn battery_level_status(octets: &[u8]) -> Decoded {
    let BatteryLevelStatus { power, identifier, level, additional } = BatteryLevelStatus::decode(octets)?;
    Ok(json!({
        "battery_present": power.has(PowerStatement::BatteryPresent),
        "wired_external_power": power.wired_external_power().name(),
        "wireless_external_power": power.wireless_external_power().name(),
        "charge_state": power.charge_state().name(),
        "charge_level": power.charge_level().name(),
        "charging_type": power.charging_type().name(),
        "charging_fault": names(power.charging_faults().map(PowerStatement::name)),
        "identifier": identifier,
        "level_percent": level.and_then(BatteryLevel::percent),
        "service_required": additional.map(AdditionalStatus::service_required).map(Answer::name),
        "battery_fault": additional.map(|status| status.has(AdditionalStatement::BatteryFault)),
    }))
}

pub(super) fn record_access(octets: &[u8]) -> Decoded {
    Ok(match RecordReply::decode(octets)? {
        RecordReply::NumberOfRecords(count) => json!({ "op": "number_of_records", "count": count.number() }),
        RecordReply::Response { request, code } => {
            json!({ "op": "response", "request": request, "code": code.name(), "code_value": code.octet() })
        }
        RecordReply::CombinedReportResponse { count } => json!({ "op": "combined_report_response", "count": count }),
    })
}

fn text(characteristic: Characteristic, octets: &[u8]) -> Decoded {
    Ok(json!({ "text": decode_text(characteristic, octets)? }))
}

pub(super) fn daylight_saving_minutes(offset: DaylightSavingOffset) -> Value {
    match offset {
        DaylightSavingOffset::Reserved(_) => json!(offset.name()),
        DaylightSavingOffset::Standard
        | DaylightSavingOffset::HalfHour
        | DaylightSavingOffset::OneHour
        | DaylightSavingOffset::TwoHours
        | DaylightSavingOffset::Unknown => json!(offset.minutes()),
    }
}
