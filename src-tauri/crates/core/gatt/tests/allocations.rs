//! Values of fixed size are parsed without touching the heap.
//! Not here: how fast, which a benchmark measures.
#![allow(missing_docs, clippy::unwrap_used)]
use allocation_counter::measure;
use bedside_gatt::blood_pressure::BloodPressureMeasurement;
use bedside_gatt::glucose::GlucoseMeasurement;
use bedside_gatt::health_thermometer::{TEMPERATURE_MEASUREMENT, TemperatureMeasurement};
use bedside_gatt::heart_rate::HeartRateMeasurement;
use bedside_gatt::polar::DataFrame;
use bedside_gatt::pulse_oximeter::ContinuousMeasurement;
use bedside_gatt::weight_scale::WeightMeasurement;
use std::hint::black_box;

mod samples;

#[test]
fn values_of_fixed_size_allocate_nothing() {
    let allocations = measure(|| {
        for octets in [samples::HEART_RATE, samples::HEART_RATE_AND_INTERVAL, samples::HEART_RATE_ALL_FIELDS] {
            black_box(HeartRateMeasurement::decode(black_box(octets)).unwrap());
        }
        black_box(ContinuousMeasurement::decode(black_box(samples::OXIMETRY)).unwrap());
        black_box(BloodPressureMeasurement::decode(black_box(samples::BLOOD_PRESSURE)).unwrap());
        black_box(GlucoseMeasurement::decode(black_box(samples::GLUCOSE)).unwrap());
        black_box(WeightMeasurement::decode(black_box(&[0x00, 0x30, 0x39])).unwrap());
        let temperature = &[0x00, 0x6D, 0x01, 0x00, 0xFF];
        black_box(TemperatureMeasurement::decode(TEMPERATURE_MEASUREMENT, black_box(temperature)).unwrap());
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn the_count_sees_an_allocation() {
    let frame = samples::polar_ecg();
    assert!(measure(|| drop(black_box(DataFrame::decode(&frame).unwrap()))).count_total > 0);
}
