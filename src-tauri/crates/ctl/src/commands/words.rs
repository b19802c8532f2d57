//! Readings, samples and devices in words and as JSON, the same in every command.
//! Numbers are exact decimals; nothing is rounded here.
use crate::failure::{BAD_DATA, Failure, NOT_FOUND};
use bedside_console::ports::{Answer, Query, RecordStore};
use bedside_vitals::{
    Decimal, GlucoseSample, Meal, MeasuredValue, Measurement, Number, Patient, Quality, QualityFlag, RecordNumber,
    SampleSite, TimeMethod, WallTime,
};
use serde_json::{Value, json};

/// A value's numbers by name; a single quantity has no name.
pub(crate) fn numbers(value: &MeasuredValue) -> Vec<(&'static str, Number)> {
    match value {
        MeasuredValue::Single(quantity) => vec![("", quantity.number)],
        MeasuredValue::Pressures(pressures) => {
            vec![("systolic", pressures.systolic), ("diastolic", pressures.diastolic), ("mean", pressures.mean)]
        }
    }
}

/// A number as JSON: an exact decimal, or the name of a special value.
pub(crate) fn number(number: Number) -> Value {
    match number {
        Number::Value(decimal) => decimal_json(decimal),
        Number::Special(special) => Value::String(special.to_string()),
    }
}

/// An exact decimal as a JSON number.
pub(crate) fn decimal_json(decimal: Decimal) -> Value {
    decimal.to_string().parse().map_or(Value::Null, Value::Number)
}

/// `72 /min`, or `120/80 (93) mm[Hg]`.
pub(crate) fn value_text(value: &MeasuredValue) -> String {
    let unit = value.unit();
    match value {
        MeasuredValue::Single(quantity) => format!("{} {unit}", quantity.number),
        MeasuredValue::Pressures(p) => format!("{}/{} ({}) {unit}", p.systolic, p.diastolic, p.mean),
    }
}

/// A measurement as JSON.
pub(crate) fn measurement_json(measurement: &Measurement) -> Value {
    let value = match &measurement.value {
        MeasuredValue::Single(quantity) => number(quantity.number),
        MeasuredValue::Pressures(_) => {
            numbers(&measurement.value).into_iter().map(|(name, n)| (name.to_owned(), number(n))).collect()
        }
    };
    json!({
        "parameter": measurement.parameter.name(),
        "value": value,
        "unit": measurement.value.unit().ucum(),
        "measured_at": measurement.time.at.to_string(),
        "time_method": method(measurement.time.method),
        "device_time": measurement.time.device.map(|time| time.to_string()),
        "received_at": measurement.time.received.to_string(),
        "identity": measurement.identity.to_string(),
        "quality": flags(measurement.quality),
        "user_slot": measurement.user_slot,
        "glucose": measurement.glucose.map(|said| json!({
            "sample": said.sample.map(GlucoseSample::name),
            "site": said.site.map(SampleSite::name),
            "meal": said.meal.map(Meal::name),
        })),
    })
}

/// How the time of a measurement is known.
pub(crate) const fn method(method: TimeMethod) -> &'static str {
    match method {
        TimeMethod::Receipt => "receipt",
        TimeMethod::DeviceClockCorrected => "device_clock_corrected",
        TimeMethod::DeviceClockUnverified => "device_clock_unverified",
        TimeMethod::Unknown => "unknown",
        TimeMethod::TickCounter => "tick_counter",
    }
}

/// The flags a device raised, by name.
pub(crate) fn flags(quality: Quality) -> Vec<&'static str> {
    const NAMES: [(QualityFlag, &str); 21] = [
        (QualityFlag::NoContact, "no_contact"),
        (QualityFlag::BodyMovement, "body_movement"),
        (QualityFlag::CuffTooLoose, "cuff_too_loose"),
        (QualityFlag::IrregularPulse, "irregular_pulse"),
        (QualityFlag::ImproperPosition, "improper_position"),
        (QualityFlag::PoorSignal, "poor_signal"),
        (QualityFlag::Questionable, "questionable"),
        (QualityFlag::Invalid, "invalid"),
        (QualityFlag::Demonstration, "demonstration"),
        (QualityFlag::Testing, "testing"),
        (QualityFlag::ClockNotSet, "clock_not_set"),
        (QualityFlag::EarlyEstimate, "early_estimate"),
        (QualityFlag::PulseOutOfRange, "pulse_out_of_range"),
        (QualityFlag::Implausible, "implausible"),
        (QualityFlag::Simulated, "simulated"),
        (QualityFlag::FromStorage, "from_storage"),
        (QualityFlag::ControlSolution, "control_solution"),
        (QualityFlag::UserUnknown, "user_unknown"),
        (QualityFlag::Corrected, "corrected"),
        (QualityFlag::Rejected, "rejected"),
        (QualityFlag::Confirmed, "confirmed"),
    ];
    NAMES.into_iter().filter(|(flag, _)| quality.has(*flag)).map(|(_, name)| name).collect()
}

/// The patient of a record number.
pub(crate) async fn patient(store: &dyn RecordStore, record_number: &str) -> Result<Patient, Failure> {
    let number = RecordNumber::new(record_number).map_err(|error| Failure::new(BAD_DATA, error.to_string()))?;
    match store.read(Query::PatientByRecordNumber(number)).await? {
        Answer::Patients(patients) => patients.into_iter().next(),
        _ => None,
    }
    .ok_or_else(|| Failure::new(NOT_FOUND, "there is no patient with this record number"))
}

/// A time such as `2026-03-18T14:00:00Z`.
pub(crate) fn time(text: &str) -> Result<WallTime, Failure> {
    let wrong = |_| Failure::new(BAD_DATA, "expected a time with its zone such as 2026-03-18T14:00:00Z");
    text.parse::<jiff::Timestamp>().map(|time| WallTime(time.as_millisecond())).map_err(wrong)
}
