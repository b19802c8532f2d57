//! Where things are: the checkout and its well-known folders.
//! Nothing here creates or reads a file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The root folder of the checkout, and the folder that cargo builds into.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    checkout: PathBuf,
    target: PathBuf,
}

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
            Some(folder) => {
                let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
                Ok(Self { checkout: folder.to_owned(), target: target.unwrap_or_else(|| folder.join("target")) })
            }
            None => bail!("{} is not inside a checkout (no Cargo.lock beside src-tauri/ above it)", start.display()),
        }
    }

    /// A checkout of a test's own; it shares nothing with the one that is tested, wherever cargo builds that.
    #[cfg(test)]
    pub(crate) fn at(folder: &Path) -> Self {
        Self { checkout: folder.to_owned(), target: folder.join("target") }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.checkout
    }

    pub(crate) fn ui(&self) -> PathBuf {
        self.checkout.join("ui")
    }

    /// The demo clinic: a small FHIR server on Node.
    pub(crate) fn clinic(&self) -> PathBuf {
        self.checkout.join("tests/clinic")
    }

    /// Cargo's one target folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Tools and stamps that a task made and may delete; a fresh build machine has none.
    pub(crate) fn cache(&self) -> PathBuf {
        self.target().join("xtask-cache")
    }

    /// What takes long to make and outlives a cleaned checkout: in the person's cache folder as XDG has it.
    pub(crate) fn outside(&self) -> PathBuf {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
        let home = || absolute("HOME").map(|home| home.join(".cache"));
        let folder = absolute("XDG_CACHE_HOME").or_else(home).unwrap_or_else(|| self.cache());
        folder.join("bedside-xtask")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_of_a_test_builds_nowhere_else() {
        // Under a test runner of this project CARGO_TARGET_DIR may well be set.
        let root = Root::at(Path::new("elsewhere"));
        assert!(root.debug_program("bedsidectl").starts_with("elsewhere"));
        assert!(root.cache().starts_with("elsewhere") && root.demo().starts_with("elsewhere"));
    }
}
