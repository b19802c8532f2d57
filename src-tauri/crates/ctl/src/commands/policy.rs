//! `policy check`: each fault of a policy file with its path.
//! Nothing is opened but the file.
use crate::arguments::Policy as Arguments;
use crate::failure::{BAD_DATA, Failure, NOT_FOUND};
use crate::output::Output;
use bedside_policy::Policy;
use serde_json::json;

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let Arguments::Check { file } = arguments;
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
