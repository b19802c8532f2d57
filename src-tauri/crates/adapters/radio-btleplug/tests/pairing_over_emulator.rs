//! Pairing, forgetting and several adapters: the radio's Linux side against an emulated BlueZ on a private bus per test.
//! Not here: the real BlueZ's keys, and links (`real_bluez_emulator.rs`).
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests fail the test")]
#![allow(dead_code, reason = "the emulator serves more than one test program")]
mod emulator;

use bedside_console::ports::{
    AdapterLine, AdapterState, BondSource, BondState, Pairing, PairingAnswer, PairingPrompt, PairingQuestion, Passkey,
    PeripheralId, Radio, RadioEvent,
};
use bedside_radio_btleplug::{BtleplugRadio, Deadlines};
use bedside_session::{PairingFault, RadioFault};
use emulator::private_bus::{BusPlace, with_own_bus};
use emulator::rig::{CUFF, NAMELESS, PROTECTED, Rig, STRAP, devices, id};
use emulator::{Emulator, Pairs};
use std::time::Duration;

macro_rules! test_on_own_bus {
    ($(async fn $name:ident($place:ident) $body:block)+) => {
        $(#[test] fn $name() { with_own_bus(stringify!($name), async |$place: BusPlace| $body); })+
    };
}

/// Pairs and gives each question the answer that `answers` has for it.
async fn pair_answering(
    rig: &mut Rig,
    device: &PeripheralId,
    answers: impl Fn(PairingQuestion) -> Option<PairingAnswer>,
) -> (Result<(), RadioFault>, Vec<PairingQuestion>) {
    let Rig { radio, events, bluez, .. } = rig;
    let mut pairing = radio.pair(device);
    let mut asked = Vec::new();
    loop {
        let event = tokio::select! {
            biased;
            result = &mut pairing => return (result, asked),
            event = events.recv() => event.expect("the radio lives"),
        };
        if let RadioEvent::PairingPrompt(PairingPrompt { id, peripheral, question, .. }) = event {
            assert_eq!(&peripheral, device);
            asked.push(question);
            if let Some(answer) = answers(question) {
                radio.answer_pairing(id, answer).await.expect("the question is open");
            }
            if matches!(question, PairingQuestion::ShowPasskey(_)) {
                bluez.world().agents.typed.notify_waiters();
            }
        }
    }
}

/// Pairs the strap and says no when its digits are on show.
async fn pair_calling_off(rig: &mut Rig) -> Result<(), RadioFault> {
    rig.bluez.world().agents.typed = Default::default();
    let Rig { radio, events, .. } = rig;
    let strap = id(STRAP);
    let mut pairing = radio.pair(&strap);
    loop {
        tokio::select! {
            result = &mut pairing => return result,
            event = events.recv() => {
                if let Some(RadioEvent::PairingPrompt(PairingPrompt { id, question, .. })) = event {
                    let bond = question == PairingQuestion::MayBond;
                    let answer = if bond { PairingAnswer::Accept } else { PairingAnswer::Reject };
                    radio.answer_pairing(id, answer).await.expect("the question is open");
                }
            }
        }
    }
}

fn yes(_: PairingQuestion) -> Option<PairingAnswer> {
    Some(PairingAnswer::Accept)
}

/// Yes to the bond, and these digits.
fn typing(number: u32) -> impl Fn(PairingQuestion) -> Option<PairingAnswer> {
    move |question| {
        let digits = || Passkey::new(number).map(PairingAnswer::Passkey);
        if question == PairingQuestion::EnterPasskey { digits() } else { Some(PairingAnswer::Accept) }
    }
}

fn digits(number: u32) -> Passkey {
    Passkey::new(number).expect("six digits")
}

async fn bond_of(rig: &Rig, device: &str) -> BondState {
    let bond = rig.radio.bond(&id(device)).await.expect("BlueZ tells");
    assert_eq!(bond.source, BondSource::BlueZ);
    bond.state
}

async fn ready(place: &BusPlace) -> Rig {
    let rig = Rig::start(place).await;
    rig.hear_devices().await;
    rig
}

async fn with_cuff(rig: &Rig) {
    rig.radio.connect(&id(CUFF)).await.expect("connects");
    rig.radio.discover(&id(CUFF)).await.expect("shows its services");
}

test_on_own_bus! {
    async fn a_device_without_display_is_bonded_after_one_yes(place) {
        let mut rig = ready(&place).await;
        assert_eq!(bond_of(&rig, STRAP).await, BondState::NotBonded);
        let paired = pair_answering(&mut rig, &id(STRAP), yes).await;
        assert_eq!(paired, (Ok(()), vec![PairingQuestion::MayBond]));
        assert_eq!(bond_of(&rig, STRAP).await, BondState::Bonded);
        let again = pair_answering(&mut rig, &id(STRAP), yes).await;
        assert_eq!(again, (Ok(()), vec![]), "a bond that is there is asked nothing");
    }

    async fn without_a_yes_nothing_is_sent_to_the_device(place) {
        let mut rig = ready(&place).await;
        let (result, _) = pair_answering(&mut rig, &id(STRAP), |_| Some(PairingAnswer::Reject)).await;
        assert_eq!(result, Err(PairingFault::Declined.into()));
        assert_eq!(rig.bluez.world().agents.registered, 0);
        assert_eq!(bond_of(&rig, STRAP).await, BondState::NotBonded);
    }

    async fn the_right_passkey_pairs_and_the_protected_value_can_be_read(place) {
        let mut rig = ready(&place).await;
        let paired = pair_answering(&mut rig, &id(CUFF), typing(482_913)).await;
        assert_eq!(paired, (Ok(()), vec![PairingQuestion::MayBond, PairingQuestion::EnterPasskey]));
        with_cuff(&rig).await;
        assert_eq!(rig.radio.read(&id(CUFF), PROTECTED).await, Ok(vec![0x42]));
    }

    async fn a_wrong_passkey_fails_and_the_right_one_afterwards_pairs(place) {
        let mut rig = ready(&place).await;
        let (wrong, _) = pair_answering(&mut rig, &id(CUFF), typing(111_111)).await;
        assert_eq!(wrong, Err(PairingFault::Failed.into()));
        assert_eq!(bond_of(&rig, CUFF).await, BondState::NotBonded);
        let (right, _) = pair_answering(&mut rig, &id(CUFF), typing(482_913)).await;
        assert_eq!(right, Ok(()));
    }

    async fn a_number_that_differs_is_refused_and_one_that_agrees_pairs(place) {
        let mut rig = ready(&place).await;
        let compare = PairingQuestion::CompareNumbers(digits(104_729));
        let refusing = move |question| {
            Some(if question == compare { PairingAnswer::Reject } else { PairingAnswer::Accept })
        };
        let refused = pair_answering(&mut rig, &id(NAMELESS), refusing).await;
        assert_eq!(refused, (Err(PairingFault::Declined.into()), vec![PairingQuestion::MayBond, compare]));
        assert_eq!(bond_of(&rig, NAMELESS).await, BondState::NotBonded);
        assert_eq!(pair_answering(&mut rig, &id(NAMELESS), yes).await.0, Ok(()));
    }

    async fn digits_to_be_typed_on_the_device_are_shown_once(place) {
        let mut rig = Rig::with_devices(&place, Deadlines::default(), taking_a_passkey()).await;
        rig.hear_devices().await;
        let shown = PairingQuestion::ShowPasskey(digits(36_525));
        // Nobody has to answer here: the digits are typed there.
        let only_the_bond = |question| (question == PairingQuestion::MayBond).then_some(PairingAnswer::Accept);
        let paired = pair_answering(&mut rig, &id(STRAP), only_the_bond).await;
        assert_eq!(paired, (Ok(()), vec![PairingQuestion::MayBond, shown]));
    }

    async fn digits_on_show_can_be_called_off(place) {
        let mut rig = Rig::with_devices(&place, Deadlines::default(), taking_a_passkey()).await;
        rig.hear_devices().await;
        assert_eq!(pair_calling_off(&mut rig).await, Err(PairingFault::Declined.into()));
        assert_eq!(bond_of(&rig, STRAP).await, BondState::NotBonded);
    }

    async fn a_no_that_races_the_end_of_a_pairing_leaves_no_bond(place) {
        let mut rig = Rig::with_devices(&place, Deadlines::default(), taking_a_passkey()).await;
        rig.hear_devices().await;
        rig.bluez.world().agents.calls_off_too_late = true;
        assert_eq!(pair_calling_off(&mut rig).await, Err(PairingFault::Declined.into()));
        assert_eq!(bond_of(&rig, STRAP).await, BondState::NotBonded);
    }

    async fn nobody_at_the_screen_means_no(place) {
        let answering_within = |answer| Deadlines { answer, ..Deadlines::default() };
        let mut rig = Rig::with_deadlines(&place, answering_within(Duration::from_millis(150))).await;
        rig.hear_devices().await;
        let (result, _) = pair_answering(&mut rig, &id(CUFF), |_| None).await;
        assert_eq!(result, Err(PairingFault::Unanswered.into()));
        // Here the first question is answered, in time on a slow computer, too.
        rig.radio = BtleplugRadio::with_deadlines(answering_within(Duration::from_secs(3)));
        rig.events = rig.radio.take_events().expect("taken once");
        let only_the_bond = |question| (question == PairingQuestion::MayBond).then_some(PairingAnswer::Accept);
        let (result, asked) = pair_answering(&mut rig, &id(CUFF), only_the_bond).await;
        assert_eq!(result, Err(PairingFault::Unanswered.into()));
        assert_eq!(asked.len(), 2);
        assert_eq!(bond_of(&rig, CUFF).await, BondState::NotBonded);
    }

    async fn a_protected_value_asks_for_pairing_at_once_instead_of_hanging(place) {
        let mut rig = ready(&place).await;
        with_cuff(&rig).await;
        // The emulated BlueZ never answers this read, as the real one.
        assert_eq!(rig.radio.read(&id(CUFF), PROTECTED).await, Err(RadioFault::PairingNeeded));
        let (paired, _) = pair_answering(&mut rig, &id(CUFF), typing(482_913)).await;
        assert_eq!(paired, Ok(()));
        assert_eq!(rig.radio.read(&id(CUFF), PROTECTED).await, Ok(vec![0x42]));
    }

    async fn a_bond_that_the_device_forgot_is_told_and_mended_by_forgetting_and_pairing(place) {
        let mut rig = ready(&place).await;
        assert_eq!(pair_answering(&mut rig, &id(CUFF), typing(482_913)).await.0, Ok(()));
        rig.bluez.world().bonded_there.clear();
        with_cuff(&rig).await;
        let disagree = Err(RadioFault::Pairing(PairingFault::BondsDisagree));
        assert_eq!(rig.radio.read(&id(CUFF), PROTECTED).await, disagree);
        assert_eq!(rig.radio.forget(&id(CUFF)).await, Ok(()));
        assert_eq!(bond_of(&rig, CUFF).await, BondState::NotBonded);
        rig.hear_devices().await;
        assert_eq!(pair_answering(&mut rig, &id(CUFF), typing(482_913)).await.0, Ok(()));
        with_cuff(&rig).await;
        assert_eq!(rig.radio.read(&id(CUFF), PROTECTED).await, Ok(vec![0x42]));
    }

    async fn forgetting_a_device_without_a_bond_is_no_fault(place) {
        let rig = ready(&place).await;
        assert_eq!(rig.radio.forget(&id(CUFF)).await, Ok(()));
        assert_eq!(rig.radio.forget(&id(CUFF)).await, Ok(()));
    }

    async fn the_agent_is_there_while_a_link_is_and_never_asks_to_be_the_default_one(place) {
        let mut rig = ready(&place).await;
        assert_eq!(rig.bluez.world().agents.known.len(), 0);
        rig.connect().await;
        assert_eq!(rig.bluez.world().agents.known.len(), 1);
        with_cuff(&rig).await;
        assert_eq!(rig.bluez.world().agents.registered, 1, "one agent serves every link");
        rig.radio.disconnect(&id(STRAP)).await.expect("disconnects");
        assert_eq!(rig.bluez.world().agents.known.len(), 1);
        rig.radio.disconnect(&id(CUFF)).await.expect("disconnects");
        while !rig.bluez.world().agents.known.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(rig.bluez.world().agents.asked_to_be_default, 0);
    }

    async fn after_a_restart_of_the_bluetooth_service_the_next_link_brings_the_agent_back(place) {
        let mut rig = ready(&place).await;
        rig.connect().await;
        // It restarts without a word, while the first link's lease is held.
        rig.bluez.world().agents.known.clear();
        with_cuff(&rig).await;
        assert_eq!(rig.bluez.world().agents.known.len(), 1);
    }

    async fn an_agent_that_was_let_go_is_registered_anew_and_taken_back_by_the_last_link(place) {
        let mut rig = ready(&place).await;
        rig.connect().await;
        rig.bluez.release_agents().await;
        with_cuff(&rig).await;
        assert_eq!(rig.bluez.world().agents.known.len(), 1);
        rig.radio.disconnect(&id(STRAP)).await.expect("disconnects");
        rig.radio.disconnect(&id(CUFF)).await.expect("disconnects");
        while !rig.bluez.world().agents.known.is_empty() {
            tokio::task::yield_now().await;
        }
    }

    async fn a_device_that_wants_a_bond_while_it_is_connected_is_not_left_connected(place) {
        let mut rig = ready(&place).await;
        rig.bluez.world().bond_on_connect.insert(CUFF.into());
        assert_eq!(rig.radio.connect(&id(CUFF)).await, Err(RadioFault::PairingNeeded));
        assert!(!rig.bluez.world().connected.contains(CUFF));
        let (paired, _) = pair_answering(&mut rig, &id(CUFF), typing(482_913)).await;
        assert_eq!(paired, Ok(()));
        with_cuff(&rig).await;
        assert_eq!(rig.radio.read(&id(CUFF), PROTECTED).await, Ok(vec![0x42]));
    }

    async fn a_bond_that_only_this_end_keeps_leaves_no_link_either(place) {
        let mut rig = ready(&place).await;
        assert_eq!(pair_answering(&mut rig, &id(CUFF), typing(482_913)).await.0, Ok(()));
        rig.bluez.world().bonded_there.clear();
        rig.bluez.world().bond_on_connect.insert(CUFF.into());
        let disagree = Err(RadioFault::Pairing(PairingFault::BondsDisagree));
        assert_eq!(rig.radio.connect(&id(CUFF)).await, disagree);
        assert!(!rig.bluez.world().connected.contains(CUFF));
    }

    async fn looking_for_an_adapter_again_and_again_leaves_nothing_behind_on_the_bus(place) {
        let rig = Rig::start(&place).await;
        rig.bluez.unplug_adapter().await.expect("is pulled out");
        assert_eq!(rig.radio.adapter_state().await, Ok(AdapterState::Missing));
        let before = rig.bluez.on_the_bus().await.expect("the bus answers");
        for _ in 0..20 {
            assert_eq!(rig.radio.adapter_state().await, Ok(AdapterState::Missing));
        }
        assert_eq!(rig.bluez.on_the_bus().await.expect("the bus answers"), before);
        rig.bluez.clone().leave().await.expect("leaves");
        for _ in 0..20 {
            assert_eq!(rig.radio.adapter_state().await, Ok(AdapterState::Missing), "no Bluetooth service");
        }
        assert_eq!(rig.bluez.on_the_bus().await.expect("the bus answers"), before);
    }

    async fn a_bus_that_was_lost_and_came_back_is_used_again(place) {
        let deadlines = Deadlines { watch: Duration::from_millis(50), other: Duration::from_secs(2), ..Deadlines::default() };
        let mut rig = Rig::with_deadlines(&place, deadlines).await;
        rig.hear_devices().await;
        drop(rig.bus.take());
        rig.wait_for(|event| *event == RadioEvent::Adapter(AdapterState::Missing)).await;
        rig.bus = Some(place.start_bus());
        rig.bluez = Emulator::start(&place.address(), devices()).await.expect("comes back");
        assert_eq!(rig.radio.adapter_state().await, Ok(AdapterState::On));
        rig.hear_devices().await;
        rig.connect().await;
    }

    async fn an_adapter_that_is_off_does_not_pair_and_stays_off(place) {
        let rig = ready(&place).await;
        rig.bluez.switch_adapter(false).await.expect("switches");
        assert_eq!(rig.radio.pair(&id(STRAP)).await, Err(RadioFault::AdapterOff));
        assert!(!rig.bluez.world().powered);
    }

    async fn of_two_adapters_the_one_that_is_on_is_used_and_both_are_told(place) {
        let _bus = place.start_bus();
        let bluez = Emulator::start(&place.address(), devices()).await.expect("the emulator starts");
        bluez.switch_adapter(false).await.expect("switches");
        bluez.plug_second_adapter().await.expect("is plugged in");
        let radio = BtleplugRadio::start();
        assert_eq!(radio.adapter_state().await, Ok(AdapterState::On));
        let line = |name: &str, state, in_use| AdapterLine { name: name.into(), state, in_use };
        let expected = [line("hci0", AdapterState::Off, false), line("hci1", AdapterState::On, true)];
        assert_eq!(radio.diagnosis().await.adapters, expected);
        assert!(!bluez.world().powered, "the other one stays off");
    }

    async fn an_adapter_pulled_out_in_mid_session_is_told_as_such(place) {
        let deadlines = Deadlines { watch: Duration::from_millis(50), ..Deadlines::default() };
        let mut rig = Rig::with_deadlines(&place, deadlines).await;
        rig.hear_devices().await;
        rig.connect().await;
        rig.bluez.unplug_adapter().await.expect("is pulled out");
        rig.wait_for(|event| *event == RadioEvent::Adapter(AdapterState::Unplugged)).await;
        assert_eq!(rig.radio.adapter_state().await, Ok(AdapterState::Unplugged));
        assert_eq!(rig.radio.scan(true).await, Err(RadioFault::NoAdapter));
        assert_eq!(rig.radio.diagnosis().await.adapters, []);
    }

    async fn after_an_adapter_was_pulled_out_another_one_is_used(place) {
        let deadlines = Deadlines { watch: Duration::from_millis(50), ..Deadlines::default() };
        let mut rig = Rig::with_deadlines(&place, deadlines).await;
        rig.bluez.plug_second_adapter().await.expect("is plugged in");
        rig.hear_devices().await;
        rig.connect().await;
        rig.bluez.unplug_adapter().await.expect("is pulled out");
        rig.wait_for(|event| *event == RadioEvent::Adapter(AdapterState::Unplugged)).await;
        assert_eq!(rig.radio.adapter_state().await, Ok(AdapterState::On));
        assert_eq!(rig.radio.scan(true).await, Ok(()));
        let in_use = rig.radio.diagnosis().await.adapters;
        assert_eq!(in_use, [AdapterLine { name: "hci1".into(), state: AdapterState::On, in_use: true }]);
    }
}

fn taking_a_passkey() -> Vec<emulator::DeviceSpec> {
    let mut devices = devices();
    devices[0].pairs = Pairs::TakesPasskey(36_525);
    devices
}
