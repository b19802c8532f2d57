//! Two packets of one body composition measurement become one, or stay two when they contradict each other.
//! No clock: who waits how long for a second packet is the session's decision.
use super::{BodyCompositionMeasurement, ScaleResult};

/// Holds the first packet of a measurement until its second one comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BodyCompositionJoin {
    first: Option<BodyCompositionMeasurement>,
}

/// What a packet brought about. Each packet leaves the joiner exactly once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// A first packet that stayed alone: its measurement is incomplete.
    pub alone: Option<BodyCompositionMeasurement>,
    /// A whole measurement.
    pub whole: Option<BodyCompositionMeasurement>,
}

impl BodyCompositionJoin {
    /// Takes a packet. Without the multiple-packet flag it is whole by itself. With it, it completes the one that
    /// waits where the two do not contradict each other, and waits for its second otherwise.
    pub fn take(&mut self, packet: BodyCompositionMeasurement) -> Joined {
        let first = self.first.take();
        if !packet.multiple_packet {
            return Joined { alone: first, whole: Some(packet) };
        }
        match first.and_then(|first| first.joined_with(&packet)) {
            Some(whole) => Joined { alone: None, whole: Some(whole) },
            None => {
                self.first = Some(packet);
                Joined { alone: first, whole: None }
            }
        }
    }

    /// Ends the waiting, for example with the connection: the packet that waited stays alone.
    pub fn finish(&mut self) -> Option<BodyCompositionMeasurement> {
        self.first.take()
    }
}

impl BodyCompositionMeasurement {
    /// This packet and its second as one; `None` where a field is in both with two values, where the units differ,
    /// and where the second one carries a time, which only a first one does.
    fn joined_with(&self, second: &Self) -> Option<Self> {
        if self.units != second.units || second.timestamp.is_some() {
            return None;
        }
        Some(Self {
            units: self.units,
            body_fat_percent: match (self.body_fat_percent, second.body_fat_percent) {
                (ScaleResult::Unsuccessful, other) | (other, ScaleResult::Unsuccessful) => other,
                (first, second) => (first == second).then_some(first)?,
            },
            timestamp: self.timestamp,
            user: either(self.user, second.user)?,
            basal_metabolism_kj: either(self.basal_metabolism_kj, second.basal_metabolism_kj)?,
            muscle_percent: either(self.muscle_percent, second.muscle_percent)?,
            muscle_mass: either(self.muscle_mass, second.muscle_mass)?,
            fat_free_mass: either(self.fat_free_mass, second.fat_free_mass)?,
            soft_lean_mass: either(self.soft_lean_mass, second.soft_lean_mass)?,
            body_water_mass: either(self.body_water_mass, second.body_water_mass)?,
            impedance_ohm: either(self.impedance_ohm, second.impedance_ohm)?,
            weight: either(self.weight, second.weight)?,
            height: either(self.height, second.height)?,
            multiple_packet: true,
        })
    }
}

/// The field that one of two packets has; `None` where both have it and differ.
#[expect(clippy::option_option, reason = "the outer one is the contradiction, the inner one the absent field")]
fn either<T: PartialEq>(first: Option<T>, second: Option<T>) -> Option<Option<T>> {
    match (first, second) {
        (Some(first), Some(second)) if first != second => None,
        (Some(field), _) | (None, Some(field)) => Some(Some(field)),
        (None, None) => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale_units::ScaleUnits;
    use crate::user_data::User;
    use bedside_vitals::{Decimal, DeviceTime};

    fn packet(multiple_packet: bool) -> BodyCompositionMeasurement {
        let fat = ScaleResult::Measured(Decimal::new(235, -1));
        BodyCompositionMeasurement {
            multiple_packet,
            ..BodyCompositionMeasurement::of_body_fat(ScaleUnits::Metric, fat)
        }
    }

    fn first() -> BodyCompositionMeasurement {
        let time = DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 14, minute: 5, second: 59 };
        let (timestamp, user) = (Some(time), Some(User::Slot(1)));
        BodyCompositionMeasurement { timestamp, user, basal_metabolism_kj: Some(5000), ..packet(true) }
    }

    fn second() -> BodyCompositionMeasurement {
        BodyCompositionMeasurement { weight: Some(Decimal::whole(70)), ..packet(true) }
    }

    #[test]
    fn two_packets_make_one_measurement() {
        let mut join = BodyCompositionJoin::default();
        assert_eq!(join.take(first()), Joined::default());
        let whole = BodyCompositionMeasurement { weight: second().weight, ..first() };
        assert_eq!(join.take(second()), Joined { alone: None, whole: Some(whole) });
        assert_eq!(join.finish(), None);
    }

    #[test]
    fn a_packet_without_the_flag_is_whole_at_once() {
        let mut join = BodyCompositionJoin::default();
        assert_eq!(join.take(packet(false)), Joined { alone: None, whole: Some(packet(false)) });
    }

    #[test]
    fn a_first_packet_without_its_second_is_handed_out_alone() {
        let mut join = BodyCompositionJoin::default();
        join.take(first());
        assert_eq!(join.take(first()), Joined { alone: Some(first()), whole: None }, "a time begins another one");
        assert_eq!(join.take(packet(false)), Joined { alone: Some(first()), whole: Some(packet(false)) });
        join.take(first());
        assert_eq!(join.finish(), Some(first()));
    }

    #[test]
    fn packets_that_contradict_each_other_are_not_joined() {
        let fat = ScaleResult::Measured(Decimal::new(236, -1));
        for other in [
            BodyCompositionMeasurement { units: ScaleUnits::Imperial, ..second() },
            BodyCompositionMeasurement { user: Some(User::Slot(2)), ..second() },
            BodyCompositionMeasurement { basal_metabolism_kj: Some(1), ..second() },
            BodyCompositionMeasurement { body_fat_percent: fat, ..second() },
        ] {
            let mut join = BodyCompositionJoin::default();
            join.take(first());
            assert_eq!(join.take(other), Joined { alone: Some(first()), whole: None }, "{other:?}");
            assert_eq!(join.finish(), Some(other));
        }
    }

    #[test]
    fn body_fat_may_stand_in_either_packet() {
        let mut join = BodyCompositionJoin::default();
        join.take(first());
        let other = BodyCompositionMeasurement { body_fat_percent: ScaleResult::Unsuccessful, ..second() };
        assert_eq!(join.take(other).whole.unwrap().body_fat_percent, first().body_fat_percent);
    }
}
