//! The life of the streaming devices: strap, ECG sensor, oximeter. Their packets are read with the real decoders.
//! Links and faults are in `links.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail loudly")]
mod common;

use bedside_console::ports::Radio;
use bedside_gatt::heart_rate::{HeartRateMeasurement, SensorContact};
use bedside_gatt::polar::{ControlReply, ControlStatus, DataFrame, Samples};
use bedside_gatt::pulse_oximeter::{ContinuousMeasurement, DeviceFinding, MeasurementStatement};
use bedside_gatt::uuids;
use bedside_session::RadioFault;
use bedside_vitals::{Number, Special};
use common::{Bench, OXIMETRY, POLAR_CONTROL, POLAR_DATA, RATE, START_ECG, at, id, seconds, values};
use std::time::Duration;

fn intervals(rates: &[Vec<u8>]) -> Vec<u16> {
    rates.iter().flat_map(|octets| HeartRateMeasurement::decode(octets).unwrap().rr_1024.iter()).collect()
}

fn ecg(frames: &[Vec<u8>]) -> Vec<DataFrame> {
    frames.iter().map(|octets| DataFrame::decode(octets).unwrap()).collect()
}

fn samples(frames: &[DataFrame]) -> Vec<i32> {
    let of = |frame: &DataFrame| match &frame.samples {
        Samples::Ecg(samples) => samples.clone(),
        other => panic!("no ECG: {other:?}"),
    };
    frames.iter().flat_map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn a_strap_sends_a_rate_each_second_and_every_beat_once() {
    let mut bench = Bench::new("calm");
    bench.link("strap-2", &[RATE]).await;
    let rates = values(&bench.listen(seconds(60)).await, RATE);
    assert_eq!(rates.len(), 60);
    let total: u64 = intervals(&rates).iter().map(|raw| u64::from(*raw)).sum();
    assert!((57 * 1024..=63 * 1024).contains(&total), "{total}/1024 s of beats in a minute");
}

#[tokio::test(start_paused = true)]
async fn a_strap_replays_the_recording_beat_by_beat() {
    let mut bench = Bench::new("calm");
    bench.link("strap-3", &[RATE]).await;
    let heard = intervals(&values(&bench.listen(seconds(30)).await, RATE));
    let recorded: Vec<u16> = include_str!("../../../../../assets/ward/afdb-rr/04043.csv")
        .lines()
        .skip(2)
        .map(|line| line.split(',').nth(1).unwrap().parse::<u32>().unwrap())
        .map(|ms| ((ms * 1024 + 500) / 1000) as u16)
        .collect();
    assert!(heard.len() > 30);
    assert!(recorded.windows(heard.len()).any(|window| window == heard), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_strap_without_skin_says_so_and_sends_no_intervals() {
    let mut bench = Bench::new("calm");
    bench.link("strap-1", &[RATE]).await;
    bench.listen(seconds(2)).await;
    bench.control().set_contact("strap-1", false).unwrap();
    let rates = values(&bench.listen(seconds(5)).await, RATE);
    for octets in &rates {
        let packet = HeartRateMeasurement::decode(octets).unwrap();
        assert_eq!((packet.sensor_contact, packet.heart_rate_bpm), (SensorContact::NotDetected, 0));
        assert!(packet.rr_1024.is_empty());
    }
    assert_eq!(rates.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_ecg_sensor_answers_settings_and_start_and_streams_without_a_gap() {
    let mut bench = Bench::new("calm");
    bench.link("ecg-1", &[POLAR_CONTROL, POLAR_DATA]).await;
    bench.ward.write(&id("ecg-1"), POLAR_CONTROL, &[1, 0]).await.unwrap();
    let settings = values(&bench.listen(seconds(1)).await, POLAR_CONTROL);
    assert_eq!(settings, [vec![0xF0, 1, 0, 0, 0, 0, 1, 130, 0, 1, 1, 14, 0]]);
    bench.ward.write(&id("ecg-1"), POLAR_CONTROL, &START_ECG).await.unwrap();
    let events = bench.listen(seconds(30)).await;
    let reply = values(&events, POLAR_CONTROL);
    assert_eq!(ControlReply::decode(&reply[0]).unwrap().status, ControlStatus::Success);
    let frames = values(&events, POLAR_DATA);
    assert!(frames.iter().all(|frame| frame.len() == 10 + 73 * 3), "a frame fills an ATT MTU of 232");
    let frames = ecg(&frames);
    assert_eq!(frames.len(), 53);
    for pair in frames.windows(2) {
        let apart = pair[1].timestamp_ns - pair[0].timestamp_ns;
        assert!(apart.abs_diff(73 * 1_000_000_000 / 130) <= 1, "{apart} ns");
    }
    let recorded: Vec<i32> = include_str!("../../../../../assets/ward/ecg-mitdb-100-130hz.csv")
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    let heard = samples(&frames);
    assert!(recorded.windows(heard.len()).any(|window| window == heard), "the samples are those of the recording");
}

#[tokio::test(start_paused = true)]
async fn the_ecg_goes_on_past_the_end_of_the_recording() {
    let mut bench = Bench::new("calm");
    bench.link_ecg("ecg-1").await;
    let frames = ecg(&values(&bench.listen(seconds(300)).await, POLAR_DATA));
    assert_eq!(samples(&frames).len(), frames.len() * 73);
    assert!(frames.len() >= 533);
}

#[tokio::test(start_paused = true)]
async fn heart_rate_and_ecg_of_one_sensor_agree_beat_by_beat() {
    let mut bench = Bench::new("calm");
    bench.link_ecg("ecg-1").await;
    let events = bench.listen(seconds(200)).await;
    let heard = samples(&ecg(&values(&events, POLAR_DATA)));
    let peaks: Vec<usize> = (1..heard.len() - 1)
        .filter(|&i| heard[i] > 400 && heard[i] >= heard[i - 1] && heard[i] > heard[i + 1])
        .collect();
    let seen: Vec<u16> = peaks.windows(2).map(|p| (((p[1] - p[0]) * 1024 * 2 + 130) / 260) as u16).collect();
    let told = intervals(&values(&events, RATE));
    let middle = &seen[3..seen.len() - 3];
    let agrees = |window: &[u16]| window.iter().zip(middle).all(|(told, seen)| told.abs_diff(*seen) <= 1);
    assert!(middle.len() > 200);
    assert!(told.windows(middle.len()).any(agrees), "{told:?}\n{middle:?}");
}

#[tokio::test(start_paused = true)]
async fn an_ecg_sensor_refuses_what_it_cannot_do() {
    let mut bench = Bench::new("calm");
    bench.link("ecg-2", &[POLAR_DATA]).await;
    let ward = &bench.ward;
    let early = ward.write(&id("ecg-2"), POLAR_CONTROL, &START_ECG).await;
    assert!(matches!(early, Err(RadioFault::Refused(_))), "nobody would hear the reply");
    ward.subscribe(&id("ecg-2"), POLAR_CONTROL).await.unwrap();
    let requests: [&[u8]; 7] =
        [&[2, 0, 0, 1, 250, 0, 1, 1, 14, 0], &[2, 0], &[3, 0], &[1, 2], &[9, 0], &START_ECG, &START_ECG];
    for request in requests {
        ward.write(&id("ecg-2"), POLAR_CONTROL, request).await.unwrap();
    }
    let replies = values(&bench.listen(seconds(1)).await, POLAR_CONTROL);
    let statuses: Vec<ControlStatus> =
        replies.iter().map(|reply| ControlReply::decode(reply).unwrap().status).collect();
    let expected = [
        ControlStatus::InvalidRate,
        ControlStatus::InvalidParameter,
        ControlStatus::AlreadyInState,
        ControlStatus::NotSupported,
        ControlStatus::InvalidOperation,
        ControlStatus::Success,
        ControlStatus::AlreadyInState,
    ];
    assert_eq!(statuses, expected);
}

#[tokio::test(start_paused = true)]
async fn an_ecg_stops_on_request_and_with_its_link() {
    let mut bench = Bench::new("calm");
    bench.link_ecg("ecg-1").await;
    assert!(!values(&bench.listen(seconds(3)).await, POLAR_DATA).is_empty());
    bench.ward.write(&id("ecg-1"), POLAR_CONTROL, &[3, 0]).await.unwrap();
    assert!(values(&bench.listen(seconds(3)).await, POLAR_DATA).is_empty());
    bench.ward.write(&id("ecg-1"), POLAR_CONTROL, &START_ECG).await.unwrap();
    bench.listen(seconds(1)).await;
    bench.ward.disconnect(&id("ecg-1")).await.unwrap();
    bench.link("ecg-1", &[POLAR_CONTROL, POLAR_DATA]).await;
    assert!(values(&bench.listen(seconds(3)).await, POLAR_DATA).is_empty(), "a new link has to start it again");
}

#[tokio::test(start_paused = true)]
async fn an_oximeter_sends_plausible_values_each_second() {
    let mut bench = Bench::new("calm");
    bench.link("oximeter-1", &[OXIMETRY]).await;
    bench.listen(seconds(2)).await;
    let packets = values(&bench.listen(seconds(120)).await, OXIMETRY);
    assert_eq!(packets.len(), 120);
    for octets in packets {
        let packet = ContinuousMeasurement::decode(&octets).unwrap();
        let number = |number: Number| number.value().unwrap().to_f64();
        assert!((93.0..=100.0).contains(&number(packet.normal.spo2_percent)));
        assert!((55.0..=100.0).contains(&number(packet.normal.pulse_rate_bpm)));
        assert!((1.2..=9.0).contains(&number(packet.pulse_amplitude_index_percent.unwrap())));
    }
}

#[tokio::test(start_paused = true)]
async fn a_finger_out_gives_states_and_no_numbers() {
    let mut bench = Bench::new("finger-out");
    bench.link("oximeter-1", &[OXIMETRY]).await;
    bench.listen(seconds(25).saturating_sub(bench.began.elapsed())).await;
    let out = values(&bench.listen(seconds(10)).await, OXIMETRY);
    assert_eq!(out.len(), 10);
    for octets in out {
        let packet = ContinuousMeasurement::decode(&octets).unwrap();
        assert_eq!(packet.normal.spo2_percent, Number::Special(Special::NotANumber));
        assert!(packet.device_status.unwrap().has(DeviceFinding::UnconnectedToUser));
        assert!(packet.measurement_status.unwrap().has(MeasurementStatement::Unavailable));
    }
    bench.listen(seconds(15)).await;
    let back = values(&bench.listen(Duration::from_millis(1_500)).await, OXIMETRY);
    assert!(ContinuousMeasurement::decode(&back[0]).unwrap().normal.spo2_percent.value().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_demonstration_is_marked_as_long_as_it_runs() {
    let mut bench = Bench::new("demonstration");
    bench.link("oximeter-2", &[OXIMETRY]).await;
    let packets = values(&bench.listen(seconds(60)).await, OXIMETRY);
    let marked = packets.iter().filter(|octets| {
        let packet = ContinuousMeasurement::decode(octets).unwrap();
        packet.measurement_status.unwrap().has(MeasurementStatement::Demonstration)
    });
    assert_eq!(marked.count(), 20);
}

#[tokio::test(start_paused = true)]
async fn every_device_says_who_it_is() {
    let mut bench = Bench::new("calm");
    bench.link("oximeter-3", &[]).await;
    let read = async |characteristic| {
        bench.ward.read(&id("oximeter-3"), at(uuids::DEVICE_INFORMATION_SERVICE, characteristic)).await.unwrap()
    };
    assert_eq!(read(uuids::MANUFACTURER_NAME).await, b"Simulated");
    assert_eq!(read(uuids::MODEL_NUMBER).await, b"Oximeter");
    assert_eq!(read(uuids::SERIAL_NUMBER).await, b"SIM-P-0003");
    assert_eq!(read(uuids::FIRMWARE_REVISION).await, b"1.0.0");
    assert_eq!(read(uuids::SYSTEM_ID).await, [3, 2, 0, 0, 0, 0xED, 0x5E, 0x02]);
    let battery = bench.ward.read(&id("oximeter-3"), at(uuids::BATTERY_SERVICE, uuids::BATTERY_LEVEL)).await.unwrap();
    assert_eq!(battery, [79]);
}
