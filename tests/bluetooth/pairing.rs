//! Pairing with BlueZ as it is: nothing to enter, a passkey that is wrong and right, a person who says no.
//! Not here: how BlueZ's every answer is understood, which the emulated one of the radio's own tests covers.
use crate::bedside::Bedside;
use crate::rig::{Rig, scenario};
use crate::sent::{numbers, sent};
use bedside_console::RequestError;
use bedside_console::ports::{PairingAnswer, PairingQuestion, Passkey};
use bedside_session::{PairingFault, RadioFault};
use bedside_vitals::{LinkState, Parameter};
use serde_json::json;
use std::collections::BTreeSet;

/// What the cuff's display shows.
const PASSKEY: u32 = 482_913;

fn wants_pairing(rig: &Rig, device: &str, how: &str) {
    rig.tell(json!({ "do": "pairing", "device": device, "how": how }));
}

/// A person at the screen: says yes to a bond and types this passkey when one is asked for.
async fn person_answers<T>(
    bedside: &Bedside,
    passkey: u32,
    work: impl Future<Output = T>,
) -> (T, Vec<PairingQuestion>) {
    let (mut answered, mut questions) = (BTreeSet::new(), Vec::new());
    let answering = bedside.until("a pairing that does not end", async || {
        let asked = bedside.screen.latest().map(|snapshot| snapshot.pairing.clone()).unwrap_or_default();
        for asked in asked {
            if answered.insert(asked.prompt) {
                questions.push(asked.question);
                let typed = Passkey::new(passkey).map_or(PairingAnswer::Reject, PairingAnswer::Passkey);
                let answer = match asked.question {
                    PairingQuestion::EnterPasskey => typed,
                    _ => PairingAnswer::Accept,
                };
                // It may be over already; then the pairing says so.
                let _ = bedside.console.answer_pairing(asked.prompt, answer).await;
            }
        }
        false
    });
    let result = tokio::select! {
        result = work => result,
        () = answering => unreachable!("it waits for ever or panics"),
    };
    (result, questions)
}

#[test]
fn a_strap_is_bonded_without_a_passkey_and_comes_back_bonded() {
    scenario("pairing, just works", async |rig| {
        wants_pairing(&rig, "HR-1", "just_works");
        rig.order("HR-1", "appear");
        let bedside = Bedside::new().await;
        let strap = bedside.find("HR-1").await;
        let (result, questions) = person_answers(&bedside, PASSKEY, bedside.console.pair(strap.clone())).await;
        assert_eq!((result, questions), (Ok(()), vec![PairingQuestion::MayBond]));

        let bind = async { bedside.console.bind(bedside.find("HR-1").await, bedside.patient.id).await };
        let (result, questions) = person_answers(&bedside, PASSKEY, bind).await;
        assert_eq!((result, questions), (Ok(()), vec![]), "a bonded device asks nothing");
        let values = async || bedside.stream(Parameter::HeartRate).await.len();
        bedside.until("values are stored", async || values().await >= 3).await;
        assert_eq!(rig.status("HR-1", "encrypted"), true);

        rig.order("HR-1", "lose_link");
        bedside.until("the link is gone", async || bedside.link("HR-1") != Some(LinkState::Linked)).await;
        let before = values().await;
        bedside.until("values are stored again", async || values().await >= before + 3).await;
        assert_eq!(rig.status("HR-1", "encrypted"), true, "the bond served again");
        bedside.close().await;
    });
}

#[test]
fn a_cuff_with_a_passkey_refuses_the_wrong_one_and_takes_the_right_one() {
    scenario("pairing, wrong and right passkey", async |rig| {
        wants_pairing(&rig, "BP-1", "passkey");
        let words =
            json!({ "do": "measure", "device": "BP-1", "systolic": 121, "diastolic": 79, "mean": 93, "pulse": 66 });
        rig.tell(words);
        let bedside = Bedside::new().await;
        let cuff = bedside.find("BP-1").await;
        let (result, questions) = person_answers(&bedside, 111_111, bedside.console.pair(cuff.clone())).await;
        assert_eq!(result, Err(RequestError::Radio(RadioFault::Pairing(PairingFault::Failed))));
        assert_eq!(questions, [PairingQuestion::MayBond, PairingQuestion::EnterPasskey]);

        let cuff = bedside.find("BP-1").await;
        let (result, questions) = person_answers(&bedside, PASSKEY, bedside.console.pair(cuff)).await;
        assert_eq!(result, Ok(()));
        assert_eq!(questions, [PairingQuestion::MayBond, PairingQuestion::EnterPasskey]);

        bedside.bind("BP-1").await;
        let stored = async || bedside.spots(Parameter::BloodPressure).await;
        bedside.until("the reading is stored", async || stored().await.len() == 1).await;
        let ledger = rig.ledger("BP-1");
        assert_eq!(numbers(&stored().await, "systolic"), sent(&ledger, Parameter::BloodPressure, "systolic"));
        bedside.close().await;
    });
}

#[test]
fn a_device_that_asks_for_pairing_while_it_is_bound_is_bonded_when_a_person_says_yes() {
    scenario("pairing asked for in a session", async |rig| {
        wants_pairing(&rig, "HR-1", "just_works");
        rig.order("HR-1", "appear");
        let bedside = Bedside::new().await;
        let strap = bedside.find("HR-1").await;
        let work = async {
            bedside.console.bind(strap, bedside.patient.id).await.unwrap();
            let enough = async || bedside.stream(Parameter::HeartRate).await.len() >= 3;
            bedside.until("values are stored", enough).await;
        };
        let ((), questions) = person_answers(&bedside, PASSKEY, work).await;
        assert_eq!(questions, [PairingQuestion::MayBond]);
        assert_eq!(rig.status("HR-1", "encrypted"), true);
        bedside.close().await;
    });
}

#[test]
fn nothing_is_sent_to_a_device_when_a_person_says_no_to_a_bond() {
    scenario("pairing declined", async |rig| {
        wants_pairing(&rig, "HR-1", "just_works");
        rig.order("HR-1", "appear");
        let bedside = Bedside::new().await;
        let strap = bedside.find("HR-1").await;
        let connections = rig.status("HR-1", "connections");
        let declining = bedside.until("the question was answered", async || {
            let Some(snapshot) = bedside.screen.latest() else { return false };
            let Some(asked) = snapshot.pairing.first() else { return false };
            bedside.console.answer_pairing(asked.prompt, PairingAnswer::Reject).await.is_ok()
        });
        let (result, ()) = tokio::join!(bedside.console.pair(strap), declining);
        assert_eq!(result, Err(RequestError::Radio(RadioFault::Pairing(PairingFault::Declined))));
        assert_eq!(rig.status("HR-1", "connections"), connections);
        bedside.close().await;
    });
}
