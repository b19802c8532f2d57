//! The life of cuff and thermometer: measure, advertise, deliver, hang up. Clocks too.
//! Streams are in `streams.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail loudly")]
mod common;

use bedside_console::ports::{Radio, RadioEvent};
use bedside_gatt::blood_pressure::{BloodPressureMeasurement, IntermediateCuffPressure};
use bedside_gatt::current_time::CurrentTime;
use bedside_gatt::health_thermometer::{TEMPERATURE_MEASUREMENT, TemperatureMeasurement};
use bedside_gatt::{date_time, uuids};
use bedside_session::RadioFault;
use bedside_simulated_ward::{LedgerIdentity, Scenario};
use bedside_vitals::Number;
use common::{Bench, CUFF_PRESSURE, PRESSURE, START, TEMPERATURE, advertised, at, ended, id, seconds, values};

/// A ward in which nothing happens unless it is asked for.
fn quiet() -> Scenario {
    let mut scenario = Scenario::named("calm").unwrap();
    scenario.steps.clear();
    scenario
}

fn whole(number: Number) -> i64 {
    number.value().unwrap().mantissa_at(0).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_cuff_shows_itself_after_a_measurement_only_and_not_for_long() {
    let mut bench = Bench::of(&quiet());
    bench.ward.scan(true).await.unwrap();
    assert_eq!(advertised(&bench.listen(seconds(60)).await, "cuff-1"), 0);
    bench.control().take_cuff_measurement("cuff-1").unwrap();
    assert_eq!(advertised(&bench.listen(seconds(20)).await, "cuff-1"), 0, "it is still measuring");
    let shown = advertised(&bench.listen(seconds(90)).await, "cuff-1");
    assert!((25..=75).contains(&shown), "{shown} advertisements at about one a second");
    assert_eq!(advertised(&bench.listen(seconds(60)).await, "cuff-1"), 0, "it sleeps again");
}

#[tokio::test(start_paused = true)]
async fn a_cuff_delivers_one_reading_with_its_own_time_and_hangs_up() {
    let mut bench = Bench::of(&quiet());
    bench.control().take_cuff_measurement("cuff-1").unwrap();
    bench.link("cuff-1", &[PRESSURE]).await;
    let events = bench.listen(seconds(120)).await;
    let readings = values(&events, PRESSURE);
    assert_eq!((readings.len(), ended(&events, "cuff-1"), advertised(&events, "cuff-1")), (1, 1, 0));
    assert!(matches!(events.last(), Some(RadioEvent::Advertised(_) | RadioEvent::LinkEnded(_))));
    let reading = BloodPressureMeasurement::decode(&readings[0]).unwrap();
    assert!((99..=149).contains(&whole(reading.systolic)) && (64..=92).contains(&whole(reading.diastolic)));
    assert!(whole(reading.diastolic) < whole(reading.mean) && whole(reading.mean) < whole(reading.systolic));
    assert!((60..=95).contains(&whole(reading.context.pulse_rate_bpm.unwrap())));
    let taken = reading.context.timestamp.unwrap().as_if_utc().unwrap().millis_since(START);
    assert!((21_000..=35_000).contains(&taken), "measured {taken} ms after the ward began");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_delivered_is_offered_again() {
    let mut bench = Bench::of(&quiet());
    bench.control().take_cuff_measurement("cuff-1").unwrap();
    bench.link("cuff-1", &[]).await;
    bench.control().drop_link("cuff-1").unwrap();
    bench.link("cuff-1", &[PRESSURE]).await;
    assert_eq!(values(&bench.listen(seconds(30)).await, PRESSURE).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn readings_nobody_fetched_come_oldest_first_with_the_next_one() {
    let mut bench = Bench::of(&quiet());
    for _ in 0..3 {
        bench.control().take_cuff_measurement("cuff-3").unwrap();
        bench.listen(seconds(120)).await;
    }
    bench.control().take_cuff_measurement("cuff-3").unwrap();
    bench.link("cuff-3", &[PRESSURE]).await;
    let events = bench.listen(seconds(30)).await;
    let times: Vec<_> = values(&events, PRESSURE)
        .iter()
        .map(|octets| BloodPressureMeasurement::decode(octets).unwrap().context.timestamp.unwrap())
        .collect();
    assert_eq!(times.len(), 4);
    assert!(times.is_sorted());
    assert_eq!(ended(&events, "cuff-3"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cuff_that_shows_progress_sends_its_pressure_before_the_reading() {
    let mut bench = Bench::of(&quiet());
    bench.control().take_cuff_measurement("cuff-2").unwrap();
    bench.link("cuff-2", &[PRESSURE, CUFF_PRESSURE]).await;
    let events = bench.listen(seconds(60)).await;
    let pressures: Vec<i64> = values(&events, CUFF_PRESSURE)
        .iter()
        .map(|octets| whole(IntermediateCuffPressure::decode(octets).unwrap().cuff_pressure))
        .collect();
    assert!(pressures.len() > 30, "{}", pressures.len());
    assert!(pressures.iter().max().unwrap() > &160 && pressures.last().unwrap() < &60);
    assert_eq!((values(&events, PRESSURE).len(), ended(&events, "cuff-2")), (1, 1));
    let ledger = bench.ledger();
    assert!(ledger.iter().filter(|entry| entry.values.is_empty()).count() == pressures.len());
}

#[tokio::test(start_paused = true)]
async fn a_thermometer_delivers_a_temperature_and_hangs_up() {
    let mut bench = Bench::of(&quiet());
    bench.control().take_temperature("thermometer-1").unwrap();
    bench.link("thermometer-1", &[TEMPERATURE]).await;
    let events = bench.listen(seconds(30)).await;
    let octets = &values(&events, TEMPERATURE)[0];
    let reading = TemperatureMeasurement::decode(TEMPERATURE_MEASUREMENT, octets).unwrap();
    let celsius = reading.temperature.value().unwrap();
    assert_eq!(celsius.exponent(), -1);
    assert!((361..=373).contains(&celsius.mantissa()));
    assert_eq!(ended(&events, "thermometer-1"), 1);
}

#[tokio::test(start_paused = true)]
async fn two_equal_readings_of_one_minute_are_two_records() {
    let mut bench = Bench::new("equal-readings");
    bench.link("cuff-1", &[PRESSURE]).await;
    let readings = values(&bench.listen(seconds(30)).await, PRESSURE);
    assert_eq!(readings.len(), 2);
    assert_eq!(readings[0], readings[1], "equal in every octet");
    let records: Vec<u64> = bench
        .ledger()
        .iter()
        .map(|entry| match entry.values[0].identity {
            LedgerIdentity::Record { record, .. } => record,
            LedgerIdentity::Index(_) => panic!("a cuff numbers its records"),
        })
        .collect();
    assert_eq!(records, [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_unused_link_is_given_up_by_the_cuff() {
    let mut bench = Bench::of(&quiet());
    bench.control().take_cuff_measurement("cuff-1").unwrap();
    bench.link("cuff-1", &[]).await;
    assert_eq!(ended(&bench.listen(seconds(55)).await, "cuff-1"), 0);
    assert_eq!(ended(&bench.listen(seconds(10)).await, "cuff-1"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_is_wrong_by_its_skew_and_can_be_set_and_read_back() {
    let mut bench = Bench::new("skew");
    let clock = at(uuids::CURRENT_TIME_SERVICE, uuids::CURRENT_TIME);
    bench.link("oximeter-1", &[]).await;
    let shown = CurrentTime::decode(&bench.ward.read(&id("oximeter-1"), clock).await.unwrap()).unwrap();
    let true_time = START.plus_millis(bench.began.elapsed().as_millis() as i64);
    let skew = shown.time.as_if_utc().unwrap().millis_since(true_time);
    assert!((-76_000..=-75_000).contains(&skew), "{skew} ms");
    let right = CurrentTime { time: date_time::decode(&[0xEA, 7, 3, 18, 15, 0, 0]).unwrap(), ..shown };
    bench.ward.write(&id("oximeter-1"), clock, &right.encode().unwrap()).await.unwrap();
    let read_back = CurrentTime::decode(&bench.ward.read(&id("oximeter-1"), clock).await.unwrap()).unwrap();
    assert_eq!(read_back.time, right.time);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_never_set_has_no_date_in_clock_and_reading() {
    let mut bench = Bench::new("skew");
    bench.link("thermometer-2", &[TEMPERATURE]).await;
    let clock = at(uuids::HEALTH_THERMOMETER_SERVICE, uuids::DATE_TIME);
    let shown = date_time::decode(&bench.ward.read(&id("thermometer-2"), clock).await.unwrap()).unwrap();
    assert_eq!((shown.year, shown.month, shown.day), (None, None, None));
    let octets = &values(&bench.listen(seconds(5)).await, TEMPERATURE)[0];
    let reading = TemperatureMeasurement::decode(TEMPERATURE_MEASUREMENT, octets).unwrap();
    assert_eq!(reading.timestamp.unwrap().year, None);
}

#[tokio::test(start_paused = true)]
async fn a_date_that_does_not_exist_is_refused() {
    let mut bench = Bench::of(&quiet());
    bench.control().take_cuff_measurement("cuff-2").unwrap();
    bench.link("cuff-2", &[]).await;
    let clock = at(uuids::BLOOD_PRESSURE_SERVICE, uuids::DATE_TIME);
    let refused = bench.ward.write(&id("cuff-2"), clock, &[0xEA, 7, 2, 31, 15, 0, 0]).await;
    assert!(matches!(refused, Err(RadioFault::Refused(_))), "{refused:?}");
}
