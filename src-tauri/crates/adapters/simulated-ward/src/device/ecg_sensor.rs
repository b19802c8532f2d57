//! The ECG sensor in the way of Polar's H10: ECG frames on request (PMD), and the heart rate of the same heart.
//! The samples are a real recording.
use super::polar_sensor::{DATA, PolarSensor, Signal, time_of};
use super::strap::Strap;
use super::{Moment, Outcome, counted, value, whole};
use crate::heart::Heart;
use crate::recording::ECG_HERTZ;
use bedside_gatt::polar::{DataFrame, Factor, MeasurementKind, Samples, Setting};
use bedside_vitals::{Parameter, Unit};
use std::sync::Arc;
use std::time::Duration;

/// The sensor.
pub(crate) type EcgSensor = PolarSensor<Ecg>;

/// The recording that is played.
pub(crate) struct Ecg(Arc<[i32]>);

impl EcgSensor {
    /// `ecg` is played from the ward's beginning; `heart` is the heart of that ECG.
    pub(crate) fn new(heart: Heart, ecg: Arc<[i32]>, phase: Duration) -> Self {
        Self::with(Strap::new(heart, phase), Ecg(ecg))
    }
}

impl Signal for Ecg {
    const KIND: MeasurementKind = MeasurementKind::Ecg;
    const FEATURES: [u8; 3] = [0x0F, 0x01, 0x00];
    const HERTZ: u64 = ECG_HERTZ;
    /// As many 24-bit samples as fit one notification with an ATT MTU of 232.
    const FRAME_SAMPLES: u64 = 73;

    fn settings() -> Vec<Setting> {
        vec![Setting::SampleRateHertz(vec![ECG_HERTZ as u16]), Setting::ResolutionBits(vec![14])]
    }

    fn started() -> Vec<Setting> {
        vec![Setting::Factor(vec![Factor::ONE])]
    }

    fn frame(&mut self, first: u64, moment: Moment<'_>) -> Option<Outcome> {
        let length = self.0.len().max(1) as u64;
        let samples: Vec<i32> = (first..first + Self::FRAME_SAMPLES)
            .filter_map(|index| self.0.get((index % length) as usize).copied())
            .collect();
        let values =
            samples.iter().map(|sample| counted(Parameter::Electrocardiogram, whole(*sample), Unit::Microvolt));
        let values = values.collect();
        let last = time_of::<Self>(first + Self::FRAME_SAMPLES - 1);
        let timestamp_ns = moment.clock.polar_ns(moment.wall_at(last), last.subsec_nanos() % 1_000_000);
        value(DATA, DataFrame { timestamp_ns, samples: Samples::Ecg(samples) }.encode(), values, Vec::new())
    }
}
