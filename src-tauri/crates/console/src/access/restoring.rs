//! A backup takes the vault's place: asked by whoever keeps the vault while it is open, or by a passphrase while it is
//! closed or cannot be opened any more. Afterwards everybody signs in again. Not here: the files (the vault).
use super::Lock;
use crate::audit::{AuditAction, AuditOutcome};
use crate::clinician::UserName;
use crate::event_loop::{Console, Done};
use crate::people::answer;
use crate::ports::{Passphrase, Query, Safeguard, StoreFault, Unlock, VaultPresence};
use crate::records::SafeguardReport;
use crate::request::RequestError;
use crate::requests::Reply;
use crate::snapshot::LockReason;
use std::path::PathBuf;
use tokio::sync::oneshot;

impl Console {
    /// Restores the named backup, or the newest that verifies.
    pub(crate) fn restore(
        &mut self,
        backup: Option<PathBuf>,
        by: Option<(UserName, Passphrase)>,
        reply: Reply<SafeguardReport>,
    ) {
        // An open vault looks at no passphrase: none is taken for proven, and nobody's tries are forgiven.
        let by = by.filter(|_| !self.access.vault_is_open());
        let Some(reply) = self.take_turn(reply) else { return };
        let (door, now) = (self.door(), self.at());
        self.then(async move {
            let restore = |unlock| door.store.safeguard(Safeguard::Restore { backup, unlock, now: now.wall });
            let mut who = None;
            let restored = match by {
                None => restore(None).await.map_err(RequestError::Store),
                Some((user, passphrase)) => match door.owner(&user).await {
                    Err(error) => Err(error),
                    Ok(clinician) => {
                        who = Some(clinician);
                        let unlock = |secret| Unlock::Passphrase { clinician, secret, passphrase };
                        door.tried(clinician, now, async |secret| restore(Some(unlock(secret))).await).await
                    }
                },
            };
            // One that failed after files were moved leaves the vault closed.
            let closed =
                restored.is_err() && matches!(door.store.read(Query::UnassignedCount).await, Err(StoreFault::Closed));
            let header = door.store.presence().await;
            move |console: &mut Self| {
                console.end_turn();
                let outcome = match &restored {
                    Ok(_) => AuditOutcome::Success,
                    Err(RequestError::WrongSecret { .. } | RequestError::SlotDisabled) => AuditOutcome::Refused,
                    Err(_) => AuditOutcome::Failed,
                };
                let mut entry = console.operation(AuditAction::Restored, who, outcome);
                match outcome {
                    // A wrong passphrase proves no person.
                    AuditOutcome::Refused => (entry.actor, entry.roles) = (None, Vec::new()),
                    AuditOutcome::Success | AuditOutcome::Failed => entry.actor = entry.actor.or(who),
                }
                if let Ok(SafeguardReport::Restored { recovered, .. }) = &restored {
                    entry.count = u32::try_from(*recovered).ok();
                }
                console.note(entry);
                if restored.is_ok() || closed && console.access.vault_is_open() {
                    console.access.header = header.ok().and_then(VaultPresence::header);
                    // Answered once everything is closed: whoever signs in then is let in.
                    let closed = console.restored();
                    return console.start_work(async move {
                        let _ = closed.await;
                        answer(reply, restored);
                        Done::Nothing
                    });
                }
                answer(reply, restored);
            }
        });
    }

    /// The vault is closed now, whoever had it open.
    fn restored(&mut self) -> oneshot::Receiver<Result<(), RequestError>> {
        let (reply, closed) = oneshot::channel();
        if self.access.vault_is_open() {
            self.lock_vault(LockReason::Restored, Some(reply));
            return closed;
        }
        self.access.lock = Lock::Vault(Some(self.ports.machine.wall()), LockReason::Restored);
        self.access.failed = None;
        closed
    }
}
