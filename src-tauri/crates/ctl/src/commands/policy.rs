//! `policy check`: each fault of a policy file with its path; `policy recovery-key`: a key pair of IT for it.
//! Nothing is opened but the file.
use super::kit::Paper;
use crate::arguments::{KitFile, Policy as Arguments};
use crate::failure::{BAD_DATA, Failure, NOT_FOUND};
use crate::output::Output;
use bedside_console::ports::RecoveryKey;
use bedside_policy::Policy;
use serde_json::json;
use std::path::Path;

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    match arguments {
        Arguments::Check { file } => check(file, output),
        Arguments::RecoveryKey(to) => recovery_key(to, output),
    }
}

fn check(file: &Path, output: &Output) -> Result<(), Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::new(NOT_FOUND, error.to_string()))?;
    match Policy::parse(&text) {
        Ok(_) => {
            output.say("the policy is valid", &json!({ "valid": true, "faults": [] }));
            Ok(())
        }
        Err(faults) => {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            output.say(&faults.join("\n"), &json!({ "valid": false, "faults": faults }));
            Err(Failure::new(BAD_DATA, format!("{} faults in the policy", faults.len())))
        }
    }
}

fn recovery_key(to: &KitFile, output: &Output) -> Result<(), Failure> {
    let paper = Paper::new(to)?;
    let key = RecoveryKey::new(bedside_assembly::random());
    let public = key.public().to_base64();
    let kit = paper.print(&key, output)?;
    let human = format!("\"recovery_public_key\": \"{public}\"");
    output.say(&human, &json!({ "recovery_public_key": public, "recovery_kit": kit }));
    Ok(())
}
