//! The chest strap: heart rate and beat intervals once a second (Heart Rate service 0x180D).
//! The beats come from a real recording.
use super::{Model, Moment, Outcome, Subscriptions, characteristic, counted, value, whole};
use crate::heart::{Heart, RateMeter};
use crate::ledger::Condition;
use bedside_gatt::heart_rate::{BodySensorLocation, HeartRateMeasurement, RrIntervals, SensorContact};
use bedside_gatt::uuids;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::{Parameter, Unit};
use std::time::Duration;
use uuid::Uuid;

/// Where the measurement is sent.
pub(crate) const MEASUREMENT: CharacteristicAddress =
    CharacteristicAddress { service: uuids::HEART_RATE_SERVICE, characteristic: uuids::HEART_RATE_MEASUREMENT };

/// The strap; also the heart rate part of the ECG sensor.
pub(crate) struct Strap {
    heart: Heart,
    meter: RateMeter,
    due: Duration,
    heard_to: Duration,
    touches: bool,
}

const EVERY: Duration = Duration::from_secs(1);

impl Strap {
    /// `phase` below one second keeps the straps of a ward from speaking all at once.
    pub(crate) fn new(heart: Heart, phase: Duration) -> Self {
        Self { heart, meter: RateMeter::over(5), due: EVERY + phase, heard_to: Duration::ZERO, touches: true }
    }

    fn measure(&mut self) -> Option<Outcome> {
        let beats = self.heart.beats(self.heard_to, self.due);
        self.heard_to = self.due;
        if !self.touches {
            self.meter.reset();
            let packet = HeartRateMeasurement {
                heart_rate_bpm: 0,
                sensor_contact: SensorContact::NotDetected,
                energy_expended_kj: None,
                rr_1024: RrIntervals::EMPTY,
            };
            let rate = counted(Parameter::HeartRate, whole(0), Unit::PerMinute);
            return value(MEASUREMENT, Ok(packet.encode()), vec![rate], vec![Condition::NoContact]);
        }
        self.meter.hear(&beats);
        let heart_rate_bpm = self.meter.per_minute().unwrap_or(0);
        let intervals: Vec<u16> = beats.iter().map(|beat| in_1024ths(beat.interval)).collect();
        let packet = HeartRateMeasurement {
            heart_rate_bpm,
            sensor_contact: SensorContact::Detected,
            energy_expended_kj: None,
            rr_1024: RrIntervals::from_1024ths(&intervals),
        };
        let mut values = vec![counted(Parameter::HeartRate, whole(heart_rate_bpm), Unit::PerMinute)];
        values.extend(intervals.iter().map(|raw| counted(Parameter::BeatInterval, whole(*raw), Unit::Per1024Second)));
        value(MEASUREMENT, Ok(packet.encode()), values, Vec::new())
    }
}

/// 1/1024 s, rounded to the nearest; never the 0 and 0xFFFF that stand for no interval.
fn in_1024ths(interval: Duration) -> u16 {
    let raw = (interval.as_nanos() * 1024 + 500_000_000) / 1_000_000_000;
    raw.clamp(1, 0xFFFE) as u16
}

impl Model for Strap {
    fn services(&self) -> Vec<DiscoveredService> {
        vec![DiscoveredService {
            uuid: uuids::HEART_RATE_SERVICE,
            characteristics: vec![
                characteristic(uuids::HEART_RATE_MEASUREMENT, "n"),
                characteristic(uuids::BODY_SENSOR_LOCATION, "r"),
            ],
        }]
    }

    fn due(&self) -> Option<Duration> {
        Some(self.due)
    }

    fn step(&mut self, moment: Moment<'_>, _subscriptions: &Subscriptions) -> Vec<Outcome> {
        if moment.now < self.due {
            return Vec::new();
        }
        let outcome = self.measure();
        self.due += EVERY;
        outcome.into_iter().collect()
    }

    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>> {
        (characteristic == uuids::BODY_SENSOR_LOCATION).then(|| BodySensorLocation::Chest.encode())
    }

    fn contact(&mut self, touches: bool) {
        self.touches = touches;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_counted_in_1024ths_of_a_second() {
        assert_eq!(in_1024ths(Duration::from_secs(1)), 1024);
        assert_eq!(in_1024ths(Duration::from_millis(504)), 516);
        assert_eq!(in_1024ths(Duration::from_secs(90)), 0xFFFE);
    }
}
