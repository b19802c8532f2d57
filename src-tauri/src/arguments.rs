//! What can be said on the command line of the window.
//! Settings of a site are in the policy file.
use bedside_assembly::Source;
use clap::Parser;
use std::path::PathBuf;

/// Bedside console: live vitals from Bluetooth LE devices, an encrypted record, filed to the clinic's FHIR server.
#[derive(Clone, Debug, Parser)]
#[command(name = "bedside", version)]
pub(crate) struct Arguments {
    /// The simulated ward in the demo vault, with this scenario, in place of this computer's Bluetooth.
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, require_equals = true, default_missing_value = Source::DEFAULT_SCENARIO, conflicts_with = "real")]
    pub(crate) simulated: Option<String>,
    /// This computer's Bluetooth and the real vault: the default.
    #[arg(long)]
    pub(crate) real: bool,
    /// The folder of the vaults and logs, in place of the platform's.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The policy file, in place of the platform's.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The clinic's server, in place of the policy's; the demo vault takes only one on this computer.
    #[arg(long, value_name = "URL")]
    pub(crate) clinic: Option<String>,
    /// A bedside that plays by itself for so long and then closes the window.
    #[arg(long, value_name = "SECONDS", requires = "simulated")]
    pub(crate) demo_seconds: Option<u64>,
    /// Where the simulated ward writes what it emitted, as JSON lines.
    #[arg(long, value_name = "FILE", requires = "simulated")]
    pub(crate) ledger: Option<PathBuf>,
}

impl Arguments {
    /// Which radio, and so which vault.
    pub(crate) fn source(&self) -> Source {
        self.simulated.clone().map_or(Source::Real, Source::Simulated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(arguments: &[&str]) -> Option<Source> {
        let all = ["bedside"].iter().chain(arguments);
        Arguments::try_parse_from(all).ok().map(|parsed| parsed.source())
    }

    #[test]
    fn the_real_vault_is_the_default_and_a_scenario_is_optional() {
        assert_eq!(source(&[]), Some(Source::Real));
        assert_eq!(source(&["--simulated"]), Some(Source::Simulated("ward".into())));
        assert_eq!(source(&["--simulated=drops"]), Some(Source::Simulated("drops".into())));
    }

    #[test]
    fn real_and_simulated_exclude_each_other() {
        assert_eq!(source(&["--real", "--simulated"]), None);
    }
}
