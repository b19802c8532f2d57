//! Continuous glucose: each record as a reading of its own, named by its session and its minutes since then.
//! Not here: starting, stopping and calibrating a sensor; a console that watches does none of it.
use super::Frame;
use crate::input::Content;
use alloc::vec::Vec;
use bedside_gatt::DecodeError;
use bedside_gatt::continuous_glucose::feature::{ContinuousGlucoseFeatures, Feature};
use bedside_gatt::continuous_glucose::measurement::{self, ContinuousGlucoseRecord};
use bedside_gatt::continuous_glucose::session::SessionStart;
use bedside_gatt::continuous_glucose::status::{CalibrationFinding, SensorFinding, Warning};
use bedside_gatt::end_to_end_check::CheckSums;
use bedside_gatt::glucose::SampleType;
use bedside_vitals::{
    DeviceTime, GlucoseDetails, GlucoseSample, MeasuredValue, Number, Parameter, Quality, QualityFlag, Quantity,
    ReadingIdentity, Special, Unit,
};

/// What the sensor said before its first value.
#[derive(Default)]
pub(super) struct ContinuousGlucose {
    check_sums: CheckSums,
    control_solution: bool,
    start: Option<DeviceTime>,
}

impl ContinuousGlucose {
    /// The features: whether values carry a check sum, and what they are of.
    pub(super) fn learn_features(&mut self, bytes: &[u8]) {
        if let Ok(features) = ContinuousGlucoseFeatures::decode(bytes) {
            let announced = features.features.has(Feature::EndToEndCheckSum);
            self.check_sums = if announced { CheckSums::Announced } else { CheckSums::NotAnnounced };
            self.control_solution = features.sample_type == SampleType::ControlSolution;
        }
    }

    /// The start of the session, from which minutes are counted.
    pub(super) fn learn_start(&mut self, bytes: &[u8]) {
        self.start = SessionStart::decode(bytes, self.check_sums).ok().map(|start| start.time);
    }

    /// The records of one value.
    pub(super) fn measurement(&self, bytes: &[u8], frame: &Frame<'_>) -> Result<Vec<Content>, DecodeError> {
        let records = measurement::decode(bytes, self.check_sums)?;
        Ok(records.iter().enumerate().map(|(place, record)| self.reading(place, record, frame)).collect())
    }

    fn reading(&self, place: usize, record: &ContinuousGlucoseRecord, frame: &Frame<'_>) -> Content {
        let minutes = record.time_offset_min;
        let time = self.start.and_then(|start| after(start, minutes));
        // Minutes without their session name no record: those of the next sensor would be the same.
        let identity = match self.start {
            Some(start) => ReadingIdentity::Sequence { sequence: minutes.into(), base_time: Some(start) },
            None => ReadingIdentity::Stream { connection: frame.connection, frame: frame.index << 8 | place as u64 },
        };
        let value = MeasuredValue::Single(Quantity { number: number(record), unit: Unit::MilligramPerDecilitre });
        let quality = quality(record).with_if(self.control_solution, QualityFlag::ControlSolution);
        let mut reading = frame.spot(Parameter::InterstitialGlucose, value, time, identity, quality);
        let sample = Some(GlucoseSample::InterstitialFluid);
        reading.glucose = Some(GlucoseDetails { sample, ..GlucoseDetails::default() });
        Content::Measurement(reading)
    }
}

/// What the sensor cannot measure is a state.
fn number(record: &ContinuousGlucoseRecord) -> Number {
    let warns = |warning| record.warning.is_some_and(|status| status.has(warning));
    if warns(Warning::AboveDeviceRange) {
        Number::Special(Special::PositiveInfinity)
    } else if warns(Warning::BelowDeviceRange) {
        Number::Special(Special::NegativeInfinity)
    } else {
        record.concentration_mg_dl
    }
}

fn quality(record: &ContinuousGlucoseRecord) -> Quality {
    let sensor = |finding| record.sensor.is_some_and(|status| status.has(finding));
    let calibration = |finding| record.calibration.is_some_and(|status| status.has(finding));
    let broken = [SensorFinding::Malfunction, SensorFinding::DeviceFault, SensorFinding::SensorTypeWrong]
        .into_iter()
        .any(sensor);
    let doubtful = [
        CalibrationFinding::CalibrationRequired,
        CalibrationFinding::TemperatureTooHigh,
        CalibrationFinding::TemperatureTooLow,
    ];
    Quality::GOOD
        .with_if(broken, QualityFlag::Invalid)
        .with_if(doubtful.into_iter().any(calibration), QualityFlag::Questionable)
        .with_if(calibration(CalibrationFinding::TimeSyncRequired), QualityFlag::ClockNotSet)
}

fn after(start: DeviceTime, minutes: u16) -> Option<DeviceTime> {
    DeviceTime::of_as_if_utc(start.as_if_utc()?.plus_millis(i64::from(minutes) * 60_000))
}

#[cfg(test)]
mod tests {
    use super::super::testing::frame;
    use super::*;
    use bedside_gatt::continuous_glucose::status::WarningStatus;
    use bedside_gatt::current_time::{DaylightSavingOffset, TimeZone};
    use bedside_gatt::end_to_end_check::CheckSum;
    use bedside_vitals::{Decimal, Measurement};

    const START: DeviceTime =
        DeviceTime { year: Some(2026), month: Some(3), day: Some(17), hour: 20, minute: 0, second: 0 };

    fn record(minutes: u16) -> ContinuousGlucoseRecord {
        ContinuousGlucoseRecord {
            concentration_mg_dl: Decimal::whole(112).into(),
            time_offset_min: minutes,
            sensor: None,
            calibration: None,
            warning: None,
            trend_mg_dl_min: None,
            quality_percent: None,
            check_sum: CheckSum::Absent,
        }
    }

    fn readings(sensor: &ContinuousGlucose, records: &[ContinuousGlucoseRecord]) -> Vec<Measurement> {
        let contents = sensor.measurement(&measurement::encode(records).unwrap(), &frame()).unwrap();
        let reading = |content| match content {
            Content::Measurement(measurement) => measurement,
            other => panic!("expected a reading, got {other:?}"),
        };
        contents.into_iter().map(reading).collect()
    }

    #[test]
    fn records_of_one_value_lie_their_minutes_after_the_session_start() {
        let mut sensor = ContinuousGlucose::default();
        let zone = (TimeZone::UNKNOWN, DaylightSavingOffset::from_octet(0));
        let start =
            SessionStart { time: START, time_zone: zone.0, daylight_saving: zone.1, check_sum: CheckSum::Absent };
        sensor.learn_start(&start.encode().unwrap());
        let found = readings(&sensor, &[record(600), record(605)]);
        assert_eq!(found[1].time.device, Some(DeviceTime { day: Some(18), hour: 6, minute: 5, ..START }));
        assert_eq!(found[0].identity, ReadingIdentity::Sequence { sequence: 600, base_time: Some(START) });
    }

    #[test]
    fn without_a_session_start_no_record_is_taken_for_one_of_another_sensor() {
        let found = readings(&ContinuousGlucose::default(), &[record(600), record(605)]);
        assert!(found.iter().all(|reading| matches!(reading.identity, ReadingIdentity::Stream { .. })));
        assert_ne!(found[0].identity, found[1].identity);
    }

    #[test]
    fn beyond_the_range_of_the_sensor_is_a_state() {
        let low = WarningStatus::default().with(Warning::BelowDeviceRange);
        let found =
            readings(&ContinuousGlucose::default(), &[ContinuousGlucoseRecord { warning: Some(low), ..record(5) }]);
        assert!(
            matches!(found[0].value, MeasuredValue::Single(q) if q.number == Number::Special(Special::NegativeInfinity))
        );
    }
}
