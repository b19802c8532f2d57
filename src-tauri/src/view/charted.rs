//! The readings of a chart for the review page: what is in force, every version of it, and how far it is on its way.
//! Not here: what may be corrected, and whose a reading is; the console decides.
use super::format::age;
use super::names::{DeviceKindView, ParameterView, RecordState, TimeMethodView};
use super::reading::{FreshnessView, Reading, ShownValue, shown_value};
use crate::error::CommandError;
use bedside_console::{Charted, ChartedReading, Filed, ReadingVersion, Verdict, WhyLocal};
use bedside_vitals::{BloodPressure, Decimal, DeviceKind, MeasuredValue, Number, Quantity, Special, Unit};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The newest readings of a chart.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct ChartedView {
    /// Newest first.
    pub(crate) readings: Vec<ChartedReadingView>,
    /// There are older ones.
    pub(crate) more: bool,
}

/// A reading of a chart. It is from the past: its time stands beside it wherever it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct ChartedReadingView {
    /// Id in this vault.
    pub(crate) id: String,
    /// What was measured.
    pub(crate) parameter: ParameterView,
    /// The value in force; of a rejected reading the one that was in force before.
    pub(crate) reading: Reading,
    /// How the time of measurement is known.
    pub(crate) time: TimeMethodView,
    /// When it arrived, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) received: i64,
    /// What the device is.
    pub(crate) device_kind: DeviceKindView,
    /// As measured, corrected, rejected or confirmed.
    pub(crate) standing: StandingView,
    /// What the device measured, then every later word, oldest first.
    pub(crate) versions: Vec<VersionView>,
    /// It waits for a person to confirm it, correct it or reject it.
    pub(crate) waits_for_review: bool,
    /// How far it is on its way to the server.
    pub(crate) filed: FiledView,
    /// Its record on the way to the server.
    pub(crate) record: Option<String>,
    /// Whether a correction has three pressures in place of one number.
    pub(crate) pressures: bool,
    /// The unit that a correction is in, as UCUM writes it.
    pub(crate) unit_code: String,
    /// The frame that it was decoded from: connection, characteristic and place; `null` when it has none.
    pub(crate) frame: Option<String>,
}

/// What became of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "Standing")]
pub(crate) enum StandingView {
    /// As the device measured it.
    Measured,
    /// A person corrected the value.
    Corrected,
    /// A person rejected it.
    Rejected,
    /// A person confirmed it as it was measured.
    Confirmed,
}

/// One version of a reading.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct VersionView {
    /// What it says.
    pub(crate) said: StandingView,
    /// The value with every digit; `null` of a rejection and a confirmation.
    pub(crate) reading: Option<Reading>,
    /// When it was said, in milliseconds since 1970; of the first one, when it arrived.
    #[ts(type = "number")]
    pub(crate) at: i64,
    /// Who said it; `null` = the device, or the demonstration, where nobody is signed in.
    pub(crate) author: Option<String>,
    /// Why, in their words; `null` of a confirmation.
    pub(crate) reason: Option<String>,
}

/// How far a reading is on its way to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(rename = "Filed")]
pub(crate) enum FiledView {
    /// A record of it stands so.
    Record {
        /// Where it stands.
        record: RecordState,
        /// The server's last answer, for IT.
        answer: Option<String>,
    },
    /// Rejected before it was sent.
    Withdrawn,
    /// It stays here.
    Local {
        /// Why.
        why: WhyLocalView,
    },
}

super::names::mirrored! {
    /// Why a reading is not sent.
    WhyLocalView as "WhyLocal" of WhyLocal { Implausible, TimeUnknown, NoCode, NoRecord }
}

/// A corrected value, as typed: digits with a point.
#[derive(Clone, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum CorrectedValue {
    /// One number.
    Single {
        /// For example `37.2`.
        number: String,
        /// UCUM.
        unit: String,
    },
    /// Pressures.
    Pressures {
        /// Systolic.
        systolic: String,
        /// Diastolic.
        diastolic: String,
        /// Mean; `null` where none is known.
        mean: Option<String>,
        /// UCUM.
        unit: String,
    },
}

impl CorrectedValue {
    /// The typed value with every digit.
    pub(crate) fn value(&self) -> Result<MeasuredValue, CommandError> {
        match self {
            Self::Single { number: typed, unit: code } => {
                Ok(MeasuredValue::Single(Quantity { number: number(typed)?, unit: unit(code)? }))
            }
            Self::Pressures { systolic, diastolic, mean, unit: code } => Ok(MeasuredValue::Pressures(BloodPressure {
                systolic: number(systolic)?,
                diastolic: number(diastolic)?,
                mean: match mean {
                    Some(mean) => number(mean)?,
                    None => Number::Special(Special::NotANumber),
                },
                unit: unit(code)?,
            })),
        }
    }
}

fn number(typed: &str) -> Result<Number, CommandError> {
    let wrong = |_| CommandError::new("REVIEW-NUMBER", "no_number", "");
    typed.trim().parse::<Decimal>().map(Number::Value).map_err(wrong)
}

fn unit(code: &str) -> Result<Unit, CommandError> {
    Unit::from_ucum(code).ok_or_else(|| CommandError::malformed("unit"))
}

/// The page's readings.
pub(crate) fn charted(found: &Charted) -> ChartedView {
    let view = |one: &ChartedReading| {
        // A reading is listed even where its device is not known any more: then by its id.
        let device = found.devices.iter().find(|device| device.id == one.reading.device);
        let name = device.map_or_else(|| one.reading.device.to_string(), |device| device.name.clone());
        let kind = device.map_or(DeviceKind::Unknown, |device| device.kind);
        reading(one, (name, kind), found)
    };
    ChartedView { readings: found.readings.iter().map(view).collect(), more: found.more }
}

fn reading(one: &ChartedReading, (device, kind): (String, DeviceKind), found: &Charted) -> ChartedReadingView {
    let measurement = &one.reading.measurement;
    let freshness: FreshnessView = one.freshness.into();
    let shown = |value: &MeasuredValue| {
        let measured = (measurement.time.at, measurement.time.method);
        shown_value(value, measurement.parameter, age(one.age), measured, device.clone(), measurement.quality)
    };
    let exactly = |value: &MeasuredValue| {
        // What was said of the value in force is not said of every version.
        let last = ShownValue { text: exact(value), quality: Vec::new(), ..shown(value) };
        Some(Reading { freshness, last: Some(last) })
    };
    let first = VersionView {
        said: StandingView::Measured,
        reading: exactly(&one.measured),
        at: measurement.time.received.0,
        author: None,
        reason: None,
    };
    let later = one.versions.iter().map(|said| VersionView {
        said: standing(said),
        reading: match &said.verdict {
            Verdict::Corrected(measurement) => exactly(&measurement.value),
            Verdict::Rejected | Verdict::Confirmed => None,
        },
        at: said.at.0,
        author: said.author.map(|author| {
            let known = found.clinicians.iter().find(|clinician| clinician.id == author);
            known.map_or_else(|| author.0.to_string(), |clinician| clinician.display_name.clone())
        }),
        reason: Some(said.reason.reveal().clone()).filter(|reason| !reason.is_empty()),
    });
    ChartedReadingView {
        id: one.reading.id.to_string(),
        parameter: measurement.parameter.into(),
        reading: Reading { freshness, last: Some(shown(&measurement.value)) },
        time: measurement.time.method.into(),
        received: measurement.time.received.0,
        device_kind: kind.into(),
        standing: one.versions.last().map_or(StandingView::Measured, standing),
        versions: std::iter::once(first).chain(later).collect(),
        waits_for_review: one.waits_for_review,
        filed: filed(&one.filed),
        record: one.row.map(|row| row.0.to_string()),
        pressures: matches!(one.measured, MeasuredValue::Pressures(_)),
        unit_code: one.measured.unit().ucum().to_owned(),
        frame: one
            .reading
            .frame
            .map(|(connection, characteristic, place)| format!("{connection} {characteristic} {place}")),
    }
}

fn standing(said: &ReadingVersion) -> StandingView {
    match said.verdict {
        Verdict::Corrected(_) => StandingView::Corrected,
        Verdict::Rejected => StandingView::Rejected,
        Verdict::Confirmed => StandingView::Confirmed,
    }
}

fn filed(filed: &Filed) -> FiledView {
    match filed {
        Filed::Record(state, outcome) => FiledView::Record {
            record: (*state).into(),
            answer: outcome.as_ref().map(|outcome| format!("{} {}", outcome.status, outcome.text)),
        },
        Filed::Withdrawn => FiledView::Withdrawn,
        Filed::Local(why) => FiledView::Local { why: (*why).into() },
    }
}

/// Every digit as it was measured or typed.
fn exact(value: &MeasuredValue) -> String {
    match value {
        MeasuredValue::Single(quantity) => exact_number(quantity.number),
        MeasuredValue::Pressures(p) => format!("{}/{}", exact_number(p.systolic), exact_number(p.diastolic)),
    }
}

fn exact_number(number: Number) -> String {
    number.value().map_or_else(|| "---".to_owned(), |decimal| decimal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_value_keeps_its_digits_and_anything_else_is_refused() {
        let typed = |number: &str| CorrectedValue::Single { number: number.into(), unit: "Cel".into() };
        let value = MeasuredValue::Single(Quantity {
            number: Number::Value(Decimal::new(3_720, -2)),
            unit: Unit::DegreeCelsius,
        });
        assert_eq!(typed(" 37.20 ").value().unwrap(), value);
        for wrong in ["", "37,2", "1e3", "-", "NaN", "37.2 °C"] {
            assert_eq!(typed(wrong).value().unwrap_err().code, "REVIEW-NUMBER", "{wrong}");
        }
        let unknown = CorrectedValue::Single { number: "1".into(), unit: "furlong".into() };
        assert_eq!(unknown.value().unwrap_err().code, "UI-MALFORMED");
    }

    #[test]
    fn a_pressure_may_go_without_its_mean() {
        let typed = CorrectedValue::Pressures {
            systolic: "128".into(),
            diastolic: "74".into(),
            mean: None,
            unit: "mm[Hg]".into(),
        };
        let MeasuredValue::Pressures(pressures) = typed.value().unwrap() else { panic!("expected pressures") };
        assert_eq!(pressures.mean, Number::Special(Special::NotANumber));
    }
}
