//! The figures of the golden tests: a trend with gaps of every kind, and a strip of beats.
//! Values are invented.
#![allow(dead_code, unreachable_pub, missing_docs)]
use super::common::{NOW, Noise};
use bedside_charts::{Beat, ChartTheme, Trend, TrendBin, TrendPanel, TrendPoint, TrendPressure, TrendValues};
use bedside_vitals::{Parameter, WallTime};

pub const MINUTE: i64 = 60_000;

/// Minutes before `NOW`.
pub fn ago(minutes: i64) -> WallTime {
    NOW.plus_millis(-minutes * MINUTE)
}

/// One bin a minute from `from` to before `to` minutes ago, but none within `silent`.
pub fn bins(from: i64, to: i64, silent: &[core::ops::Range<i64>], base: u64) -> Vec<TrendBin> {
    let mut noise = Noise(base);
    let minutes = (to + 1..=from).rev().filter(|minute| !silent.iter().any(|gap| gap.contains(minute)));
    let bin = |minute| {
        let mean = (base + noise.below(5)) as f64;
        TrendBin { at: ago(minute), lowest: mean - 2.0, highest: mean + 3.0, mean, count: 60 }
    };
    minutes.map(bin).collect()
}

pub struct TrendData {
    pub heart_rate: Vec<TrendBin>,
    pub saturation: Vec<TrendBin>,
    pub respiration: Vec<TrendPoint>,
    pub pressure: Vec<TrendPressure>,
}

impl TrendData {
    /// Two hours. The heart rate is silent from 13:41 to 13:47 and has one lone minute; the saturation stopped.
    pub fn new() -> Self {
        let point = |minutes, value| TrendPoint { at: ago(minutes), value };
        let pressure = |minutes, systolic, diastolic| TrendPressure { at: ago(minutes), systolic, diastolic };
        let mut heart_rate = bins(130, 0, &[20..26, 60..90, 91..93], 80);
        heart_rate[40].highest = 190.0;
        Self {
            heart_rate,
            saturation: bins(110, 12, &[], 94),
            respiration: vec![point(119, 14.0), point(70, 18.0), point(6, 22.0)],
            pressure: vec![pressure(100, 122.0, 70.0), pressure(50, 250.0, 60.0), pressure(4, 128.0, 74.0)],
        }
    }

    pub fn panels(&self) -> [TrendPanel<'_>; 4] {
        let panel = |parameter, name, unit, scale: (f64, f64), limits, values| TrendPanel {
            parameter,
            name,
            unit,
            lowest: scale.0,
            highest: scale.1,
            decimals: 0,
            limits,
            weight: 1,
            values,
        };
        let bins = |bins| TrendValues::Bins { bins, width_ms: MINUTE };
        [
            panel(Parameter::HeartRate, "HR", "/min", (40.0, 120.0), &[50.0, 110.0], bins(&self.heart_rate)),
            panel(Parameter::OxygenSaturation, "SpO2", "%", (88.0, 100.0), &[94.0], bins(&self.saturation)),
            panel(Parameter::OximeterPulseRate, "PR", "/min", (8.0, 28.0), &[], TrendValues::Spots(&self.respiration)),
            panel(
                Parameter::BloodPressure,
                "NIBP",
                "mmHg",
                (40.0, 160.0),
                &[100.0],
                TrendValues::Pressures(&self.pressure),
            ),
        ]
    }
}

pub fn trend<'a>(panels: &'a [TrendPanel<'a>], theme: ChartTheme) -> Trend<'a> {
    Trend { from: ago(120), to: NOW, ends_now: true, utc_offset_minutes: 0, panels, name_width: 60, theme }
}

/// A minute of beats with a break of ten seconds and a beat that came late.
pub fn beats() -> Vec<Beat> {
    let mut noise = Noise(3);
    let (mut at, mut beats) = (NOW.plus_millis(-60_000), Vec::new());
    for number in 0..60 {
        let interval_1024 = if number == 20 { 1500 } else { 800 + noise.below(60) as u16 };
        let broken = number == 40;
        at = at.plus_millis(i64::from(interval_1024) * 1000 / 1024 + if broken { 10_000 } else { 0 });
        beats.push(Beat { at, interval_1024, continues: number > 0 && !broken });
    }
    beats
}
