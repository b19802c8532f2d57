//! The laws of the codecs for heart rate, blood pressure, temperature and oximetry.
//! Single captures are tested beside each profile.

use crate::common::{codec_laws, device_time, float, short_float};
use bedside_gatt::blood_pressure::{
    BloodPressureFeatures, BloodPressureMeasurement, Dialect, IntermediateCuffPressure, MeasurementStatus,
    PressureContext, PressureUnit, User,
};
use bedside_gatt::health_thermometer::{
    MeasurementInterval, TEMPERATURE_MEASUREMENT, TemperatureMeasurement, TemperatureType, TemperatureUnit,
};
use bedside_gatt::heart_rate::{BodySensorLocation, HeartRateMeasurement, RrIntervals, SensorContact};
use bedside_gatt::pulse_oximeter::{
    ContinuousMeasurement, DeviceStatus, FeatureWord, MeasurementStatus as OximetryStatus, PulseOximeterFeatures,
    SaturationAndPulse, SpotCheckMeasurement,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A heart rate measurement that owns its intervals, so that tests can keep it.
#[derive(Clone, Debug, PartialEq)]
struct Beats {
    heart_rate_bpm: u16,
    sensor_contact: SensorContact,
    energy_expended_kj: Option<u16>,
    rr_1024: Vec<u16>,
}

impl Beats {
    fn decode(octets: &[u8]) -> Result<Self, bedside_gatt::DecodeError> {
        HeartRateMeasurement::decode(octets).map(|measured| Self {
            heart_rate_bpm: measured.heart_rate_bpm,
            sensor_contact: measured.sensor_contact,
            energy_expended_kj: measured.energy_expended_kj,
            rr_1024: measured.rr_1024.iter().collect(),
        })
    }

    fn encode(&self) -> Vec<u8> {
        HeartRateMeasurement {
            heart_rate_bpm: self.heart_rate_bpm,
            sensor_contact: self.sensor_contact,
            energy_expended_kj: self.energy_expended_kj,
            rr_1024: RrIntervals::from_1024ths(&self.rr_1024),
        }
        .encode()
    }

    /// A value cut after one of its intervals is a shorter value.
    fn ends_after_an_interval(&self, prefix: &[u8]) -> bool {
        let whole = self.encode().len();
        let before_intervals = whole - 2 * self.rr_1024.len();
        prefix.len() > before_intervals && (prefix.len() - before_intervals).is_multiple_of(2)
    }
}

fn beats() -> impl Strategy<Value = Beats> {
    let contact =
        prop::sample::select(vec![SensorContact::NotSupported, SensorContact::NotDetected, SensorContact::Detected]);
    let rate = prop_oneof![0..=255u16, any::<u16>()];
    // 255 intervals fill the largest link: 517 octets less three of header, two of rate and flags, two of energy.
    (rate, contact, option::of(any::<u16>()), vec(any::<u16>(), 0..=255)).prop_map(
        |(heart_rate_bpm, sensor_contact, energy_expended_kj, rr_1024)| Beats {
            heart_rate_bpm,
            sensor_contact,
            energy_expended_kj,
            rr_1024,
        },
    )
}

fn user() -> impl Strategy<Value = User> {
    prop_oneof![Just(User::Unknown), (0..=254u8).prop_map(User::Slot)]
}

fn pressure_context(user: impl Strategy<Value = Option<User>>) -> impl Strategy<Value = PressureContext> {
    let status = option::of(any::<u16>().prop_map(MeasurementStatus::from_bits));
    (option::of(device_time()), option::of(short_float()), user, status).prop_map(
        |(timestamp, pulse_rate_bpm, user, status)| PressureContext { timestamp, pulse_rate_bpm, user, status },
    )
}

fn pressure_unit() -> impl Strategy<Value = PressureUnit> {
    prop_oneof![Just(PressureUnit::MillimetreOfMercury), Just(PressureUnit::Kilopascal)]
}

fn pressures(user: impl Strategy<Value = Option<User>>) -> impl Strategy<Value = BloodPressureMeasurement> {
    (short_float(), short_float(), short_float(), pressure_unit(), pressure_context(user)).prop_map(
        |(systolic, diastolic, mean, unit, context)| BloodPressureMeasurement {
            systolic,
            diastolic,
            mean,
            unit,
            context,
        },
    )
}

fn cuff_pressure() -> impl Strategy<Value = IntermediateCuffPressure> {
    (short_float(), pressure_unit(), pressure_context(option::of(user())))
        .prop_map(|(cuff_pressure, unit, context)| IntermediateCuffPressure { cuff_pressure, unit, context })
}

fn temperature() -> impl Strategy<Value = TemperatureMeasurement> {
    let unit = prop_oneof![Just(TemperatureUnit::Celsius), Just(TemperatureUnit::Fahrenheit)];
    (float(), unit, option::of(device_time()), option::of(any::<u8>().prop_map(TemperatureType::from_octet))).prop_map(
        |(temperature, unit, timestamp, temperature_type)| TemperatureMeasurement {
            temperature,
            unit,
            timestamp,
            temperature_type,
        },
    )
}

fn saturation_and_pulse() -> impl Strategy<Value = SaturationAndPulse> {
    (short_float(), short_float())
        .prop_map(|(spo2_percent, pulse_rate_bpm)| SaturationAndPulse { spo2_percent, pulse_rate_bpm })
}

fn oximetry_statuses() -> impl Strategy<Value = (Option<OximetryStatus>, Option<DeviceStatus>)> {
    (
        option::of(any::<u16>().prop_map(OximetryStatus::from_bits)),
        option::of((0..=0xFF_FFFFu32).prop_map(DeviceStatus::from_bits)),
    )
}

fn spot_check() -> impl Strategy<Value = SpotCheckMeasurement> {
    (saturation_and_pulse(), option::of(device_time()), oximetry_statuses(), option::of(short_float()), any::<bool>())
        .prop_map(|(normal, timestamp, statuses, amplitude, device_clock_not_set)| SpotCheckMeasurement {
            normal,
            timestamp,
            measurement_status: statuses.0,
            device_status: statuses.1,
            pulse_amplitude_index_percent: amplitude,
            device_clock_not_set,
        })
}

fn continuous() -> impl Strategy<Value = ContinuousMeasurement> {
    let pair = saturation_and_pulse;
    (pair(), option::of(pair()), option::of(pair()), oximetry_statuses(), option::of(short_float())).prop_map(
        |(normal, fast, slow, statuses, amplitude)| ContinuousMeasurement {
            normal,
            fast,
            slow,
            measurement_status: statuses.0,
            device_status: statuses.1,
            pulse_amplitude_index_percent: amplitude,
        },
    )
}

fn oximeter_features() -> impl Strategy<Value = PulseOximeterFeatures> {
    // Without reserved bits, which would excuse surplus octets, and without the two that announce the fields.
    (0..=0xFFu16, oximetry_statuses()).prop_map(|(word, statuses)| PulseOximeterFeatures {
        features: FeatureWord::from_bits(word & !3),
        measurement_status_support: statuses.0,
        device_status_support: statuses.1,
    })
}

codec_laws!(heart_rate: beats(), Beats::decode, Beats::encode, complete: Beats::ends_after_an_interval);
codec_laws!(body_sensor_location: any::<u8>().prop_map(BodySensorLocation::from_octet),
    BodySensorLocation::decode, |location: &BodySensorLocation| location.encode());

codec_laws!(blood_pressure: pressures(option::of(user())),
    BloodPressureMeasurement::decode, |measured: &BloodPressureMeasurement| measured.encode().unwrap());
codec_laws!(blood_pressure_of_beurer: pressures(user().prop_map(Some)),
    |octets: &[u8]| BloodPressureMeasurement::decode_in(Dialect::BeurerBigEndian, octets),
    |measured: &BloodPressureMeasurement| measured.encode_in(Dialect::BeurerBigEndian).unwrap());
codec_laws!(intermediate_cuff_pressure: cuff_pressure(),
    IntermediateCuffPressure::decode, |measured: &IntermediateCuffPressure| measured.encode().unwrap());
codec_laws!(blood_pressure_features: any::<u16>().prop_map(BloodPressureFeatures::from_bits),
    BloodPressureFeatures::decode, |features: &BloodPressureFeatures| features.encode());

codec_laws!(temperature_measurement: temperature(),
    |octets: &[u8]| TemperatureMeasurement::decode(TEMPERATURE_MEASUREMENT, octets),
    |measured: &TemperatureMeasurement| measured.encode(TEMPERATURE_MEASUREMENT).unwrap());
codec_laws!(temperature_type: any::<u8>().prop_map(TemperatureType::from_octet),
    TemperatureType::decode, |temperature_type: &TemperatureType| temperature_type.encode());
codec_laws!(measurement_interval: any::<u16>().prop_map(|seconds| MeasurementInterval { seconds }),
    MeasurementInterval::decode, |interval: &MeasurementInterval| interval.encode());

codec_laws!(spot_check_oximetry: spot_check(),
    SpotCheckMeasurement::decode, |measured: &SpotCheckMeasurement| measured.encode().unwrap());
codec_laws!(continuous_oximetry: continuous(),
    ContinuousMeasurement::decode, |measured: &ContinuousMeasurement| measured.encode().unwrap());
codec_laws!(pulse_oximeter_features: oximeter_features(),
    PulseOximeterFeatures::decode, |features: &PulseOximeterFeatures| features.encode().unwrap());
