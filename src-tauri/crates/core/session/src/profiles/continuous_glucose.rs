//! Continuous glucose: each record as a reading of its own, named by its session and its minutes since then.
//! Not here: starting, stopping and calibrating a sensor; a console that watches does none of it.
use super::Frame;
use super::ordinals::numbered_without_time;
use crate::clock;
use crate::input::{Content, Now};
use alloc::vec::Vec;
use bedside_gatt::DecodeError;
use bedside_gatt::continuous_glucose::feature::{ContinuousGlucoseFeatures, Feature};
use bedside_gatt::continuous_glucose::measurement::{self, ContinuousGlucoseRecord};
use bedside_gatt::continuous_glucose::session::SessionStart;
use bedside_gatt::continuous_glucose::status::{CalibrationFinding, ContinuousGlucoseStatus, SensorFinding, Warning};
use bedside_gatt::end_to_end_check::CheckSums;
use bedside_gatt::glucose::SampleType;
use bedside_vitals::{
    CorrectedTime, DeviceTime, GlucoseDetails, GlucoseSample, MeasuredValue, Number, Parameter, Quality, QualityFlag,
    Quantity, ReadingIdentity, Special, TimeMethod, Unit, WallTime,
};

/// What the sensor said before its first value.
#[derive(Default)]
pub(super) struct ContinuousGlucose {
    check_sums: CheckSums,
    control_solution: bool,
    start: Option<SessionStart>,
    /// Minutes since the session began, and when it was that.
    minutes: Option<(u16, WallTime)>,
}

/// A start that agrees so far with the count of minutes is the more exact of the two.
const AGREES_MS: i64 = 120_000;

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
        self.start = SessionStart::decode(bytes, self.check_sums).ok();
    }

    /// The status: how long the session has been going on now, unless it was stopped.
    pub(super) fn learn_status(&mut self, bytes: &[u8], now: Now) {
        let status = ContinuousGlucoseStatus::decode(bytes, self.check_sums).ok();
        let goes_on = status.filter(|status| !status.sensor.has(SensorFinding::SessionStopped));
        self.minutes = goes_on.map(|status| (status.time_offset_min, now.wall));
    }

    /// The records of one value.
    pub(super) fn measurement(&self, bytes: &[u8], frame: &Frame<'_>) -> Result<Vec<Content>, DecodeError> {
        let records = measurement::decode(bytes, self.check_sums)?;
        Ok(records.iter().map(|record| self.reading(record, frame)).collect())
    }

    fn reading(&self, record: &ContinuousGlucoseRecord, frame: &Frame<'_>) -> Content {
        let minutes = record.time_offset_min;
        // A start that was never set is the same for each sensor: it names no session.
        let base_time = self.start.map(|start| start.time).filter(|time| time.as_if_utc().is_some());
        let identity = match base_time {
            Some(_) => ReadingIdentity::Sequence { sequence: minutes.into(), base_time },
            None => numbered_without_time(minutes.into()),
        };
        let value = MeasuredValue::Single(Quantity { number: number(record), unit: Unit::MilligramPerDecilitre });
        let quality = quality(record).with_if(self.control_solution, QualityFlag::ControlSolution);
        let mut reading = frame.spot(Parameter::InterstitialGlucose, value, None, identity, quality);
        reading.time = self.time(minutes, frame).unwrap_or(reading.time);
        let sample = Some(GlucoseSample::InterstitialFluid);
        reading.glucose = Some(GlucoseDetails { sample, ..GlucoseDetails::default() });
        Content::Measurement(reading)
    }

    /// When a record was measured. The count of minutes needs no clock; a start that agrees with it is more exact. `None`
    /// when the sensor tells neither.
    fn time(&self, minutes: u16, frame: &Frame<'_>) -> Option<CorrectedTime> {
        let by_start = self.start.map(|start| by_start(start, minutes, frame));
        let counted = self.minutes.map(|(count, then)| {
            let at = then.plus_millis((i64::from(minutes) - i64::from(count)) * MINUTE_MS);
            let device = by_start.and_then(|time| time.device);
            CorrectedTime { at, method: TimeMethod::TickCounter, device, ..frame.received() }
        });
        // A count ahead of the sensor's own is of another session.
        let counted = counted.filter(|time| time.at.millis_since(frame.now.wall) <= AGREES_MS);
        match (by_start, counted) {
            (Some(started), Some(counted)) => {
                let agrees = started.method != TimeMethod::Unknown
                    && started.at.millis_since(counted.at).saturating_abs() <= AGREES_MS;
                Some(if agrees { started } else { counted })
            }
            (started, counted) => started.or(counted),
        }
    }
}

/// The time of a record by the start of its session: in the zone that was told with it, unless the sensor's clock was
/// read, which tells more. A start that was never set leaves it unknown.
fn by_start(start: SessionStart, minutes: u16, frame: &Frame<'_>) -> CorrectedTime {
    let Some(shown) = after(start.time, minutes) else {
        return CorrectedTime { method: TimeMethod::Unknown, device: Some(start.time), ..frame.received() };
    };
    let zone = start.time_zone.minutes().zip(start.daylight_saving.minutes());
    match zone.filter(|_| frame.clock.is_none_or(|clock| clock.read.is_none())) {
        Some((zone, saving)) => {
            let zone_offset_ms = (i64::from(zone) + i64::from(saving)) * MINUTE_MS;
            clock::correct(Some(shown), None, Now { zone_offset_ms, ..frame.now })
        }
        None => frame.measured(Some(shown)),
    }
}

const MINUTE_MS: i64 = 60_000;

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
    DeviceTime::of_as_if_utc(start.as_if_utc()?.plus_millis(i64::from(minutes) * MINUTE_MS))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, frame};
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
        read(sensor, records, &frame())
    }

    fn read(sensor: &ContinuousGlucose, records: &[ContinuousGlucoseRecord], frame: &Frame<'_>) -> Vec<Measurement> {
        let contents = sensor.measurement(&measurement::encode(records).unwrap(), frame).unwrap();
        let reading = |content| match content {
            Content::Measurement(measurement) => measurement,
            other => panic!("expected a reading, got {other:?}"),
        };
        contents.into_iter().map(reading).collect()
    }

    #[test]
    fn records_of_one_value_lie_their_minutes_after_the_session_start() {
        let mut sensor = ContinuousGlucose::default();
        sensor.learn_start(&started(TimeZone::UNKNOWN, 0).encode().unwrap());
        let found = readings(&sensor, &[record(600), record(605)]);
        assert_eq!(found[1].time.device, Some(DeviceTime { day: Some(18), hour: 6, minute: 5, ..START }));
        assert_eq!(found[0].identity, ReadingIdentity::Sequence { sequence: 600, base_time: Some(START) });
    }

    fn started(zone: TimeZone, saving: u8) -> SessionStart {
        let daylight_saving = DaylightSavingOffset::from_octet(saving);
        SessionStart { time: START, time_zone: zone, daylight_saving, check_sum: CheckSum::Absent }
    }

    fn of_memory(sensor: &ContinuousGlucose, records: &[ContinuousGlucoseRecord]) -> Vec<Measurement> {
        let frame = Frame { from_memory: true, ..frame() };
        read(sensor, records, &frame)
    }

    #[test]
    fn without_a_session_start_the_same_record_is_one_on_each_connection() {
        let first = of_memory(&ContinuousGlucose::default(), &[record(600), record(605)]);
        let again = of_memory(&ContinuousGlucose::default(), &[record(605)]);
        assert_ne!(first[0].identity, first[1].identity);
        assert_eq!(first[1].identity, again[0].identity);
    }

    #[test]
    fn a_start_that_was_never_set_leaves_the_time_of_a_record_unknown() {
        let never = DeviceTime { year: None, month: None, day: None, hour: 0, minute: 0, second: 0 };
        let mut sensor = ContinuousGlucose::default();
        sensor.learn_start(&SessionStart { time: never, ..started(TimeZone::UNKNOWN, 255) }.encode().unwrap());
        assert_eq!(of_memory(&sensor, &[record(600)])[0].time.method, TimeMethod::Unknown);
    }

    #[test]
    fn without_a_usable_start_records_lie_before_now_by_the_count_of_minutes() {
        let mut sensor = ContinuousGlucose::default();
        let status = ContinuousGlucoseStatus { time_offset_min: 610, ..ContinuousGlucoseStatus::default() };
        sensor.learn_status(&status.encode(), NOW);
        let time = of_memory(&sensor, &[record(600)])[0].time;
        assert_eq!((time.method, NOW.wall.millis_since(time.at)), (TimeMethod::TickCounter, 10 * MINUTE_MS));
        // A start that is off by days is not believed against the count.
        sensor.learn_start(&started(TimeZone::UNKNOWN, 255).encode().unwrap());
        let time = of_memory(&sensor, &[record(600)])[0].time;
        assert_eq!(NOW.wall.millis_since(time.at), 10 * MINUTE_MS);
    }

    #[test]
    fn the_zone_of_the_session_start_is_that_of_its_records() {
        let at = |zone: i8, saving| {
            let mut sensor = ContinuousGlucose::default();
            let start = started(TimeZone::from_quarters(zone).unwrap(), saving);
            sensor.learn_start(&start.encode().unwrap());
            readings(&sensor, &[record(600)])[0].time.at
        };
        assert_eq!(at(0, 0).millis_since(at(4, 0)), 60 * MINUTE_MS);
        assert_eq!(at(4, 0).millis_since(at(4, 4)), 60 * MINUTE_MS);
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
