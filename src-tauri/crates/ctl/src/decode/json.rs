//! The JSON of the values that many characteristics share: exact numbers, times, lists of names.
//! Which characteristic has which field is said beside the profiles.
use bedside_gatt::elapsed_time::{ElapsedTime, ElapsedTimeFlag};
use bedside_gatt::user_data::User;
use bedside_vitals::{Decimal, DeviceTime, Number};
use serde_json::{Value, json};

/// An exact decimal, digit by digit as the device sent it.
pub(super) fn decimal(decimal: Decimal) -> Value {
    let text = decimal.to_string();
    text.parse().map_or(Value::String(text), Value::Number)
}

/// A computed decimal without the zeros at its end, which would claim a precision that nobody measured.
pub(super) fn computed(mantissa: i64, exponent: i8) -> Value {
    let (mut mantissa, mut exponent) = (mantissa, exponent);
    while exponent < 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        exponent += 1;
    }
    decimal(Decimal::new(mantissa, exponent))
}

/// A decimal, or the name of the state in its place.
pub(super) fn number(number: Number) -> Value {
    match number {
        Number::Value(value) => decimal(value),
        Number::Special(special) => Value::String(special.to_string()),
    }
}

/// The same, `null` when the value does not carry the field.
pub(super) fn optional_number(field: Option<Number>) -> Value {
    field.map_or(Value::Null, number)
}

/// A Date Time with `null` for unknown parts.
pub(super) fn time(time: DeviceTime) -> Value {
    let DeviceTime { year, month, day, hour, minute, second } = time;
    json!({ "year": year, "month": month, "day": day, "hour": hour, "minute": minute, "second": second })
}

/// The same, `null` when the value does not carry the field.
pub(super) fn optional_time(field: Option<DeviceTime>) -> Value {
    field.map_or(Value::Null, time)
}

/// An Elapsed Time, each part as sent.
pub(super) fn elapsed_time(time: ElapsedTime) -> Value {
    let has = |flag| time.flags.has(flag);
    json!({
        "tick_counter": has(ElapsedTimeFlag::TickCounter),
        "utc": has(ElapsedTimeFlag::Utc),
        "resolution": time.resolution().name(),
        "tz_dst_used": has(ElapsedTimeFlag::OffsetUsed),
        "current_timeline": has(ElapsedTimeFlag::CurrentTimeline),
        "time_value": time.count,
        "sync_source": time.source.name(),
        "tz_dst_offset_min": i16::from(time.offset_quarters) * 15,
    })
}

/// A list of names.
pub(super) fn names(names: impl Iterator<Item = &'static str>) -> Value {
    names.collect()
}

/// Octets as hex digits.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A user by the device's own counting, `null` when the value does not carry the field.
pub(super) fn user(user: Option<User>) -> Value {
    user.map_or(Value::Null, |user| match user {
        User::Slot(slot) => json!(slot),
        User::Unknown => json!("unknown"),
    })
}
