//! The recovery slot and its kit, which is answered once and never behind a lock: a kit that nobody saw is withdrawn, and
//! the one before holds again. Not here: slots (the vault's), and recovering with a kit (`sign_in`).
use super::clinicians::{administrator, enrolment, slot, valid};
use crate::audit::{AuditAction, AuditOutcome};
use crate::clinician::Clinician;
use crate::epoch::Moment;
use crate::event_loop::Console;
use crate::people::answer;
use crate::ports::*;
use crate::records::Changes;
use crate::request::{NewClinician, RequestError};
use crate::requests::Reply;
use crate::snapshot::LockReason;
use tokio::sync::OwnedMutexGuard;

/// A kit that was made and not answered yet.
struct Fresh<T> {
    /// What is answered: the kit.
    kit: T,
    /// When it was asked for.
    asked: Moment,
    void: Void,
}

/// What makes a kit void that nobody has seen.
struct Void {
    /// The slot of before.
    before: Option<RecoveryPublicKey>,
    /// Ends once the kit is answered or withdrawn.
    turn: OwnedMutexGuard<()>,
}

impl Console {
    /// A new kit replaces the old one. Where the policy names IT's key there is none.
    pub(crate) fn new_recovery_key(&mut self, reply: Reply<RecoveryKey>) {
        if self.policy.recovery_public_key.is_some() {
            return answer(reply, Err(RequestError::ForbiddenByPolicy));
        }
        let Some(reply) = self.take_turn(reply) else { return };
        let (kit, asked) = (RecoveryKey::new(self.ports.machine.random()), self.epoch.moment());
        let public = kit.public();
        let entry = self.operation(AuditAction::RecoveryKeySet, None, AuditOutcome::Success);
        let (store, turn) = (self.ports.store.clone(), self.access.recovery_turn.clone());
        self.then(async move {
            let turn = turn.lock_owned().await;
            // Nobody would see the kit behind a lock.
            let before = match asked.let_through(Ok(())) {
                Ok(()) => recovery_of(store.as_ref()).await.map_err(RequestError::Store),
                Err(error) => Err(error),
            };
            let made = async {
                store.keys(SlotChange::Recovery(public)).await?;
                store.commit(Changes { audit: vec![entry], ..Changes::default() }).await?;
                Ok::<_, StoreFault>(store.presence().await?.header())
            };
            let result = match before {
                Ok(before) => Ok((Void { before, turn }, made.await)),
                Err(error) => Err(error),
            };
            move |console: &mut Self| {
                console.end_turn();
                match result {
                    Ok((void, Ok(header))) => {
                        console.access.header = header;
                        console.answer_kit(Fresh { kit, asked, void }, reply);
                    }
                    Ok((void, Err(fault))) => console.withdraw_kit(void, reply, fault.into()),
                    Err(error) => answer(reply, Err(error)),
                }
            }
        });
    }

    /// Answers a kit to whoever asked for it, or withdraws it when the screen or the vault was locked meanwhile.
    fn answer_kit<T: Send + 'static>(&mut self, fresh: Fresh<T>, reply: Reply<T>) {
        let Fresh { kit, asked, void } = fresh;
        if asked.let_through(Ok(())).is_ok() && !reply.is_closed() {
            // The slots in the older backups do not know it.
            self.safeguards.backups.ask();
            return answer(reply, Ok(kit));
        }
        self.withdraw_kit(void, reply, RequestError::Locked);
    }

    /// The slot of before holds again, where another was written or may have been; then the error is answered.
    fn withdraw_kit<T: Send + 'static>(&mut self, void: Void, reply: Reply<T>, error: RequestError) {
        let Void { before, turn } = void;
        let store = self.ports.store.clone();
        let entry = self.operation_by(super::By::default(), AuditAction::RecoveryKeySet, None, AuditOutcome::Failed);
        self.access.busy += 1;
        self.then(async move {
            let back = put_back(store.as_ref(), before).await;
            let header = store.presence().await.ok().and_then(VaultPresence::header);
            drop(turn);
            move |console: &mut Self| {
                console.end_turn();
                console.access.header = header.or(console.access.header.take());
                if let Err(fault) = back {
                    tracing::error!(code = "KEY-KIT", %fault, "a recovery kit that nobody saw could not be withdrawn");
                    if let Some(header) = &mut console.access.header {
                        // Its key is nobody's: whoever keeps the vault is told to make another one.
                        header.recovery_slot = false;
                    }
                }
                console.changed = true;
                console.refuse_noted(entry, reply, error);
            }
        });
    }

    /// A vault of an earlier version gets its first clinician; the device slot is gone afterwards.
    pub(crate) fn enrol_first(&mut self, new: NewClinician, reply: Reply<Option<RecoveryKey>>) {
        if let Err(error) = valid(&new) {
            return answer(reply, Err(error));
        }
        let Some(reply) = self.take_turn(reply) else { return };
        let first =
            administrator(&new, &self.access.colleagues, self.ports.machine.random(), self.ports.machine.wall());
        let by_policy = self.policy.recovery_public_key.map(RecoveryPublicKey);
        // Where nobody is enrolled nobody has seen a kit: a slot that is there is that of an enrolment that was broken off.
        let kit = by_policy.is_none().then(|| RecoveryKey::new(self.ports.machine.random()));
        let recovery = by_policy.or_else(|| kit.as_ref().map(RecoveryKey::public));
        let entry = self.operation(AuditAction::ClinicianAdded, Some(first.id), AuditOutcome::Success);
        let entering = self.entering(AuditAction::SignedIn);
        let (door, turn, asked) = (self.door(), self.access.recovery_turn.clone(), self.epoch.moment());
        self.then(async move {
            let turn = turn.lock_owned().await;
            let begun = async {
                asked.let_through(Ok(()))?;
                let secret = door.keys.load(door.vault).await?;
                // The row first: a crash before the slot leaves a vault that still asks for its first clinician.
                door.store.commit(enrolment(&first, new.pin, vec![entry])).await?;
                Ok::<_, RequestError>(secret)
            };
            let made = async |secret| {
                if let Some(recovery) = recovery {
                    door.store.keys(SlotChange::Recovery(recovery)).await?;
                }
                door.store.keys(SlotChange::Put { secret, slot: slot(&first, new.passphrase) }).await
            };
            let result = match begun.await {
                Ok(secret) => Ok((Void { before: None, turn }, made(secret).await)),
                Err(error) => Err(error),
            };
            let entered = match result {
                Ok((_, Ok(()))) => entering.durable(door.store.as_ref(), Some(&first)).await.ok(),
                _ => None,
            };
            let header = door.store.presence().await.ok().and_then(VaultPresence::header);
            move |console: &mut Self| {
                console.end_turn();
                console.access.header = header.or(console.access.header.take());
                let void = match result {
                    Ok((void, Ok(()))) => void,
                    Ok((void, Err(fault))) => {
                        // The row is there: who tries again under that name is the same person.
                        console.changed_clinician(first);
                        return match kit {
                            Some(_) => console.withdraw_kit(void, reply, fault.into()),
                            None => answer(reply, Err(fault.into())),
                        };
                    }
                    Err(error) => return answer(reply, Err(error)),
                };
                match entered {
                    // Locked meanwhile, they sign in like everybody.
                    Some(generation) if console.access.is_open() => console.enrolled(first, generation),
                    Some(_) => {}
                    None => console.lock_vault(LockReason::ByHand, None),
                }
                match kit {
                    Some(kit) => console.answer_kit(Fresh { kit: Some(kit), asked, void }, reply),
                    None => answer(reply, Ok(None)),
                }
            }
        });
    }

    /// The first clinician works here from now on.
    fn enrolled(&mut self, first: Clinician, generation: u64) {
        self.anchoring.committed(generation);
        self.changed_clinician(first.clone());
        self.access.presence = super::Presence::signed_in(self.ports.machine.boot());
        self.access.clinician_since = Some(self.ports.machine.wall());
        self.access.clinician = Some(first);
        self.asked = true;
    }
}

/// To which key the recovery slot is sealed.
async fn recovery_of(store: &dyn RecordStore) -> Result<Option<RecoveryPublicKey>, StoreFault> {
    Ok(store.presence().await?.header().and_then(|header| header.recovery_public))
}

/// Seals the recovery slot to the key of before again, unless it still is.
async fn put_back(store: &dyn RecordStore, before: Option<RecoveryPublicKey>) -> Result<(), StoreFault> {
    if recovery_of(store).await.is_ok_and(|now| now == before) {
        return Ok(());
    }
    store.keys(before.map_or(SlotChange::NoRecovery, SlotChange::Recovery)).await
}
