//! What people say of readings, and what the server gets of it: what is in force, each reading once (product law 7).
//! Not here: how versions are stored (the vault), and the page on which they are said (the window).
use crate::harness::Bedside;
use crate::harness::*;
use crate::sync::{Mood, Server};
use bedside_console::ports::*;
use bedside_console::*;
use bedside_outbox::RowState;
use bedside_policy::Policy;
use bedside_vitals::*;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

const REASON: &str = "read again by hand";

/// A patient with a cuff and a thermometer that have measured.
async fn measured(laptop: &Laptop, clinic: Option<Arc<Server>>) -> Bedside {
    measured_by_policy(laptop, clinic, Policy::default()).await
}

async fn measured_by_policy(laptop: &Laptop, clinic: Option<Arc<Server>>, policy: Policy) -> Bedside {
    let clinic = clinic.map(|server| -> Arc<dyn ClinicServer> { server });
    let bedside = laptop.start("calm", Options { clinic, policy, staffed: true, ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    bedside.measure(&patient).await;
    bedside
}

impl Bedside {
    /// The newest reading of a kind, with all that the page shows of it.
    async fn newest(&self, parameter: Parameter) -> ChartedReading {
        let all = self.chart().await;
        all.into_iter().find(|one| one.reading.measurement.parameter == parameter).expect("it was measured")
    }

    async fn chart(&self) -> Vec<ChartedReading> {
        let patient = self.readings().await.iter().find_map(|reading| reading.patient).expect("a chart");
        self.console.charted(patient, MOST_CHARTED).await.unwrap().readings
    }

    async fn count(&self, parameter: Parameter) -> usize {
        let all = self.chart().await;
        all.iter().filter(|one| one.reading.measurement.parameter == parameter).count()
    }

    async fn one(&self, id: ReadingId) -> ChartedReading {
        self.chart().await.into_iter().find(|one| one.reading.id == id).expect("it is never removed")
    }

    async fn correct(&self, id: ReadingId, celsius: &str) -> Result<(), RequestError> {
        self.console.correct_reading(id, temperature(celsius), REASON.into()).await
    }

    async fn sync(&self) -> OutboxCounts {
        self.console.sync_until_quiet().await.unwrap()
    }
}

fn temperature(celsius: &str) -> MeasuredValue {
    MeasuredValue::Single(Quantity { number: Number::Value(celsius.parse().unwrap()), unit: Unit::DegreeCelsius })
}

fn pressures([systolic, diastolic, mean]: [i64; 3]) -> MeasuredValue {
    let number = |n| Number::Value(Decimal::whole(n));
    let unit = Unit::MillimetreOfMercury;
    MeasuredValue::Pressures(BloodPressure {
        systolic: number(systolic),
        diastolic: number(diastolic),
        mean: number(mean),
        unit,
    })
}

/// What the server holds of a kind, by its LOINC code.
fn on_server(server: &Server, loinc: &str) -> Vec<Value> {
    let coded = |resource: &Value| resource["code"].to_string().contains(&format!("\"{loinc}\""));
    server.kinds("Observation").into_iter().filter(coded).collect()
}

const TEMPERATURE: &str = "8310-5";
const PRESSURES: &str = "85354-9";

/// Of all temperatures the one with this value.
fn with_value<'a>(all: &'a [Value], celsius: &str) -> Vec<&'a Value> {
    let has_it = |one: &&Value| {
        let value = one["valueQuantity"]["value"].to_string();
        value == celsius
    };
    all.iter().filter(has_it).collect()
}

#[tokio::test(start_paused = true)]
async fn a_reading_corrected_before_it_was_sent_arrives_once_with_its_corrected_value() {
    let laptop = Laptop::new();
    let bedside = measured(&laptop, None).await;
    let first = bedside.newest(Parameter::BodyTemperature).await;
    let temperatures = bedside.count(Parameter::BodyTemperature).await;
    bedside.correct(first.reading.id, "39.40").await.unwrap();
    let corrected = bedside.one(first.reading.id).await;
    assert_eq!((corrected.reading.measurement.value, corrected.measured), (temperature("39.40"), first.measured));
    assert_eq!(corrected.filed, Filed::Record(RowState::Waiting, None));
    bedside.close().await;

    let server = Server::with_moods(&[]);
    let options = Options { clinic: Some(server.clone()), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let counts = bedside.sync().await;
    assert_eq!(
        counts.count(RowState::Held) + counts.count(RowState::Waiting),
        0,
        "what was withdrawn waits for nobody"
    );
    let all = on_server(&server, TEMPERATURE);
    assert_eq!(all.len(), temperatures);
    let sent = with_value(&all, "39.40");
    assert_eq!((sent.len(), &sent[0]["status"]), (1, &Value::from("final")));
    assert!(sent[0]["note"].to_string().contains("A person corrected the value"));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_reading_rejected_before_it_was_sent_never_arrives() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[Mood::Unreachable; 40]);
    let bedside = measured(&laptop, Some(server.clone())).await;
    let first = bedside.newest(Parameter::BloodPressure).await;
    let before = bedside.count(Parameter::BloodPressure).await;
    bedside.console.reject_reading(first.reading.id, REASON.into()).await.unwrap();
    let rejected = bedside.one(first.reading.id).await;
    assert_eq!(rejected.filed, Filed::Withdrawn);
    assert!(matches!(&rejected.versions[..], [said] if said.verdict == Verdict::Rejected && said.author.is_some()));
    server.is_fine_again();
    bedside.sync().await;
    assert_eq!(on_server(&server, PRESSURES).len(), before - 1);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_reading_corrected_after_it_was_sent_is_amended_and_a_rejected_one_was_entered_in_error() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[]);
    let bedside = measured(&laptop, Some(server.clone())).await;
    bedside.sync().await;
    let warm = bedside.newest(Parameter::BodyTemperature).await;
    let cuff = bedside.newest(Parameter::BloodPressure).await;
    assert!(matches!(warm.filed, Filed::Record(RowState::Accepted, _)), "{:?}", warm.filed);
    let count = |server: &Server| (on_server(server, TEMPERATURE).len(), on_server(server, PRESSURES).len());
    let before = count(&server);

    bedside.correct(warm.reading.id, "39.4").await.unwrap();
    bedside.console.reject_reading(cuff.reading.id, REASON.into()).await.unwrap();
    bedside.sync().await;
    assert_eq!(count(&server), before, "another version is no other record");
    let temperatures = on_server(&server, TEMPERATURE);
    let amended = with_value(&temperatures, "39.4");
    assert_eq!((amended.len(), &amended[0]["status"]), (1, &Value::from("amended")));
    let pressures = on_server(&server, PRESSURES);
    let withdrawn: Vec<&Value> = pressures.iter().filter(|one| one["status"] == "entered-in-error").collect();
    assert_eq!(withdrawn.len(), 1);
    assert!(!withdrawn[0].to_string().contains("valueQuantity"), "no reader finds a number that nobody may use");
    assert!(matches!(bedside.one(cuff.reading.id).await.filed, Filed::Record(RowState::Accepted, _)));

    // Said again: the later word is the one that the server has.
    bedside.correct(warm.reading.id, "36.9").await.unwrap();
    bedside.sync().await;
    assert_eq!(with_value(&on_server(&server, TEMPERATURE), "36.9").len(), 1);
    assert_eq!(with_value(&on_server(&server, TEMPERATURE), "39.4").len(), 0);
    assert_eq!(bedside.one(warm.reading.id).await.versions.len(), 2);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_reading_whose_answer_was_lost_is_amended_when_it_is_corrected() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[]);
    let (bedside, lost) = measured_and_lost(&laptop, &server).await;
    bedside.console.correct_reading(lost, pressures([118, 72, 87]), REASON.into()).await.unwrap();
    server.is_fine_again();
    bedside.sync().await;
    bedside.sync().await;
    let all = on_server(&server, PRESSURES);
    let amended: Vec<&Value> = all.iter().filter(|one| one["status"] == "amended").collect();
    assert_eq!((amended.len(), all.len()), (1, bedside.count(Parameter::BloodPressure).await));
    assert!(amended[0].to_string().contains("118"));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_may_have_arrived_is_withdrawn_at_the_server_although_a_correction_came_between() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[]);
    let (bedside, lost) = measured_and_lost(&laptop, &server).await;
    bedside.console.correct_reading(lost, pressures([118, 72, 87]), REASON.into()).await.unwrap();
    bedside.console.reject_reading(lost, REASON.into()).await.unwrap();
    server.is_fine_again();
    bedside.sync().await;
    bedside.sync().await;
    let all = on_server(&server, PRESSURES);
    let withdrawn = all.iter().filter(|one| one["status"] == "entered-in-error").count();
    assert_eq!((withdrawn, all.len()), (1, bedside.count(Parameter::BloodPressure).await));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_may_have_arrived_is_withdrawn_at_the_server_although_the_vault_was_locked_since() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[]);
    let (bedside, lost) = measured_and_lost(&laptop, &server).await;
    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.pass(Duration::from_secs(2)).await;
    rejected_at_the_server(&bedside, &server, lost).await;
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_may_have_arrived_is_withdrawn_at_the_server_although_it_could_not_be_asked_about() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[]);
    server.answer_searches(Some(Mood::Status(404)));
    let (bedside, lost) = measured_and_lost(&laptop, &server).await;
    rejected_at_the_server(&bedside, &server, lost).await;
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn of_two_words_on_a_reading_at_once_one_is_refused_and_the_server_gets_what_is_in_force() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[Mood::Unreachable; 40]);
    let bedside = measured(&laptop, Some(server.clone())).await;
    let cuff = bedside.newest(Parameter::BloodPressure).await.reading.id;
    let before = bedside.count(Parameter::BloodPressure).await;
    let (corrected, rejected) = tokio::join!(
        bedside.console.correct_reading(cuff, pressures([118, 72, 87]), REASON.into()),
        bedside.console.reject_reading(cuff, REASON.into()),
    );
    assert_eq!((corrected, rejected), (Ok(()), Err(RequestError::UnderReview)));
    bedside.console.reject_reading(cuff, REASON.into()).await.unwrap();
    server.is_fine_again();
    bedside.sync().await;
    let all = on_server(&server, PRESSURES);
    let in_error = all.iter().filter(|one| one["status"] == "entered-in-error").count();
    assert_eq!(all.len() - in_error, before - 1, "no value of it is at the server");
    assert!(!all.iter().any(|one| one.to_string().contains("118")), "{all:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_a_correction_stays_with_the_reading_and_is_in_no_entry_of_the_audit() {
    let laptop = Laptop::new();
    let bedside = measured(&laptop, None).await;
    let warm = bedside.newest(Parameter::BodyTemperature).await.reading.id;
    bedside.correct(warm, "37.2").await.unwrap();
    bedside.console.reject_reading(warm, REASON.into()).await.unwrap();
    let said = [AuditAction::ReadingCorrected, AuditAction::ReadingRejected];
    let entries: Vec<_> = bedside.audited().await.into_iter().filter(|entry| said.contains(&entry.action)).collect();
    assert_eq!((entries.len(), entries.iter().filter(|entry| entry.reason.is_some()).count()), (2, 0));
    let versions = bedside.one(warm).await.versions;
    assert_eq!(versions.iter().filter(|said| *said.reason.reveal() == REASON).count(), 2);
    bedside.close().await;
}

/// The reading still waits here, is rejected, and the server has no value of it then.
async fn rejected_at_the_server(bedside: &Bedside, server: &Server, lost: ReadingId) {
    let filed = bedside.one(lost).await.filed;
    assert!(matches!(filed, Filed::Record(RowState::Waiting, _)), "{filed:?}");
    bedside.console.reject_reading(lost, REASON.into()).await.unwrap();
    server.is_fine_again();
    bedside.sync().await;
    bedside.sync().await;
    let all = on_server(server, PRESSURES);
    let withdrawn = all.iter().filter(|one| one["status"] == "entered-in-error").count();
    assert_eq!((withdrawn, all.len()), (1, bedside.count(Parameter::BloodPressure).await));
}

/// The server has the newest pressure, and nobody here knows: its answer was lost, and the server takes nothing since.
async fn measured_and_lost(laptop: &Laptop, server: &Arc<Server>) -> (Bedside, ReadingId) {
    let bedside = measured(laptop, Some(server.clone())).await;
    bedside.sync().await;
    let known = on_server(server, PRESSURES).len();
    // The clock that its time is corrected by goes before it.
    let lost = [&[Mood::AnswerLost][..], &[Mood::NoToken; 20][..]].concat();
    server.set_moods_from("MDC_PRESS_BLD_NONINV_SYS", &lost);
    bedside.ward.take_cuff_measurement("cuff-1").unwrap();
    bedside.pass(Duration::from_secs(60)).await;
    let lost = bedside.newest(Parameter::BloodPressure).await;
    assert_eq!(on_server(server, PRESSURES).len(), known + 1, "it arrived");
    assert!(matches!(lost.filed, Filed::Record(RowState::Waiting, _)), "{:?}", lost.filed);
    (bedside, lost.reading.id)
}

#[tokio::test(start_paused = true)]
async fn a_value_that_no_person_can_have_is_refused_and_nothing_is_written() {
    let laptop = Laptop::new();
    let bedside = measured(&laptop, None).await;
    let warm = bedside.newest(Parameter::BodyTemperature).await.reading.id;
    let cuff = bedside.newest(Parameter::BloodPressure).await.reading.id;
    let possible = RequestError::Implausible { lowest: 13, highest: 47, unit: "Cel" };
    assert_eq!(bedside.correct(warm, "394").await, Err(possible));
    for crossed in [[70, 120, 90], [120, 70, 130], [120, 70, 60]] {
        let said = bedside.console.correct_reading(cuff, pressures(crossed), REASON.into()).await;
        assert_eq!(said, Err(RequestError::PressureOrder), "{crossed:?}");
    }
    assert!(bedside.console.correct_reading(warm, pressures([120, 70, 90]), REASON.into()).await.is_err());
    assert!(bedside.correct(warm, "37.2").await.is_ok());
    let short = bedside.console.correct_reading(warm, temperature("37.3"), " ".into()).await;
    assert_eq!(short, Err(RequestError::ReasonNeeded { least: 3, most: 200 }));
    assert_eq!((bedside.one(warm).await.versions.len(), bedside.one(cuff).await.versions.len()), (1, 0));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_tile_shows_the_corrected_value_and_never_a_rejected_one() {
    let laptop = Laptop::new();
    let bedside = measured(&laptop, None).await;
    let last = bedside.newest(Parameter::BodyTemperature).await;
    bedside.correct(last.reading.id, "39.4").await.unwrap();
    bedside.pass(Duration::from_secs(2)).await;
    let shown = bedside.tile(Parameter::BodyTemperature).last.unwrap();
    assert_eq!(shown.value, temperature("39.4"));
    assert!(shown.quality.has(QualityFlag::Corrected));
    bedside.console.reject_reading(last.reading.id, REASON.into()).await.unwrap();
    bedside.pass(Duration::from_secs(2)).await;
    let shown = bedside.tile(Parameter::BodyTemperature).last;
    assert!(shown.is_none_or(|shown| shown.value != temperature("39.4") && shown.value != last.measured));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn looking_at_the_readings_of_a_chart_is_one_look_while_the_page_is_open() {
    let laptop = Laptop::new();
    let bedside = measured(&laptop, None).await;
    for _ in 0..4 {
        bedside.chart().await;
        bedside.pass(Duration::from_secs(5)).await;
    }
    let looks = bedside.audited().await;
    let looks: Vec<_> = looks.iter().filter(|entry| entry.action == AuditAction::ReadingsListed).collect();
    assert_eq!(looks.len(), 1);
    assert!(looks[0].patient.is_some() && looks[0].actor.is_some());
    bedside.close().await;
}

/// A policy that asks a person to confirm each spot value.
fn reviewed() -> Policy {
    Policy { review_spot_values: true, ..Policy::default() }
}

/// The codes of those who took part in what is told of a resource, one list for each Provenance.
fn parts_in(server: &Server, of: &Value) -> Vec<Vec<String>> {
    let target = format!("Observation/{}", of["id"].as_str().unwrap());
    let code = |agent: &Value| agent["type"]["coding"][0]["code"].as_str().unwrap().to_owned();
    let codes = |one: &Value| one["agent"].as_array().unwrap().iter().map(code).collect();
    server.kinds("Provenance").iter().filter(|one| one["target"][0]["reference"] == *target).map(codes).collect()
}

#[tokio::test(start_paused = true)]
async fn where_the_policy_wants_review_a_reading_is_preliminary_and_once_confirmed_the_same_one_is_final() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[]);
    let bedside = measured_by_policy(&laptop, Some(server.clone()), reviewed()).await;
    bedside.sync().await;
    let before = on_server(&server, PRESSURES);
    assert!(!before.is_empty() && before.iter().all(|one| one["status"] == "preliminary"), "{before:?}");
    let cuff = bedside.newest(Parameter::BloodPressure).await;
    assert!(cuff.waits_for_review && matches!(cuff.filed, Filed::Record(RowState::Accepted, _)));

    bedside.console.confirm_reading(cuff.reading.id).await.unwrap();
    bedside.sync().await;
    let after = on_server(&server, PRESSURES);
    assert_eq!(after.len(), before.len(), "another version is no other record");
    let confirmed: Vec<&Value> = after.iter().filter(|one| one["status"] == "final").collect();
    let [confirmed] = confirmed[..] else { panic!("expected one final reading in {after:?}") };
    let first = before.iter().find(|one| one["id"] == confirmed["id"]).unwrap();
    for same in ["component", "effectiveDateTime", "performer", "extension", "note"] {
        assert_eq!(confirmed[same], first[same], "{same}");
    }
    let parts = parts_in(&server, confirmed);
    assert_eq!(parts.len(), 2, "who measured, and who confirmed: {parts:?}");
    assert_eq!(parts.iter().filter(|codes| codes.contains(&"verifier".to_owned())).count(), 1);
    let now = bedside.one(cuff.reading.id).await;
    assert!(!now.waits_for_review && now.reading.measurement.value == cuff.measured);
    assert!(matches!(&now.versions[..], [said] if said.verdict == Verdict::Confirmed && said.author.is_some()));
    assert!(bedside.audited().await.iter().any(|entry| entry.action == AuditAction::ReadingConfirmed));
    let again = bedside.console.confirm_reading(cuff.reading.id).await;
    assert_eq!(again, Err(RequestError::NothingToConfirm));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_reading_confirmed_before_it_was_sent_arrives_once_as_final_with_who_measured_it() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[Mood::Unreachable; 40]);
    let bedside = measured_by_policy(&laptop, Some(server.clone()), reviewed()).await;
    let cuff = bedside.newest(Parameter::BloodPressure).await.reading.id;
    let count = bedside.count(Parameter::BloodPressure).await;
    bedside.console.confirm_reading(cuff).await.unwrap();
    server.is_fine_again();
    let counts = bedside.sync().await;
    assert_eq!(counts.count(RowState::Held) + counts.count(RowState::Waiting), 0);
    let all = on_server(&server, PRESSURES);
    assert_eq!(all.len(), count);
    let confirmed: Vec<&Value> = all.iter().filter(|one| one["status"] == "final").collect();
    let [confirmed] = confirmed[..] else { panic!("expected one final reading in {all:?}") };
    let mut parts: Vec<String> = parts_in(&server, confirmed).concat();
    parts.sort();
    assert_eq!(parts, ["assembler", "assembler", "performer", "verifier"]);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_corrected_reading_was_looked_at_and_a_policy_that_changed_since_makes_no_first_version_another_one() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[]);
    let bedside = measured_by_policy(&laptop, Some(server.clone()), reviewed()).await;
    bedside.sync().await;
    let warm = bedside.newest(Parameter::BodyTemperature).await.reading.id;
    let cuff = bedside.newest(Parameter::BloodPressure).await.reading.id;
    bedside.correct(warm, "39.4").await.unwrap();
    assert_eq!(bedside.console.confirm_reading(warm).await, Err(RequestError::NothingToConfirm));
    bedside.sync().await;
    assert_eq!(with_value(&on_server(&server, TEMPERATURE), "39.4")[0]["status"], "amended");
    bedside.close().await;

    let clinic: Arc<dyn ClinicServer> = server.clone();
    let options = Options { clinic: Some(clinic), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.readings().await.iter().find_map(|reading| reading.patient).unwrap();
    bedside.console.open_patient(Some(patient)).await.unwrap();
    assert!(bedside.one(cuff).await.waits_for_review, "it was filed so");
    bedside.console.confirm_reading(cuff).await.unwrap();
    bedside.sync().await;
    assert_eq!(on_server(&server, PRESSURES).iter().filter(|one| one["status"] == "final").count(), 1);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn where_the_policy_wants_no_review_a_reading_is_final_at_once_and_there_is_nothing_to_confirm() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[]);
    let bedside = measured(&laptop, Some(server.clone())).await;
    bedside.sync().await;
    let all = on_server(&server, PRESSURES);
    assert!(!all.is_empty() && all.iter().all(|one| one["status"] == "final"));
    let cuff = bedside.newest(Parameter::BloodPressure).await;
    assert!(!cuff.waits_for_review);
    let refused = bedside.console.confirm_reading(cuff.reading.id).await;
    assert_eq!(refused, Err(RequestError::NothingToConfirm));
    assert!(bedside.one(cuff.reading.id).await.versions.is_empty());
    bedside.close().await;
}
