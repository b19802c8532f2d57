//! `doctor`: what works on this computer, one line each with what to do.
//! It changes nothing but a probe entry in the keyring, which it deletes again.
use crate::arguments::Doctor;
use crate::failure::{Failure, UNAVAILABLE};
use crate::output::Output;
use crate::reader::Reader;
use crate::sign_in::{self, Who};
use bedside_assembly::Place;
use bedside_console::ports::{AdapterLine, AdapterState, ClinicRequest, KeyFault, Machine, Method};
use serde_json::json;

/// One finding.
struct Finding {
    subject: &'static str,
    good: bool,
    text: String,
}

pub(crate) async fn run(place: &Place, who: &Who, arguments: &Doctor, output: &Output) -> Result<(), Failure> {
    let mut findings = vec![version(), folder(place), keyring(place).await, vault(place, who).await];
    findings.extend(safety(place).await);
    findings.extend(bluetooth(place).await);
    findings.push(clock_and_server(place, arguments).await);
    for Finding { subject, good, text } in &findings {
        let mark = if *good { "ok  " } else { "FAIL" };
        output.say(&format!("{mark} {subject:<10} {text}"), &json!({ "subject": subject, "ok": good, "text": text }));
    }
    let bad = findings.iter().filter(|finding| !finding.good).count();
    if bad == 0 { Ok(()) } else { Err(Failure::new(UNAVAILABLE, format!("{bad} things need attention"))) }
}

fn finding(subject: &'static str, result: Result<String, String>) -> Finding {
    let good = result.is_ok();
    Finding { subject, good, text: result.unwrap_or_else(|text| text) }
}

fn version() -> Finding {
    let text = format!("Bedside {} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    finding("version", Ok(text))
}

fn folder(place: &Place) -> Finding {
    let folder = place.folders().data();
    let probe = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let file = folder.join(format!("probe-{}", std::process::id()));
        std::fs::write(&file, b"probe")?;
        std::fs::remove_file(file)
    };
    let said = |error: std::io::Error| {
        format!("{} cannot be written: {error}; give another with --data-dir", folder.display())
    };
    finding("folder", probe().map(|()| format!("{} can be written", folder.display())).map_err(said))
}

async fn keyring(place: &Place) -> Finding {
    let probed = place.keys().probe().await;
    finding("keyring", probed.map(|()| "it stores and returns a secret".into()).map_err(|fault| fault.to_string()))
}

async fn vault(place: &Place, who: &Who) -> Finding {
    let result = match place.has_vault().await {
        Ok(false) => Ok("none yet; make one with `vault create` or in the window".into()),
        Ok(true) if !place.source().is_simulated() && !who.is_named() => secret(place).await,
        Ok(true) => match Reader::open(place, who, &[]).await {
            Ok(reader) => {
                let _ = reader.close().await;
                Ok("it opens".into())
            }
            Err(failure) => Err(failure.text),
        },
        Err(error) => Err(error.to_string()),
    };
    finding("vault", result)
}

/// Without a passphrase the vault stays closed; whether the keyring still holds its secret can be told.
async fn secret(place: &Place) -> Result<String, String> {
    let header = sign_in::header(place).await.map_err(|failure| failure.text)?;
    let advice = "open it with `vault recover --kit-stdin` and the recovery kit";
    match place.keys().load(header.id).await {
        Ok(_) => Ok("it is there, and the keyring holds its secret; say --user to see whether it opens".into()),
        Err(fault @ (KeyFault::NoEntry | KeyFault::Malformed)) => Err(format!("{fault}; {advice}")),
        Err(fault) => Err(fault.to_string()),
    }
}

/// What stands between the record and its loss: slots, recovery, backups, spool, disk.
async fn safety(place: &Place) -> Vec<Finding> {
    let Ok(closed) = place.closed_vault().await else { return Vec::new() };
    let header = &closed.header;
    let slots = match (header.slots.len(), header.device_slot) {
        (_, true) if place.source().is_simulated() => Ok("the demo vault opens by itself".into()),
        (_, true) => {
            Err("nobody is enrolled: whoever sits here can open it; enrol the first with `clinicians add`".into())
        }
        (0, false) => Err("nobody can open it but with the recovery key: `vault recover --kit-stdin`".into()),
        (count, false) => Ok(format!("{count} clinicians can open it")),
    };
    let recovery = match header.recovery_slot {
        true => Ok("a recovery key opens it".into()),
        false if place.source().is_simulated() => Ok("the demo vault needs none".into()),
        false => Err("no recovery key: a lost keyring loses the record; make one with `vault new-kit`".into()),
    };
    let backups = match closed.backups {
        0 => "none yet; the console makes them while it runs".into(),
        count => format!("{count} are there"),
    };
    let spool = match closed.spool_files {
        0 => "empty".into(),
        count => format!("{count} files, {} octets wait for the next sign-in", closed.spool_octets),
    };
    vec![
        finding("slots", slots),
        finding("recovery", recovery),
        finding("backups", Ok(backups)),
        finding("spool", Ok(spool)),
    ]
}

/// The state of the radio with what to do, and a line for each adapter where there are several.
async fn bluetooth(place: &Place) -> Vec<Finding> {
    let radio = match place.radio(&place.machine(), None) {
        Ok((radio, _ward)) => radio,
        Err(error) => return vec![finding("bluetooth", Err(error.to_string()))],
    };
    let state = radio.adapter_state().await.map_err(|fault| fault.to_string());
    let diagnosis = radio.diagnosis().await;
    let mut findings = vec![finding("bluetooth", state.and_then(|state| advice(state, &diagnosis.adapters)))];
    if diagnosis.adapters.len() > 1 {
        let off = diagnosis.adapters.iter().filter(|adapter| !adapter.in_use);
        findings.extend(off.map(|adapter| finding("adapter", Ok(unused(adapter)))));
    }
    if diagnosis.library_failures > 0 {
        let text = format!(
            "{} tasks of the Bluetooth library failed within themselves; the console goes on, please report it",
            diagnosis.library_failures
        );
        findings.push(finding("bluetooth", Err(text)));
    }
    findings
}

fn advice(state: AdapterState, adapters: &[AdapterLine]) -> Result<String, String> {
    let in_use = adapters.iter().find(|adapter| adapter.in_use).map(|adapter| adapter.name.as_str());
    match state {
        AdapterState::On => Ok(format!("the adapter {} is on", in_use.unwrap_or("of this computer"))),
        AdapterState::Off => {
            Err("Bluetooth is switched off; switch it on in the system's settings (Bedside never does that itself)"
                .into())
        }
        AdapterState::Missing => {
            Err("no adapter found; plug one in or start the Bluetooth service (bluetoothd)".into())
        }
        AdapterState::Unplugged => {
            Err("the adapter was taken away; plug it in again, and recording goes on by itself".into())
        }
        AdapterState::NotPermitted if cfg!(target_os = "linux") => {
            Err("the system forbids Bluetooth to this account; have it added to the group \"bluetooth\", or allow \
                 org.bluez in the D-Bus policy, then sign in again"
                .into())
        }
        AdapterState::NotPermitted => {
            Err("the system forbids Bluetooth to this program; allow it in the privacy settings, then start again"
                .into())
        }
    }
}

fn unused(adapter: &AdapterLine) -> String {
    let on = if adapter.state == AdapterState::On { "on" } else { "off" };
    format!(
        "{} is {on} and not in use: one adapter at a time is, the first that is on; switch the other off to change",
        adapter.name
    )
}

/// The server's clock against ours: a wrong clock here makes wrong times in the record.
async fn clock_and_server(place: &Place, arguments: &Doctor) -> Finding {
    const MOST_MS: i64 = 120_000;
    let clinic = match place.clinic(arguments.clinic.as_deref()) {
        Ok(Some(clinic)) => clinic,
        Ok(None) => return finding("server", Ok("none configured: everything stays on this computer".into())),
        Err(error) => return finding("server", Err(error.to_string())),
    };
    let request = ClinicRequest { method: Method::Get, path: "metadata".into(), body: None };
    let result = match clinic.send(request).await {
        Err(fault) => Err(fault.to_string()),
        Ok(answer) => {
            let here = place.machine().wall();
            match answer.server_time.map(|there| there.millis_since(here)) {
                Some(off) if off.abs() > MOST_MS => Err(format!(
                    "it answers, and its clock is {} s from ours: set the clock of this computer",
                    off / 1_000
                )),
                Some(_) => Ok(format!("it answers {}, and the clocks agree within two minutes", answer.status)),
                None => Ok(format!("it answers {} and does not say its time", answer.status)),
            }
        }
    };
    finding("server", result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, state: AdapterState, in_use: bool) -> AdapterLine {
        AdapterLine { name: name.into(), state, in_use }
    }

    #[test]
    fn each_state_of_the_adapter_has_advice_of_its_own() {
        let states = [AdapterState::Off, AdapterState::Missing, AdapterState::Unplugged, AdapterState::NotPermitted];
        let advice: std::collections::BTreeSet<_> = states.map(|state| advice(state, &[]).unwrap_err()).into();
        assert_eq!(advice.len(), states.len());
    }

    #[test]
    fn of_several_adapters_the_one_in_use_and_the_others_are_named() {
        let adapters = [line("hci0", AdapterState::Off, false), line("hci1", AdapterState::On, true)];
        assert_eq!(advice(AdapterState::On, &adapters).as_deref(), Ok("the adapter hci1 is on"));
        assert!(unused(&adapters[0]).starts_with("hci0 is off and not in use"));
    }
}
