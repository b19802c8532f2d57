//! Two consoles read the memory of the same meter for the same patient: the server has one resource for each reading, and
//! what was said of one stands.
//! Not here: faults.
use bedside_outbox::RowState;
use bedside_tests::clinic::{Clinic, Tenant};
use bedside_tests::fault_proxy::{FaultProxy, Passing};
use bedside_tests::figures;
use serde_json::{Value, json};

use crate::laptop::{Syncing, held_by};
use crate::on_a_runtime;
use crate::ward::a_visit;

#[test]
fn two_consoles_that_read_one_meter_make_one_resource_of_each_reading() {
    // Recorded apart, each in a vault of its own; the patient is the same one of the clinic's list.
    let visits = [a_visit(), a_visit()];
    on_a_runtime(async {
        let clinic = Clinic::at_hand();
        let tenant = clinic.tenant(&format!("two-consoles-{}", std::process::id()));
        let passing = Passing { headers: vec![tenant.header()], ..Passing::default() };
        let proxy = FaultProxy::start(clinic.address(), passing).await;
        let mut accepted = Vec::new();
        let (mut wrong, mut corrected) = (0, None);
        for visit in &visits {
            let laptop = Syncing::on_copy(visit, &clinic.base_at(proxy.address())).await;
            let outcome = laptop.until_done(Some(&proxy)).await;
            assert!(outcome.others.iter().all(|row| row.state == RowState::Refused), "{:?}", outcome.others);
            wrong += outcome.others.len();
            accepted.push(outcome.accepted);
            laptop.close().await;
            if corrected.is_none() {
                corrected = Some(correct_one(&tenant).await);
            }
        }
        assert_eq!(wrong, 2, "each has one record that no server takes");
        let observations = tenant.all("Observation").await;
        let (id, value) = corrected.unwrap();
        let stands = &observations[&id];
        assert_eq!((&stands["status"], &stands["valueQuantity"]["value"]), (&json!("amended"), &value), "it stands");
        let both = accepted[0].union(&accepted[1]).cloned().collect();
        assert_eq!(held_by(&tenant, &both).await, both);
        let shared = accepted[0].intersection(&accepted[1]).filter(|url| url.starts_with("Observation/")).count();
        assert!(shared >= 40, "the meter's readings have the same ids on both, got {shared}");
        assert_eq!(tenant.all("Patient").await.len(), 1);
        figures::tell(
            "two consoles, one meter",
            &format!("{}: {shared} Observations accepted from both, each there once", clinic.name()),
        );
    });
}

/// Somebody corrects a reading after the first console sent it: its id, and the value that it has now.
async fn correct_one(tenant: &Tenant<'_>) -> (String, Value) {
    let mut observations = tenant.all("Observation").await.into_iter();
    let (id, mut one) = observations.find(|(_, one)| is_glucose(one) && one["valueQuantity"].is_object()).unwrap();
    one["status"] = json!("amended");
    one["valueQuantity"]["value"] = json!(17);
    assert_eq!(tenant.write(&one).await.0, 200);
    (id, json!(17))
}

fn is_glucose(observation: &Value) -> bool {
    observation["code"]["coding"][0]["code"] == "160188"
}
