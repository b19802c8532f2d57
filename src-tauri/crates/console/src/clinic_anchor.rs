//! The freshness anchor goes with the sync: the clinic's server keeps it in the console's own Device, and what it knows is
//! read before anything is put over it. Thereby an old copy of the file and of the keyring is told too.
//! Not here: the keyring's anchor (`anchoring`), the outbox (`sync`), and how a Device says it (`bedside-fhir`).
use crate::anchoring::{Finding, finding_of};
use crate::audit::Anchor;
use crate::clinic_sign_in::ClinicFor;
use crate::commits::{After, Batch};
use crate::event_loop::{Console, Done};
use crate::ports::{
    Answer, ClinicAnswer, ClinicFault, ClinicRequest, ClinicServer, Method, Query, RecordStore, StoreFault, VaultId,
};
use crate::records::Changes;
use bedside_fhir::{BadPayload, BatchRow, FilingContext, GatewayAnchor, NotFhir, NotFilable, Resource, ServerAnchor};
use bedside_outbox::{RowId, Try, TryKind, TryResult};
use bedside_session::Now;
use bedside_vitals::{BootTime, WallTime};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Between two anchors that go by themselves: a minute's medians alone would bring a version a minute.
const PACE: Duration = Duration::from_secs(5 * 60);

/// After so many looks in a row without an answer of use the rows go without one: nothing else would ever go.
const MOST_LOOKS_IN_VAIN: u32 = 3;

/// What the clinic's server knows, since the opening.
#[derive(Default)]
pub(crate) struct ClinicAnchor {
    /// What it had before this opening was looked at, or it cannot be asked.
    looked: bool,
    /// Looks in a row that reached the server and brought nothing of use.
    in_vain: u32,
    /// The rows of the try under way go without a look. The next try looks again: a server that was only down may have
    /// come back.
    go_unread: bool,
    under_way: bool,
    /// Something was accepted since the last one.
    due: bool,
    /// A person asked for a sync.
    asked: bool,
    /// The commit that it knows, and when that was tried last.
    put: Option<(u64, BootTime)>,
    /// What the server knew when that was told.
    told: Option<Option<GatewayAnchor>>,
}

impl ClinicAnchor {
    /// The server accepted a record.
    pub(crate) fn accepted(&mut self) {
        self.due = true;
    }

    /// A person asked for a sync.
    pub(crate) fn asked(&mut self) {
        self.asked = true;
    }
}

/// What follows a look at the server's copy.
enum Then {
    /// These rows go out, the console's own among them.
    Send(Try),
    /// The present anchor is put.
    Put,
}

/// What a look brought.
enum ServerCopy {
    /// What the server knows, and what of it does not agree with the record.
    Known(Option<GatewayAnchor>, Option<Finding>),
    /// The server answers, and not with this: another sync is no better.
    Refused,
    /// It asks to wait, or the token is not good.
    NotNow(TryResult),
    /// It was not reached.
    NotReached(ClinicFault),
    /// What came is of no use, or could not be compared: later it may be.
    InVain(String),
}

/// Why the server does not know the present anchor.
#[derive(Debug, thiserror::Error)]
enum NotPut {
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error(transparent)]
    NotFilable(#[from] NotFilable),
    #[error(transparent)]
    Payload(#[from] BadPayload),
    #[error(transparent)]
    Clinic(#[from] ClinicFault),
    #[error("expected a status of success, got {0}")]
    Status(u16),
    #[error(transparent)]
    Answer(#[from] NotFhir),
}

impl Console {
    /// The console's own row is not written over what the server knows before that was looked at.
    pub(crate) fn look_before_sending(&mut self, next: Try) -> Option<Try> {
        let own = RowId(self.sync.context.gateway);
        let unread = std::mem::take(&mut self.anchoring.clinic.go_unread);
        if unread
            || self.anchoring.clinic.looked
            || self.sync.server_gives_ids()
            || next.kind != TryKind::Send
            || !next.rows.contains(&own)
        {
            return Some(next);
        }
        match self.sync.way() {
            Some(clinic) => self.look_at_server(clinic, Then::Send(next)),
            None => self.sync_was_broken_off(TryResult::NothingSent("the way to the server is gone".into())),
        }
        None
    }

    /// Tells the server what the record holds, when something went to it since and it is time. Whether that is under way.
    pub(crate) fn offer_anchor(&mut self, now: Now) -> bool {
        let status = self.sync.status();
        let answers = status.pause.is_none() && status.last_fault.is_none() && status.last_success.is_some();
        let clinic = &mut self.anchoring.clinic;
        if self.sync.server_gives_ids() {
            // It knows the console's Device by an id of its own.
            return false;
        }
        if clinic.under_way || self.ports.clinic.is_none() || !self.access.vault_is_open() || !answers {
            return clinic.under_way;
        }
        let waited = clinic.put.is_none_or(|(_, at)| now.boot.0.saturating_sub(at.0) >= PACE);
        let asked = std::mem::take(&mut clinic.asked);
        let news = clinic.put.is_none_or(|(known, _)| known != self.anchoring.generation());
        if !(asked || waited) || !self.anchoring.clinic.due || !news {
            return false;
        }
        match self.clinic_for(None, now) {
            ClinicFor::Ready(clinic) => {
                self.look_at_server(clinic, Then::Put);
                true
            }
            // The token wakes the loop, and then it is time all the same.
            ClinicFor::Wait => {
                self.anchoring.clinic.asked = asked;
                asked
            }
            ClinicFor::SignIn | ClinicFor::NotReached(_) | ClinicFor::NoServer => {
                // Asking again at once would ask for a token as fast as that fails.
                let known = self.anchoring.clinic.put.map_or(0, |(known, _)| known);
                self.anchoring.clinic.put = Some((known, now.boot));
                false
            }
        }
    }

    fn look_at_server(&mut self, clinic: Arc<dyn ClinicServer>, then: Then) {
        if let Then::Put = then {
            self.anchoring.clinic.under_way = true;
            // One that fails is not tried again at once.
            self.anchoring.clinic.put = Some((0, self.ports.machine.boot()));
        }
        let (store, gateway) = (self.ports.store.clone(), self.sync.context.gateway);
        let round = self.sync.round();
        self.start_work(async move {
            let copy = look(clinic.as_ref(), store.as_ref(), gateway).await;
            Done::Then(Box::new(move |console: &mut Self| {
                if console.sync.round() == round {
                    console.looked_at_server(copy, then);
                }
            }))
        });
    }

    fn looked_at_server(&mut self, copy: ServerCopy, then: Then) {
        let (known, finding) = match copy {
            ServerCopy::Known(known, finding) => (known, finding),
            ServerCopy::Refused => {
                // What cannot be read is not written over by an anchor; rows wait for nothing.
                self.anchoring.clinic.looked = true;
                return match then {
                    Then::Send(next) => self.send_rows(next),
                    Then::Put => self.anchoring.clinic.under_way = false,
                };
            }
            ServerCopy::NotNow(result) => return self.not_looked(then, result),
            ServerCopy::NotReached(fault) => return self.not_looked(then, TryResult::NothingSent(fault.to_string())),
            ServerCopy::InVain(why) => return self.looked_in_vain(then, why),
        };
        self.anchoring.clinic.looked = true;
        self.anchoring.clinic.in_vain = 0;
        let Some(finding) = finding.filter(|_| self.anchoring.clinic.told.as_ref() != Some(&known)) else {
            return self.after_look(then);
        };
        self.anchoring.clinic.told = Some(known);
        let entry = self.tell_tampering(finding);
        // What the server knew is gone once something is put over it: what was found is written before.
        let follows = move |console: &mut Self, durable: Result<(), crate::request::RequestError>| match durable {
            Ok(()) => console.after_look(then),
            Err(error) => {
                console.anchoring.clinic.looked = false;
                console.anchoring.clinic.told = None;
                console.not_looked(then, TryResult::NothingSent(error.to_string()));
            }
        };
        let changes = Changes { audit: vec![entry], ..Changes::default() };
        self.commits.request(Batch { changes, after: vec![After::Then(Box::new(follows))] });
    }

    fn after_look(&mut self, then: Then) {
        match then {
            Then::Send(next) => self.send_rows(next),
            Then::Put => self.put_anchor(),
        }
    }

    /// Everything depends on the console's own row: a server that can be written to and not be read must not hold back every
    /// record for ever (product law 7). An anchor is not put over what was not read.
    fn looked_in_vain(&mut self, then: Then, why: String) {
        let clinic = &mut self.anchoring.clinic;
        clinic.in_vain = clinic.in_vain.saturating_add(1);
        match then {
            Then::Send(next) if clinic.in_vain >= MOST_LOOKS_IN_VAIN => {
                tracing::warn!(code = "SERVER-ANCHOR", %why, "the server's anchor cannot be read; records go without");
                clinic.go_unread = true;
                self.send_rows(next);
            }
            then => self.not_looked(then, TryResult::NothingSent(why)),
        }
    }

    fn not_looked(&mut self, then: Then, result: TryResult) {
        match then {
            Then::Send(_) => self.sync_was_broken_off(result),
            Then::Put => self.anchoring.clinic.under_way = false,
        }
    }

    fn put_anchor(&mut self) {
        let now = self.now();
        let clinic = match self.clinic_for(None, now) {
            ClinicFor::Ready(clinic) => clinic,
            other => {
                self.anchoring.clinic.under_way = false;
                // A token that ended on the way is followed by another one.
                self.anchoring.clinic.asked |= matches!(other, ClinicFor::Wait);
                return;
            }
        };
        let (store, context, round) = (self.ports.store.clone(), self.sync.context.clone(), self.sync.round());
        let (wall, boot) = (self.ports.machine.wall(), self.ports.machine.boot());
        self.start_work(async move {
            let put = put(clinic, store.as_ref(), &context, wall).await;
            Done::Then(Box::new(move |console: &mut Self| {
                if console.sync.round() != round {
                    return;
                }
                let state = &mut console.anchoring.clinic;
                state.under_way = false;
                match put {
                    Ok(generation) => {
                        state.put = Some((generation, boot));
                        state.due = false;
                    }
                    Err(why) => {
                        tracing::warn!(code = "SERVER-ANCHOR", %why, "the server did not take the anchor; later again");
                    }
                }
            }))
        });
    }
}

/// Asks the server for the console's Device, and the record whether it agrees.
async fn look(clinic: &dyn ClinicServer, store: &dyn RecordStore, gateway: Uuid) -> ServerCopy {
    let path = bedside_fhir::ids_search_path("Device", &[gateway]);
    let answer = match clinic.send(ClinicRequest { method: Method::Get, path, body: None }).await {
        Ok(answer) => answer,
        Err(fault @ (ClinicFault::Unreachable(_) | ClinicFault::NotTrusted(_))) => {
            return ServerCopy::NotReached(fault);
        }
        Err(fault @ (ClinicFault::Ambiguous(_) | ClinicFault::TooLarge { .. })) => {
            return ServerCopy::InVain(fault.to_string());
        }
    };
    let ClinicAnswer { status, retry_after, body, .. } = answer;
    match status {
        200 => {}
        401 | 425 | 429 | 503 => {
            return ServerCopy::NotNow(TryResult::Status {
                status,
                retry_after,
                too_large: false,
                text: String::new(),
            });
        }
        // Searching is no part of what this server does, or of what the token allows.
        501 => return ServerCopy::Refused,
        408 | 500.. => return ServerCopy::InVain(format!("expected the server's copy, got the status {status}")),
        _ => return ServerCopy::Refused,
    }
    let known = match bedside_fhir::parse_gateway_anchor(&body, gateway) {
        Ok(ServerAnchor::Known(known)) => known,
        Ok(ServerAnchor::None) => return ServerCopy::Known(None, None),
        Ok(ServerAnchor::Malformed) => {
            let detail = "the anchor at the clinic's server is not one of ours";
            return ServerCopy::Known(None, Some(Finding::altered("anchor", detail)));
        }
        Err(error) => return ServerCopy::InVain(error.to_string()),
    };
    let GatewayAnchor { generation, audit_place: audit_seq, audit_head, at, public_key, .. } = known;
    let anchor = Anchor { vault: VaultId(known.vault), generation, audit_seq, audit_head, at, public_key };
    let finding = match store.read(Query::CompareAnchor(anchor)).await {
        Ok(Answer::AnchorVerdict(verdict)) => finding_of(verdict, "the clinic's server"),
        // Not compared is not agreed. That the vault cannot be read is told elsewhere.
        Ok(_) => return ServerCopy::InVain(StoreFault::another_answer().to_string()),
        Err(fault) => return ServerCopy::InVain(fault.to_string()),
    };
    ServerCopy::Known(Some(known), finding)
}

/// Puts the present anchor; the commit that the server knows then.
async fn put(
    clinic: Arc<dyn ClinicServer>,
    store: &dyn RecordStore,
    context: &FilingContext,
    at: WallTime,
) -> Result<u64, NotPut> {
    let Answer::Anchor(anchor) = store.read(Query::Anchor).await? else {
        return Err(StoreFault::another_answer().into());
    };
    let Anchor { vault, generation, audit_seq: audit_place, audit_head, at: _, public_key } = anchor;
    let anchor = GatewayAnchor { vault: vault.0, generation, audit_place, audit_head, at, public_key };
    let device = bedside_fhir::anchored_gateway(context, env!("CARGO_PKG_VERSION"), &anchor);
    let document = device.and_then(|device| device.document())?;
    let row = BatchRow::new(document.resource_type, document.id, &document.json);
    let body = bedside_fhir::batch_bundle(&[row]).map_err(|bad| bad.reason)?;
    let request = ClinicRequest { method: Method::Post, path: String::new(), body: Some(body) };
    let answer = clinic.send(request).await?;
    if answer.status != 200 {
        return Err(NotPut::Status(answer.status));
    }
    // As many outcomes as rows, or it is an error.
    let outcomes = bedside_fhir::parse_batch_answer(&answer.body, 1)?;
    let refused = outcomes.iter().find(|outcome| !(200..300).contains(&outcome.status));
    refused.map_or(Ok(generation), |outcome| Err(NotPut::Status(outcome.status)))
}
