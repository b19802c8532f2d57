//! `vault …`: making, looking after, restoring and recovering the encrypted store.
//! Creating never touches a vault that is there; nothing here deletes one.
use super::kit::Paper;
use crate::arguments::{CreateVault, KitFile, Recover, Restore, Vault};
use crate::failure::{BAD_DATA, Failure};
use crate::output::Output;
use crate::reader::{Reader, mixed_up};
use crate::screen::Screen;
use crate::sign_in::{self, Who};
use bedside_assembly::{ClosedVault, Place, Running, Start};
use bedside_console::ports::{Answer, Query, RecoveryKey, StoreFault};
use bedside_console::{BackupCopy, NewClinician, Permission, Role, SafeguardReport, VaultStatus};
use serde_json::{Value, json};

pub(crate) async fn run(place: &Place, who: &Who, arguments: &Vault, output: &Output) -> Result<(), Failure> {
    match arguments {
        Vault::Create(create) => make(place, who, create, output).await,
        Vault::Status => status(place, who, output).await,
        Vault::Slots => slots(place, output).await,
        Vault::Backups => backups(place, who, output).await,
        Vault::Restore(which) => restore(place, who, which, output).await,
        Vault::Recover(recover) => self::recover(place, who, recover, output).await,
        Vault::NewKit(to) => new_kit(place, who, to, output).await,
        Vault::Check => {
            let running = open(place, who).await?;
            let checked = running.console.check().await;
            running.close().await;
            checked?;
            output.say("nothing was found", &json!({ "sound": true }));
            Ok(())
        }
        Vault::Backup => {
            let running = open(place, who).await?;
            let made = running.console.back_up().await;
            running.close().await;
            say_backup(&made?, output);
            Ok(())
        }
        Vault::Rekey => {
            let running = open(place, who).await?;
            let done = running.console.rekey().await;
            running.close().await;
            done?;
            output.say("the vault has a new key", &json!({ "rekeyed": true }));
            Ok(())
        }
    }
}

async fn make(place: &Place, who: &Who, create: &CreateVault, output: &Output) -> Result<(), Failure> {
    // Before any secret is asked for: a vault that is there stays as it is.
    if place.has_vault().await? {
        return Err(StoreFault::AlreadyThere.into());
    }
    let first = if place.source().is_simulated() && !who.is_named() {
        None
    } else {
        let roles = with_administrator(&create.role, &[Role::Clinician]);
        Some(new_clinician(who, &create.name, roles)?)
    };
    let paper = Paper::new(&create.kit)?;
    let created = place.create_vault(first).await?;
    let kit = match &created.kit {
        Some(key) => paper.print(key, output)?,
        None => None,
    };
    let id = created.vault.to_string();
    let mut json = json!({ "vault": id });
    if let Some(kit) = kit {
        json["recovery_kit"] = json!(kit);
    }
    output.say(&format!("vault {id} made"), &json);
    Ok(())
}

/// The clinician of `--user`, with the secrets that come next on standard input.
fn new_clinician(who: &Who, name: &str, roles: Vec<Role>) -> Result<NewClinician, Failure> {
    let user_name = who.user()?;
    let passphrase = who.passphrase("the passphrase")?;
    let display_name = if name.is_empty() { user_name.to_string() } else { name.to_owned() };
    Ok(NewClinician { user_name, display_name, roles, passphrase, pin: who.pin_if_given()? })
}

/// Somebody must be able to enrol the others.
fn with_administrator(wanted: &[Role], default: &[Role]) -> Vec<Role> {
    let wanted = if wanted.is_empty() { default } else { wanted };
    Role::ALL.into_iter().filter(|role| *role == Role::Administrator || wanted.contains(role)).collect()
}

async fn status(place: &Place, who: &Who, output: &Output) -> Result<(), Failure> {
    let closed = place.closed_vault().await?;
    let opens = closed.header.device_slot && place.source().is_simulated() || who.is_named();
    let status = if opens {
        let reader = Reader::open(place, who, &[]).await?;
        let Answer::VaultStatus(status) = reader.store().read(Query::VaultStatus).await? else {
            return Err(mixed_up());
        };
        reader.close().await?;
        Some(status)
    } else {
        None
    };
    output.say(&status_words(&closed, status.as_ref()), &status_json(&closed, status.as_ref()));
    Ok(())
}

fn status_words(closed: &ClosedVault, status: Option<&VaultStatus>) -> String {
    let ClosedVault { header, spool_files, spool_octets, backups } = closed;
    let recovery = if header.recovery_slot { "a recovery slot" } else { "no recovery slot" };
    let device = if header.device_slot { ", opens with the device secret alone" } else { "" };
    let mut words = format!(
        "vault {}: {} slots of clinicians, {recovery}{device}; {backups} backups; {spool_files} spool files, {spool_octets} octets",
        header.id,
        header.slots.len(),
    );
    match status {
        None => words.push_str("\nclosed; --user NAME --secret-stdin shows what is in it"),
        Some(status) => words.push_str(&format!(
            "\nformat {}, SQLCipher {}, {} commits, {} octets\n{} patients, {} readings, {} samples, {} raw values ({} rejected)",
            status.format,
            status.cipher,
            status.generation,
            status.octets,
            status.patients,
            status.readings,
            status.samples,
            status.frames,
            status.rejected_frames,
        )),
    }
    words
}

fn status_json(closed: &ClosedVault, status: Option<&VaultStatus>) -> Value {
    let ClosedVault { header, spool_files, spool_octets, backups } = closed;
    let mut json = json!({
        "vault": header.id.to_string(), "open": status.is_some(), "slots": header.slots.len(),
        "recovery_slot": header.recovery_slot, "device_slot": header.device_slot,
        "backups": backups, "spool_files": spool_files, "spool_octets": spool_octets,
    });
    if let Some(status) = status {
        let inside = json!({
            "format": status.format, "cipher": status.cipher, "generation": status.generation, "octets": status.octets,
            "patients": status.patients, "readings": status.readings, "samples": status.samples,
            "frames": status.frames, "rejected_frames": status.rejected_frames,
        });
        if let (Value::Object(json), Value::Object(inside)) = (&mut json, inside) {
            json.extend(inside);
        }
    }
    json
}

async fn slots(place: &Place, output: &Output) -> Result<(), Failure> {
    let header = place.closed_vault().await?.header;
    for slot in &header.slots {
        let id = slot.clinician.0.to_string();
        output.say(
            &format!("clinician  {}", slot.user_name),
            &json!({ "slot": "clinician", "user": slot.user_name.as_str(), "clinician": id }),
        );
    }
    if header.recovery_slot {
        output.say("recovery   IT's key, or a printed kit", &json!({ "slot": "recovery" }));
    }
    if header.device_slot {
        output.say("device     the keyring alone", &json!({ "slot": "device" }));
    }
    Ok(())
}

async fn backups(place: &Place, who: &Who, output: &Output) -> Result<(), Failure> {
    let reader = Reader::open(place, who, &[Permission::KeepVault]).await?;
    let Answer::Backups(copies) = reader.store().read(Query::Backups).await? else { return Err(mixed_up()) };
    reader.close().await?;
    copies.iter().for_each(|copy| say_backup(copy, output));
    if copies.is_empty() && !output.is_json() {
        output.note("no backups yet");
    }
    Ok(())
}

fn say_backup(copy: &BackupCopy, output: &Output) {
    let folder = copy.folder.display().to_string();
    let verified = copy.verified.map_or_else(|| "not verified".into(), |at| format!("verified {at}"));
    let human = format!("{}  {verified}  {} commits, {} octets  {folder}", copy.at, copy.generation, copy.octets);
    output.say(&human, &backup_json(copy));
}

fn backup_json(copy: &BackupCopy) -> Value {
    json!({
        "folder": copy.folder.display().to_string(), "at": copy.at.to_string(),
        "verified": copy.verified.map(|at| at.to_string()), "generation": copy.generation, "octets": copy.octets,
    })
}

/// Restores a closed vault: one that is damaged does not open.
async fn restore(place: &Place, who: &Who, which: &Restore, output: &Output) -> Result<(), Failure> {
    let header = match place.vault().presence().await {
        // Without its slots no console starts on it; the newest backup knows who could open it.
        Err(StoreFault::Damaged(why)) if place.source().is_simulated() => return Err(StoreFault::Damaged(why).into()),
        Err(StoreFault::Damaged(_)) => {
            let (user, passphrase) = who.sign_in()?;
            let restored = place.restore_without_slots(&user, passphrase, which.backup.clone()).await?;
            return say_restored(&restored, output);
        }
        _ => sign_in::header(place).await?,
    };
    let by = if header.device_slot { None } else { Some(who.sign_in()?) };
    let running = start(place).await?;
    if by.is_none()
        && let Err(error) = running.open_by_itself().await
    {
        output.note(&format!("the present vault does not open ({error}); it is set aside"));
    }
    let restored = running.console.restore(which.backup.clone(), by).await;
    running.close().await;
    say_restored(&restored?, output)
}

fn say_restored(report: &SafeguardReport, output: &Output) -> Result<(), Failure> {
    let SafeguardReport::Restored { backup, set_aside, recovered, missing_commits, unreadable } = report else {
        return Err(mixed_up());
    };
    let lost: Vec<String> = unreadable
        .iter()
        .map(|rows| {
            let last = rows.last.map_or_else(String::new, |last| last.to_string());
            format!("{} {}-{last}", rows.table, rows.first)
        })
        .collect();
    let aside = set_aside.display().to_string();
    let human = format!(
        "the backup of {} is the vault now; {recovered} readings were brought over, {missing_commits} commits are in neither\n\
         the former files lie in {aside}; sign in again{}",
        backup.at,
        if lost.is_empty() { String::new() } else { format!("\nrows that could not be read: {}", lost.join(", ")) },
    );
    let json = json!({
        "backup": backup_json(backup), "set_aside": aside, "recovered": recovered, "missing_commits": missing_commits,
        "unreadable": lost,
    });
    output.say(&human, &json);
    Ok(())
}

async fn recover(place: &Place, who: &Who, recover: &Recover, output: &Output) -> Result<(), Failure> {
    sign_in::header(place).await?;
    who.user()?;
    let kit = who.kit()?;
    let key = RecoveryKey::parse_kit(&kit).map_err(|fault| Failure::new(BAD_DATA, fault.to_string()))?;
    let new = new_clinician(who, &recover.name, with_administrator(&recover.role, &[]))?;
    let user = new.user_name.to_string();
    let running = start(place).await?;
    let recovered = running.console.recover(key, new).await;
    running.close().await;
    recovered?;
    output.say(&format!("recovered; {user} signs in from now on"), &json!({ "recovered": true, "user": user }));
    Ok(())
}

async fn new_kit(place: &Place, who: &Who, to: &KitFile, output: &Output) -> Result<(), Failure> {
    let paper = Paper::new(to)?;
    let running = open(place, who).await?;
    let key = running.console.new_recovery_key().await;
    running.close().await;
    if let Some(kit) = paper.print(&key?, output)? {
        output.say("", &json!({ "recovery_kit": kit }));
    }
    Ok(())
}

async fn open(place: &Place, who: &Who) -> Result<Running, Failure> {
    let (screen, _values, _snapshots) = Screen::new();
    sign_in::open(place, who, Start { clinic: None, display: screen, ledger: None }).await
}

/// The console on a closed vault.
async fn start(place: &Place) -> Result<Running, Failure> {
    let (screen, _values, _snapshots) = Screen::new();
    Ok(place.start(Start { clinic: None, display: screen, ledger: None }).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_makes_a_vault_can_enrol_the_others() {
        assert_eq!(with_administrator(&[], &[Role::Clinician]), [Role::Clinician, Role::Administrator]);
        assert_eq!(with_administrator(&[Role::ItSupport], &[Role::Clinician]), [Role::Administrator, Role::ItSupport]);
    }
}
