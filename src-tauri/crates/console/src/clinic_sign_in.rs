//! Whose token goes with a request to the clinic's server, when it is renewed, and signing in there. Tokens are each
//! clinician's own: what one measured never goes as another. Not here: writing tokens down (`clinic_sign_in::keeping`),
//! OAuth (the adapter's), and what waits (`sync`).
mod keeping;
mod session;

use crate::access::By;
use crate::audit::{AuditAction, AuditEntry, AuditOutcome};
use crate::clinician::ClinicianId;
use crate::event_loop::Console;
use crate::people::answer;
use crate::ports::{
    AccessToken, Answer, ClinicAnswer, ClinicFault, ClinicRequest, ClinicServer, Grant, GrantFault, Method, Query,
    RefreshToken, SignInKind,
};
use crate::records::{ServerToken, ServerTokenChange};
use crate::request::RequestError;
use crate::requests::Reply;
use crate::snapshot::ClinicSignIn;
use async_trait::async_trait;
use bedside_session::Now;
use session::{Fate, Session};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::oneshot;

/// The way to the server for somebody's records.
pub(crate) enum ClinicFor {
    /// Requests through this one carry their token, where the server wants any.
    Ready(Arc<dyn ClinicServer>),
    /// A token is being fetched, and its arrival wakes the loop.
    Wait,
    /// They have to sign in at the server.
    SignIn,
    /// No token could be fetched, because nobody answered. The next question tries again.
    NotReached(String),
    /// There is no server.
    NoServer,
}

/// Whose token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    /// This computer's.
    Machine,
    /// A clinician's; nobody's in a vault that nobody is enrolled in.
    Person(Option<ClinicianId>),
}

impl Owner {
    const fn clinician(self) -> Option<ClinicianId> {
        match self {
            Self::Machine => None,
            Self::Person(who) => who,
        }
    }
}

/// Before what a token was asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    owner: Owner,
    round: u64,
    turn: u64,
}

/// Everybody's tokens, while the vault is open.
#[derive(Default)]
pub(crate) struct ClinicTokens {
    kind: SignInKind,
    server: String,
    sessions: BTreeMap<Owner, Session>,
    /// Who is at the browser, in which of the tries, and what ends waiting for them.
    at_browser: Option<(Owner, u64, oneshot::Sender<()>)>,
    tries: u64,
    /// Who worked here at the last look.
    present: Option<ClinicianId>,
    /// What the vault keeps is read: before that nobody is known not to be signed in.
    loaded: bool,
    /// Counts how often everything was forgotten.
    round: u64,
    /// Counts each owner's sign-ins and leaving: what was asked for before one is nothing to what comes after it.
    turns: BTreeMap<Owner, u64>,
    /// Whose newest token is being asked for since before a lock, or waits for the disk (then why): the one that the
    /// vault has may be used up. Outlives a lock.
    on_its_way: BTreeMap<Owner, Option<String>>,
    /// Whose token is to be forgotten and waits for the disk, and how often. Outlives a lock.
    forgetting: BTreeMap<Owner, u32>,
    /// Who left: nothing of theirs is taken in before they sign in anew.
    left: BTreeSet<ClinicianId>,
    /// The server asked for a token, and the policy names no client.
    wanted: bool,
}

impl ClinicTokens {
    pub(crate) fn new(clinic: Option<&Arc<dyn ClinicServer>>) -> Self {
        let Some(clinic) = clinic else { return Self::default() };
        Self { kind: clinic.sign_in_kind(), server: clinic.address(), ..Self::default() }
    }

    /// What the vault keeps.
    fn load(&mut self, tokens: Vec<ServerToken>) {
        self.loaded = true;
        // What became durable meanwhile is later than what was read.
        let is_later = |who| self.sessions.get(&Owner::Person(who)).is_some_and(|session| session.refresh().is_some());
        let tokens = tokens.into_iter().filter(|token| !is_later(token.clinician));
        let changes: Vec<_> = tokens.map(ServerTokenChange::Keep).collect();
        self.take_in(&changes);
    }

    /// What became durable, also out of the spool: later than what was loaded.
    pub(crate) fn take_in(&mut self, changes: &[ServerTokenChange]) {
        for change in changes {
            match change {
                ServerTokenChange::Keep(token) if token.server == self.server && !self.is_gone(token.clinician) => {
                    let session = self.sessions.entry(Owner::Person(token.clinician)).or_default();
                    session.keep(token.refresh.clone(), token.endpoint.clone(), token.user.clone());
                }
                ServerTokenChange::Forget { server, clinician } if *server == self.server => {
                    if let Some(session) = self.sessions.get_mut(&Owner::Person(*clinician)) {
                        session.forget();
                    }
                }
                ServerTokenChange::Keep(_) | ServerTokenChange::Forget { .. } => {}
            }
        }
    }

    /// The vault is locked: nobody's token stays in memory, and nobody is waited for.
    pub(crate) fn forget(&mut self) {
        for (owner, session) in std::mem::take(&mut self.sessions) {
            if session.fetching && owner != Owner::Machine {
                self.on_its_way.entry(owner).or_default();
            }
        }
        self.leave_browser();
        self.loaded = false;
        self.round += 1;
    }

    /// Nobody is waited for at the browser any more: whoever comes back may be somebody else than who went.
    pub(crate) fn leave_browser(&mut self) {
        self.at_browser = None;
    }

    /// The server answered without a token after all.
    pub(crate) fn needs_none(&mut self) {
        self.wanted = false;
    }

    /// What is asked for now, for whom.
    fn asked(&self, owner: Owner) -> Asked {
        Asked { owner, round: self.round, turn: self.turn(owner) }
    }

    fn turn(&self, owner: Owner) -> u64 {
        self.turns.get(&owner).copied().unwrap_or(0)
    }

    fn begin_turn(&mut self, owner: Owner) {
        *self.turns.entry(owner).or_default() += 1;
    }

    /// Whether the owner has neither signed in nor left since.
    fn is_of_this_turn(&self, asked: Asked) -> bool {
        self.turn(asked.owner) == asked.turn
    }

    /// Whether the vault was not locked since.
    fn is_of_this_round(&self, asked: Asked) -> bool {
        self.round == asked.round
    }

    fn is_gone(&self, who: Option<ClinicianId>) -> bool {
        who.is_some_and(|who| self.left.contains(&who))
    }

    fn owner(&self, who: Option<ClinicianId>) -> Owner {
        if self.kind == SignInKind::Machine { Owner::Machine } else { Owner::Person(who) }
    }

    /// Whether the server knows another clinician by this name.
    fn is_another_clinician(&self, owner: Owner, user: Option<&str>) -> bool {
        user.is_some() && self.sessions.iter().any(|(other, session)| *other != owner && session.user() == user)
    }

    /// What the screen shows to whoever is signed in here.
    pub(crate) fn shown(&self, who: Option<ClinicianId>, now: Now) -> ClinicSignIn {
        let owner = self.owner(who);
        if self.kind == SignInKind::NotNeeded {
            return if self.wanted {
                ClinicSignIn::Failed { code: "SIGN-IN-NOT-SET-UP" }
            } else {
                ClinicSignIn::NotNeeded
            };
        }
        if self.at_browser.as_ref().is_some_and(|(at, ..)| *at == owner) {
            return ClinicSignIn::WaitingForBrowser;
        }
        match self.sessions.get(&owner) {
            Some(session) if session.may_go_on(owner == Owner::Machine || self.on_its_way.contains_key(&owner)) => {
                ClinicSignIn::SignedIn { name: session.user().map(str::to_owned), until: session.until(now) }
            }
            Some(session) => session.failed().map_or(ClinicSignIn::Needed, |code| ClinicSignIn::Failed { code }),
            None if owner == Owner::Machine => ClinicSignIn::SignedIn { name: None, until: None },
            None => ClinicSignIn::Needed,
        }
    }
}

impl Console {
    /// What the vault keeps, but for tokens of clinicians who left: one that could not be forgotten then is forgotten now.
    fn load_tokens(&mut self, tokens: Vec<ServerToken>) {
        let colleagues = self.colleagues();
        let works_here = |who: ClinicianId| colleagues.iter().any(|one| one.id == who && one.disabled.is_none());
        let (good, of_leavers): (Vec<_>, Vec<_>) =
            tokens.into_iter().partition(|token| token.clinician.is_none_or(works_here));
        // What the spool brings of theirs is not taken in either.
        self.tokens.left.extend(colleagues.iter().filter(|one| one.disabled.is_some()).map(|one| one.id));
        self.tokens.load(good);
        for ServerToken { clinician, .. } in of_leavers {
            let signed_out = AuditAction::ClinicSignedOut;
            let entry = self.operation_by(By::default(), signed_out, clinician, AuditOutcome::Success);
            self.note_forgotten(clinician, Some(entry));
        }
    }

    /// What the vault keeps is read once it is open.
    pub(crate) fn remember_tokens(&mut self) {
        let (store, server, round) = (self.ports.store.clone(), self.tokens.server.clone(), self.tokens.round);
        self.then(async move {
            let kept = store.read(Query::ServerTokens(server)).await;
            move |console: &mut Self| {
                if console.tokens.round != round {
                    return;
                }
                match kept {
                    Ok(Answer::ServerTokens(tokens)) => console.load_tokens(tokens),
                    Ok(_) => console.tokens.load(Vec::new()),
                    Err(fault) => {
                        tracing::warn!(code = "STORE-READ", %fault, "whoever is signed in at the server signs in again");
                        console.tokens.load(Vec::new());
                    }
                }
                console.changed = true;
            }
        });
    }

    /// The way for what `who` measured; `None` = for what nobody measured: as whoever is signed in here.
    pub(crate) fn clinic_for(&mut self, who: Option<ClinicianId>, now: Now) -> ClinicFor {
        let Some(clinic) = self.ports.clinic.clone() else { return ClinicFor::NoServer };
        if self.tokens.kind == SignInKind::NotNeeded {
            return ClinicFor::Ready(clinic);
        }
        if !self.tokens.loaded {
            return ClinicFor::Wait;
        }
        let owner = self.tokens.owner(who.or(self.works_here()));
        if matches!(owner, Owner::Person(who) if self.tokens.is_gone(who)) {
            return ClinicFor::SignIn;
        }
        let session = self.tokens.sessions.entry(owner).or_default();
        if let Some((token, fate)) = session.token(now.boot) {
            return ClinicFor::Ready(Arc::new(Authorized { clinic, token, fate }));
        }
        if session.fetching {
            return ClinicFor::Wait;
        }
        if let Some(why) = session.not_reached.take() {
            return ClinicFor::NotReached(why);
        }
        match self.tokens.on_its_way.get(&owner) {
            Some(Some(why)) => return ClinicFor::NotReached(why.clone()),
            Some(None) => return ClinicFor::Wait,
            None => {}
        }
        match (owner, session.refresh()) {
            _ if session.rests(now.boot) => ClinicFor::SignIn,
            (Owner::Machine, _) => {
                self.fetch_as_machine(clinic);
                ClinicFor::Wait
            }
            // What the spool holds may be a later one, and an earlier one ends the whole sign-in.
            (Owner::Person(_), Some(_)) if self.filing.is_under_way() => ClinicFor::Wait,
            (Owner::Person(_), Some((refresh, endpoint))) => {
                self.renew(clinic, owner, refresh, endpoint);
                ClinicFor::Wait
            }
            (Owner::Person(_), None) => ClinicFor::SignIn,
        }
    }

    /// The server refused the token of a request (401). Whether another one is fetched; otherwise a fresh one was refused,
    /// or there is none to be had.
    pub(crate) fn clinic_refused_token(&mut self, who: Option<ClinicianId>) -> bool {
        self.changed = true;
        if self.tokens.kind == SignInKind::NotNeeded {
            self.tokens.wanted = true;
            return false;
        }
        let boot = self.ports.machine.boot();
        let owner = self.tokens.owner(who.or(self.works_here()));
        self.tokens.sessions.get_mut(&owner).is_some_and(|session| session.refused(owner == Owner::Machine, boot))
    }

    /// The server took a record that came with the token at hand, or refused it for another reason than the token.
    pub(crate) fn clinic_took_token(&mut self, who: Option<ClinicianId>) {
        let owner = self.tokens.owner(who.or(self.works_here()));
        if let Some(session) = self.tokens.sessions.get(&owner) {
            session.taken();
        }
    }

    /// Whoever works here signs in at the server: in the system's browser, or this computer with its key. Answered at
    /// once; the snapshot says what comes of it.
    pub(crate) fn clinic_sign_in(&mut self, reply: Reply<()>) {
        let Some(clinic) = self.ports.clinic.clone() else { return answer(reply, Err(RequestError::NoServer)) };
        let owner = self.tokens.owner(self.works_here());
        match self.tokens.kind {
            SignInKind::NotNeeded => {}
            SignInKind::Machine => {
                let session = self.tokens.sessions.entry(owner).or_default();
                session.begin_again();
                if !session.fetching {
                    self.fetch_as_machine(clinic);
                }
            }
            SignInKind::Person => self.open_browser(clinic, owner),
        }
        self.changed = true;
        answer(reply, Ok(()));
    }

    /// Nobody is waited for at the browser any more.
    pub(crate) fn cancel_clinic_sign_in(&mut self, reply: Reply<()>) {
        self.tokens.leave_browser();
        self.changed = true;
        answer(reply, Ok(()));
    }

    /// A computer that rested after a refusal may try again, and what nobody measured goes as whoever works here now.
    pub(crate) fn wake_clinic_tokens(&mut self, now: Now) {
        let present = self.works_here();
        if std::mem::replace(&mut self.tokens.present, present) != present {
            let here = self.tokens.owner(present);
            if self.tokens.at_browser.as_ref().is_some_and(|(at, ..)| *at != here) {
                self.tokens.leave_browser();
            }
            self.sync.token_came();
        }
        let rested = self.tokens.sessions.values_mut().filter_map(|session| session.rested(now.boot).then_some(()));
        if rested.count() > 0 {
            self.sync.token_came();
        }
    }

    /// A person asks for a sync: nobody rests.
    pub(crate) fn begin_clinic_tokens_again(&mut self) {
        self.tokens.sessions.values_mut().for_each(Session::begin_again);
    }

    /// A leaver's token goes with them, and so does one that is on its way.
    pub(crate) fn forget_clinic_token(&mut self, who: ClinicianId) {
        let owner = Owner::Person(Some(who));
        if self.tokens.at_browser.as_ref().is_some_and(|(at, ..)| *at == owner) {
            self.tokens.leave_browser();
        }
        let had_one = self.tokens.sessions.remove(&owner).is_some_and(|session| session.may_go_on(false));
        let had_one = had_one || self.tokens.on_its_way.contains_key(&owner);
        self.tokens.left.insert(who);
        self.tokens.begin_turn(owner);
        if self.tokens.kind == SignInKind::Person {
            let signed_out = || self.operation(AuditAction::ClinicSignedOut, Some(who), AuditOutcome::Success);
            let entry = had_one.then(signed_out);
            // Also what of it was not read yet.
            self.note_forgotten(Some(who), entry);
        }
    }

    fn works_here(&self) -> Option<ClinicianId> {
        self.access.clinician.as_ref().map(|clinician| clinician.id)
    }

    fn open_browser(&mut self, clinic: Arc<dyn ClinicServer>, owner: Owner) {
        let (cancel, cancelled) = oneshot::channel();
        self.tokens.tries += 1;
        let this = self.tokens.tries;
        // Whoever was at the browser before is not waited for any more.
        self.tokens.at_browser = Some((owner, this, cancel));
        self.tokens.sessions.entry(owner).or_default().begin_again();
        self.then(async move {
            let back = tokio::select! {
                back = clinic.sign_in() => Some(back),
                _ = cancelled => None,
            };
            move |console: &mut Self| {
                if console.tokens.at_browser.as_ref().is_some_and(|(_, which, _)| *which == this) {
                    console.tokens.at_browser = None;
                    if let Some(back) = back {
                        console.back_from_browser(owner, back);
                    }
                }
                console.changed = true;
            }
        });
    }

    fn back_from_browser(&mut self, owner: Owner, back: Result<Grant, GrantFault>) {
        match back {
            // Whoever sits here now may be whom the browser asked.
            _ if owner != self.tokens.owner(self.works_here()) => {
                tracing::warn!(code = "SIGN-IN-LEFT", "whoever went to the browser does not work here any more");
                let (signed_in, who) = (AuditAction::ClinicSignedIn, owner.clinician());
                self.note(self.operation_by(By::default(), signed_in, who, AuditOutcome::Refused));
            }
            // The browser may remember somebody else: what one clinician measured would go as another.
            Ok(grant) if self.tokens.is_another_clinician(owner, grant.user.as_deref()) => {
                self.not_granted(owner, GrantFault::AnotherClinician, true);
            }
            Ok(grant) => {
                self.tokens.begin_turn(owner);
                if let Owner::Person(Some(who)) = owner {
                    self.tokens.left.remove(&who);
                }
                self.tokens.sessions.entry(owner).or_default().signs_in();
                let entry = self.operation(AuditAction::ClinicSignedIn, owner.clinician(), AuditOutcome::Success);
                self.keep_grant(self.tokens.asked(owner), grant, Some(entry));
            }
            Err(fault) => self.not_granted(owner, fault, true),
        }
    }

    fn fetch_as_machine(&mut self, clinic: Arc<dyn ClinicServer>) {
        let asked = self.begin_fetching(Owner::Machine);
        self.then(async move {
            let result = clinic.sign_in_as_machine().await;
            move |console: &mut Self| console.token_fetched(asked, result)
        });
    }

    fn renew(&mut self, clinic: Arc<dyn ClinicServer>, owner: Owner, refresh: RefreshToken, endpoint: String) {
        let asked = self.begin_fetching(owner);
        self.then(async move {
            let result = clinic.renew(&refresh, &endpoint).await;
            move |console: &mut Self| {
                let tokens = &mut console.tokens;
                let is_present = tokens.is_of_this_turn(asked) && tokens.is_of_this_round(asked);
                let is_other = |session: &Session| session.refresh().is_none_or(|(now, _)| now != refresh);
                match tokens.sessions.get_mut(&owner) {
                    // The token went meanwhile, or another one came: what this one brought is nothing to it.
                    Some(session) if is_present && is_other(session) => session.fetching = false,
                    Some(_) | None => console.token_fetched(asked, result),
                }
                console.changed = true;
            }
        });
    }

    /// One at a time for each owner.
    fn begin_fetching(&mut self, owner: Owner) -> Asked {
        self.tokens.sessions.entry(owner).or_default().fetching = true;
        self.tokens.asked(owner)
    }

    fn token_fetched(&mut self, asked: Asked, result: Result<Grant, GrantFault>) {
        self.changed = true;
        if !self.tokens.is_of_this_turn(asked) {
            // Somebody signed in meanwhile, or left: neither the grant nor its end is anything to them.
            return;
        }
        match result {
            // Also when the vault was locked meanwhile: the token that was used is worthless, so its successor is kept.
            Ok(grant) => {
                let entry = self.entry_of_computer(asked);
                self.keep_grant(asked, grant, entry);
            }
            Err(fault) if self.tokens.is_of_this_round(asked) => self.not_granted(asked.owner, fault, false),
            // Whoever asks next finds out what the token in the vault is worth.
            Err(_) => drop(self.tokens.on_its_way.remove(&asked.owner)),
        }
    }

    /// This computer signs in with its first token after an opening or a refusal; those that follow go on with that.
    fn entry_of_computer(&self, asked: Asked) -> Option<AuditEntry> {
        let session = self.tokens.sessions.get(&asked.owner)?;
        let is_sign_in = asked.owner == Owner::Machine && session.is_news() && self.tokens.is_of_this_round(asked);
        let (action, outcome) = (AuditAction::ClinicSignedIn, AuditOutcome::Success);
        is_sign_in.then(|| self.operation_by(By::default(), action, None, outcome))
    }
}

/// The server, asked by somebody's token.
struct Authorized {
    clinic: Arc<dyn ClinicServer>,
    token: AccessToken,
    fate: Fate,
}

#[async_trait]
impl ClinicServer for Authorized {
    async fn send(&self, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        self.fate.went_out();
        // A batch may be answered well and refuse the token for each of its entries: that is for its sender to see.
        let is_read = request.method == Method::Get;
        let answer = self.clinic.send_as(&self.token, request).await;
        if is_read && answer.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status)) {
            self.fate.was_taken();
        }
        answer
    }

    fn address(&self) -> String {
        self.clinic.address()
    }

    fn path_behind(&self, link: &str) -> Option<String> {
        self.clinic.path_behind(link)
    }
}
