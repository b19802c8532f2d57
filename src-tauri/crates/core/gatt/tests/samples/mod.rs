//! One whole value of each kind that comes often, for the benchmark and for the count of allocations.
//! Not here: values that are wrong.

/// 72 per minute, skin contact.
pub(crate) const HEART_RATE: &[u8] = &[0x06, 72];
/// The same with one interval.
pub(crate) const HEART_RATE_AND_INTERVAL: &[u8] = &[0x16, 72, 0x48, 0x03];
/// 300 per minute in two octets, energy, nine intervals: the most that fits the smallest packet.
pub(crate) const HEART_RATE_ALL_FIELDS: &[u8] =
    &[0x1F, 0x2C, 0x01, 0x34, 0x12, 0, 4, 1, 4, 2, 4, 3, 4, 4, 4, 5, 4, 6, 4, 7, 4, 8, 4];
/// 97 %, 72 per minute, measurement status, sensor status, pulse amplitude index 4.2 %.
pub(crate) const OXIMETRY: &[u8] = &[0x1C, 97, 0, 72, 0, 0x20, 0, 0, 0, 0, 42, 0xF0];
/// 118/77 (91) mmHg with time, pulse rate, user and status.
pub(crate) const BLOOD_PRESSURE: &[u8] = &[0x1E, 118, 0, 77, 0, 91, 0, 0xEA, 0x07, 11, 22, 10, 30, 15, 66, 0, 1, 0, 0];
/// Record 42: 5.4 mmol/L of capillary whole blood from a finger, time offset, status, context to follow.
pub(crate) const GLUCOSE: &[u8] = &[0x1F, 42, 0, 0xEA, 0x07, 11, 22, 10, 30, 15, 0, 0, 54, 0xC0, 0x11, 0, 0];

/// A frame of 73 samples of 3 octets, as a chest strap sends it at 130 Hz.
pub(crate) fn polar_ecg() -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend(850_000_000_000_000_000u64.to_le_bytes());
    frame.push(0);
    for sample in 0..73i32 {
        frame.extend(&(sample * 37 - 1_200).to_le_bytes()[..3]);
    }
    frame
}
