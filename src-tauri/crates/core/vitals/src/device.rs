//! What is known of a device and of its clock, and the words for where its connection stands.
//! Not here: recognising a device, and how a connection moves on (`bedside-session`).
use crate::{DeviceId, DeviceTime, WallTime};
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// What a device is for, as its services say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DeviceKind {
    /// Heart Rate service.
    HeartRateStrap,
    /// Polar measurement data with an ECG, with or without heart rate.
    EcgSensor,
    /// Pulse Oximeter service.
    PulseOximeter,
    /// Blood Pressure service.
    BloodPressureCuff,
    /// Health Thermometer service.
    Thermometer,
    /// Glucose service.
    GlucoseMeter,
    /// Continuous Glucose Monitoring service.
    GlucoseSensor,
    /// Weight Scale or Body Composition service.
    WeightScale,
    /// Generic Health Sensor service: it says with each observation what it measured.
    HealthSensor,
    /// None that Bedside knows.
    Unknown,
}

impl DeviceKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 10] = [
        Self::HeartRateStrap,
        Self::EcgSensor,
        Self::PulseOximeter,
        Self::BloodPressureCuff,
        Self::Thermometer,
        Self::GlucoseMeter,
        Self::GlucoseSensor,
        Self::WeightScale,
        Self::HealthSensor,
        Self::Unknown,
    ];

    /// The stable name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeartRateStrap => "heart_rate_strap",
            Self::EcgSensor => "ecg_sensor",
            Self::PulseOximeter => "pulse_oximeter",
            Self::BloodPressureCuff => "blood_pressure_cuff",
            Self::Thermometer => "thermometer",
            Self::GlucoseMeter => "glucose_meter",
            Self::GlucoseSensor => "glucose_sensor",
            Self::WeightScale => "weight_scale",
            Self::HealthSensor => "health_sensor",
            Self::Unknown => "unknown",
        }
    }
}

/// What a device says of itself, as read; `None` where it says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceDescription {
    /// The id in this vault.
    pub id: DeviceId,
    /// What it is for.
    pub kind: DeviceKind,
    /// The advertised or reported name, cleaned of control characters, at most 64 characters.
    pub name: String,
    /// Manufacturer name (0x2A29).
    pub manufacturer: Option<String>,
    /// Model number (0x2A24).
    pub model: Option<String>,
    /// Serial number (0x2A25).
    pub serial: Option<String>,
    /// Firmware revision (0x2A26).
    pub firmware: Option<String>,
    /// Hardware revision (0x2A27).
    pub hardware: Option<String>,
    /// Software revision (0x2A28).
    pub software: Option<String>,
    /// System ID (0x2A23) as 16 hex digits, most significant first.
    pub system_id: Option<String>,
    /// Unique device identifier (0x2BFF).
    #[serde(default)]
    pub udi: Option<UniqueDeviceIdentifier>,
    /// From the simulated ward.
    pub simulated: bool,
}

/// A unique device identifier (UDI) in the parts that its issuer defines, as read; `None` for what the device does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UniqueDeviceIdentifier {
    /// The whole identifier as it is printed on the device, at most 256 characters.
    pub label: Option<String>,
    /// The part that is the same for all devices of a model.
    pub device_identifier: Option<String>,
    /// The object identifier of whoever issued it, such as `2.51`.
    pub issuer: Option<String>,
    /// The object identifier of the authority that regulates.
    pub authority: Option<String>,
}

/// A device's clock against ours, read once a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceClock {
    /// What the device said.
    pub device: DeviceTime,
    /// Our wall clock when it said so.
    pub read_at: WallTime,
    /// Device minus ours in milliseconds, both taken as local civil time of this computer's zone; 0 where the device shows
    /// no possible time.
    pub offset_ms: i64,
}

impl DeviceClock {
    /// Whether what the device said is a possible time. If not, the clock is at fault and nothing can be corrected by it.
    pub fn shows_a_time(&self) -> bool {
        self.device.as_if_utc().is_some()
    }
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LinkState {
    /// Set aside until the device shows itself.
    Waiting,
    /// A connection is being made.
    Connecting,
    /// Connected; reading who and what it is.
    Preparing,
    /// Values may come.
    Linked,
    /// The link was lost; another try follows.
    Lost,
    /// The device hung up by itself, as cuffs and thermometers do.
    Ended,
}
