//! The storm: thirty devices whose links drop again and again for five minutes.
//! When each drops is decided by its name alone; the seed decides the rest, as everywhere.
use super::catalogue::{repeated, step};
use super::{Act, DeviceKind, DevicePlan, Scenario};
use crate::random::Random;
use std::time::Duration;

/// How long links drop.
const LASTS_S: i64 = 300;
/// From a return to the next drop.
const IN_REACH_S: (i64, i64) = (5, 60);
/// How long a device is away.
const AWAY_S: (i64, i64) = (1, 4);

const DEVICES: [(DeviceKind, u8); 11] = [
    (DeviceKind::Strap, 7),
    (DeviceKind::EcgSensor, 2),
    (DeviceKind::Oximeter, 7),
    (DeviceKind::PlethOximeter, 2),
    (DeviceKind::OpticalSensor, 1),
    (DeviceKind::Cuff, 4),
    (DeviceKind::Thermometer, 2),
    (DeviceKind::GlucoseMeter, 2),
    (DeviceKind::Scale, 1),
    (DeviceKind::SpotOximeter, 1),
    (DeviceKind::HealthSensor, 1),
];

pub(super) fn plan(scenario: &mut Scenario) {
    let plans =
        DEVICES.into_iter().flat_map(|(kind, most)| (1..=most).map(move |number| DevicePlan::new(kind, number)));
    scenario.devices = plans.collect();
    scenario.steps.clear();
    for (place, device) in scenario.devices.iter().enumerate() {
        let id = device.id();
        let mut random = Random::new(0, &id, "storm");
        let mut at = random.between(IN_REACH_S.0, IN_REACH_S.1);
        while at < LASTS_S {
            let away = random.between(AWAY_S.0, AWAY_S.1);
            scenario.steps.push(step(at.unsigned_abs(), &id, Act::Drop(Duration::from_secs(away.unsigned_abs()))));
            at += away + random.between(IN_REACH_S.0, IN_REACH_S.1);
        }
        let measures = match device.kind {
            DeviceKind::Strap
            | DeviceKind::EcgSensor
            | DeviceKind::Oximeter
            | DeviceKind::PlethOximeter
            | DeviceKind::OpticalSensor => None,
            DeviceKind::Cuff
            | DeviceKind::Thermometer
            | DeviceKind::GlucoseMeter
            | DeviceKind::Scale
            | DeviceKind::SpotOximeter
            | DeviceKind::HealthSensor => Some(75),
        };
        scenario.steps.extend(measures.map(|every| repeated(3 + place as u64, every, &id)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_devices_drop_every_5_to_60_s_for_five_minutes() {
        let storm = Scenario::named("storm").unwrap();
        assert_eq!(storm.devices.len(), 30);
        for device in &storm.devices {
            let id = device.id();
            let drops: Vec<_> = storm.steps.iter().filter(|step| step.device.as_ref() == Some(&id)).collect();
            let times: Vec<u64> =
                drops.iter().filter_map(|step| matches!(step.act, Act::Drop(_)).then_some(step.at.as_secs())).collect();
            assert!(times.windows(2).all(|pair| (5..=64).contains(&(pair[1] - pair[0]))), "{id}: {times:?}");
            assert!(times.last().is_some_and(|last| (236..300).contains(last)), "{id}: {times:?}");
        }
    }
}
