//! Where things are: the checkout and its well-known folders.
//! Nothing here creates or reads a file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The root folder of the checkout.
#[derive(Clone, Debug)]
pub(crate) struct Root(PathBuf);

impl Root {
    /// The folder of the workspace manifest above this package, or above the working folder.
    ///
    /// # Errors
    /// When neither lies inside a checkout.
    pub(crate) fn find() -> Result<Self> {
        let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => std::env::current_dir().context("the working folder cannot be read")?,
        };
        match start.ancestors().find(|folder| folder.join("Cargo.lock").exists() && folder.join("src-tauri").exists()) {
            Some(folder) => Ok(Self(folder.to_owned())),
            None => bail!("{} is not inside a checkout (no Cargo.lock beside src-tauri/ above it)", start.display()),
        }
    }

    #[cfg(test)]
    pub(crate) fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn ui(&self) -> PathBuf {
        self.0.join("ui")
    }

    /// The demo clinic: a small FHIR server on Node.
    pub(crate) fn clinic(&self) -> PathBuf {
        self.0.join("tests/clinic")
    }

    /// Cargo's one target folder.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.0.join("target"), PathBuf::from)
    }

    /// Tools and stamps that a task made and may delete; a fresh build machine has none.
    pub(crate) fn cache(&self) -> PathBuf {
        self.target().join("xtask-cache")
    }

    /// Screenshots, logs and the throw-away data of a demo.
    pub(crate) fn demo(&self) -> PathBuf {
        self.target().join("demo")
    }

    /// A program built by `cargo build` without `--release`.
    pub(crate) fn debug_program(&self, name: &str) -> PathBuf {
        self.target().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}
