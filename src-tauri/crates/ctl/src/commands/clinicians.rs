//! `clinicians …`: who can open the vault, and what they may do.
//! Not here: who may enrol whom; the console decides. Secrets come as lines of standard input only.
use super::kit::Paper;
use crate::arguments::{AddClinician, ChangeClinician, Clinicians, PassphraseOf};
use crate::failure::{Failure, NOT_FOUND, USAGE};
use crate::output::Output;
use crate::reader::{Reader, mixed_up};
use crate::screen::Screen;
use crate::sign_in::{self, Who};
use bedside_assembly::{Place, Running, Start};
use bedside_console::ports::{Answer, Query};
use bedside_console::{Clinician, ConsoleHandle, NewClinician, Role, UserName};
use serde_json::json;

pub(crate) async fn run(place: &Place, who: &Who, arguments: &Clinicians, output: &Output) -> Result<(), Failure> {
    match arguments {
        Clinicians::List => return list(place, who, output).await,
        Clinicians::Add(new) if is_of_earlier_version(place).await? => {
            return enrol_first(place, who, new, output).await;
        }
        Clinicians::Add(_)
        | Clinicians::Disable(_)
        | Clinicians::Roles(_)
        | Clinicians::Passphrase(_)
        | Clinicians::Pin => {}
    }
    let running = open(place, who).await?;
    let done = change(&running.console, who, arguments).await;
    running.close().await;
    let changed = done?;
    output.say(&changed, &json!({ "done": changed }));
    Ok(())
}

/// Does it, and says in words what was done.
async fn change(console: &ConsoleHandle, who: &Who, arguments: &Clinicians) -> Result<String, Failure> {
    match arguments {
        Clinicians::List => Ok(String::new()),
        Clinicians::Add(new) => {
            let new = new_clinician(who, new, user_name(&new.user_name)?)?;
            let added = console.add_clinician(new).await?;
            Ok(format!("{} is enrolled", added.user_name))
        }
        Clinicians::Disable(which) => {
            let clinician = find(console, &which.user_name).await?;
            console.disable_clinician(clinician.id).await?;
            Ok(format!("{} may not sign in any more", clinician.user_name))
        }
        Clinicians::Roles(ChangeClinician { user_name, role, name }) => {
            let clinician = find(console, user_name).await?;
            let name = name.clone().unwrap_or(clinician.display_name);
            console.change_clinician(clinician.id, name, role.clone()).await?;
            Ok(format!("{} is now {}", clinician.user_name, words(role)))
        }
        Clinicians::Passphrase(PassphraseOf { user_name: None }) => {
            let (user, old) = who.sign_in()?;
            console.change_passphrase(old, who.passphrase("the new passphrase")?).await?;
            Ok(format!("{user} has a new passphrase"))
        }
        Clinicians::Passphrase(PassphraseOf { user_name: Some(user_name) }) => {
            let clinician = find(console, user_name).await?;
            console.reset_passphrase(clinician.id, who.passphrase("the new passphrase")?).await?;
            Ok(format!("{} has a new passphrase", clinician.user_name))
        }
        Clinicians::Pin => {
            let (user, passphrase) = who.sign_in()?;
            console.change_pin(passphrase, who.pin()?).await?;
            Ok(format!("{user} has a new PIN"))
        }
    }
}

async fn list(place: &Place, who: &Who, output: &Output) -> Result<(), Failure> {
    let reader = Reader::open(place, who, &[]).await?;
    let Answer::Clinicians(all) = reader.store().read(Query::Clinicians).await? else { return Err(mixed_up()) };
    reader.close().await?;
    all.iter().for_each(|clinician| say(clinician, output));
    Ok(())
}

fn say(clinician: &Clinician, output: &Output) {
    let Clinician { id, user_name, display_name, roles, disabled, has_pin, enrolled } = clinician;
    let state = disabled.map_or_else(|| "enabled".into(), |at| format!("disabled {at}"));
    let human = format!("{user_name:<20} {display_name:<28} {:<32} {state}", words(roles));
    let json = json!({
        "id": id.0.to_string(), "user": user_name.as_str(), "name": display_name,
        "roles": roles.iter().map(|role| role.name()).collect::<Vec<_>>(), "has_pin": has_pin,
        "enrolled": enrolled.to_string(), "disabled": disabled.map(|at| at.to_string()),
    });
    output.say(&human, &json);
}

/// The first clinician of a vault that the device secret alone opens.
async fn enrol_first(place: &Place, who: &Who, new: &AddClinician, output: &Output) -> Result<(), Failure> {
    let user = who.user()?;
    if user != user_name(&new.user_name)? {
        let text = "this vault has no clinician yet: the first one is enrolled by themselves, so --user is their name";
        return Err(Failure::new(USAGE, text));
    }
    let paper = Paper::new(&new.kit)?;
    let mut first = new_clinician(who, new, user)?;
    if !first.roles.contains(&Role::Administrator) {
        first.roles.push(Role::Administrator);
    }
    let user = first.user_name.to_string();
    let (screen, _values, _snapshots) = Screen::new();
    let running = place.start(Start { clinic: None, display: screen, ledger: None }).await?;
    let enrolled = match running.open_by_itself().await {
        Ok(()) => running.console.enrol_first(first).await,
        Err(error) => Err(error),
    };
    running.close().await;
    let kit = match enrolled? {
        Some(key) => paper.print(&key, output)?,
        None => None,
    };
    output.say(&format!("{user} is enrolled"), &json!({ "done": format!("{user} is enrolled"), "recovery_kit": kit }));
    Ok(())
}

async fn is_of_earlier_version(place: &Place) -> Result<bool, Failure> {
    Ok(!place.source().is_simulated() && sign_in::header(place).await?.device_slot)
}

fn new_clinician(who: &Who, new: &AddClinician, user_name: UserName) -> Result<NewClinician, Failure> {
    let roles = if new.role.is_empty() { vec![Role::Clinician] } else { new.role.clone() };
    let passphrase = who.passphrase("the new clinician's passphrase")?;
    let pin = who.pin_if_given()?;
    Ok(NewClinician { user_name, display_name: new.name.clone(), roles, passphrase, pin })
}

async fn open(place: &Place, who: &Who) -> Result<Running, Failure> {
    let (screen, _values, _snapshots) = Screen::new();
    sign_in::open(place, who, Start { clinic: None, display: screen, ledger: None }).await
}

async fn find(console: &ConsoleHandle, typed: &str) -> Result<Clinician, Failure> {
    let wanted = user_name(typed)?;
    let all = console.clinicians().await?;
    // A name may have been given again after its owner left: the one who can sign in is meant.
    let of_name = || all.iter().filter(|clinician| clinician.user_name == wanted);
    let found = of_name().find(|clinician| clinician.disabled.is_none()).or_else(|| of_name().next_back());
    found.cloned().ok_or_else(|| Failure::new(NOT_FOUND, "nobody of this name is enrolled"))
}

fn user_name(typed: &str) -> Result<UserName, Failure> {
    UserName::new(typed).ok_or_else(|| Failure::new(USAGE, format!("expected {}", UserName::EXPECTED)))
}

fn words(roles: &[Role]) -> String {
    roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ")
}
