//! What was granted becomes durable before it is used, in its turn, with the entry of the audit log about it, and is written
//! until it is: an old token ends the whole sign-in. Not here: whose token goes with what, and asking for tokens
//! (`clinic_sign_in`).
use super::{Asked, Owner};
use crate::access::By;
use crate::audit::{AuditAction, AuditEntry, AuditOutcome};
use crate::clinician::ClinicianId;
use crate::commits::{After, Batch};
use crate::event_loop::Console;
use crate::ports::{Grant, GrantFault};
use crate::records::{Changes, ServerToken, ServerTokenChange};
use crate::request::RequestError;

impl Console {
    /// A refresh token is durable before anything is done with what came with it. `entry` says that somebody signed in.
    pub(super) fn keep_grant(&mut self, asked: Asked, grant: Grant, entry: Option<AuditEntry>) {
        match self.to_keep(asked.owner, &grant) {
            Some(token) => self.write_grant(asked, grant, token, entry),
            None => {
                entry.into_iter().for_each(|entry| self.note(entry));
                self.grant_may_be_used(asked, grant);
            }
        }
    }

    /// There is no grant, for a person at the browser or for a renewal.
    pub(super) fn not_granted(&mut self, owner: Owner, fault: GrantFault, at_browser: bool) {
        tracing::warn!(code = fault.code(), "no token for the clinic's server");
        let now = self.now();
        let ended = fault == GrantFault::SignInAgain;
        let entry = self.entry_of_fault(owner, &fault, at_browser);
        self.tokens.sessions.entry(owner).or_default().not_granted(fault, owner == Owner::Machine, now.boot);
        if ended && let Owner::Person(who) = owner {
            self.note_forgotten(who, entry);
        } else {
            entry.into_iter().for_each(|entry| self.note(entry));
        }
        // Whoever waits for a token learns that there is none.
        self.changed = true;
    }

    /// The vault keeps none of this clinician's any more. Written until it is, as what is captured: a token that stays behind
    /// would be taken up at the next opening.
    pub(super) fn note_forgotten(&mut self, clinician: Option<ClinicianId>, entry: Option<AuditEntry>) {
        let owner = Owner::Person(clinician);
        let forget = ServerTokenChange::Forget { server: self.tokens.server.clone(), clinician };
        *self.tokens.forgetting.entry(owner).or_default() += 1;
        self.write_token(owner, forget, entry, move |console, _| {
            let forgetting = &mut console.tokens.forgetting;
            if let Some(left) = forgetting.get_mut(&owner) {
                *left -= 1;
            }
            forgetting.retain(|_, left| *left > 0);
        });
    }

    /// What the audit log gets of it: the end of a sign-in, and what a person was refused; of a renewal, and of a computer's
    /// own sign-in, that there is no token, once for as long as it stays so. Who did not answer refused nothing.
    fn entry_of_fault(&self, owner: Owner, fault: &GrantFault, at_browser: bool) -> Option<AuditEntry> {
        use AuditAction::{ClinicSignedIn, ClinicSignedOut};
        let who = owner.clinician();
        let outcome = match fault {
            GrantFault::Refused(_)
            | GrantFault::Declined(_)
            | GrantFault::NotAccepted(_)
            | GrantFault::AnotherClinician
            | GrantFault::SignInAgain => AuditOutcome::Refused,
            GrantFault::NoAnswer(_)
            | GrantFault::NobodyCame
            | GrantFault::NoBrowser(_)
            | GrantFault::NotOffered(_)
            | GrantFault::NotSetUp(_) => AuditOutcome::Failed,
        };
        let before = self.tokens.sessions.get(&owner).and_then(|session| session.failed());
        match fault {
            _ if at_browser => Some(self.operation(ClinicSignedIn, who, outcome)),
            GrantFault::NoAnswer(_) => None,
            GrantFault::SignInAgain if owner != Owner::Machine => {
                Some(self.operation_by(By::default(), ClinicSignedOut, who, AuditOutcome::Success))
            }
            fault if before == Some(fault.code()) => None,
            _ => Some(self.operation_by(By::default(), ClinicSignedIn, who, outcome)),
        }
    }

    /// In its turn: nothing of an owner's is written behind what came later. What must be written whatever happens, and what
    /// comes behind it, goes the way of what is captured.
    fn write_token(
        &mut self,
        owner: Owner,
        change: ServerTokenChange,
        entry: Option<AuditEntry>,
        then: impl FnOnce(&mut Self, Result<(), RequestError>) + Send + 'static,
    ) {
        let after = After::Then(Box::new(then));
        if self.tokens.on_its_way.contains_key(&owner) || self.tokens.forgetting.contains_key(&owner) {
            self.commits.capture(|changes| {
                changes.server_tokens.push(change);
                changes.audit.extend(entry);
            });
            self.commits.after_capture(after);
        } else {
            let audit = entry.into_iter().collect();
            let changes = Changes { server_tokens: vec![change], audit, ..Changes::default() };
            self.commits.request(Batch { changes, after: vec![after] });
        }
    }

    fn write_grant(&mut self, asked: Asked, grant: Grant, token: ServerToken, entry: Option<AuditEntry>) {
        let change = ServerTokenChange::Keep(token.clone());
        self.write_token(asked.owner, change, entry.clone(), move |console, written| {
            console.token_written(asked, grant, (token, entry), written);
        });
    }

    fn token_written(
        &mut self,
        asked: Asked,
        grant: Grant,
        (token, entry): (ServerToken, Option<AuditEntry>),
        written: Result<(), RequestError>,
    ) {
        self.changed = true;
        if !self.tokens.is_of_this_turn(asked) {
            return;
        }
        match written {
            Ok(()) => self.grant_may_be_used(asked, grant),
            // It is in the spool, and nothing is renewed before that is filed.
            Err(RequestError::Locked) => {
                self.tokens.on_its_way.remove(&asked.owner);
                if self.tokens.is_of_this_round(asked) {
                    self.tokens.sessions.remove(&asked.owner);
                }
            }
            Err(why) => {
                // The one that was used is worthless: its successor is written until it is, into the spool if need be.
                self.tokens.on_its_way.insert(asked.owner, Some(why.to_string()));
                if self.tokens.is_of_this_round(asked) {
                    self.tokens.sessions.entry(asked.owner).or_default().could_not_write();
                }
                self.write_grant(asked, grant, token, entry);
            }
        }
    }

    fn grant_may_be_used(&mut self, asked: Asked, grant: Grant) {
        self.tokens.on_its_way.remove(&asked.owner);
        if !self.tokens.is_of_this_round(asked) {
            // The vault was locked meanwhile: what was written is read again, and nothing else is known.
            return;
        }
        let now = self.now();
        let session = self.tokens.sessions.entry(asked.owner).or_default();
        // A renewal opens nothing that was shut: a server that takes no token at all would be asked for ever.
        let is_news = session.is_news();
        session.granted(grant, now);
        if is_news {
            self.sync.token_came();
        }
        self.changed = true;
    }

    fn to_keep(&self, owner: Owner, grant: &Grant) -> Option<ServerToken> {
        let Owner::Person(clinician) = owner else { return None };
        let known = || self.tokens.sessions.get(&owner).and_then(|session| session.user().map(str::to_owned));
        Some(ServerToken {
            server: self.tokens.server.clone(),
            clinician,
            endpoint: grant.endpoint.clone(),
            refresh: grant.refresh.clone()?,
            user: grant.user.clone().or_else(known),
            granted: self.ports.machine.wall(),
        })
    }
}
