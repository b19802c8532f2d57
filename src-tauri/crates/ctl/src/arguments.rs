//! The command line. Unknown arguments are refused by name.
//! Not here: what the commands do.
use crate::failure::Failure;
use crate::sign_in::Who;
use bedside_assembly::{Place, Source};
use bedside_console::Role;
use bedside_outbox::RowState;
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
    /// Who signs in. Every vault but the demo vault needs it.
    #[arg(long, global = true, value_name = "NAME")]
    user: Option<String>,
    /// Read secrets from standard input, one a line: first the passphrase of --user, then what the command asks for.
    #[arg(long, global = true)]
    secret_stdin: bool,
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

    /// Who speaks, and where their secrets come from.
    pub(crate) fn who(&self) -> Result<Who, Failure> {
        // `--kit-stdin` says that secrets come, and the new passphrase comes behind the kit.
        let kit_comes = matches!(&self.command, Command::Vault(Vault::Recover(recover)) if recover.kit_stdin);
        Who::new(self.user.as_deref(), self.secret_stdin || kit_comes)
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
    /// Who can open the vault, and what they may do.
    #[command(subcommand)]
    Clinicians(Clinicians),
    /// Who did what.
    #[command(subcommand)]
    Audit(Audit),
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
    /// Another value for a reading, with a reason; the reading itself stays.
    Correct(Correct),
    /// A reading is no measurement of its patient, with a reason; the reading itself stays.
    Reject(Reject),
    /// A reading that waits for a person is right as it was measured.
    Confirm(Confirm),
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
pub(crate) struct Correct {
    /// Its id (`readings list --json`).
    #[arg(long, value_name = "ID")]
    pub(crate) reading: String,
    /// The value in the reading's own unit: a number, or `SYSTOLIC/DIASTOLIC` with perhaps `/MEAN`.
    #[arg(long, value_name = "VALUE")]
    pub(crate) value: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Reject {
    /// Its id (`readings list --json`).
    #[arg(long, value_name = "ID")]
    pub(crate) reading: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Confirm {
    /// Its id (`readings list --json`).
    #[arg(long, value_name = "ID")]
    pub(crate) reading: String,
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
    /// Counts, and what was refused or held; beside an open window, too.
    Status,
    /// Records and where each stands, those that need somebody first; beside an open window, too.
    List(ListRecords),
    /// The way of one record: device, raw octets, row, id and version at the server; beside an open window, too.
    Receipt {
        /// Its id (`sync list`).
        id: String,
    },
    /// Send refused or held records again.
    Retry(RetryRecords),
    /// Put a refused or held record away with a reason. It is kept and never sent, unless it is retried.
    Discard(DiscardRecord),
}

#[derive(Debug, Args)]
pub(crate) struct ListRecords {
    /// Only those in this state; repeat for more. Default: all that are not accepted.
    #[arg(long, value_name = "STATE", value_parser = record_state)]
    pub(crate) state: Vec<RowState>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct RetryRecords {
    /// Its id (`sync list`).
    #[arg(required_unless_present = "all")]
    pub(crate) id: Option<String>,
    /// All that were refused, with those held for them; conflicts are left to a decision in the window.
    #[arg(long, conflicts_with = "id")]
    pub(crate) all: bool,
    /// The clinic's FHIR base URL, in place of the policy's.
    #[arg(long, value_name = "URL")]
    pub(crate) clinic: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DiscardRecord {
    /// Its id (`sync list`).
    pub(crate) id: String,
    /// Why, in 3 to 200 characters.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Put away what is held for it, too; else it goes without it.
    #[arg(long)]
    pub(crate) with_dependants: bool,
    /// The clinic's FHIR base URL, in place of the policy's.
    #[arg(long, value_name = "URL")]
    pub(crate) clinic: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Vault {
    /// Make the vault, once, with its first clinician (--user). Standard input: passphrase, then perhaps a PIN.
    Create(CreateVault),
    /// What is in it; without --user what can be told of a closed vault.
    Status,
    /// Who has a slot.
    Slots,
    /// Read every page, the audit chain and the digests.
    Check,
    /// Make a backup now and verify it.
    Backup,
    /// The backups that are there.
    Backups,
    /// Put a backup in the vault's place; the present files are set aside.
    Restore(Restore),
    /// Encrypt the whole vault with a new key.
    Rekey,
    /// Open a vault whose keyring entry is lost, and enrol an administrator (--user) with it. Standard input: the recovery
    /// kit, the new passphrase, then perhaps a PIN.
    Recover(Recover),
    /// A new recovery kit in place of the old one.
    NewKit(KitFile),
}

#[derive(Debug, Args)]
pub(crate) struct CreateVault {
    /// The first clinician's name, as colleagues know it.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) name: String,
    /// What the first clinician is besides administrator; repeat for more.
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub(crate) role: Vec<Role>,
    #[command(flatten)]
    pub(crate) kit: KitFile,
}

#[derive(Debug, Args)]
pub(crate) struct KitFile {
    /// Write the recovery kit into this file, which must not exist, instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) recovery_kit: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup's folder (`vault backups`); default: the newest that verifies.
    #[arg(long, value_name = "DIR")]
    pub(crate) backup: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Recover {
    /// The administrator's name, as colleagues know it.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// What they are besides administrator; repeat for more.
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub(crate) role: Vec<Role>,
    /// The recovery kit is the first line of standard input and the new passphrase the second: they never stand on a
    /// command line.
    #[arg(long, required = true)]
    pub(crate) kit_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Clinicians {
    /// Everybody who was ever enrolled.
    List,
    /// Enrol somebody. Standard input: your passphrase, theirs, then perhaps their PIN. In a vault of an earlier version
    /// that nobody is enrolled in: only theirs; --user is then the name of the first one.
    Add(AddClinician),
    /// Somebody leaves: their slot is removed.
    Disable(OneClinician),
    /// Other roles, or another name.
    Roles(ChangeClinician),
    /// Another passphrase: your own, or that of somebody else. Standard input: your passphrase, the new one.
    Passphrase(PassphraseOf),
    /// Another PIN of your own. Standard input: your passphrase, the PIN.
    Pin,
}

#[derive(Debug, Args)]
pub(crate) struct AddClinician {
    /// The name they will sign in with.
    pub(crate) user_name: String,
    /// Their name, as colleagues know it.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// What they are; repeat for more.
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub(crate) role: Vec<Role>,
    #[command(flatten)]
    pub(crate) kit: KitFile,
}

#[derive(Debug, Args)]
pub(crate) struct OneClinician {
    /// The name they sign in with.
    pub(crate) user_name: String,
}

#[derive(Debug, Args)]
pub(crate) struct ChangeClinician {
    /// The name they sign in with.
    pub(crate) user_name: String,
    /// What they are from now on; repeat for more.
    #[arg(long, value_name = "ROLE", value_parser = role, required = true)]
    pub(crate) role: Vec<Role>,
    /// Another name, as colleagues know it.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PassphraseOf {
    /// Whose; default: your own.
    pub(crate) user_name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// The entries, newest first.
    List(AuditList),
    /// Follow the chain from its first entry; exit 65 and the first bad entry when it is broken.
    Verify,
    /// Every entry into a file, oldest first.
    Export(AuditExport),
}

#[derive(Debug, Args)]
pub(crate) struct AuditList {
    /// Only about this record number.
    #[arg(long, value_name = "MRN")]
    pub(crate) patient: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct AuditExport {
    /// The format.
    #[arg(long, value_enum)]
    pub(crate) format: AuditFormat,
    /// The file; it must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AuditFormat {
    /// FHIR R4 AuditEvent resources (IHE BALP), one a line.
    Fhir,
    /// Comma-separated values, RFC 4180.
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Names each fault of a file with its path.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// A new key pair of IT: the public key for the policy file, and the private one as a kit to be locked away.
    RecoveryKey(KitFile),
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The clinic's FHIR base URL, in place of the policy's.
    #[arg(long, value_name = "URL")]
    pub(crate) clinic: Option<String>,
}

fn record_state(text: &str) -> Result<RowState, String> {
    let names = || RowState::ALL.map(RowState::name).join(", ");
    RowState::from_name(text).ok_or_else(|| format!("expected one of {}", names()))
}

fn role(text: &str) -> Result<Role, String> {
    let names = || Role::ALL.map(Role::name).join(", ");
    Role::from_name(text).ok_or_else(|| format!("expected one of {}", names()))
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

    #[test]
    fn a_role_is_one_of_those_there_are_and_a_kit_is_never_an_argument() {
        let create = |role| Arguments::try_parse_from(["bedsidectl", "vault", "create", "--name", "K", "--role", role]);
        assert!(create("it_support").is_ok());
        assert!(create("doctor").unwrap_err().to_string().contains("clinician, nurse"));
        let recover = ["bedsidectl", "--user", "k", "vault", "recover", "--name", "K"];
        assert!(Arguments::try_parse_from(recover).is_err(), "without --kit-stdin");
        assert!(Arguments::try_parse_from([&recover[..], &["--kit-stdin"]].concat()).is_ok());
    }
}
