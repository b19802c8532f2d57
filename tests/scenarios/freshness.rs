//! Numbers that cannot lie (product law 1): what stops becomes stale, then lost, from every state.
//! The limits themselves are tested in `vitals`; here the whole way from the radio to the snapshot.
use crate::harness::*;
use bedside_console::Advisory;
use bedside_console::ports::AdapterState;
use bedside_vitals::{Freshness, Parameter};
use std::time::Duration;

const STEP: Duration = Duration::from_millis(500);

async fn live_strap() -> (Laptop, Bedside) {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.bind("strap-1", &patient).await;
    wait_for(&bedside, Freshness::Live).await;
    (laptop, bedside)
}

/// Waits until the heart rate is in a state; how long that took.
async fn wait_for(bedside: &Bedside, wanted: Freshness) -> Duration {
    for steps in 0..400 {
        if bedside.latest().bedside.is_some() && bedside.tile(Parameter::HeartRate).freshness == wanted {
            return STEP * steps;
        }
        bedside.pass(STEP).await;
    }
    panic!("the heart rate did not become {wanted:?} within 200 s");
}

#[tokio::test(start_paused = true)]
async fn before_the_first_value_the_tile_says_never() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.ward.silence("strap-1").unwrap();
    bedside.bind("strap-1", &patient).await;
    bedside.pass(STEP).await;
    let tile = bedside.tile(Parameter::HeartRate);
    assert_eq!((tile.freshness, tile.last), (Freshness::Never, None));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_stops_is_noticed_within_its_limits_however_it_stops() {
    for way in ["out of reach", "silent", "link dropped and device off", "adapter off"] {
        let (_laptop, bedside) = live_strap().await;
        match way {
            "out of reach" => bedside.ward.set_out_of_reach("strap-1", true).unwrap(),
            "silent" => bedside.ward.silence("strap-1").unwrap(),
            "adapter off" => bedside.ward.set_adapter(AdapterState::Off),
            _ => {
                bedside.ward.drop_link("strap-1").unwrap();
                bedside.ward.set_out_of_reach("strap-1", true).unwrap();
            }
        }
        let mut states = vec![(Duration::ZERO, bedside.tile(Parameter::HeartRate).freshness)];
        for step in 1..140 {
            bedside.pass(STEP).await;
            let state = bedside.tile(Parameter::HeartRate).freshness;
            if states.last().unwrap().1 != state {
                states.push((STEP * step, state));
            }
        }
        let order: Vec<Freshness> = states.iter().map(|(_, state)| *state).collect();
        assert_eq!(order, [Freshness::Live, Freshness::Recent, Freshness::Stale, Freshness::Lost], "{way}");
        let slack = Duration::from_secs(2);
        for ((at, state), limit) in states[1..].iter().zip([5, 15, 60]) {
            assert!(*at <= Duration::from_secs(limit) + slack, "{way}: {state:?} only after {at:?}");
        }
        assert_eq!(bedside.tile(Parameter::HeartRate).advisory, Some(Advisory::NoData), "{way}");
        bedside.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn from_every_state_a_value_that_comes_again_is_live_again() {
    for state in [Freshness::Recent, Freshness::Stale, Freshness::Lost] {
        let (_laptop, bedside) = live_strap().await;
        bedside.ward.set_out_of_reach("strap-1", true).unwrap();
        wait_for(&bedside, state).await;
        bedside.ward.set_out_of_reach("strap-1", false).unwrap();
        wait_for(&bedside, Freshness::Live).await;
        bedside.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_sleep_nothing_is_live_until_a_new_sample() {
    let (_laptop, bedside) = live_strap().await;
    bedside.ward.silence("strap-1").unwrap();
    bedside.machine.sleep(Duration::from_secs(7));
    bedside.pass(STEP).await;
    let tile = bedside.tile(Parameter::HeartRate);
    assert_eq!(tile.freshness, Freshness::Stale, "seven seconds would be recent, but the computer slept");
    bedside.ward.resume("strap-1").unwrap();
    wait_for(&bedside, Freshness::Live).await;
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_jumps_makes_no_value_newer() {
    let (_laptop, bedside) = live_strap().await;
    for jump_ms in [3_600_000, -7_200_000] {
        bedside.ward.silence("strap-1").unwrap();
        bedside.machine.jump_wall(jump_ms);
        bedside.pass(STEP).await;
        assert!(bedside.tile(Parameter::HeartRate).freshness >= Freshness::Stale, "{jump_ms} ms");
        bedside.ward.resume("strap-1").unwrap();
        wait_for(&bedside, Freshness::Live).await;
    }
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn snapshots_come_at_least_every_half_second_and_name_how_long_they_are_good() {
    let (_laptop, bedside) = live_strap().await;
    let before = bedside.display.snapshots.lock().unwrap().len();
    bedside.pass(Duration::from_secs(10)).await;
    let snapshots = bedside.display.snapshots.lock().unwrap();
    for pair in snapshots[before..].windows(2) {
        let apart = pair[1].taken_boot.since(pair[0].taken_boot);
        assert!(apart <= Duration::from_millis(500), "{apart:?} between two snapshots");
        assert!(apart < pair[0].valid_for);
    }
    assert!(snapshots.len() - before >= 20);
}
