//! The freshness anchor is kept in the keyring, and what an opened vault is against it is told; the whole record is gone
//! through once after each opening. Not here: the chain and the digests (the vault's), and entries of what is seen (`auditing`).
use crate::audit::{Anchor, AnchorVerdict, AuditAction, AuditEntry, AuditFaultKind, AuditVerdict, DigestFault};
use crate::clinic_anchor::ClinicAnchor;
use crate::event_loop::{Console, Done};
use crate::people::answer;
use crate::ports::{Answer, KeyNote, KeyStore, Query, RecordStore, StoreFault, VaultId};
use crate::requests::Reply;
use crate::snapshot::VaultNotice;
use bedside_session::Now;
use bedside_vitals::{BootTime, WallTime};
use futures::future::BoxFuture;
use std::time::Duration;

/// The keyring's anchor is written after so many commits,
const ANCHOR_COMMITS: u64 = 50;
/// or so long after a commit that it does not know.
const ANCHOR_AFTER: Duration = Duration::from_secs(30);
/// An opened vault settles before its whole record is gone through.
const VERIFY_AFTER: Duration = Duration::from_secs(5);

/// How fresh the keyring's anchor is.
#[derive(Default)]
pub(crate) struct Anchoring {
    generation: u64,
    /// The generation that the keyring knows, and when it was written; `None` before the anchor there was looked at.
    anchored: Option<(u64, BootTime)>,
    writing: bool,
    /// The record does not say yet that the keyring takes its anchors.
    not_noted: bool,
    /// When the whole record is to be gone through, against this anchor.
    verify: Option<(BootTime, Option<Anchor>)>,
    /// What the clinic's server knows.
    pub(crate) clinic: ClinicAnchor,
}

impl Anchoring {
    /// A commit is durable.
    pub(crate) fn committed(&mut self, generation: u64) {
        self.generation = self.generation.max(generation);
    }

    /// The last commit of this run that is durable in the vault; 0 before the first.
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }
}

impl Console {
    /// Follows the chain, against the anchor that the keyring has.
    pub(crate) fn verify_audit(&mut self, reply: Reply<AuditVerdict>) {
        let (store, keys, vault) = (self.ports.store.clone(), self.ports.keys.clone(), self.vault);
        self.start_work(async move {
            // Without a keyring the chain is followed all the same.
            let note = keys.note(vault, KeyNote::Anchor).await.ok().flatten();
            let anchor = note.as_deref().and_then(Anchor::from_note);
            let verdict = match store.read(Query::VerifyAudit(anchor)).await {
                Ok(Answer::AuditVerdict(verdict)) => Ok(verdict),
                Ok(_) => Err(StoreFault::another_answer().into()),
                Err(fault) => Err(fault.into()),
            };
            answer(reply, verdict);
            Done::Nothing
        });
    }

    /// The vault is open: what it is against the keyring's anchor, and whether the policy is another one than last time.
    pub(crate) fn after_opening(&mut self) {
        self.auditing.end_looks();
        self.anchoring = Anchoring::default();
        let (store, keys, vault) = (self.ports.store.clone(), self.ports.keys.clone(), self.vault);
        let (policy, wall) = (self.run.policy, self.ports.machine.wall());
        self.start_work(async move {
            let (known, verdict) = against_anchor(store.as_ref(), keys.as_ref(), vault).await;
            // The first anchor is written at once: a run that is broken off early must not leave a vault without one.
            let kept = known.is_some() || verdict.is_none() && write(store.as_ref(), keys.as_ref(), vault, wall).await;
            let news = kept && !was_kept(store.as_ref()).await;
            let last = match store.read(Query::LastRun).await {
                Ok(Answer::LastRun(last)) => last,
                Ok(_) | Err(_) => None,
            };
            let other_policy = last.is_some_and(|last| last.policy.is_some() && last.policy != policy);
            Done::Then(Box::new(move |console: &mut Self| {
                console.anchoring.not_noted = !kept;
                if news {
                    console.commits.capture(|changes| changes.anchor_kept = true);
                }
                console.opened_against(known, verdict, other_policy);
            }))
        });
    }

    fn opened_against(&mut self, known: Option<Anchor>, verdict: Option<Finding>, other_policy: bool) {
        if other_policy {
            let entry = self.stamped(AuditAction::PolicyChanged);
            self.note(entry);
        }
        if let Some(finding) = verdict {
            self.found_tampering(finding);
        }
        let now = self.ports.machine.boot();
        // From here on the keyring may learn of what this opening brings.
        self.anchoring.anchored = Some((0, now));
        self.anchoring.verify = Some((now.plus(VERIFY_AFTER), known));
    }

    fn found_tampering(&mut self, finding: Finding) {
        let entry = self.tell_tampering(finding);
        self.note(entry);
    }

    /// Shows it, and gives the entry that is to be written of it.
    pub(crate) fn tell_tampering(&mut self, finding: Finding) -> AuditEntry {
        tracing::error!(code = "VAULT-TAMPER", what = finding.what, "the record is not what was written last");
        if !self.access.notices.contains(&finding.notice) {
            self.access.notices.push(finding.notice);
        }
        self.changed = true;
        AuditEntry { reason: Some(finding.detail), ..self.stamped(AuditAction::TamperFound) }
    }

    /// Writes the anchor when it is due, and goes through the whole record once after each opening, in an idle moment.
    pub(crate) fn keep_anchor(&mut self, now: Now) {
        if self.commits.busy() || self.anchoring.writing || !self.access.vault_is_open() {
            return;
        }
        if let Some((generation, at)) = self.anchoring.anchored {
            let commits = self.anchoring.generation.saturating_sub(generation);
            let waited = now.boot.0.saturating_sub(at.0);
            if commits >= ANCHOR_COMMITS || commits > 0 && waited >= ANCHOR_AFTER {
                self.anchoring.writing = true;
                let write = self.write_anchor();
                let present = (self.anchoring.generation, now.boot);
                return self.start_work(async move {
                    let written = write.await;
                    Done::Then(Box::new(move |console: &mut Self| {
                        console.anchoring.writing = false;
                        console.anchoring.anchored = Some(present);
                        if written && std::mem::take(&mut console.anchoring.not_noted) {
                            console.commits.capture(|changes| changes.anchor_kept = true);
                        }
                    }))
                });
            }
        }
        if self.anchoring.verify.as_ref().is_some_and(|(due, _)| now.boot >= *due)
            && let Some((_, anchor)) = self.anchoring.verify.take()
        {
            let store = self.ports.store.clone();
            self.start_work(async move {
                let findings = go_through(store.as_ref(), anchor).await;
                Done::Then(Box::new(move |console: &mut Self| {
                    findings.into_iter().for_each(|finding| console.found_tampering(finding));
                }))
            });
        }
    }

    /// The last anchor before the vault is locked or closed.
    pub(crate) fn before_locking(&self) -> BoxFuture<'static, ()> {
        // An anchor that was never looked at is not written over.
        if self.anchoring.anchored.is_none() {
            return Box::pin(async {});
        }
        let write = self.write_anchor();
        Box::pin(async {
            let _ = write.await;
        })
    }

    fn write_anchor(&self) -> BoxFuture<'static, bool> {
        let (store, keys, vault) = (self.ports.store.clone(), self.ports.keys.clone(), self.vault);
        let wall = self.ports.machine.wall();
        Box::pin(async move { write(store.as_ref(), keys.as_ref(), vault, wall).await })
    }
}

/// Writes the anchor of the open vault into the keyring; whether it took it.
pub(crate) async fn write(store: &dyn RecordStore, keys: &dyn KeyStore, vault: VaultId, wall: WallTime) -> bool {
    match store.read(Query::Anchor).await {
        Ok(Answer::Anchor(anchor)) => {
            let note = Anchor { at: wall, ..anchor }.to_note();
            let written = keys.set_note(vault, KeyNote::Anchor, &note).await;
            if let Err(fault) = &written {
                tracing::warn!(code = "KEY-ANCHOR", %fault, "the keyring did not take the anchor; it is tried again");
            }
            return written.is_ok();
        }
        Ok(_) => tracing::error!(code = "STORE-ANSWER", "the store answered another query"),
        Err(fault) => tracing::warn!(code = "STORE-READ", %fault, "the anchor could not be read"),
    }
    false
}

/// Something that is not as it was written.
pub(crate) struct Finding {
    what: &'static str,
    notice: VaultNotice,
    detail: String,
}

impl Finding {
    pub(crate) fn altered(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, notice: VaultNotice::Altered { what }, detail: detail.into() }
    }
}

/// What the keyring knows, and what does not agree with it.
async fn against_anchor(
    store: &dyn RecordStore,
    keys: &dyn KeyStore,
    vault: VaultId,
) -> (Option<Anchor>, Option<Finding>) {
    let note = match keys.note(vault, KeyNote::Anchor).await {
        Ok(note) => note,
        Err(fault) => {
            tracing::warn!(code = "KEY-ANCHOR", %fault, "the keyring's anchor could not be read");
            return (None, None);
        }
    };
    let Some(note) = note else {
        let detail = "the keyring has no anchor of this vault, which should have one";
        let missing = was_kept(store).await.then(|| Finding::altered("anchor", detail));
        return (None, missing);
    };
    let Some(anchor) = Anchor::from_note(&note) else {
        return (None, Some(Finding::altered("anchor", "the keyring's anchor is not one of ours")));
    };
    let known = match store.read(Query::CompareAnchor(anchor.clone())).await {
        Ok(Answer::AnchorVerdict(verdict)) => finding_of(verdict, "the keyring"),
        Ok(_) => None,
        Err(fault) => Some(Finding::altered("anchor", format!("the record could not be compared: {fault}"))),
    };
    (Some(anchor), known)
}

/// What does not agree with the anchor that somebody knows.
pub(crate) fn finding_of(verdict: AnchorVerdict, who: &str) -> Option<Finding> {
    match verdict {
        AnchorVerdict::Fresh => None,
        AnchorVerdict::Older { missing_commits } => Some(Finding {
            what: "older copy",
            notice: VaultNotice::OlderCopy { missing_commits },
            detail: format!("older copy: {missing_commits} commits that {who} knows are missing"),
        }),
        AnchorVerdict::Truncated => {
            Some(Finding::altered("audit", format!("audit log: entries that {who} knows are gone")))
        }
        AnchorVerdict::OtherHistory => {
            Some(Finding::altered("audit", format!("audit log: another entry stands where {who} knows one")))
        }
        AnchorVerdict::OtherKey => {
            Some(Finding::altered("audit", format!("audit log: another key signs its checkpoints than {who} knows")))
        }
    }
}

/// Whether the keyring ever took an anchor of this vault: then it has one, unless somebody took it away. One that never
/// took any is no alarm.
async fn was_kept(store: &dyn RecordStore) -> bool {
    matches!(store.read(Query::AnchorKept).await, Ok(Answer::AnchorKept(true)))
}

/// The whole record: the audit log against the anchor, every table against its digest.
async fn go_through(store: &dyn RecordStore, anchor: Option<Anchor>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match store.read(Query::VerifyAudit(anchor)).await {
        Ok(Answer::AuditVerdict(AuditVerdict::Bad { seq, fault })) => {
            let how = match fault {
                AuditFaultKind::Altered => "was altered",
                AuditFaultKind::Missing => "is missing",
                AuditFaultKind::Signature => "is not signed as it should be",
                AuditFaultKind::Truncated => "and what followed is gone",
            };
            findings.push(Finding::altered("audit", format!("audit log: entry {seq} {how}")));
        }
        Ok(_) | Err(StoreFault::Closed) => {}
        Err(fault) => findings.push(Finding::altered("audit", format!("audit log: {fault}"))),
    }
    match store.read(Query::VerifyDigests).await {
        Ok(Answer::Digests(Some(DigestFault { table, reading }))) => {
            let which = reading.map(|id| format!(", the first: {id}")).unwrap_or_default();
            findings.push(Finding::altered(table, format!("table {table}: rows are not those written{which}")));
        }
        Ok(_) | Err(StoreFault::Closed) => {}
        Err(fault) => findings.push(Finding::altered("record", format!("record: {fault}"))),
    }
    findings
}
