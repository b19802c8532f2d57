//! What the clinic's server says of itself, and what its clock shows: read when the vault is opened and once a day.
//! Not here: what sync learns of it by sending (`sync`), and the words for people (the fronts').
use crate::event_loop::Console;
use crate::ports::{ClinicAnswer, ClinicFault};
use crate::snapshot::{ServerFinding, SyncState};
use bedside_fhir::{Capability, parse_capability};
use bedside_outbox::ServerTraits;
use bedside_session::Now;
use bedside_vitals::BootTime;
use std::time::Duration;

/// Between two readings.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// After one that failed, or of a server that nothing is sent to.
const SOON: Duration = Duration::from_secs(10 * 60);

/// What Bedside speaks.
const FHIR_VERSION: &str = "4.0.1";

/// What is known of the server.
#[derive(Default)]
pub(crate) struct ClinicServerSaid {
    capability: Option<Capability>,
    /// It was asked once, and answered or did not: before that nothing goes.
    asked: bool,
    /// It answered, and not with a statement.
    unreadable: bool,
    asking: bool,
    again: Option<BootTime>,
    /// Its clock minus ours, in milliseconds, as its last answer showed it: to the second, as HTTP dates are.
    skew_ms: Option<i64>,
}

impl ClinicServerSaid {
    /// Whether it was asked what it can do, and answered or not.
    pub(crate) const fn was_asked(&self) -> bool {
        self.again.is_some()
    }

    /// Whether it says that it takes no AuditEvents. Not remembered: it may say something else the next time.
    pub(crate) fn takes_no_audit(&self) -> bool {
        self.capability.as_ref().is_some_and(|said| said.audit_events == Some(false))
    }

    /// What it cannot do, or does otherwise; also what was learned by sending.
    pub(crate) fn findings(&self, learned: ServerTraits) -> Vec<ServerFinding> {
        use ServerFinding::*;
        let said = self.capability.clone().unwrap_or_default();
        let mut all = Vec::new();
        let mut add = |is_so: bool, finding| {
            if is_so {
                all.push(finding);
            }
        };
        add(self.unreadable, CapabilityUnreadable);
        add(said.other_version().is_some(), OtherFhirVersion(said.other_version().unwrap_or_default().to_owned()));
        // Some servers that take both name transactions only.
        add(lacks(said.batch) && lacks(said.transaction), NoBatch);
        // What was met counts more than what was said.
        let refuses_our_ids = lacks(learned.our_ids.or(said.update_create));
        add(refuses_our_ids, RefusesClientIds);
        add(refuses_our_ids && lacks(said.conditional_create), NoConditionalCreate);
        add(lacks(said.search), NoSearch);
        if let Some(most) = learned.most_rows {
            add(true, LargestBundle(u32::try_from(most).unwrap_or(u32::MAX)));
        }
        all
    }

    /// Why nothing is sent to it, until its statement says otherwise; for IT.
    fn unfit(&self, learned: ServerTraits) -> Option<String> {
        self.findings(learned).iter().find_map(|finding| match finding {
            ServerFinding::OtherFhirVersion(version) => {
                Some(format!("the server speaks FHIR {version}; expected {FHIR_VERSION}"))
            }
            ServerFinding::NoBatch => Some("the server takes no batches".into()),
            // A second copy of a record could not be ruled out.
            ServerFinding::NoConditionalCreate => {
                Some("the server refuses ids of clients and creates nothing under a condition".into())
            }
            ServerFinding::CapabilityUnreadable
            | ServerFinding::RefusesClientIds
            | ServerFinding::NoSearch
            | ServerFinding::LargestBundle(_) => None,
        })
    }

    /// Its statement is read again, now.
    pub(crate) const fn ask_again(&mut self) {
        self.again = None;
    }
}

impl Console {
    /// Why nothing is sent to this server, as far as it is known.
    pub(crate) fn unfit_server(&self) -> Option<String> {
        self.clinic_said.unfit(self.sync.server())
    }

    /// Whether the next record has to wait for what the server says of itself.
    pub(crate) fn waits_for_statement(&self) -> bool {
        !self.clinic_said.asked || (self.clinic_said.asking && self.unfit_server().is_some())
    }

    /// The state of sync with what the server says of itself.
    pub(crate) fn sync_with_server(&self, state: SyncState, now: Now) -> SyncState {
        let state = SyncState {
            clock_skew_ms: self.clinic_said.skew_ms,
            findings: self.clinic_said.findings(self.sync.server()),
            ..state
        };
        let Some(why) = self.unfit_server() else { return state };
        let again = self.clinic_said.again.map_or(now.boot.0, |again| again.0);
        let wait = i64::try_from(again.saturating_sub(now.boot.0).as_millis()).unwrap_or(i64::MAX);
        SyncState { fault: Some(("SERVER-UNFIT", why)), next_attempt: Some(now.wall.plus_millis(wait)), ..state }
    }

    /// Asks the server what it can do, when that is due.
    pub(crate) fn ask_capability(&mut self, now: Now) {
        // What was met in earlier runs counts more than what it says, and is read first.
        let due = self.knows_what_is_elsewhere() && self.clinic_said.again.is_none_or(|again| again.0 <= now.boot.0);
        if !due || self.clinic_said.asking || !self.access.vault_is_open() || self.closing.is_some() {
            return;
        }
        let Some(clinic) = self.ports.clinic.clone() else { return };
        self.clinic_said.asking = true;
        self.then(async move {
            let said = clinic.capability().await;
            move |console: &mut Self| console.capability_said(said)
        });
    }

    fn capability_said(&mut self, said: Result<ClinicAnswer, ClinicFault>) {
        let boot = self.ports.machine.boot();
        self.clinic_said.asking = false;
        self.clinic_said.asked = true;
        let read = match &said {
            Ok(answer) => {
                self.heard_server(answer);
                parse_capability(&answer.body).ok().filter(|_| answer.status == 200)
            }
            Err(_) => None,
        };
        let is_read = read.is_some();
        // One that did not answer is no other than before.
        if said.is_ok() {
            self.clinic_said.unreadable = !is_read;
        }
        if let Some(capability) = read {
            let only_by_our_ids = capability.update_create == Some(true) && lacks(capability.conditional_create);
            if only_by_our_ids && self.sync.server_gives_ids() {
                // Else nothing would ever go to it, whatever it says: if it refuses them after all, that is learned anew.
                self.sync.try_our_ids_again();
            } else {
                self.sync.server_said(ServerTraits { our_ids: capability.update_create, ..ServerTraits::default() });
            }
            self.clinic_said.capability = Some(capability);
        }
        let wait = if is_read && self.unfit_server().is_none() { DAY } else { SOON };
        self.clinic_said.again = Some(BootTime(boot.0 + wait));
        self.changed = true;
    }

    /// Every answer tells the server's clock.
    pub(crate) fn heard_server(&mut self, answer: &ClinicAnswer) {
        if (200..300).contains(&answer.status) {
            self.tokens.needs_none();
        }
        if let Some(theirs) = answer.server_time {
            self.clinic_said.skew_ms = Some(skew_ms(theirs.millis_since(self.ports.machine.wall())));
            self.changed = true;
        }
    }
}

fn lacks(offered: Option<bool>) -> bool {
    offered == Some(false)
}

/// An HTTP date has no fraction of a second: what lies within one is no difference.
const fn skew_ms(difference: i64) -> i64 {
    if difference > -1000 && difference <= 0 { 0 } else { difference }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> ClinicServerSaid {
        ClinicServerSaid { capability: Some(parse_capability(json).unwrap()), ..ClinicServerSaid::default() }
    }

    #[test]
    fn what_a_server_lacks_is_found_and_what_it_does_not_say_is_not() {
        let silent = said(r#"{"resourceType":"CapabilityStatement"}"#);
        assert_eq!(silent.findings(ServerTraits::default()), []);
        let poor = said(
            r#"{"resourceType":"CapabilityStatement","fhirVersion":"5.0.0","rest":[{"mode":"server",
            "interaction":[{"code":"history-system"}],"resource":[{"type":"Observation","updateCreate":false,
            "conditionalCreate":false,"interaction":[{"code":"create"}]}]}]}"#,
        );
        use ServerFinding::*;
        let expected = [OtherFhirVersion("5.0.0".into()), NoBatch, RefusesClientIds, NoConditionalCreate, NoSearch];
        assert_eq!(poor.findings(ServerTraits::default()), expected);
    }

    #[test]
    fn what_was_met_counts_more_than_what_was_said() {
        let said = said(
            r#"{"resourceType":"CapabilityStatement","rest":[{"mode":"server","resource":[
            {"type":"Observation","updateCreate":true}]}]}"#,
        );
        let learned = ServerTraits { our_ids: Some(false), most_rows: Some(50), ..ServerTraits::default() };
        use ServerFinding::*;
        assert_eq!(said.findings(learned), [RefusesClientIds, LargestBundle(50)]);
    }

    #[test]
    fn a_server_that_names_transactions_only_may_take_batches() {
        let findings = |code: &str| {
            let json = format!(r#"{{"mode":"server","interaction":[{{"code":"{code}"}}]}}"#);
            said(&format!(r#"{{"resourceType":"CapabilityStatement","rest":[{json}]}}"#))
                .findings(ServerTraits::default())
        };
        assert_eq!(findings("history-system"), [ServerFinding::NoBatch]);
        assert_eq!(findings("transaction"), []);
    }

    #[test]
    fn only_what_makes_sending_unsafe_or_vain_stops_it() {
        let unfit = |json: &str| said(json).unfit(ServerTraits::default());
        let of = |observation: &str| {
            format!(
                r#"{{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{{"mode":"server",
                "resource":[{{"type":"Observation",{observation}}}]}}]}}"#
            )
        };
        assert_eq!(unfit(&of(r#""updateCreate":false"#)), None);
        assert_eq!(unfit(&of(r#""conditionalCreate":false"#)), None);
        let neither = unfit(&of(r#""updateCreate":false,"conditionalCreate":false"#)).unwrap();
        assert_eq!(neither, "the server refuses ids of clients and creates nothing under a condition");
        let other = unfit(r#"{"resourceType":"CapabilityStatement","fhirVersion":"5.0.0"}"#).unwrap();
        assert_eq!(other, "the server speaks FHIR 5.0.0; expected 4.0.1");
    }

    #[test]
    fn a_date_without_fractions_is_no_difference_of_clocks() {
        assert_eq!([skew_ms(-999), skew_ms(0), skew_ms(-120_500), skew_ms(121_000)], [0, 0, -120_500, 121_000]);
    }
}
