//! BerryMed oximeters (BM1000): the public BCI protocol, a hundred packets of five octets a second.
//! Packets flow over the bounds of notifications; here they are found again. No judgement of the pulse waveform.
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;

const PACKET: Characteristic = Characteristic::named("BerryMed Packet");

const PACKET_LENGTH: usize = 5;
/// Raised in the first octet of a packet and in no other.
const SYNCHRONIZATION: u8 = 1 << 7;
const LOW_FOUR: u8 = 0b1111;
const NO_SIGNAL: u8 = 1 << 4;
const PROBE_UNPLUGGED: u8 = 1 << 5;
const BEAT: u8 = 1 << 6;
const NO_FINGER: u8 = 1 << 4;
const SEARCHING: u8 = 1 << 5;
const PULSE_RATE_HIGH: u8 = 1 << 6;
const SEVEN_BITS: u8 = 127;
const SATURATION_MISSING: u8 = 127;
const PULSE_RATE_MISSING: u8 = 255;

/// One packet: a sample of the pulse waveform and the values of the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BerryMedPacket {
    /// Strength of the signal, 0 to 15.
    pub signal_strength: u8,
    /// There is no signal.
    pub no_signal: bool,
    /// The probe is not plugged in.
    pub probe_unplugged: bool,
    /// A beat of the pulse falls on this packet.
    pub beat: bool,
    /// The pulse waveform, 0 to 127 without unit; devices use 0 to 100.
    pub pleth: u8,
    /// The pulse as a bar, 0 to 15.
    pub bar: u8,
    /// A finger is in the probe.
    pub finger_present: bool,
    /// The device looks for the pulse.
    pub searching: bool,
    /// Pulse rate in beats a minute; `None` while there is none.
    pub pulse_rate_bpm: Option<u8>,
    /// Oxygen saturation in percent; `None` while there is none.
    pub spo2_percent: Option<u8>,
}

/// Finds the packets in a stream of notifications, whatever was lost between them.
#[derive(Clone, Debug, Default)]
pub struct PacketStream {
    /// The beginning of a packet, at most four octets.
    pending: Vec<u8>,
    skipped: u64,
}

impl BerryMedPacket {
    /// A packet of exactly five octets: the first with the synchronization bit, the others without.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(PACKET, octets, PACKET_LENGTH)?;
        let signal = reader.u8("signal")?;
        if signal & SYNCHRONIZATION == 0 {
            return Err(reader.bad_header("the synchronization bit (0x80)", signal));
        }
        let pleth = seven_bits(&mut reader, "pulse waveform")?;
        let bar = seven_bits(&mut reader, "bar")?;
        let pulse_rate_low = seven_bits(&mut reader, "pulse rate")?;
        let saturation = seven_bits(&mut reader, "oxygen saturation")?;
        let pulse_rate = pulse_rate_low | if bar & PULSE_RATE_HIGH == 0 { 0 } else { 1 << 7 };
        Ok(Self {
            signal_strength: signal & LOW_FOUR,
            no_signal: signal & NO_SIGNAL != 0,
            probe_unplugged: signal & PROBE_UNPLUGGED != 0,
            beat: signal & BEAT != 0,
            pleth,
            bar: bar & LOW_FOUR,
            finger_present: bar & NO_FINGER == 0,
            searching: bar & SEARCHING != 0,
            pulse_rate_bpm: (pulse_rate != PULSE_RATE_MISSING).then_some(pulse_rate),
            spo2_percent: (saturation != SATURATION_MISSING).then_some(saturation),
        })
    }

    /// The five octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(PACKET);
        let ranges = [
            ("signal strength", self.signal_strength, LOW_FOUR, "0 to 15"),
            ("pulse waveform", self.pleth, SEVEN_BITS, "0 to 127"),
            ("bar", self.bar, LOW_FOUR, "0 to 15"),
            ("oxygen saturation", self.spo2_percent.unwrap_or(0), SATURATION_MISSING - 1, "0 to 126"),
            ("pulse rate", self.pulse_rate_bpm.unwrap_or(0), PULSE_RATE_MISSING - 1, "0 to 254"),
        ];
        for (field, value, most, range) in ranges {
            if value > most {
                return Err(writer.out_of_range(field, range, value));
            }
        }
        let flag = |raised: bool, flag: u8| if raised { flag } else { 0 };
        let pulse_rate = self.pulse_rate_bpm.unwrap_or(PULSE_RATE_MISSING);
        writer.octets(&[
            SYNCHRONIZATION
                | self.signal_strength
                | flag(self.no_signal, NO_SIGNAL)
                | flag(self.probe_unplugged, PROBE_UNPLUGGED)
                | flag(self.beat, BEAT),
            self.pleth,
            self.bar
                | flag(!self.finger_present, NO_FINGER)
                | flag(self.searching, SEARCHING)
                | flag(pulse_rate > SEVEN_BITS, PULSE_RATE_HIGH),
            pulse_rate & SEVEN_BITS,
            self.spo2_percent.unwrap_or(SATURATION_MISSING),
        ]);
        Ok(writer.finish())
    }
}

impl PacketStream {
    /// A stream before its first notification.
    pub const fn new() -> Self {
        Self { pending: Vec::new(), skipped: 0 }
    }

    /// The packets that this notification completes, oldest first. What belongs to no packet is skipped and counted.
    pub fn push(&mut self, notification: &[u8]) -> Vec<BerryMedPacket> {
        let mut packets = Vec::with_capacity(notification.len() / PACKET_LENGTH + 1);
        for octet in notification {
            if octet & SYNCHRONIZATION != 0 {
                self.skip_pending();
            } else if self.pending.is_empty() {
                self.skipped += 1;
                continue;
            }
            self.pending.push(*octet);
            if self.pending.len() == PACKET_LENGTH {
                packets.extend(BerryMedPacket::decode(&self.pending));
                self.pending.clear();
            }
        }
        packets
    }

    /// Octets that belonged to no whole packet.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    fn skip_pending(&mut self) {
        self.skipped += self.pending.len() as u64;
        self.pending.clear();
    }
}

fn seven_bits(reader: &mut Reader<'_>, field: &'static str) -> Result<u8, DecodeError> {
    let octet = reader.u8(field)?;
    if octet & SYNCHRONIZATION == 0 {
        Ok(octet)
    } else {
        Err(reader.bad_header("an octet without the synchronization bit (0x80)", octet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET_72: [u8; 5] = [0x87, 50, 0x05, 72, 98];

    #[test]
    fn a_packet_carries_a_sample_and_the_values_of_the_moment() {
        let packet = BerryMedPacket::decode(&PACKET_72).unwrap();
        assert_eq!((packet.signal_strength, packet.pleth, packet.bar), (7, 50, 5));
        assert_eq!((packet.pulse_rate_bpm, packet.spo2_percent), (Some(72), Some(98)));
        assert!(packet.finger_present && !packet.beat && !packet.no_signal && !packet.searching);
        assert_eq!(packet.encode().unwrap(), PACKET_72);
    }

    #[test]
    fn the_top_bit_of_the_pulse_rate_stands_in_the_octet_before() {
        assert_eq!(BerryMedPacket::decode(&[0x80, 0, 0x40, 22, 98]).unwrap().pulse_rate_bpm, Some(150));
    }

    #[test]
    fn marks_of_a_missing_value_are_none() {
        let packet = BerryMedPacket::decode(&[0x90, 0, 0x50, 0x7F, 0x7F]).unwrap();
        assert_eq!((packet.pulse_rate_bpm, packet.spo2_percent, packet.finger_present), (None, None, false));
        assert_eq!(BerryMedPacket::decode(&[0x80, 0, 0, 0x7F, 0]).unwrap().pulse_rate_bpm, Some(127));
        assert!(BerryMedPacket { spo2_percent: Some(127), ..packet }.encode().is_err());
        assert!(BerryMedPacket { pulse_rate_bpm: Some(255), ..packet }.encode().is_err());
    }

    #[test]
    fn the_synchronization_bit_stands_in_the_first_octet_alone() {
        for wrong in 0..5 {
            let mut packet = PACKET_72;
            packet[wrong] ^= 0x80;
            let error = BerryMedPacket::decode(&packet).unwrap_err();
            assert!(matches!(error, DecodeError::BadHeader { offset, .. } if offset == wrong), "{error}");
        }
        assert_eq!(BerryMedPacket::decode(&PACKET_72[..4]).unwrap_err().kind(), "length");
    }

    #[test]
    fn packets_are_found_over_the_bounds_of_notifications() {
        let mut stream = PacketStream::new();
        let packet = BerryMedPacket::decode(&PACKET_72).unwrap();
        let octets = [PACKET_72, PACKET_72, PACKET_72].concat();
        let found: Vec<_> = octets.chunks(4).flat_map(|part| stream.push(part)).collect();
        assert_eq!((found.as_slice(), stream.skipped()), (&[packet; 3][..], 0));
    }

    #[test]
    fn a_cut_packet_is_skipped_and_the_next_one_is_found() {
        let mut stream = PacketStream::new();
        assert!(stream.push(&[72, 98, 0x87, 50, 5]).is_empty());
        assert_eq!(stream.push(&PACKET_72).len(), 1);
        assert_eq!(stream.skipped(), 5);
    }
}
