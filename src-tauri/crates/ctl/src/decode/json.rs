//! The JSON of the values that many characteristics share: exact numbers, times, lists of names.
//! Which characteristic has which field is said beside the profiles.
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

/// A list of names.
pub(super) fn names(names: impl Iterator<Item = &'static str>) -> Value {
    names.collect()
}
