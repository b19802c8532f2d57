//! The colours of the charts in the four themes of the window; the values are those of the window's tokens.
//! Which theme is shown is not decided here.
use bedside_vitals::Parameter;
use plotters::style::RGBAColor;

/// A colour without transparency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    pub(crate) const fn opaque(self) -> RGBAColor {
        RGBAColor(self.0, self.1, self.2, 1.0)
    }

    pub(crate) const fn with_opacity(self, opacity: f64) -> RGBAColor {
        RGBAColor(self.0, self.1, self.2, opacity)
    }

    const fn hex(value: u32) -> Self {
        let [_, red, green, blue] = value.to_be_bytes();
        Self(red, green, blue)
    }
}

/// Every colour a chart uses. The name of the window's token stands beside each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartTheme {
    /// The ground of a strip (`--surface`).
    pub surface: Rgb,
    /// Paper boxes and lines of time (`--trace-grid`).
    pub grid: Rgb,
    /// Lines between panels, hatching of gaps (`--line`).
    pub line: Rgb,
    /// What is read first (`--text`).
    pub text: Rgb,
    /// Labels of gaps (`--text-2`).
    pub text_second: Rgb,
    /// Axis labels, limits, edges of gaps (`--text-3`).
    pub text_third: Rgb,
    /// ECG and heart rate (`--param-ecg`).
    pub heart: Rgb,
    /// Oxygen saturation and pulse of an oximeter (`--param-spo2`).
    pub saturation: Rgb,
    /// Respiration (`--param-resp`).
    pub respiration: Rgb,
    /// Blood pressure and pulse of a cuff (`--param-nibp`).
    pub pressure: Rgb,
    /// Temperature (`--param-temp`).
    pub temperature: Rgb,
    /// Glucose (`--param-glucose`).
    pub glucose: Rgb,
}

impl ChartTheme {
    /// The default.
    pub const DARK: Self = Self {
        surface: Rgb::hex(0x12_171B),
        grid: Rgb::hex(0x1C_242A),
        line: Rgb::hex(0x27_313A),
        text: Rgb::hex(0xED_F2F5),
        text_second: Rgb::hex(0xB0_BBC4),
        text_third: Rgb::hex(0x8B_98A3),
        heart: Rgb::hex(0x45_DB84),
        saturation: Rgb::hex(0x57_D3EE),
        respiration: Rgb::hex(0xEB_D667),
        pressure: Rgb::hex(0xF1_F4F6),
        temperature: Rgb::hex(0xF0_8DE0),
        glucose: Rgb::hex(0xFF_A766),
    };
    /// For bright rooms, and for paper.
    pub const LIGHT: Self = Self {
        surface: Rgb::hex(0xFF_FFFF),
        grid: Rgb::hex(0xE9_EDEF),
        line: Rgb::hex(0xD3_DADF),
        text: Rgb::hex(0x11_171B),
        text_second: Rgb::hex(0x41_4D56),
        text_third: Rgb::hex(0x5B_6770),
        heart: Rgb::hex(0x0B_7A3E),
        saturation: Rgb::hex(0x00_6C88),
        respiration: Rgb::hex(0x78_6000),
        pressure: Rgb::hex(0x1E_282F),
        temperature: Rgb::hex(0xA0_2191),
        glucose: Rgb::hex(0xA9_4B00),
    };
    /// For eyes that need the strongest edges.
    pub const HIGH_CONTRAST: Self = Self {
        surface: Rgb::hex(0x00_0000),
        grid: Rgb::hex(0x26_2626),
        line: Rgb::hex(0xA6_A6A6),
        text: Rgb::hex(0xFF_FFFF),
        text_second: Rgb::hex(0xFF_FFFF),
        text_third: Rgb::hex(0xE0_E0E0),
        heart: Rgb::hex(0x3D_FF8F),
        saturation: Rgb::hex(0x5C_E6FF),
        respiration: Rgb::hex(0xFF_F066),
        pressure: Rgb::hex(0xFF_FFFF),
        temperature: Rgb::hex(0xFF_9DF0),
        glucose: Rgb::hex(0xFF_B674),
    };
    /// For a dark room with a sleeping patient.
    pub const NIGHT: Self = Self {
        surface: Rgb::hex(0x09_0B0D),
        grid: Rgb::hex(0x10_1417),
        line: Rgb::hex(0x1C_2126),
        text: Rgb::hex(0xA9_AFB4),
        text_second: Rgb::hex(0x8A_9197),
        text_third: Rgb::hex(0x7B_8288),
        heart: Rgb::hex(0x3A_9A63),
        saturation: Rgb::hex(0x44_96A8),
        respiration: Rgb::hex(0xA3_965A),
        pressure: Rgb::hex(0xA9_AFB4),
        temperature: Rgb::hex(0xB0_72A6),
        glucose: Rgb::hex(0xB5_7B50),
    };

    /// The colour a parameter's curve shares with its numeral.
    pub const fn of(&self, parameter: Parameter) -> Rgb {
        match parameter {
            Parameter::HeartRate | Parameter::BeatInterval | Parameter::Electrocardiogram => self.heart,
            Parameter::OxygenSaturation
            | Parameter::OximeterPulseRate
            | Parameter::PulseAmplitudeIndex
            | Parameter::PerfusionIndex
            | Parameter::Plethysmogram => self.saturation,
            Parameter::RespirationRate => self.respiration,
            Parameter::BloodPressure | Parameter::CuffPulseRate => self.pressure,
            Parameter::BodyTemperature => self.temperature,
            Parameter::BloodGlucose | Parameter::InterstitialGlucose => self.glucose,
            // White, as everything that has no colour of its own.
            Parameter::BodyWeight
            | Parameter::BodyHeight
            | Parameter::BodyMassIndex
            | Parameter::BodyFat
            | Parameter::FatFreeMass
            | Parameter::SoftLeanMass
            | Parameter::BodyWaterMass
            | Parameter::MuscleMass
            | Parameter::MuscleShare
            | Parameter::BodyImpedance
            | Parameter::BasalMetabolism => self.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_stands_out_from_its_ground_three_to_one() {
        for theme in [ChartTheme::DARK, ChartTheme::LIGHT, ChartTheme::HIGH_CONTRAST, ChartTheme::NIGHT] {
            for parameter in Parameter::ALL {
                let ratio = contrast(theme.of(parameter), theme.surface);
                assert!(ratio >= 3.0, "{parameter}: {ratio}");
            }
            for text in [theme.text, theme.text_second, theme.text_third] {
                assert!(contrast(text, theme.surface) >= 4.5, "{text:?}");
            }
        }
    }

    /// WCAG 2, contrast ratio.
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let luminance = |Rgb(r, g, b): Rgb| {
            let linear = |c: u8| {
                let c = f64::from(c) / 255.0;
                if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
        };
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }
}
