//! `doctor`: what works on this computer, one line each with what to do.
//! It changes nothing but a probe entry in the keyring, which it deletes again.
use crate::arguments::Doctor;
use crate::failure::{Failure, UNAVAILABLE};
use crate::output::Output;
use bedside_assembly::Place;
use bedside_console::ports::{AdapterState, ClinicRequest, Machine, Method};
use serde_json::json;

/// One finding.
struct Finding {
    subject: &'static str,
    good: bool,
    text: String,
}

pub(crate) async fn run(place: &Place, arguments: &Doctor, output: &Output) -> Result<(), Failure> {
    let findings = vec![
        version(),
        folder(place),
        keyring(place).await,
        vault(place).await,
        bluetooth(place).await,
        clock_and_server(place, arguments).await,
    ];
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

async fn vault(place: &Place) -> Finding {
    let result = match place.has_vault().await {
        Ok(false) => Ok("none yet; make one with `vault create` or in the window".into()),
        Ok(true) => match place.open_for_reading().await {
            Ok(store) => {
                let _ = store.close().await;
                Ok("it opens".into())
            }
            Err(error) => Err(error.to_string()),
        },
        Err(error) => Err(error.to_string()),
    };
    finding("vault", result)
}

async fn bluetooth(place: &Place) -> Finding {
    let radio = match place.radio(&place.machine(), None) {
        Ok((radio, _ward)) => radio,
        Err(error) => return finding("bluetooth", Err(error.to_string())),
    };
    let result = match radio.adapter_state().await {
        Ok(AdapterState::On) => Ok("the adapter is on".into()),
        Ok(AdapterState::Off) => Err("Bluetooth is switched off; switch it on in the system's settings".into()),
        Ok(AdapterState::Missing) => {
            Err("no adapter found; plug one in or start the Bluetooth service (bluetoothd)".into())
        }
        Ok(AdapterState::NotPermitted) => {
            Err("the system forbids Bluetooth to this program; see its privacy settings".into())
        }
        Err(fault) => Err(fault.to_string()),
    };
    finding("bluetooth", result)
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
