//! The UUIDs of services and characteristics in full words.
//! Adopted ones come from the Bluetooth SIG's assigned numbers, Polar's and other vendors' from their documents.
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
    "Glucose service." GLUCOSE_SERVICE = bluetooth(0x1808);
    "Health Thermometer service." HEALTH_THERMOMETER_SERVICE = bluetooth(0x1809);
    "Device Information service." DEVICE_INFORMATION_SERVICE = bluetooth(0x180A);
    "Heart Rate service." HEART_RATE_SERVICE = bluetooth(0x180D);
    "Battery service." BATTERY_SERVICE = bluetooth(0x180F);
    "Blood Pressure service." BLOOD_PRESSURE_SERVICE = bluetooth(0x1810);
    "Continuous Glucose Monitoring service." CONTINUOUS_GLUCOSE_SERVICE = bluetooth(0x181F);
    "Body Composition service." BODY_COMPOSITION_SERVICE = bluetooth(0x181B);
    "User Data service." USER_DATA_SERVICE = bluetooth(0x181C);
    "Weight Scale service." WEIGHT_SCALE_SERVICE = bluetooth(0x181D);
    "Elapsed Time service." ELAPSED_TIME_SERVICE = bluetooth(0x183F);
    "Pulse Oximeter service." PULSE_OXIMETER_SERVICE = bluetooth(0x1822);
    "Generic Health Sensor service." GENERIC_HEALTH_SENSOR_SERVICE = bluetooth(0x1840);
    "Polar Measurement Data service." POLAR_MEASUREMENT_DATA_SERVICE = POLAR_BASE;
    "Nonin oximetry service." NONIN_OXIMETRY_SERVICE = Uuid::from_u128(0x46A9_70E0_0D5F_11E2_8B5E_0002_A5D5_C51B);
    "Viatom and Wellue service." VIATOM_SERVICE = Uuid::from_u128(0x1483_9AC4_7D7E_415C_9A42_1673_40CF_2339);
    "BerryMed service: the serial line of its radio module."
    BERRYMED_SERVICE = Uuid::from_u128(0x4953_5343_FE7D_4AE5_8FA9_9FAF_D205_E455);

    "Date Time." DATE_TIME = bluetooth(0x2A08);
    "Daylight saving time offset." DST_OFFSET = bluetooth(0x2A0D);
    "Time zone." TIME_ZONE = bluetooth(0x2A0E);
    "Local Time Information." LOCAL_TIME_INFORMATION = bluetooth(0x2A0F);
    "Time Accuracy." TIME_ACCURACY = bluetooth(0x2A12);
    "Time Source." TIME_SOURCE = bluetooth(0x2A13);
    "Reference Time Information." REFERENCE_TIME_INFORMATION = bluetooth(0x2A14);
    "Glucose Measurement." GLUCOSE_MEASUREMENT = bluetooth(0x2A18);
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
    "IEEE 11073-20601 Regulatory Certification Data List." REGULATORY_CERTIFICATION = bluetooth(0x2A2A);
    "Current Time." CURRENT_TIME = bluetooth(0x2A2B);
    "Glucose Measurement Context." GLUCOSE_MEASUREMENT_CONTEXT = bluetooth(0x2A34);
    "Blood Pressure Measurement." BLOOD_PRESSURE_MEASUREMENT = bluetooth(0x2A35);
    "Intermediate Cuff Pressure." INTERMEDIATE_CUFF_PRESSURE = bluetooth(0x2A36);
    "Heart Rate Measurement." HEART_RATE_MEASUREMENT = bluetooth(0x2A37);
    "Body Sensor Location." BODY_SENSOR_LOCATION = bluetooth(0x2A38);
    "Heart Rate Control Point." HEART_RATE_CONTROL_POINT = bluetooth(0x2A39);
    "Blood Pressure Feature." BLOOD_PRESSURE_FEATURE = bluetooth(0x2A49);
    "PnP ID." PNP_ID = bluetooth(0x2A50);
    "Glucose Feature." GLUCOSE_FEATURE = bluetooth(0x2A51);
    "Record Access Control Point." RECORD_ACCESS_CONTROL_POINT = bluetooth(0x2A52);
    "Spot-check oximetry measurement." SPOT_CHECK_OXIMETRY = bluetooth(0x2A5E);
    "Continuous oximetry measurement." CONTINUOUS_OXIMETRY = bluetooth(0x2A5F);
    "Pulse oximeter features." PULSE_OXIMETER_FEATURES = bluetooth(0x2A60);
    "Continuous glucose measurement." CONTINUOUS_GLUCOSE_MEASUREMENT = bluetooth(0x2AA7);
    "Continuous glucose monitoring feature." CONTINUOUS_GLUCOSE_FEATURE = bluetooth(0x2AA8);
    "Continuous glucose monitoring status." CONTINUOUS_GLUCOSE_STATUS = bluetooth(0x2AA9);
    "Continuous glucose session start time." CONTINUOUS_GLUCOSE_SESSION_START = bluetooth(0x2AAA);
    "Continuous glucose session run time." CONTINUOUS_GLUCOSE_SESSION_RUN_TIME = bluetooth(0x2AAB);
    "Continuous glucose specific operations control point." CONTINUOUS_GLUCOSE_CONTROL_POINT = bluetooth(0x2AAC);
    "Age." AGE = bluetooth(0x2A80);
    "Date of Birth." DATE_OF_BIRTH = bluetooth(0x2A85);
    "Gender." GENDER = bluetooth(0x2A8C);
    "Height." HEIGHT = bluetooth(0x2A8E);
    "Resting Heart Rate." RESTING_HEART_RATE = bluetooth(0x2A92);
    "Weight." WEIGHT = bluetooth(0x2A98);
    "Database Change Increment." DATABASE_CHANGE_INCREMENT = bluetooth(0x2A99);
    "User Index." USER_INDEX = bluetooth(0x2A9A);
    "Body Composition Feature." BODY_COMPOSITION_FEATURE = bluetooth(0x2A9B);
    "Body Composition Measurement." BODY_COMPOSITION_MEASUREMENT = bluetooth(0x2A9C);
    "Weight Measurement." WEIGHT_MEASUREMENT = bluetooth(0x2A9D);
    "Weight Scale Feature." WEIGHT_SCALE_FEATURE = bluetooth(0x2A9E);
    "User Control Point." USER_CONTROL_POINT = bluetooth(0x2A9F);
    "Enhanced Blood Pressure Measurement." ENHANCED_BLOOD_PRESSURE_MEASUREMENT = bluetooth(0x2B34);
    "Enhanced Intermediate Cuff Pressure." ENHANCED_INTERMEDIATE_CUFF_PRESSURE = bluetooth(0x2B35);
    "Blood Pressure Record." BLOOD_PRESSURE_RECORD = bluetooth(0x2B36);
    "Battery Level Status." BATTERY_LEVEL_STATUS = bluetooth(0x2BED);
    "Current Elapsed Time." CURRENT_ELAPSED_TIME = bluetooth(0x2BF2);
    "Unique Device Identifier for medical devices." UDI_FOR_MEDICAL_DEVICES = bluetooth(0x2BFF);
    "Live health observations." LIVE_HEALTH_OBSERVATIONS = bluetooth(0x2B8B);
    "Stored health observations." STORED_HEALTH_OBSERVATIONS = bluetooth(0x2BDD);
    "Health sensor features." HEALTH_SENSOR_FEATURES = bluetooth(0x2BF3);
    "Generic Health Sensor control point." GENERIC_HEALTH_CONTROL_POINT = bluetooth(0x2BF4);
    "Polar measurement data: control point." POLAR_CONTROL_POINT = polar(1);
    "Polar measurement data: data." POLAR_DATA = polar(2);
    "Nonin oximetry." NONIN_OXIMETRY = Uuid::from_u128(0x0AAD_7EA0_0D60_11E2_8E3C_0002_A5D5_C51B);
    "Nonin control point." NONIN_CONTROL_POINT = Uuid::from_u128(0x1447_AF80_0D60_11E2_88B6_0002_A5D5_C51B);
    "Viatom and Wellue: what the ring answers." VIATOM_ANSWERS = Uuid::from_u128(0x0734_594A_A8E7_4B1A_A6B1_CD52_4305_9A57);
    "Viatom and Wellue: what the host asks." VIATOM_REQUESTS = Uuid::from_u128(0x8B00_ACE7_EB0B_49B0_BBE9_9AEE_0A26_E1A3);
    "BerryMed packets." BERRYMED_PACKETS = Uuid::from_u128(0x4953_5343_1E4D_4BD9_BA61_23C6_4724_9616);
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
