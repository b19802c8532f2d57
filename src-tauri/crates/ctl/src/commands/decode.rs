//! `decode`: one value, or lines of them.
//! Not here: the JSON of each characteristic (`crate::decode`).
use crate::arguments::Decode;
use crate::failure::{BAD_DATA, Failure, USAGE};
use crate::output::Output;
use std::io::{stdin, stdout};

pub(crate) fn run(arguments: &Decode, output: &Output) -> Result<(), Failure> {
    if arguments.stdin {
        return crate::decode::decode_lines(stdin().lock(), stdout().lock()).map_err(|error| Failure::io(&error));
    }
    let (Some(characteristic), Some(hex)) = (&arguments.characteristic, &arguments.hex) else {
        return Err(Failure::new(USAGE, "decode needs a characteristic and its octets"));
    };
    let hex = if hex == "-" { "" } else { hex };
    match crate::decode::decode(characteristic, hex, arguments.quirk.as_deref()) {
        Ok(value) => {
            output.line(&value.to_string());
            Ok(())
        }
        Err(rejected) => {
            output.line(&rejected.json().to_string());
            let code = if rejected.kind == "unknown_quirk" { USAGE } else { BAD_DATA };
            Err(Failure::new(code, format!("the value was rejected: {}", rejected.detail)))
        }
    }
}
