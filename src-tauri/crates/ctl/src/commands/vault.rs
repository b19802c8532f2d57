//! `vault create` and `vault status`.
//! Creating never touches a vault that is there.
use crate::arguments::Vault;
use crate::failure::Failure;
use crate::output::Output;
use bedside_assembly::Place;
use bedside_console::ports::{Answer, Query};
use serde_json::json;

pub(crate) async fn run(place: &Place, arguments: &Vault, output: &Output) -> Result<(), Failure> {
    match arguments {
        Vault::Create => {
            let id = place.create_vault().await?;
            output.say(&format!("vault {id} made"), &json!({ "vault": id.to_string() }));
            Ok(())
        }
        Vault::Status => status(place, output).await,
    }
}

async fn status(place: &Place, output: &Output) -> Result<(), Failure> {
    let store = place.open_for_reading().await?;
    if let Answer::VaultStatus(status) = store.read(Query::VaultStatus).await? {
        let json = json!({
            "format": status.format, "cipher": status.cipher, "generation": status.generation, "octets": status.octets,
            "patients": status.patients, "readings": status.readings, "samples": status.samples,
            "frames": status.frames, "rejected_frames": status.rejected_frames,
        });
        let human = format!(
            "format {}, SQLCipher {}, {} commits, {} octets\n{} patients, {} readings, {} samples, {} raw values ({} rejected)",
            status.format,
            status.cipher,
            status.generation,
            status.octets,
            status.patients,
            status.readings,
            status.samples,
            status.frames,
            status.rejected_frames,
        );
        output.say(&human, &json);
    }
    Ok(store.close().await?)
}
