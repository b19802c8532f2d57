//! The one shape in which a value leaves Rust: `Reading`, a value that cannot be separated from its freshness.
//! No arithmetic: the state was decided in the core, rounding is in `format`.
use super::format::{age, rounded};
use bedside_console::Tile;
use bedside_vitals::{
    BloodPressure, Freshness, MeasuredValue, Number, Parameter, Quality, QualityFlag, Quantity, Special, TimeMethod,
    WallTime,
};
use serde::Serialize;
use ts_rs::TS;

/// A value with its freshness. `last` is absent exactly when the state is `never`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub(crate) struct Reading {
    /// The state, decided by the core at the time of the snapshot.
    pub(crate) freshness: FreshnessView,
    /// The last value.
    pub(crate) last: Option<ShownValue>,
}

/// The five states of a displayed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "Freshness")]
pub(crate) enum FreshnessView {
    /// A stream that is running.
    Live,
    /// Recent enough to act on.
    Recent,
    /// Old: shown grey with its age.
    Stale,
    /// Too old to show as a value.
    Lost,
    /// Nothing ever arrived.
    Never,
}

/// A value as a person reads it, with everything that must stand beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub(crate) struct ShownValue {
    /// The rounded number or numbers, for example `94` or `128/74`; `---` in place of each number that is special.
    pub(crate) text: String,
    /// Why there is no number, when there is none.
    pub(crate) special: Option<SpecialState>,
    /// The mean pressure, rounded.
    pub(crate) mean: Option<String>,
    /// The unit's symbol.
    pub(crate) unit: String,
    /// Age at the time of the snapshot, with its unit.
    pub(crate) age: String,
    /// When it was measured, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) at: i64,
    /// The time of measurement is not known: the time of receipt stands in.
    pub(crate) time_unknown: bool,
    /// The device's name.
    pub(crate) source: String,
    /// Quality marks a person should see.
    pub(crate) quality: Vec<QualityMark>,
}

/// Why a device sent no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SpecialState {
    /// No valid result.
    NotANumber,
    /// Not at this resolution.
    NotAtThisResolution,
    /// Above the range of the device.
    AboveRange,
    /// Below the range of the device.
    BelowRange,
    /// A reserved code.
    Reserved,
}

/// A quality flag of a device: named as in `bedside_vitals::QualityFlag`, described there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QualityMark {
    NoContact,
    BodyMovement,
    CuffTooLoose,
    IrregularPulse,
    ImproperPosition,
    PoorSignal,
    Questionable,
    Invalid,
    Demonstration,
    Testing,
    ClockNotSet,
    EarlyEstimate,
    PulseOutOfRange,
    Implausible,
    FromStorage,
    ControlSolution,
    UserUnknown,
    Corrected,
}

/// The reading of a tile.
pub(crate) fn reading(tile: &Tile) -> Reading {
    let freshness = tile.freshness.into();
    let last = tile.last.as_ref().map(|last| {
        let measured = (last.at, last.method);
        shown_value(&last.value, tile.parameter, age(last.age), measured, last.device_name.clone(), last.quality)
    });
    Reading { freshness, last }
}

/// A value with what stands beside it: its age, when it was measured and how that is known, and the device's name.
pub(crate) fn shown_value(
    value: &MeasuredValue,
    parameter: Parameter,
    age: String,
    (at, method): (WallTime, TimeMethod),
    source: String,
    quality: Quality,
) -> ShownValue {
    let (text, special, mean) = shown(value, parameter);
    ShownValue {
        text,
        special,
        mean,
        unit: value.unit().symbol().to_owned(),
        age,
        at: at.0,
        time_unknown: method == TimeMethod::Unknown,
        source,
        quality: quality_marks(quality),
    }
}

impl From<Freshness> for FreshnessView {
    fn from(freshness: Freshness) -> Self {
        match freshness {
            Freshness::Live => Self::Live,
            Freshness::Recent => Self::Recent,
            Freshness::Stale => Self::Stale,
            Freshness::Lost => Self::Lost,
            Freshness::Never => Self::Never,
        }
    }
}

fn shown(value: &MeasuredValue, parameter: Parameter) -> (String, Option<SpecialState>, Option<String>) {
    match value {
        MeasuredValue::Single(Quantity { number, unit }) => match number {
            Number::Value(decimal) => (rounded(*decimal, parameter, *unit), None, None),
            Number::Special(special) => (NO_NUMBER.to_owned(), Some((*special).into()), None),
        },
        MeasuredValue::Pressures(BloodPressure { systolic, diastolic, mean, unit }) => {
            let rounded = |number: &Number| number.value().map(|decimal| rounded(decimal, parameter, *unit));
            let part = |number: &Number| rounded(number).unwrap_or_else(|| NO_NUMBER.to_owned());
            let special = match (systolic, diastolic) {
                (Number::Special(special), _) | (_, Number::Special(special)) => Some((*special).into()),
                (Number::Value(_), Number::Value(_)) => None,
            };
            (format!("{}/{}", part(systolic), part(diastolic)), special, rounded(mean))
        }
    }
}

/// In place of a number that is special.
const NO_NUMBER: &str = "---";

impl From<Special> for SpecialState {
    fn from(special: Special) -> Self {
        match special {
            Special::NotANumber => Self::NotANumber,
            Special::NotAtThisResolution => Self::NotAtThisResolution,
            Special::PositiveInfinity => Self::AboveRange,
            Special::NegativeInfinity => Self::BelowRange,
            Special::Reserved => Self::Reserved,
        }
    }
}

/// `Simulated` has no mark: the permanent DEMO banner says it for the whole window.
fn quality_marks(quality: Quality) -> Vec<QualityMark> {
    let marks = [
        (QualityFlag::NoContact, QualityMark::NoContact),
        (QualityFlag::BodyMovement, QualityMark::BodyMovement),
        (QualityFlag::CuffTooLoose, QualityMark::CuffTooLoose),
        (QualityFlag::IrregularPulse, QualityMark::IrregularPulse),
        (QualityFlag::ImproperPosition, QualityMark::ImproperPosition),
        (QualityFlag::PoorSignal, QualityMark::PoorSignal),
        (QualityFlag::Questionable, QualityMark::Questionable),
        (QualityFlag::Invalid, QualityMark::Invalid),
        (QualityFlag::Demonstration, QualityMark::Demonstration),
        (QualityFlag::Testing, QualityMark::Testing),
        (QualityFlag::ClockNotSet, QualityMark::ClockNotSet),
        (QualityFlag::EarlyEstimate, QualityMark::EarlyEstimate),
        (QualityFlag::PulseOutOfRange, QualityMark::PulseOutOfRange),
        (QualityFlag::Implausible, QualityMark::Implausible),
        (QualityFlag::FromStorage, QualityMark::FromStorage),
        (QualityFlag::ControlSolution, QualityMark::ControlSolution),
        (QualityFlag::UserUnknown, QualityMark::UserUnknown),
        (QualityFlag::Corrected, QualityMark::Corrected),
    ];
    marks.into_iter().filter(|(flag, _)| quality.has(*flag)).map(|(_, mark)| mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::{Decimal, Unit};

    fn number(mantissa: i64, exponent: i8) -> Number {
        Number::Value(Decimal::new(mantissa, exponent))
    }

    #[test]
    fn a_special_value_is_a_state_and_never_a_number() {
        let nothing = Quantity { number: Number::Special(Special::NotANumber), unit: Unit::Percent };
        let shown = shown(&MeasuredValue::Single(nothing), Parameter::OxygenSaturation);
        assert_eq!(shown, ("---".to_owned(), Some(SpecialState::NotANumber), None));
    }

    #[test]
    fn pressures_are_whole_and_a_missing_one_is_marked() {
        let pressures = |diastolic| {
            MeasuredValue::Pressures(BloodPressure {
                systolic: number(1284, -1),
                diastolic,
                mean: number(92, 0),
                unit: Unit::MillimetreOfMercury,
            })
        };
        let whole = shown(&pressures(number(735, -1)), Parameter::BloodPressure);
        assert_eq!(whole, ("128/74".to_owned(), None, Some("92".to_owned())));
        let half = shown(&pressures(Number::Special(Special::NotAtThisResolution)), Parameter::BloodPressure);
        assert_eq!((half.0.as_str(), half.1), ("128/---", Some(SpecialState::NotAtThisResolution)));
    }
}
