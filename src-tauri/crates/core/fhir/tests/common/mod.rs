//! An invented person, their devices and readings.
//! Not here: the resources they should become, which are the golden files.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "each test binary uses its part")]
use bedside_fhir::{FilingContext, Resource};
use bedside_vitals::{
    BirthDate, BootTime, Cadence, CorrectedTime, DeviceDescription, DeviceId, DeviceKind, DeviceTime, MeasuredValue,
    Measurement, Number, Parameter, Patient, PatientId, Quality, Quantity, ReadingIdentity, RecordNumber, Sensitive,
    Sex, TimeMethod, Unit, WallTime,
};
use std::path::Path;
use uuid::Uuid;

/// 2026-03-18T12:00:00Z.
pub(crate) const NOON: WallTime = WallTime(1_773_835_200_000);

pub(crate) fn context() -> FilingContext {
    FilingContext {
        record_number_system: "urn:oid:2.999.1.2.3".to_owned(),
        gateway: Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0001),
        test_data: false,
    }
}

pub(crate) fn person() -> Patient {
    Patient {
        id: PatientId(Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0002)),
        record_number: RecordNumber::new("MRN-0042").unwrap(),
        family: Sensitive::new("EXAMPLE".to_owned()),
        given: Sensitive::new("Test Ann".to_owned()),
        birth_date: BirthDate::new("1951-03-14", NOON).unwrap(),
        sex: Sex::Female,
        bed: Some(Sensitive::new("12 B".to_owned())),
    }
}

pub(crate) fn described(kind: DeviceKind) -> DeviceDescription {
    let text = |text: &str| Some(text.to_owned());
    DeviceDescription {
        id: DeviceId::derive(&format!("Example Instruments|{}", kind.name())),
        kind,
        name: "Example 1".to_owned(),
        manufacturer: text("Example Instruments"),
        model: text("EX-1"),
        serial: text("501900083"),
        firmware: text("2.1"),
        hardware: text("B"),
        software: text("2.1.7"),
        system_id: text("74e8fffeff051c00"),
        udi: None,
        simulated: false,
    }
}

pub(crate) const fn device_time(hour: u8, minute: u8, second: u8) -> DeviceTime {
    DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour, minute, second }
}

/// A spot reading whose device showed 11:58:00 and whose best known time is 12:00:19.
pub(crate) fn measured(parameter: Parameter, value: MeasuredValue) -> Measurement {
    let base_time = device_time(11, 58, 0);
    Measurement {
        parameter,
        value,
        cadence: Cadence::Spot,
        time: CorrectedTime {
            at: NOON.plus_millis(19_000),
            method: TimeMethod::DeviceClockUnverified,
            device: Some(base_time),
            received: NOON.plus_millis(60_000),
            received_boot: BootTime::from_millis(5_000),
        },
        identity: ReadingIdentity::Ordinal { base_time, ordinal: 0 },
        quality: Quality::GOOD,
        user_slot: None,
        glucose: None,
        temperature_site: None,
    }
}

pub(crate) fn single(text: &str, unit: Unit) -> MeasuredValue {
    MeasuredValue::Single(Quantity { number: Number::Value(text.parse().unwrap()), unit })
}

/// Compares with the golden file of that name, or writes it.
pub(crate) fn golden(name: &str, resource: &impl Resource) {
    let document = resource.document().unwrap();
    let value: serde_json::Value = serde_json::from_str(&document.json).unwrap();
    compare(name, &format!("{}\n", serde_json::to_string_pretty(&value).unwrap()));
}

pub(crate) fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.json"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).expect("the golden file is there; BLESS=1 writes it");
    assert_eq!(text, expected, "{name} is not what its golden file says; BLESS=1 writes it anew");
}
