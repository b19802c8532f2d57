//! The UUIDs of services and characteristics in full words.
//! Adopted ones come from the Bluetooth SIG's assigned numbers, Polar's from its measurement data specification.
use uuid::Uuid;

/// The full UUID of a 16-bit number that the Bluetooth SIG assigned (Core specification, the Base UUID).
pub const fn bluetooth(number: u16) -> Uuid {
    Uuid::from_u128((number as u128) << 96 | 0x0000_0000_0000_1000_8000_0080_5F9B_34FB)
}

/// The 16-bit number of a UUID that the Bluetooth SIG assigned.
pub const fn bluetooth_number(uuid: Uuid) -> Option<u16> {
    let number = (uuid.as_u128() >> 96) as u16;
    if bluetooth(number).as_u128() == uuid.as_u128() { Some(number) } else { None }
}

macro_rules! uuids {
    ($($about:literal $name:ident = $uuid:expr;)+) => {
        $(#[doc = $about] pub const $name: Uuid = $uuid;)+
    };
}

uuids! {
    "Current Time service." CURRENT_TIME_SERVICE = bluetooth(0x1805);
    "Health Thermometer service." HEALTH_THERMOMETER_SERVICE = bluetooth(0x1809);
    "Device Information service." DEVICE_INFORMATION_SERVICE = bluetooth(0x180A);
    "Heart Rate service." HEART_RATE_SERVICE = bluetooth(0x180D);
    "Battery service." BATTERY_SERVICE = bluetooth(0x180F);
    "Blood Pressure service." BLOOD_PRESSURE_SERVICE = bluetooth(0x1810);
    "Pulse Oximeter service." PULSE_OXIMETER_SERVICE = bluetooth(0x1822);
    "Polar Measurement Data service." POLAR_MEASUREMENT_DATA_SERVICE = POLAR_BASE;

    "Date Time." DATE_TIME = bluetooth(0x2A08);
    "Daylight saving time offset." DST_OFFSET = bluetooth(0x2A0D);
    "Time zone." TIME_ZONE = bluetooth(0x2A0E);
    "Local Time Information." LOCAL_TIME_INFORMATION = bluetooth(0x2A0F);
    "Reference Time Information." REFERENCE_TIME_INFORMATION = bluetooth(0x2A14);
    "Battery Level." BATTERY_LEVEL = bluetooth(0x2A19);
    "Temperature Measurement." TEMPERATURE_MEASUREMENT = bluetooth(0x2A1C);
    "Temperature Type." TEMPERATURE_TYPE = bluetooth(0x2A1D);
    "Intermediate Temperature." INTERMEDIATE_TEMPERATURE = bluetooth(0x2A1E);
    "Measurement Interval." MEASUREMENT_INTERVAL = bluetooth(0x2A21);
    "System ID." SYSTEM_ID = bluetooth(0x2A23);
    "Model Number String." MODEL_NUMBER = bluetooth(0x2A24);
    "Serial Number String." SERIAL_NUMBER = bluetooth(0x2A25);
    "Firmware Revision String." FIRMWARE_REVISION = bluetooth(0x2A26);
    "Hardware Revision String." HARDWARE_REVISION = bluetooth(0x2A27);
    "Software Revision String." SOFTWARE_REVISION = bluetooth(0x2A28);
    "Manufacturer Name String." MANUFACTURER_NAME = bluetooth(0x2A29);
    "Current Time." CURRENT_TIME = bluetooth(0x2A2B);
    "Blood Pressure Measurement." BLOOD_PRESSURE_MEASUREMENT = bluetooth(0x2A35);
    "Intermediate Cuff Pressure." INTERMEDIATE_CUFF_PRESSURE = bluetooth(0x2A36);
    "Heart Rate Measurement." HEART_RATE_MEASUREMENT = bluetooth(0x2A37);
    "Body Sensor Location." BODY_SENSOR_LOCATION = bluetooth(0x2A38);
    "Heart Rate Control Point." HEART_RATE_CONTROL_POINT = bluetooth(0x2A39);
    "Blood Pressure Feature." BLOOD_PRESSURE_FEATURE = bluetooth(0x2A49);
    "PnP ID." PNP_ID = bluetooth(0x2A50);
    "Record Access Control Point." RECORD_ACCESS_CONTROL_POINT = bluetooth(0x2A52);
    "Spot-check oximetry measurement." SPOT_CHECK_OXIMETRY = bluetooth(0x2A5E);
    "Continuous oximetry measurement." CONTINUOUS_OXIMETRY = bluetooth(0x2A5F);
    "Pulse oximeter features." PULSE_OXIMETER_FEATURES = bluetooth(0x2A60);
    "Polar measurement data: control point." POLAR_CONTROL_POINT = polar(1);
    "Polar measurement data: data." POLAR_DATA = polar(2);
}

const POLAR_BASE: Uuid = Uuid::from_u128(0xFB00_5C80_02E7_F387_1CAD_8ACD_2D8D_F0C8);

const fn polar(step: u128) -> Uuid {
    Uuid::from_u128(POLAR_BASE.as_u128() + (step << 96))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn assigned_numbers_stand_in_the_base_uuid() {
        assert_eq!(HEART_RATE_MEASUREMENT.to_string(), "00002a37-0000-1000-8000-00805f9b34fb");
        assert_eq!(bluetooth_number(HEART_RATE_MEASUREMENT), Some(0x2A37));
        assert_eq!(bluetooth_number(POLAR_DATA), None);
    }

    #[test]
    fn polar_uuids_differ_in_their_first_group() {
        assert_eq!(POLAR_MEASUREMENT_DATA_SERVICE.to_string(), "fb005c80-02e7-f387-1cad-8acd2d8df0c8");
        assert_eq!(POLAR_CONTROL_POINT.to_string(), "fb005c81-02e7-f387-1cad-8acd2d8df0c8");
        assert_eq!(POLAR_DATA.to_string(), "fb005c82-02e7-f387-1cad-8acd2d8df0c8");
    }
}
