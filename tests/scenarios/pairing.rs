//! Pairing through the whole console: a person is asked, and no device is bonded or charted without an answer.
//! Not here: the real system's bonds (`radio-btleplug`'s own tests).
use crate::harness::*;
use crate::staged_radio::Hand;
use bedside_console::ports::{BondState, PairingAnswer, PairingQuestion, Passkey, PeripheralId, RadioEvent};
use bedside_console::{PairingAsked, RequestError};
use bedside_session::{PairingFault, RadioFault};
use bedside_vitals::{Parameter, Patient};
use std::time::Duration;

impl Bedside {
    /// The question that is open, as soon as there is one.
    async fn question(&self) -> PairingAsked {
        for _ in 0..600 {
            if let Some(asked) = self.latest().pairing.first() {
                return asked.clone();
            }
            self.pass(Duration::from_millis(100)).await;
        }
        panic!("nothing was asked within a minute");
    }

    async fn answer(&self, question: PairingQuestion, answer: PairingAnswer) {
        let asked = self.question().await;
        assert_eq!(asked.question, question);
        self.console.answer_pairing(asked.prompt, answer).await.unwrap();
        self.pass(Duration::from_millis(200)).await;
    }

    /// The strap or oximeter of the open patient: its fault, and whether it is bonded.
    fn state_of(&self, device: &str) -> (Option<&'static str>, Option<BondState>) {
        let snapshot = self.latest();
        let devices = &snapshot.bedside.as_ref().expect("a patient is open").devices;
        let device = devices.iter().find(|d| d.peripheral.0 == format!("sim:{device}")).expect("it is bound");
        (device.fault, device.bond.map(|bond| bond.state))
    }

    /// How many values were recorded.
    fn values(&self, parameter: Parameter) -> usize {
        let recorded = self.display.recorded.lock().unwrap();
        recorded.iter().filter(|recorded| recorded.measurement.parameter == parameter).count()
    }
}

const SHOWN: u32 = 482_913;

fn typed(number: u32) -> PairingAnswer {
    PairingAnswer::Passkey(Passkey::new(number).unwrap())
}

async fn with_bound(laptop: &Laptop, device: &str) -> (Bedside, Patient) {
    let bedside = laptop.start("pairing", Options::default()).await;
    let rosa = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(rosa.id)).await.unwrap();
    bedside.bind(device, &rosa).await;
    (bedside, rosa)
}

#[tokio::test(start_paused = true)]
async fn a_device_that_wants_a_bond_is_charted_after_a_persons_yes_and_not_before() {
    let laptop = Laptop::new();
    let (bedside, _) = with_bound(&laptop, "strap-1").await;
    let asked = bedside.question().await;
    assert_eq!((asked.question, asked.name.as_deref()), (PairingQuestion::MayBond, Some("Chest strap S1")));
    bedside.pass(Duration::from_secs(20)).await;
    assert_eq!(bedside.values(Parameter::HeartRate), 0);
    bedside.answer(PairingQuestion::MayBond, PairingAnswer::Accept).await;
    bedside.pass(Duration::from_secs(20)).await;
    assert!(bedside.values(Parameter::HeartRate) > 0);
    assert_eq!(bedside.state_of("strap-1"), (None, Some(BondState::Bonded)));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_passkey_is_told_and_the_right_one_pairs_when_a_person_asks_again() {
    let laptop = Laptop::new();
    let (bedside, _) = with_bound(&laptop, "oximeter-1").await;
    bedside.answer(PairingQuestion::MayBond, PairingAnswer::Accept).await;
    bedside.answer(PairingQuestion::EnterPasskey, typed(SHOWN + 1)).await;
    assert_eq!(bedside.state_of("oximeter-1").0, Some("PAIRING-FAILED"));
    let console = bedside.console.clone();
    let pairing = tokio::spawn(async move { console.pair(PeripheralId("sim:oximeter-1".into())).await });
    bedside.answer(PairingQuestion::MayBond, PairingAnswer::Accept).await;
    bedside.answer(PairingQuestion::EnterPasskey, typed(SHOWN)).await;
    assert_eq!(pairing.await.unwrap(), Ok(()));
    bedside.pass(Duration::from_secs(20)).await;
    assert!(bedside.values(Parameter::OxygenSaturation) > 0);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_no_and_nobody_is_asked_again_while_other_devices_go_on() {
    let laptop = Laptop::new();
    let (bedside, rosa) = with_bound(&laptop, "strap-1").await;
    bedside.question().await;
    bedside.bind("oximeter-2", &rosa).await;
    bedside.pass(Duration::from_secs(31)).await;
    assert_eq!(bedside.state_of("strap-1").0, Some("PAIRING-UNANSWERED"));
    for _ in 0..90 {
        assert!(bedside.latest().pairing.is_empty(), "a device that asks again and again is heard once");
        bedside.pass(Duration::from_secs(2)).await;
    }
    assert_eq!(bedside.values(Parameter::HeartRate), 0);
    assert!(bedside.values(Parameter::OxygenSaturation) > 0);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_bond_that_the_device_forgot_is_told_and_mended_by_forgetting_and_pairing() {
    let laptop = Laptop::new();
    let (bedside, _) = with_bound(&laptop, "strap-1").await;
    bedside.answer(PairingQuestion::MayBond, PairingAnswer::Accept).await;
    bedside.pass(Duration::from_secs(20)).await;
    bedside.ward.forget_bond("strap-1").unwrap();
    bedside.pass(Duration::from_secs(20)).await;
    assert_eq!(bedside.state_of("strap-1").0, Some("PAIRING-BONDS-DISAGREE"));
    let strap = PeripheralId("sim:strap-1".into());
    let disagree = RequestError::Radio(RadioFault::Pairing(PairingFault::BondsDisagree));
    assert_eq!(bedside.console.pair(strap.clone()).await, Err(disagree), "pairing alone does not mend it");
    bedside.console.forget(strap.clone()).await.unwrap();
    let before = bedside.values(Parameter::HeartRate);
    let console = bedside.console.clone();
    let pairing = tokio::spawn(async move { console.pair(strap).await });
    bedside.answer(PairingQuestion::MayBond, PairingAnswer::Accept).await;
    assert_eq!(pairing.await.unwrap(), Ok(()));
    bedside.pass(Duration::from_secs(60)).await;
    assert!(bedside.values(Parameter::HeartRate) > before);
    bedside.close().await;
}

/// With a bond that the strap forgot, and the pairing anew that a person asked for.
async fn pairing_anew(laptop: &Laptop) -> (Bedside, tokio::task::JoinHandle<Result<(), RequestError>>) {
    let (bedside, _) = with_bound(laptop, "strap-1").await;
    bedside.answer(PairingQuestion::MayBond, PairingAnswer::Accept).await;
    bedside.pass(Duration::from_secs(20)).await;
    bedside.ward.forget_bond("strap-1").unwrap();
    bedside.pass(Duration::from_secs(20)).await;
    let console = bedside.console.clone();
    let pairing = tokio::spawn(async move { console.pair_anew(PeripheralId("sim:strap-1".into())).await });
    (bedside, pairing)
}

#[tokio::test(start_paused = true)]
async fn forgetting_and_pairing_again_is_one_request_and_values_come_afterwards() {
    let laptop = Laptop::new();
    let (bedside, pairing) = pairing_anew(&laptop).await;
    let before = bedside.values(Parameter::HeartRate);
    bedside.answer(PairingQuestion::MayBond, PairingAnswer::Accept).await;
    assert_eq!(pairing.await.unwrap(), Ok(()));
    bedside.pass(Duration::from_secs(60)).await;
    assert!(bedside.values(Parameter::HeartRate) > before);
    assert_eq!(bedside.state_of("strap-1"), (None, Some(BondState::Bonded)));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_not_heard_again_after_forgetting_ends_the_request_and_asks_when_it_returns() {
    let laptop = Laptop::new();
    let (bedside, pairing) = pairing_anew(&laptop).await;
    bedside.ward.set_out_of_reach("strap-1", true).unwrap();
    bedside.pass(Duration::from_secs(65)).await;
    assert_eq!(pairing.await.unwrap(), Err(RequestError::Radio(RadioFault::OutOfReach)));
    assert_eq!(bedside.state_of("strap-1").1, Some(BondState::NotBonded));
    bedside.ward.set_out_of_reach("strap-1", false).unwrap();
    assert_eq!(bedside.question().await.question, PairingQuestion::MayBond);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_paired_or_forgotten_that_was_never_heard() {
    let laptop = Laptop::new();
    let bedside = laptop.start("pairing", Options::default()).await;
    let unheard = || PeripheralId("hci0/dev_F0_00_00_00_00_09".into());
    assert_eq!(bedside.console.pair(unheard()).await, Err(RequestError::NoSuchDevice));
    assert_eq!(bedside.console.pair_anew(unheard()).await, Err(RequestError::NoSuchDevice));
    assert_eq!(bedside.console.forget(unheard()).await, Err(RequestError::NoSuchDevice));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_question_says_which_device_it_is_and_whose_bed_it_is_at() {
    let laptop = Laptop::new();
    let (bedside, rosa) = with_bound(&laptop, "strap-1").await;
    let asked = bedside.question().await;
    assert_eq!(asked.short_address, "strap-1");
    let bed = |bed: &Option<_>| bed.as_ref().map(|bed: &bedside_vitals::Sensitive<String>| bed.reveal().clone());
    assert!(rosa.bed.is_some());
    assert_eq!(bed(&asked.bed), bed(&rosa.bed));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_pairing_that_fails_after_the_link_ended_leaves_no_link_behind() {
    let (laptop, hand) = (Laptop::new(), Hand::default());
    let bedside = laptop.start("pairing", Options { radio: Some(hand.on()), ..Options::default() }).await;
    let rosa = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(rosa.id)).await.unwrap();
    let oximeter = bedside.find("oximeter-1").await;
    bedside.bind("oximeter-1", &rosa).await;
    bedside.question().await;
    bedside.pass(Duration::from_secs(20)).await;
    bedside.answer(PairingQuestion::MayBond, PairingAnswer::Accept).await;
    // By now the session would like to connect again, and is held until the pairing is over.
    bedside.pass(Duration::from_secs(20)).await;
    let before = hand.calls();
    hand.say(RadioEvent::LinkEnded(oximeter));
    bedside.answer(PairingQuestion::EnterPasskey, typed(SHOWN + 1)).await;
    let (connects, disconnects) = hand.calls();
    assert_eq!(connects, before.0, "nobody waits for the link that was held back");
    assert_eq!(disconnects, before.1 + 1, "and what the pairing made of a link is ended");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_question_that_is_over_is_refused() {
    let laptop = Laptop::new();
    let (bedside, _) = with_bound(&laptop, "strap-1").await;
    let asked = bedside.question().await;
    bedside.pass(Duration::from_secs(31)).await;
    let late = bedside.console.answer_pairing(asked.prompt, PairingAnswer::Accept).await;
    assert_eq!(late, Err(RequestError::Radio(RadioFault::Pairing(PairingFault::QuestionOver))));
    bedside.close().await;
}
