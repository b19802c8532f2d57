//! The laws of the codecs for frames outside the adopted profiles, and of finding them in a stream of notifications.
//! Single frames are tested beside each vendor.

use crate::common::{codec_laws, device_time};
use bedside_gatt::vendor::berrymed::{BerryMedPacket, PacketStream};
use bedside_gatt::vendor::nonin::{NoninOximetry, NoninStatus};
use bedside_gatt::vendor::viatom::{Command, Frame, FrameStream, LiveSensors, Sender};
use bedside_gatt::vendor::xiaomi::{ScaleBroadcast, WeightUnit};
use bedside_gatt::vendor::yonker::YonkerMeasurement;
use bedside_vitals::DeviceTime;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn nonin() -> impl Strategy<Value = NoninOximetry> {
    let spo2 = option::of(any::<u8>().prop_filter("127 is missing", |spo2| *spo2 != 127));
    let pulse = option::of(any::<u16>().prop_filter("511 is missing", |rate| *rate != 511));
    (any::<(u8, u8, u16, u16)>(), spo2, pulse).prop_map(
        |((status, battery_decivolts, pulse_amplitude_index, counter), spo2_percent, pulse_rate_bpm)| NoninOximetry {
            status: NoninStatus::from_bits(status),
            battery_decivolts,
            pulse_amplitude_index,
            counter,
            spo2_percent,
            pulse_rate_bpm,
        },
    )
}

fn berrymed() -> impl Strategy<Value = BerryMedPacket> {
    let numbers = (0..16u8, 0..128u8, 0..16u8, option::of(0..255u8), option::of(0..127u8));
    (numbers, any::<[bool; 5]>()).prop_map(|((signal_strength, pleth, bar, pulse_rate_bpm, spo2_percent), flags)| {
        let [no_signal, probe_unplugged, beat, finger_present, searching] = flags;
        BerryMedPacket {
            signal_strength,
            no_signal,
            probe_unplugged,
            beat,
            pleth,
            bar,
            finger_present,
            searching,
            pulse_rate_bpm,
            spo2_percent,
        }
    })
}

fn live() -> impl Strategy<Value = LiveSensors> {
    (any::<[u8; 5]>(), any::<[bool; 2]>()).prop_map(
        |([spo2_percent, pulse_rate_bpm, battery_percent, motion, signal_strength], [charging, finger_present])| {
            LiveSensors {
                spo2_percent,
                pulse_rate_bpm,
                battery_percent,
                charging,
                motion,
                signal_strength,
                finger_present,
            }
        },
    )
}

fn scale(impedance_ohm: impl Strategy<Value = Option<u16>>) -> impl Strategy<Value = ScaleBroadcast> {
    let unit = prop_oneof![Just(WeightUnit::Kilogram), Just(WeightUnit::Pound), Just(WeightUnit::Catty)];
    (any::<(u16, bool, bool)>(), unit, impedance_ohm, device_time()).prop_map(
        |((weight_steps, stabilized, removed), unit, impedance_ohm, timestamp)| ScaleBroadcast {
            weight_steps,
            unit,
            stabilized,
            removed,
            impedance_ohm,
            timestamp,
        },
    )
}

fn yonker() -> impl Strategy<Value = YonkerMeasurement> {
    (any::<[u8; 3]>(), 2000..=2255u16, device_time()).prop_map(|([systolic, diastolic, pulse_rate_bpm], year, time)| {
        YonkerMeasurement {
            systolic,
            diastolic,
            pulse_rate_bpm,
            timestamp: DeviceTime { year: Some(year), second: 0, ..time },
        }
    })
}

codec_laws!(nonin_oximetry: nonin(), NoninOximetry::decode, |frame: &NoninOximetry| frame.encode().unwrap());
codec_laws!(berrymed_packet: berrymed(), BerryMedPacket::decode, |packet: &BerryMedPacket| packet.encode().unwrap());
codec_laws!(viatom_live: live(), LiveSensors::decode, |live: &LiveSensors| live.encode().unwrap());
codec_laws!(xiaomi_version_1: scale(Just(None)),
    ScaleBroadcast::decode_version_1, |reading: &ScaleBroadcast| reading.encode_version_1().unwrap());
codec_laws!(xiaomi_version_2: scale(option::of(any::<u16>())),
    ScaleBroadcast::decode_version_2, |reading: &ScaleBroadcast| reading.encode_version_2().unwrap());
codec_laws!(yonker_measurement: yonker(),
    YonkerMeasurement::decode, |measured: &YonkerMeasurement| measured.encode().unwrap());

/// Cuts octets into notifications of 1 to 20 octets.
fn notifications(octets: &[u8], sizes: &[usize]) -> Vec<Vec<u8>> {
    let (mut rest, mut parts) = (octets, Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (part, after) = rest.split_at((*size).min(rest.len()));
        parts.push(part.to_vec());
        rest = after;
    }
    parts
}

proptest! {
    #[test]
    fn every_packet_is_found_however_the_stream_is_cut(
        packets in vec(berrymed(), 0..40), sizes in vec(1..=20usize, 1..8)
    ) {
        let octets: Vec<u8> = packets.iter().flat_map(|packet| packet.encode().unwrap()).collect();
        let mut stream = PacketStream::new();
        let found: Vec<_> = notifications(&octets, &sizes).iter().flat_map(|part| stream.push(part)).collect();
        prop_assert_eq!(found, packets);
        prop_assert_eq!(stream.skipped(), 0);
    }

    #[test]
    fn after_lost_octets_the_packets_are_found_again(
        lost in 1..5usize, packets in vec(berrymed(), 2..20), noise in vec(any::<u8>(), 0..30)
    ) {
        let octets: Vec<u8> = packets.iter().flat_map(|packet| packet.encode().unwrap()).collect();
        let mut stream = PacketStream::new();
        stream.push(&noise);
        let found = stream.push(&octets[lost..]);
        prop_assert!(found.ends_with(&packets[1..]), "found {} of {}", found.len(), packets.len());
    }

    #[test]
    fn every_answer_is_joined_however_the_stream_is_cut(
        payloads in vec(vec(any::<u8>(), 0..60), 0..8), sizes in vec(1..=20usize, 1..8)
    ) {
        let frames: Vec<_> = payloads.iter().map(|payload| {
            Frame { sender: Sender::Ring, command: Command::Information, block: 7, payload }.encode().unwrap()
        }).collect();
        let mut stream = FrameStream::new();
        let parts = notifications(&frames.concat(), &sizes);
        let found: Vec<_> = parts.iter().flat_map(|part| stream.push(part)).collect();
        prop_assert_eq!(found, frames);
        prop_assert_eq!(stream.skipped(), 0);
    }

    #[test]
    fn noise_never_yields_a_frame_that_does_not_read(parts in vec(vec(any::<u8>(), 0..40), 0..20)) {
        let mut stream = FrameStream::new();
        for part in parts {
            for frame in stream.push(&part) {
                prop_assert!(Frame::decode(&frame).is_ok());
            }
        }
    }

    #[test]
    fn a_frame_of_any_payload_reads_back(
        command in any::<u8>(), block in any::<u16>(), host in any::<bool>(), payload in vec(any::<u8>(), 0..200)
    ) {
        let sender = if host { Sender::Host } else { Sender::Ring };
        let frame = Frame { sender, command: Command::from_octet(command), block, payload: &payload };
        let octets = frame.encode().unwrap();
        prop_assert_eq!(Frame::decode(&octets), Ok(frame));
        for length in 0..octets.len() {
            prop_assert!(Frame::decode(&octets[..length]).is_err());
        }
    }
}
