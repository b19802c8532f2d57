//! The command line. Unknown arguments are refused by name.
//! Not here: what the commands do.
use crate::failure::Failure;
use bedside_assembly::{Place, Source};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The console without a window.
#[derive(Debug, Parser)]
#[command(name = "bedsidectl", version, about, long_about = None, propagate_version = true)]
pub(crate) struct Arguments {
    /// The folder of vaults and logs; default: the platform's local application data folder.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The policy file; default: the machine's.
    #[arg(long, global = true, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The simulated ward in place of the radio, in the demo vault.
    #[arg(long, global = true, value_name = "SCENARIO", num_args = 0..=1, require_equals = true,
          default_missing_value = Source::DEFAULT_SCENARIO)]
    simulated: Option<String>,
    /// One JSON document, or JSON lines for streams.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// The installation these arguments speak of.
    pub(crate) fn place(&self) -> Result<Place, Failure> {
        let source = self.simulated.clone().map_or(Source::Real, Source::Simulated);
        Ok(Place::new(source, self.data_dir.as_deref(), self.policy.as_deref())?)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One characteristic value to JSON.
    Decode(Decode),
    /// Nearby devices.
    Scan(Scan),
    /// Bind, connect, record.
    Record(Record),
    /// The patients of this vault.
    #[command(subcommand)]
    Patients(Patients),
    /// Stored readings.
    #[command(subcommand)]
    Readings(Readings),
    /// The outbox to the clinic's server.
    Sync(Sync),
    /// The encrypted store.
    #[command(subcommand)]
    Vault(Vault),
    /// The policy file.
    #[command(subcommand)]
    Policy(Policy),
    /// What works here, and what to do about what does not.
    Doctor(Doctor),
}

#[derive(Debug, Args)]
pub(crate) struct Decode {
    /// Four hexadecimal digits, or a name such as SFLOAT or PMD_DATA.
    #[arg(required_unless_present = "stdin")]
    pub(crate) characteristic: Option<String>,
    /// The octets; `-` for an empty value.
    #[arg(required_unless_present = "stdin")]
    pub(crate) hex: Option<String>,
    /// How the device deviates from the specification, for example `beurer_be`.
    #[arg(long, value_name = "NAME")]
    pub(crate) quirk: Option<String>,
    /// Read lines `CHARACTERISTIC HEX [QUIRK]` and answer each.
    #[arg(long, conflicts_with_all = ["characteristic", "hex", "quirk"])]
    pub(crate) stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// How long to listen.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) seconds: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The patient's record number.
    #[arg(long, value_name = "MRN")]
    pub(crate) patient: String,
    /// Only these devices, by name or by the system's id; repeat for more. Default: all in reach.
    #[arg(long, value_name = "NAME_OR_ID")]
    pub(crate) device: Vec<String>,
    /// How long; default: until interrupted.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) seconds: Option<u32>,
    /// The patient's user slot on cuffs and scales that have several; without it their readings stay unassigned.
    #[arg(long, value_name = "N")]
    pub(crate) user_slot: Option<u8>,
    /// The clinic's FHIR base URL, in place of the policy's.
    #[arg(long, value_name = "URL")]
    pub(crate) clinic: Option<String>,
    /// Write what the simulated ward emitted, as JSON lines.
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Patients {
    /// All of them.
    List,
    /// A new one.
    Add(NewPatient),
}

#[derive(Debug, Args)]
pub(crate) struct NewPatient {
    /// Record number.
    #[arg(long)]
    pub(crate) mrn: String,
    /// Family name.
    #[arg(long)]
    pub(crate) family: String,
    /// Given names.
    #[arg(long)]
    pub(crate) given: String,
    /// Date of birth.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) birth_date: String,
    /// female, male, other or unknown.
    #[arg(long, default_value = "unknown")]
    pub(crate) sex: String,
    /// Bed.
    #[arg(long, default_value = "")]
    pub(crate) bed: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Readings {
    /// Spot readings, newest first.
    List(ListReadings),
    /// Give unassigned readings of one device to a patient.
    Assign(Assign),
    /// Spot readings and every value of the streams, oldest first.
    Export(Export),
}

#[derive(Debug, Args)]
pub(crate) struct ListReadings {
    #[command(flatten)]
    pub(crate) which: List,
    /// Only those in no chart, each with the reason.
    #[arg(long, conflicts_with = "patient")]
    pub(crate) unassigned: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Assign {
    /// The patient's record number.
    #[arg(long, value_name = "MRN")]
    pub(crate) patient: String,
    /// The device, by name or by its id in the vault (`readings list --json`).
    #[arg(long, value_name = "NAME_OR_ID")]
    pub(crate) device: String,
    /// Only measured at or after, for example 2026-03-18T14:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only measured at or before.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Only of this user slot; needed where the readings name several.
    #[arg(long, value_name = "N")]
    pub(crate) user_slot: Option<u8>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only of this record number.
    #[arg(long, value_name = "MRN")]
    pub(crate) patient: Option<String>,
    /// Only measured since, for example 2026-03-18T14:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) which: List,
    /// The format.
    #[arg(long, value_enum)]
    pub(crate) format: Format,
    /// The file; it must not exist yet. It is readable by whoever can read the file.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values, RFC 4180.
    Csv,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Sync {
    /// Send until nothing is waiting or the server stops answering (the default).
    #[arg(long)]
    pub(crate) once: bool,
    /// The clinic's FHIR base URL, in place of the policy's.
    #[arg(long, value_name = "URL")]
    pub(crate) clinic: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<SyncCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SyncCommand {
    /// Counts, and what was not accepted.
    Status,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Vault {
    /// Make the vault, once.
    Create,
    /// What is in it.
    Status,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Names each fault of a file with its path.
    Check {
        /// The file.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The clinic's FHIR base URL, in place of the policy's.
    #[arg(long, value_name = "URL")]
    pub(crate) clinic: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn unknown_arguments_are_refused_and_a_scenario_needs_an_equals_sign() {
        assert!(Arguments::try_parse_from(["bedsidectl", "vault", "status", "--insecure"]).is_err());
        let parsed = Arguments::try_parse_from(["bedsidectl", "--simulated", "vault", "status"]).unwrap();
        assert_eq!(parsed.simulated.as_deref(), Some("ward"));
        let parsed = Arguments::try_parse_from(["bedsidectl", "--simulated=drops", "vault", "status"]).unwrap();
        assert_eq!(parsed.simulated.as_deref(), Some("drops"));
    }
}
