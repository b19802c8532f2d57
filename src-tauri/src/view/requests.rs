//! What the window may send: typed, without unknown members, with bounds.
//! Conversions to the console's requests; nothing is decided here.
use super::names::StripKindView;
use bedside_charts::ChartTheme;
use bedside_console::{NewPatient, StripCanvas};
use serde::Deserialize;
use std::time::Duration;
use ts_rs::TS;

/// A new patient, as typed. The console checks it.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(rename = "NewPatient")]
pub(crate) struct NewPatientView {
    /// Record number.
    pub(crate) record_number: String,
    /// Family name.
    pub(crate) family: String,
    /// Given names.
    pub(crate) given: String,
    /// `YYYY-MM-DD`.
    pub(crate) birth_date: String,
    /// FHIR code; empty = unknown.
    pub(crate) sex: String,
    /// Bed; empty = none.
    pub(crate) bed: String,
}

/// How large a strip is on the page.
#[derive(Clone, Copy, Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(rename = "StripCanvas")]
pub(crate) struct StripCanvasView {
    /// Which.
    pub(crate) kind: StripKindView,
    /// Width in pixels of the page.
    pub(crate) width: u32,
    /// Height in pixels of the page.
    pub(crate) height: u32,
    /// Pixels of one paper millimetre.
    pub(crate) pixels_per_mm: f32,
    /// Colours.
    pub(crate) theme: StripTheme,
}

/// The window's themes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "Theme")]
pub(crate) enum StripTheme {
    /// The default.
    Dark,
    /// For bright rooms.
    Light,
    /// Black and white with strong colours.
    HighContrast,
    /// For dark rooms.
    Night,
}

/// How far back a trend goes, until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
pub(crate) enum TrendRange {
    /// One hour.
    #[serde(rename = "1h")]
    OneHour,
    /// Eight hours.
    #[serde(rename = "8h")]
    EightHours,
    /// A day.
    #[serde(rename = "24h")]
    OneDay,
    /// A week.
    #[serde(rename = "7d")]
    SevenDays,
    /// Thirty days.
    #[serde(rename = "30d")]
    ThirtyDays,
}

/// What may be done to the simulated ward, in demo mode only.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum DemoAction {
    /// A device stops sending, its link stays.
    SilenceDevice {
        /// As the ward names it.
        device: String,
    },
    /// A silenced device sends again.
    ResumeDevice {
        /// As the ward names it.
        device: String,
    },
    /// A link is lost; the device comes back by itself.
    DropLink {
        /// As the ward names it.
        device: String,
    },
    /// A cuff or thermometer measures.
    Measure {
        /// As the ward names it.
        device: String,
    },
    /// The event loop stops for good, as a fault of ours would stop it.
    HaltConsole,
}

/// A canvas larger than this is no canvas of a screen.
const MOST_PIXELS: u32 = 8_191;

impl StripCanvasView {
    /// For the console; sizes are held to what a display list can say.
    pub(crate) fn canvas(self) -> StripCanvas {
        StripCanvas {
            kind: self.kind.into(),
            width: self.width.clamp(1, MOST_PIXELS),
            height: self.height.clamp(1, MOST_PIXELS),
            pixels_per_mm: if self.pixels_per_mm.is_finite() { self.pixels_per_mm.clamp(1.0, 40.0) } else { 4.0 },
            theme: self.theme.chart_theme(),
        }
    }
}

impl StripTheme {
    /// The charts' colours of this theme.
    pub(crate) fn chart_theme(self) -> ChartTheme {
        match self {
            Self::Dark => ChartTheme::DARK,
            Self::Light => ChartTheme::LIGHT,
            Self::HighContrast => ChartTheme::HIGH_CONTRAST,
            Self::Night => ChartTheme::NIGHT,
        }
    }
}

impl TrendRange {
    /// Its length.
    pub(crate) const fn duration(self) -> Duration {
        let hours = match self {
            Self::OneHour => 1,
            Self::EightHours => 8,
            Self::OneDay => 24,
            Self::SevenDays => 7 * 24,
            Self::ThirtyDays => 30 * 24,
        };
        Duration::from_secs(hours * 3_600)
    }
}

impl From<NewPatientView> for NewPatient {
    fn from(typed: NewPatientView) -> Self {
        let NewPatientView { record_number, family, given, birth_date, sex, bed } = typed;
        Self { record_number, family, given, birth_date, sex, bed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_members_are_refused() {
        let typed =
            r#"{"record_number":"1","family":"A","given":"B","birth_date":"2000-01-01","sex":"","bed":"","x":1}"#;
        assert!(serde_json::from_str::<NewPatientView>(typed).is_err());
    }

    #[test]
    fn a_canvas_keeps_within_what_a_display_list_can_say() {
        let canvas = StripCanvasView {
            kind: StripKindView::Trend,
            width: 90_000,
            height: 0,
            pixels_per_mm: f32::NAN,
            theme: StripTheme::Dark,
        };
        let canvas = canvas.canvas();
        assert_eq!((canvas.width, canvas.height, canvas.pixels_per_mm), (8_191, 1, 4.0));
    }
}
