//! Trends of the record as charts: which panels, which scale, streams of several devices joined.
//! Not here: drawing (`bedside-charts`) and reducing (`series`, the store).
use crate::audit::AuditAction;
use crate::event_loop::Console;
use crate::ports::{Answer, Query};
use crate::records::{StoredReading, Trend};
use crate::request::{RequestError, TrendRequest};
use bedside_charts::{
    Advances, ChartError, ChartTheme, Figure, TrendBin, TrendPanel, TrendPoint, TrendPressure, TrendValues,
};
use bedside_policy::{Limits, Policy};
use bedside_vitals::{Cadence, MeasuredValue, Measurement, Number, Parameter, QualityFlag, Unit, WallTime};
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// The panels of a trend page from top to bottom; the first two are the bedside's strip.
pub(crate) const TREND_PARAMETERS: [Parameter; 10] = [
    Parameter::HeartRate,
    Parameter::OxygenSaturation,
    Parameter::OximeterPulseRate,
    Parameter::BloodPressure,
    Parameter::RespirationRate,
    Parameter::BodyTemperature,
    Parameter::BloodGlucose,
    Parameter::InterstitialGlucose,
    Parameter::BodyWeight,
    Parameter::BodyFat,
];
/// The column for names and units at the left of a panel.
const NAME_WIDTH: u32 = 84;

/// The values of all panels, ready to be drawn.
pub(crate) struct Panels {
    panels: Vec<Panel>,
}

struct Panel {
    parameter: Parameter,
    values: Values,
    limits: Vec<f64>,
}

enum Values {
    Bins { bins: Vec<TrendBin>, width_ms: i64 },
    Spots(Vec<TrendPoint>),
    Pressures(Vec<TrendPressure>),
}

impl Panels {
    /// One panel for each of `parameters`, in this order.
    pub(crate) fn of(trend: &Trend, policy: &Policy, parameters: &[Parameter]) -> Self {
        let panels = parameters.iter().map(|&parameter| {
            let limit = policy.limits.of(parameter);
            let limits = [limit.lower, limit.upper].into_iter().flatten().map(|n| n.to_f64()).collect();
            Panel { parameter, values: values(trend, parameter), limits }
        });
        Self { panels: panels.collect() }
    }

    /// Leaves out panels without a value.
    fn only_with_values(mut self) -> Self {
        self.panels.retain(|panel| !panel.values.is_empty());
        self
    }

    /// Draws them on one time axis.
    #[expect(clippy::too_many_arguments, reason = "each is one independent fact of the drawing")]
    pub(crate) fn draw(
        &self,
        bytes: &mut Vec<u8>,
        (from, to): (WallTime, WallTime),
        ends_now: bool,
        zone_offset_ms: i64,
        size: (u32, u32),
        theme: ChartTheme,
        advances: &Advances,
    ) -> Result<(), ChartError> {
        let panels: Vec<TrendPanel<'_>> = self.panels.iter().map(Panel::chart).collect();
        let utc_offset_minutes = i16::try_from(zone_offset_ms / 60_000).unwrap_or(0);
        let chart = bedside_charts::Trend {
            from,
            to,
            ends_now,
            utc_offset_minutes,
            panels: &panels,
            name_width: NAME_WIDTH,
            theme,
        };
        chart.to_display_list(bytes, size, advances)
    }
}

impl Values {
    fn is_empty(&self) -> bool {
        match self {
            Self::Bins { bins, .. } => bins.is_empty(),
            Self::Spots(points) => points.is_empty(),
            Self::Pressures(pressures) => pressures.is_empty(),
        }
    }

    fn extremes(&self) -> Option<(f64, f64)> {
        let span = |all: &mut dyn Iterator<Item = (f64, f64)>| all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        match self {
            Self::Bins { bins, .. } => span(&mut bins.iter().map(|bin| (bin.lowest, bin.highest))),
            Self::Spots(points) => span(&mut points.iter().map(|point| (point.value, point.value))),
            Self::Pressures(all) => span(&mut all.iter().map(|p| (p.diastolic, p.systolic))),
        }
    }
}

impl Panel {
    fn chart(&self) -> TrendPanel<'_> {
        let (name, unit, usual, step, decimals, weight) = look(self.parameter);
        let (low, high) = self.values.extremes().unwrap_or(usual);
        let lowest = usual.0.min((low / step).floor() * step);
        let highest = usual.1.max((high / step).ceil() * step);
        let values = match &self.values {
            Values::Bins { bins, width_ms } => TrendValues::Bins { bins, width_ms: *width_ms },
            Values::Spots(points) => TrendValues::Spots(points),
            Values::Pressures(pressures) => TrendValues::Pressures(pressures),
        };
        TrendPanel {
            parameter: self.parameter,
            name,
            unit,
            lowest,
            highest,
            decimals,
            limits: &self.limits,
            weight,
            values,
        }
    }
}

/// Name, unit, usual scale, the step in which the scale grows, digits after the point, and height against the others.
const fn look(parameter: Parameter) -> (&'static str, &'static str, (f64, f64), f64, u8, u16) {
    match parameter {
        Parameter::HeartRate => ("HR", "/min", (40.0, 120.0), 20.0, 0, 3),
        Parameter::OxygenSaturation => ("SpO\u{2082}", "%", (88.0, 100.0), 4.0, 0, 3),
        Parameter::OximeterPulseRate => ("PR", "/min", (40.0, 120.0), 20.0, 0, 2),
        Parameter::BloodPressure => ("NIBP", "mmHg", (40.0, 160.0), 20.0, 0, 3),
        Parameter::BodyTemperature => ("Temp", "\u{b0}C", (36.0, 39.0), 1.0, 0, 2),
        Parameter::CuffPulseRate => ("PR", "/min", (40.0, 120.0), 20.0, 0, 2),
        Parameter::PulseAmplitudeIndex => ("PAI", "%", (0.0, 10.0), 5.0, 0, 2),
        Parameter::BeatInterval => ("RR", "ms", (400.0, 1_200.0), 200.0, 0, 2),
        Parameter::Electrocardiogram => ("ECG", "\u{b5}V", (-1_000.0, 1_500.0), 500.0, 0, 2),
        Parameter::RespirationRate => ("RR", "/min", (8.0, 28.0), 4.0, 0, 2),
        Parameter::PerfusionIndex => ("PI", "%", (0.0, 10.0), 5.0, 0, 2),
        Parameter::Plethysmogram => ("Pleth", "", (0.0, 100.0), 50.0, 0, 2),
        Parameter::BloodGlucose => ("Glu", "mg/dL", (60.0, 200.0), 20.0, 0, 3),
        Parameter::InterstitialGlucose => ("CGM", "mg/dL", (60.0, 200.0), 20.0, 0, 3),
        Parameter::BodyWeight => ("Weight", "kg", (60.0, 80.0), 5.0, 0, 2),
        Parameter::BodyHeight => ("Height", "cm", (150.0, 180.0), 10.0, 0, 2),
        Parameter::BodyMassIndex => ("BMI", "kg/m\u{b2}", (18.0, 30.0), 2.0, 0, 2),
        Parameter::BodyFat => ("Fat", "%", (10.0, 40.0), 10.0, 0, 2),
        Parameter::FatFreeMass => ("FFM", "kg", (40.0, 70.0), 10.0, 0, 2),
        Parameter::SoftLeanMass => ("Lean", "kg", (40.0, 70.0), 10.0, 0, 2),
        Parameter::BodyWaterMass => ("Water", "kg", (30.0, 50.0), 10.0, 0, 2),
        Parameter::MuscleMass => ("Muscle", "kg", (30.0, 60.0), 10.0, 0, 2),
        Parameter::MuscleShare => ("Muscle", "%", (20.0, 60.0), 10.0, 0, 2),
        Parameter::BodyImpedance => ("Imp", "\u{3a9}", (400.0, 700.0), 100.0, 0, 2),
        Parameter::BasalMetabolism => ("BMR", "kJ", (5_000.0, 9_000.0), 1_000.0, 0, 2),
    }
}

fn values(trend: &Trend, parameter: Parameter) -> Values {
    let readings = || {
        trend.readings.iter().filter(move |reading| {
            let Measurement { parameter: p, cadence, quality, .. } = &reading.measurement;
            *p == parameter && *cadence == Cadence::Spot && !quality.has(QualityFlag::Implausible)
        })
    };
    if parameter == Parameter::BloodPressure {
        return Values::Pressures(readings().filter_map(pressure).collect());
    }
    let streams = trend.series.iter().filter(|series| series.parameter == parameter);
    let mut bins: BTreeMap<WallTime, TrendBin> = BTreeMap::new();
    let mut width_ms = 0;
    for series in streams {
        width_ms = width_ms.max(series.bin_ms);
        for bin in &series.bins {
            let new =
                TrendBin { at: bin.start, lowest: bin.lowest, highest: bin.highest, mean: bin.mean, count: bin.count };
            bins.entry(bin.start).and_modify(|old| *old = join(old, &new)).or_insert(new);
        }
    }
    if bins.is_empty() && readings().next().is_some() {
        return Values::Spots(readings().filter_map(point).collect());
    }
    Values::Bins { bins: bins.into_values().collect(), width_ms: width_ms.max(1_000) }
}

/// Two devices measured the same parameter of one patient: what either of them saw is shown.
fn join(a: &TrendBin, b: &TrendBin) -> TrendBin {
    let (m, n) = (f64::from(a.count), f64::from(b.count));
    TrendBin {
        at: a.at,
        lowest: a.lowest.min(b.lowest),
        highest: a.highest.max(b.highest),
        mean: (a.mean * m + b.mean * n) / (m + n).max(1.0),
        count: a.count.saturating_add(b.count),
    }
}

fn point(reading: &StoredReading) -> Option<TrendPoint> {
    match reading.measurement.value {
        MeasuredValue::Single(quantity) => {
            let unit = chart_unit(reading.measurement.parameter)?;
            let value = quantity.unit.convert(quantity.number.value()?, unit)?.to_f64();
            Some(TrendPoint { at: reading.measurement.time.at, value })
        }
        MeasuredValue::Pressures(_) => None,
    }
}

/// The unit of a panel, in which its limits are given too; `None` for what is never drawn as spots.
fn chart_unit(parameter: Parameter) -> Option<Unit> {
    match parameter {
        Parameter::BodyWeight => Some(Unit::Kilogram),
        Parameter::BodyFat => Some(Unit::Percent),
        _ => Limits::unit(parameter),
    }
}

fn pressure(reading: &StoredReading) -> Option<TrendPressure> {
    match reading.measurement.value {
        MeasuredValue::Pressures(pressures) => {
            let in_mmhg = |number: Number| pressures.unit.convert(number.value()?, Unit::MillimetreOfMercury);
            let (systolic, diastolic) = (in_mmhg(pressures.systolic)?.to_f64(), in_mmhg(pressures.diastolic)?.to_f64());
            Some(TrendPressure { at: reading.measurement.time.at, systolic, diastolic })
        }
        MeasuredValue::Single(_) => None,
    }
}

impl Console {
    /// The chart of a trend page.
    pub(crate) fn trend_chart(&mut self, request: TrendRequest, reply: oneshot::Sender<Result<Vec<u8>, RequestError>>) {
        let TrendRequest { patient, from, until, width, height, theme } = request;
        let query = Query::Trend {
            patient,
            parameters: TREND_PARAMETERS.to_vec(),
            from,
            until,
            columns: width.clamp(100, 4_000) as usize,
        };
        let (store, policy, advances) = (self.ports.store.clone(), self.policy.clone(), self.strips.advances().clone());
        let wall = self.ports.machine.wall();
        let zone = self.ports.machine.zone_offset_ms(wall);
        let ends_now = wall.millis_since(until).abs() < 60_000;
        let entry = self.entry(AuditAction::TrendSeen, Some(patient), None);
        self.audited(entry, reply, async move {
            let Answer::Trend(trend) = store.read(query).await? else {
                return Err(RequestError::Chart("the store answered another query".into()));
            };
            let panels = Panels::of(&trend, &policy, &TREND_PARAMETERS).only_with_values();
            let mut bytes = Vec::new();
            panels
                .draw(&mut bytes, (from, until), ends_now, zone, (width, height), theme, &advances)
                .map_err(|error| RequestError::Chart(error.to_string()))?;
            Ok((1, bytes))
        });
    }
}
