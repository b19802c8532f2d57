//! The laws of every codec as one macro, and strategies for the parts that values share.
//! Which values a profile has is said in the test files.
use bedside_gatt::medical_float::{float_from_raw, short_float_from_raw};
use bedside_vitals::{DeviceTime, Number};
use proptest::prelude::*;

/// Tests four laws for one codec: `decode` reads what `encode` wrote; a prefix of a value is accepted exactly where
/// `is_complete(packet, octets)` says so (nowhere, for values of fixed layout); any octets give a packet or an error;
/// and what was read from any octets, damaged values among them, reads the same after being written again.
macro_rules! codec_laws {
    (@complete $packet:expr, $prefix:expr) => { false };
    (@complete $packet:expr, $prefix:expr, $is_complete:expr) => { $is_complete($packet, $prefix) };
    ($name:ident: $packets:expr, $decode:expr, $encode:expr $(, complete: $is_complete:expr)?) => {
        mod $name {
            use super::*;

            proptest! {
                #[test]
                fn a_packet_reads_back_as_it_was_written(packet in $packets) {
                    let octets = $encode(&packet);
                    prop_assert_eq!($decode(&octets).unwrap(), packet);
                }

                #[test]
                fn a_strict_prefix_is_rejected_unless_documented(packet in $packets) {
                    let octets = $encode(&packet);
                    for length in 0..octets.len() {
                        let prefix = &octets[..length];
                        prop_assert_eq!(
                            $decode(prefix).is_ok(), codec_laws!(@complete &packet, prefix $(, $is_complete)?),
                            "{} of {:02x?}", length, octets
                        );
                    }
                }

                #[test]
                fn any_octets_give_an_error_or_a_stable_packet(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
                    if let Ok(packet) = $decode(&octets) {
                        prop_assert_eq!($decode(&$encode(&packet)).unwrap(), packet);
                    }
                }

                #[test]
                fn a_damaged_value_gives_an_error_or_a_stable_packet(
                    packet in $packets, at in any::<prop::sample::Index>(), octet in any::<u8>(), surplus in 0..3usize
                ) {
                    let mut octets: Vec<u8> = $encode(&packet);
                    if !octets.is_empty() {
                        let at = at.index(octets.len());
                        octets[at] = octet;
                    }
                    octets.extend(std::iter::repeat_n(octet, surplus));
                    if let Ok(packet) = $decode(&octets) {
                        prop_assert_eq!($decode(&$encode(&packet)).unwrap(), packet);
                    }
                }
            }
        }
    };
}

pub(crate) use codec_laws;

pub(crate) fn short_float() -> impl Strategy<Value = Number> {
    any::<u16>().prop_map(short_float_from_raw)
}

pub(crate) fn float() -> impl Strategy<Value = Number> {
    any::<u32>().prop_map(float_from_raw)
}

pub(crate) fn device_time() -> impl Strategy<Value = DeviceTime> {
    let date = (proptest::option::of(1582..=9999u16), proptest::option::of(1..=12u8), proptest::option::of(1..=31u8));
    let time = (0..24u8, 0..60u8, 0..60u8);
    (date, time).prop_map(|((year, month, day), (hour, minute, second))| DeviceTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    })
}
