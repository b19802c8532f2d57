//! A screen: the person's own, or a virtual one on a machine without; and pictures of it.
//! What is shown on it is the console's business.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::process::{Background, command, run};

const START: Duration = Duration::from_secs(30);

/// The size that the console's design calls its smallest window, with room for a window frame.
const SCREEN: &str = "1280x800x24";

/// True when programs started from here can open a window.
pub(crate) fn is_present() -> bool {
    if cfg!(any(target_os = "windows", target_os = "macos")) {
        return true;
    }
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// A virtual X server; dropping it stops it.
pub(crate) struct VirtualDisplay {
    name: String,
    _server: Background,
}

impl VirtualDisplay {
    /// Starts Xvfb on a display that it chooses itself, so that two can never collide.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start() -> Result<Self> {
        let mut server = command("Xvfb");
        server.args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"]);
        let (server, number) =
            Background::start_and_wait_for_line("Xvfb", &mut server, START, |line| line.trim().parse::<u32>().ok())?;
        Ok(Self { name: format!(":{number}"), _server: server })
    }

    /// Makes the command draw here. Without a graphics processor WebKit's compositing is the slow way.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("DISPLAY", &self.name).env_remove("WAYLAND_DISPLAY").env("GDK_BACKEND", "x11");
        command.env("WEBKIT_DISABLE_COMPOSITING_MODE", "1");
    }

    /// Writes a picture of the whole screen.
    ///
    /// # Errors
    /// When ImageMagick fails.
    pub(crate) fn photograph(&self, file: &Path) -> Result<()> {
        run(command("import").env("DISPLAY", &self.name).args(["-window", "root"]).arg(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_virtual_displays_get_different_numbers_and_can_be_photographed() {
        if !crate::process::succeeds(command("sh").args(["-c", "command -v Xvfb && command -v import"])) {
            return;
        }
        let (first, second) = (VirtualDisplay::start().unwrap(), VirtualDisplay::start().unwrap());
        assert_ne!(first.name, second.name);
        let folder = tempfile::tempdir().unwrap();
        let picture = folder.path().join("screen.png");
        first.photograph(&picture).unwrap();
        assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
    }
}
