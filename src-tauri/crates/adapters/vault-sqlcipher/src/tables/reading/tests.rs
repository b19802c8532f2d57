//! Any measurement comes back as it was, and a second delivery changes nothing.
//! Not here: commits and queries (`tests/records`).
use super::*;
use bedside_vitals::{Decimal, DeviceTime, Number, Special, Unit};
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

fn device_time() -> impl Strategy<Value = DeviceTime> {
    any::<(Option<u16>, Option<u8>, Option<u8>, u8, u8, u8)>()
        .prop_map(|(year, month, day, hour, minute, second)| DeviceTime { year, month, day, hour, minute, second })
}

fn number() -> impl Strategy<Value = Number> {
    let special = prop::sample::select(vec![
        Special::NotANumber,
        Special::NotAtThisResolution,
        Special::PositiveInfinity,
        Special::NegativeInfinity,
        Special::Reserved,
    ]);
    prop_oneof![
        any::<(i64, i8)>().prop_map(|(mantissa, exponent)| Number::Value(Decimal::new(mantissa, exponent))),
        special.prop_map(Number::Special),
    ]
}

fn value() -> impl Strategy<Value = MeasuredValue> {
    let unit = prop::sample::select(Unit::ALL.to_vec());
    (number(), number(), number(), unit, any::<bool>()).prop_map(|(systolic, diastolic, mean, unit, single)| {
        if single {
            MeasuredValue::Single(Quantity { number: systolic, unit })
        } else {
            MeasuredValue::Pressures(BloodPressure { systolic, diastolic, mean, unit })
        }
    })
}

fn identity() -> impl Strategy<Value = ReadingIdentity> {
    prop_oneof![
        (any::<u32>(), option::of(device_time()))
            .prop_map(|(sequence, base_time)| ReadingIdentity::Sequence { sequence, base_time }),
        (device_time(), any::<u32>()).prop_map(|(base_time, ordinal)| ReadingIdentity::Ordinal { base_time, ordinal }),
        any::<(u128, u64)>().prop_map(|(id, frame)| {
            ReadingIdentity::Stream { connection: ConnectionId(Uuid::from_u128(id)), frame }
        }),
    ]
}

fn time() -> impl Strategy<Value = CorrectedTime> {
    let boot = (any::<u64>(), 0u32..1_000_000_000).prop_map(|(seconds, nanos)| BootTime(Duration::new(seconds, nanos)));
    let method = prop::sample::select(METHODS.to_vec());
    (any::<i64>(), method, option::of(device_time()), any::<i64>(), boot).prop_map(
        |(at, method, device, received, received_boot)| CorrectedTime {
            at: WallTime(at),
            method,
            device,
            received: WallTime(received),
            received_boot,
        },
    )
}

fn glucose() -> impl Strategy<Value = GlucoseDetails> {
    let sample = option::of(prop::sample::select(GlucoseSample::ALL.to_vec()));
    let site = option::of(prop::sample::select(SampleSite::ALL.to_vec()));
    let meal = option::of(prop::sample::select(Meal::ALL.to_vec()));
    (sample, site, meal).prop_map(|(sample, site, meal)| GlucoseDetails { sample, site, meal })
}

prop_compose! {
    fn reading()(
        ids in any::<(u128, u128, Option<u128>)>(), parameter in prop::sample::select(Parameter::ALL.to_vec()),
        value in value(), spot: bool, time in time(), identity in identity(), quality: u32, user_slot: Option<u8>,
        frame in any::<Option<(u128, u128, u64)>>(), glucose in option::of(glucose()),
        temperature_site in option::of(prop::sample::select(TemperatureSite::ALL.to_vec())),
    ) -> StoredReading {
        let uuid = Uuid::from_u128;
        StoredReading {
            id: ReadingId(uuid(ids.0)),
            device: DeviceId(uuid(ids.1)),
            patient: ids.2.map(|id| PatientId(uuid(id))),
            measurement: Measurement {
                parameter,
                value,
                cadence: if spot { Cadence::Spot } else { Cadence::Streaming },
                time,
                identity,
                quality: Quality::from_bits(quality),
                user_slot,
                glucose,
                temperature_site,
            },
            frame: frame.map(|(connection, uuid, place)| (ConnectionId(Uuid::from_u128(connection)), Uuid::from_u128(uuid), place)),
        }
    }
}

fn database() -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    super::super::migrate(&mut db).unwrap();
    db
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_reading_comes_back_exactly(reading in reading()) {
        let db = database();
        prop_assert!(add(&db, &reading).unwrap());
        prop_assert_eq!(newest(&db, None, false, None, 9).unwrap(), vec![reading]);
    }

    #[test]
    fn a_second_delivery_changes_nothing(first in reading(), mut second in reading()) {
        let db = database();
        second.id = first.id;
        prop_assert!(add(&db, &first).unwrap());
        prop_assert!(!add(&db, &second).unwrap());
        prop_assert_eq!(newest(&db, None, false, None, 9).unwrap(), vec![first]);
    }
}

#[test]
fn a_meal_is_added_to_a_stored_reading_once_and_never_replaced() {
    let db = database();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reading = reading().new_tree(&mut runner).unwrap().current();
    reading.measurement.glucose = Some(GlucoseDetails::default());
    add(&db, &reading).unwrap();
    assert!(add_meal(&db, reading.id, Meal::Fasting).unwrap());
    assert!(!add_meal(&db, reading.id, Meal::After).unwrap());
    let stored = newest(&db, None, false, None, 9).unwrap().remove(0);
    assert_eq!(stored.measurement.glucose.and_then(|said| said.meal), Some(Meal::Fasting));
}

#[test]
fn a_row_with_an_unknown_code_is_damage_and_not_a_value() {
    for change in ["unit = 'furlong'", "parameter = 1", "time_method = 9", "identity = 7", "boot_nanos = 2000000000"] {
        let db = database();
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let reading = reading().new_tree(&mut runner).unwrap().current();
        add(&db, &reading).unwrap();
        db.execute_batch(&format!("DROP TRIGGER reading_kept; UPDATE reading SET {change}")).unwrap();
        assert!(matches!(newest(&db, None, false, None, 9), Err(Fault::Column(_))), "{change}");
    }
}

#[test]
fn what_was_measured_is_neither_changed_nor_removed_and_a_patient_stays() {
    let db = database();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reading = reading().new_tree(&mut runner).unwrap().current();
    reading.patient = None;
    add(&db, &reading).unwrap();
    assert!(assign(&db, reading.id, PatientId(Uuid::from_u128(1))).unwrap());
    for statement in [
        "UPDATE reading SET first_mantissa = 1",
        "UPDATE reading SET at = at + 1",
        "UPDATE reading SET quality = 0",
        "UPDATE reading SET patient = NULL",
        "UPDATE reading SET patient = x'02'",
        "DELETE FROM reading",
    ] {
        assert!(db.execute_batch(statement).is_err(), "{statement}");
    }
    assert_eq!(by_id(&db, reading.id).unwrap().unwrap().measurement, reading.measurement);
}
