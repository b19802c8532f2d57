//! What the workspace holds: programs, test programs and benchmarks, as `cargo metadata` tells.
//! Which edges between packages are allowed is the business of `tests/architecture.rs`.

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand, TargetKind};

use crate::root::Root;

/// The package of the window and its feature that serves the built screen in place of Vite's.
const SHELL: &str = "bedside";
const BUILT_SCREEN: &str = "custom-protocol";

/// The packages of the workspace.
pub(crate) struct Members(Metadata);

impl Members {
    /// # Errors
    /// When cargo cannot read the workspace.
    pub(crate) fn read(root: &Root) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.path().join("Cargo.toml"))
            .no_deps()
            .exec()
            .context("cargo cannot read the workspace")?;
        Ok(Self(metadata))
    }

    /// The feature arguments that every build, lint and test shares, so that cargo compiles each crate once.
    pub(crate) fn features(&self) -> Vec<String> {
        let shell = self.0.packages.iter().find(|package| package.name.as_str() == SHELL);
        match shell {
            Some(shell) if shell.features.contains_key(BUILT_SCREEN) => {
                vec!["--features".to_owned(), format!("{SHELL}/{BUILT_SCREEN}")]
            }
            _ => Vec::new(),
        }
    }

    /// The package that builds the program of this name.
    ///
    /// # Errors
    /// When none does.
    pub(crate) fn package_of_program(&self, program: &str) -> Result<&str> {
        self.targets(&TargetKind::Bin)
            .find(|(_, name)| *name == program)
            .map(|(package, _)| package)
            .with_context(|| format!("no package of the workspace builds the program `{program}`"))
    }

    /// The names of the integration test programs, sorted, each once.
    pub(crate) fn test_programs(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.targets(&TargetKind::Test).map(|(_, name)| name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Package and name of every benchmark.
    pub(crate) fn benchmarks(&self) -> Vec<(&str, &str)> {
        self.targets(&TargetKind::Bench).collect()
    }

    fn targets<'a>(&'a self, kind: &'a TargetKind) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.packages.iter().flat_map(move |package| {
            let of_kind = package.targets.iter().filter(move |target| target.kind.contains(kind));
            of_kind.map(move |target| (package.name.as_str(), target.name.as_str()))
        })
    }
}
