//! The named scenarios. Each shows one thing; `ward` is an ordinary hour with a little of everything.
//! What the acts mean is in `mod.rs`.
use super::{Act, Corruption, DeviceKind, DevicePlan, Scenario, Security, Step, storm};
use std::time::Duration;

pub(super) fn named(name: &str) -> Option<Scenario> {
    let mut scenario =
        Scenario { name: name.to_owned(), seed: 1, devices: everything(), steps: measuring(), utc_offset_minutes: 0 };
    match name {
        "ward" => ward(&mut scenario),
        "calm" => {}
        "distance" => distance(&mut scenario),
        "drops" => drops(&mut scenario),
        "silent" => silent(&mut scenario),
        "skew" => skew(&mut scenario),
        "corrupt" => corrupt(&mut scenario),
        "equal-readings" => equal_readings(&mut scenario),
        "finger-out" => finger_out(&mut scenario),
        "demonstration" => demonstration(&mut scenario),
        "storm" => storm::plan(&mut scenario),
        "pairing" => pairing(&mut scenario),
        _ => return None,
    }
    Some(scenario)
}

/// Four of each that a bed has, two ECG sensors, and one of each that goes from bed to bed.
fn everything() -> Vec<DevicePlan> {
    let count = |kind| match kind {
        DeviceKind::Strap | DeviceKind::Oximeter | DeviceKind::Cuff | DeviceKind::Thermometer => 4,
        DeviceKind::EcgSensor => 2,
        DeviceKind::GlucoseMeter
        | DeviceKind::Scale
        | DeviceKind::SpotOximeter
        | DeviceKind::PlethOximeter
        | DeviceKind::OpticalSensor
        | DeviceKind::HealthSensor => 1,
    };
    DeviceKind::ALL
        .into_iter()
        .flat_map(|kind| (1..=count(kind)).map(move |number| DevicePlan::new(kind, number)))
        .collect()
}

/// Cuffs measure every ten minutes, thermometers every quarter of an hour, the others every half hour, in turn.
fn measuring() -> Vec<Step> {
    let cuff = (1..=4).map(|bed| repeated(5 + 10 * bed, 600, &format!("cuff-{bed}")));
    let thermometer = (1..=4).map(|bed| repeated(10 + 10 * bed, 900, &format!("thermometer-{bed}")));
    let others = [(55, "glucose-1"), (65, "scale-1"), (75, "spot-oximeter-1"), (85, "sensor-1")];
    let others = others.map(|(at_s, device)| repeated(at_s, 1_800, device));
    cuff.chain(thermometer).chain(others).collect()
}

pub(super) fn repeated(at_s: u64, every_s: u64, device: &str) -> Step {
    Step { every: Some(Duration::from_secs(every_s)), ..step(at_s, device, Act::Measure) }
}

pub(super) fn step(at_s: u64, device: &str, act: Act) -> Step {
    Step { at: Duration::from_secs(at_s), every: None, device: Some(device.to_owned()), act }
}

fn plan<'a>(scenario: &'a mut Scenario, id: &str) -> Option<&'a mut DevicePlan> {
    scenario.devices.iter_mut().find(|device| device.id() == id)
}

fn skewed(scenario: &mut Scenario, id: &str, skew_s: i64) {
    if let Some(device) = plan(scenario, id) {
        device.clock.skew_s = skew_s;
    }
}

fn ward(scenario: &mut Scenario) {
    skewed(scenario, "cuff-1", 95);
    skewed(scenario, "thermometer-2", -240);
    skewed(scenario, "oximeter-3", 12);
    scenario.steps.extend([
        step(180, "strap-2", Act::Drop(Duration::from_secs(20))),
        step(240, "oximeter-1", Act::LoseContact),
        step(260, "oximeter-1", Act::RegainContact),
        step(420, "ecg-1", Act::Drop(Duration::from_secs(10))),
    ]);
}

/// One device for each way to pair; the others give their values to everybody.
fn pairing(scenario: &mut Scenario) {
    let ways = [
        ("strap-1", Security::JustWorks),
        ("oximeter-1", Security::ShowsPasskey(482_913)),
        ("cuff-1", Security::ShowsNumber(104_729)),
        ("thermometer-1", Security::TakesPasskey(36_525)),
    ];
    for (device, security) in ways {
        if let Some(device) = plan(scenario, device) {
            device.security = security;
        }
    }
}

/// Somebody walks away with bed 1's devices, out of reach and back; bed 2 stays at the edge.
fn distance(scenario: &mut Scenario) {
    for device in ["strap-1", "oximeter-1"] {
        let walk = [(30, -72), (35, -84), (40, -92), (45, -100), (75, -91), (80, -80), (85, -58)];
        scenario.steps.extend(walk.map(|(at_s, dbm)| step(at_s, device, Act::Signal(dbm))));
    }
    scenario.steps.push(step(20, "strap-2", Act::Signal(-93)));
    scenario.steps.push(step(60, "ecg-1", Act::LeaveReach));
    scenario.steps.push(step(120, "ecg-1", Act::EnterReach));
}

fn drops(scenario: &mut Scenario) {
    let gone = |seconds| Act::Drop(Duration::from_secs(seconds));
    scenario.steps.extend([
        step(20, "strap-1", gone(5)),
        step(60, "strap-1", gone(30)),
        step(30, "ecg-1", gone(8)),
        step(40, "oximeter-1", gone(12)),
        step(90, "oximeter-1", gone(2)),
    ]);
}

fn silent(scenario: &mut Scenario) {
    scenario.steps.extend([
        step(30, "strap-1", Act::Silence),
        step(75, "strap-1", Act::Resume),
        step(40, "oximeter-1", Act::Silence),
        step(50, "ecg-1", Act::Silence),
        step(60, "ecg-1", Act::Resume),
    ]);
}

fn skew(scenario: &mut Scenario) {
    for (id, skew_s) in [
        ("cuff-1", 450),
        ("cuff-2", -3_600),
        ("cuff-3", 86_400 * 365),
        ("oximeter-1", -75),
        ("oximeter-2", 7_200),
        ("thermometer-1", -1_800),
        ("thermometer-3", 40),
        ("ecg-1", -200_000_000),
    ] {
        skewed(scenario, id, skew_s);
    }
    for id in ["thermometer-2", "cuff-4"] {
        if let Some(device) = plan(scenario, id) {
            device.clock.date_known = false;
        }
    }
}

fn corrupt(scenario: &mut Scenario) {
    use Corruption::{ReservedFlags, Trailing, Truncated};
    let streams = ["strap-1", "oximeter-1", "ecg-1"];
    for (at_s, corruption) in [(20, Truncated), (30, Trailing), (40, ReservedFlags)] {
        scenario.steps.extend(streams.map(|device| step(at_s, device, Act::Corrupt(corruption))));
    }
    scenario.steps.extend([
        step(1, "cuff-1", Act::Corrupt(Truncated)),
        step(1, "cuff-2", Act::Corrupt(ReservedFlags)),
        step(1, "thermometer-1", Act::Corrupt(Trailing)),
    ]);
}

fn equal_readings(scenario: &mut Scenario) {
    for id in ["cuff-1", "thermometer-1"] {
        if let Some(device) = plan(scenario, id) {
            device.measures_twice = true;
            device.clock.whole_minutes = true;
        }
    }
}

fn finger_out(scenario: &mut Scenario) {
    scenario.steps.extend([
        step(20, "oximeter-1", Act::LoseContact),
        step(45, "oximeter-1", Act::RegainContact),
        step(30, "strap-1", Act::LoseContact),
        step(50, "strap-1", Act::RegainContact),
    ]);
}

fn demonstration(scenario: &mut Scenario) {
    scenario.steps.extend([
        step(0, "oximeter-1", Act::BeginDemonstration),
        step(20, "oximeter-2", Act::BeginDemonstration),
        step(40, "oximeter-2", Act::EndDemonstration),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_scenario_whose_steps_name_its_devices() {
        for name in Scenario::NAMES {
            let scenario = Scenario::named(name).unwrap();
            let ids: Vec<String> = scenario.devices.iter().map(DevicePlan::id).collect();
            assert!(scenario.steps.iter().flat_map(|step| &step.device).all(|id| ids.contains(id)), "{name}");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_names() {
        let error = Scenario::named("tempest").unwrap_err().to_string();
        assert!(error.starts_with("expected one of the scenarios ward, calm,") && error.ends_with("got \"tempest\""));
    }

    #[test]
    fn every_device_has_a_name_and_serial_of_its_own() {
        let devices = Scenario::named("calm").unwrap().devices;
        let mut serials: Vec<String> = devices.iter().map(DevicePlan::serial).collect();
        serials.sort();
        serials.dedup();
        assert_eq!(serials.len(), 24);
        assert!(devices.iter().any(|device| device.name() == "Chest strap S1"));
        assert!(devices.iter().any(|device| device.name() == "Arm cuff C3" && device.id() == "cuff-3"));
    }
}
