//! The core's enums as the window names them: one union of strings each.
//! Conversions only; their words are in the window's text.
use bedside_console::ports::AdapterState;
use bedside_console::{Advisory, Mode, StripKind};
use bedside_outbox::RowState;
use bedside_vitals::{DeviceKind, LinkState, Parameter, TimeMethod};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Writes an enum with the variants of another and the conversion.
macro_rules! mirrored {
    ($(#[$doc:meta])* $view:ident as $ts:literal of $core:path { $($variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
        #[serde(rename_all = "snake_case")]
        #[ts(rename = $ts)]
        pub(crate) enum $view { $($variant),* }

        impl From<$core> for $view {
            fn from(core: $core) -> Self {
                use $core as Core;
                match core { $(Core::$variant => Self::$variant),* }
            }
        }

        impl From<$view> for $core {
            fn from(view: $view) -> Self {
                use $core as Core;
                match view { $($view::$variant => Core::$variant),* }
            }
        }
    };
}
pub(crate) use mirrored;

mirrored! {
    /// What a device is for.
    DeviceKindView as "DeviceKind" of DeviceKind {
        HeartRateStrap, EcgSensor, PulseOximeter, BloodPressureCuff, Thermometer, GlucoseMeter, GlucoseSensor,
        WeightScale, HealthSensor, Unknown,
    }
}
mirrored! {
    /// Where a connection stands.
    LinkView as "LinkState" of LinkState { Waiting, Connecting, Preparing, Linked, Lost, Ended }
}
mirrored! {
    /// What is measured.
    ParameterView as "Parameter" of Parameter {
        HeartRate, OximeterPulseRate, CuffPulseRate, OxygenSaturation, PulseAmplitudeIndex, BloodPressure,
        BodyTemperature, BeatInterval, Electrocardiogram, RespirationRate, PerfusionIndex, Plethysmogram, BloodGlucose,
        InterstitialGlucose, BodyWeight, BodyHeight, BodyMassIndex, BodyFat, FatFreeMass, SoftLeanMass, BodyWaterMass,
        MuscleMass, MuscleShare, BodyImpedance, BasalMetabolism,
    }
}
mirrored! {
    /// A visible hint, never an alarm.
    AdvisoryView as "Advisory" of Advisory { NoData, Low, High }
}
mirrored! {
    /// What a strip shows.
    StripKindView as "StripKind" of StripKind { Electrocardiogram, BeatIntervals, Plethysmogram, Trend }
}
mirrored! {
    /// Demo vault or real one.
    ModeView as "Mode" of Mode { Demo, Clinic }
}
mirrored! {
    /// The Bluetooth adapter.
    AdapterView as "AdapterState" of AdapterState { On, Off, Missing, Unplugged, NotPermitted }
}
mirrored! {
    /// How the time of a measurement is known: on receipt, from the device's clock put right or as it is, by its count of
    /// ticks, or not at all.
    TimeMethodView as "TimeMethod" of TimeMethod {
        Receipt, DeviceClockCorrected, DeviceClockUnverified, TickCounter, Unknown,
    }
}
mirrored! {
    /// Where a record stands on its way to the server.
    RecordState as "RecordState" of RowState { Waiting, Sending, Accepted, Refused, Held, Discarded }
}
