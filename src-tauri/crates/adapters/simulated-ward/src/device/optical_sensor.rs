//! The optical arm sensor in the way of Polar's OH1: its pulse wave on request (PMD), and the rate of the same heart.
//! It has no ECG and says so when it is asked for one.
use super::polar_sensor::{DATA, PolarSensor, Signal, time_of};
use super::strap::Strap;
use super::{Moment, Outcome, counted, value, whole};
use crate::heart::{Beat, Heart};
use bedside_gatt::polar::{DataFrame, MeasurementKind, Samples, Setting};
use bedside_vitals::{Parameter, Unit};
use std::time::Duration;

/// The sensor.
pub(crate) type OpticalSensor = PolarSensor<PulseWave>;

/// The light that the arm of the person with this heart sends back.
pub(crate) struct PulseWave {
    heart: Heart,
    last_beat: Option<Beat>,
}

/// How much light the skin sends back, in the sensor's steps, and how much of it pulses.
const LEVEL: i64 = 412_000;
const PULSATILE: i64 = 3_600;

impl OpticalSensor {
    /// On the arm of the person with this heart.
    pub(crate) fn new(heart: Heart, phase: Duration) -> Self {
        Self::with(Strap::new(heart.clone(), phase), PulseWave { heart, last_beat: None })
    }
}

impl Signal for PulseWave {
    const KIND: MeasurementKind = MeasurementKind::Ppg;
    const FEATURES: [u8; 3] = [0x0F, 0x02, 0x00];
    const HERTZ: u64 = 135;
    const FRAME_SAMPLES: u64 = 18;

    fn settings() -> Vec<Setting> {
        vec![
            Setting::SampleRateHertz(vec![Self::HERTZ as u16]),
            Setting::ResolutionBits(vec![22]),
            Setting::Channels(vec![4]),
        ]
    }

    fn started() -> Vec<Setting> {
        Vec::new()
    }

    fn frame(&mut self, first: u64, moment: Moment<'_>) -> Option<Outcome> {
        let samples: Vec<[i32; 4]> = (first..first + Self::FRAME_SAMPLES).map(|index| self.sample(index)).collect();
        let values = samples.iter().map(|lights| counted(Parameter::Plethysmogram, whole(lights[0]), Unit::One));
        let values = values.collect();
        let last = time_of::<Self>(first + Self::FRAME_SAMPLES - 1);
        let timestamp_ns = moment.clock.polar_ns(moment.wall_at(last), last.subsec_nanos() % 1_000_000);
        value(DATA, DataFrame { timestamp_ns, samples: Samples::Ppg(samples) }.encode(), values, Vec::new())
    }
}

impl PulseWave {
    /// Less light comes back while more blood is under the sensor.
    fn sample(&mut self, index: u64) -> [i32; 4] {
        let now = time_of::<Self>(index);
        let before = time_of::<Self>(index.saturating_sub(1));
        self.last_beat = self.heart.beats(before, now).last().copied().or(self.last_beat);
        let absorbed = self.last_beat.map_or(0, |beat| {
            let thousandth =
                (now.saturating_sub(beat.at).as_millis() * 1_000 / beat.interval.as_millis().max(1)) as i64;
            if thousandth < 200 { thousandth * 5 } else { (1_000 - thousandth.min(1_000)) * 1_000 / 800 }
        });
        let light = (LEVEL - absorbed * PULSATILE / 1_000) as i32;
        [light, light - 1_200, light + 900, 140]
    }
}
