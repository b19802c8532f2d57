//! Set-up: makes the machine and the checkout ready for the other tasks, saying what it does.
//! System packages, Node and npm packages have a file each; building the console is not set-up.

mod node;
mod npm;
pub(crate) mod packages;

use anyhow::Result;

pub(crate) use node::Node;
use packages::Purpose;

use crate::root::Root;

/// Installs what is missing for these purposes and returns the Node to use.
///
/// # Errors
/// When something is missing that cannot be installed here; the text says what to do by hand.
pub(crate) fn prepare(root: &Root, purposes: &[Purpose]) -> Result<Node> {
    packages::install_missing(purposes)?;
    let node = Node::find_or_fetch(root)?;
    npm::install_packages(root, &node, &root.ui())?;
    npm::install_packages(root, &node, &root.clinic())?;
    Ok(node)
}

/// Builds the screen into `ui/dist`, which the shell embeds; skipped when its sources have not changed.
///
/// # Errors
/// When the build fails.
pub(crate) fn build_screen(root: &Root, node: &Node) -> Result<()> {
    npm::build_screen(root, node)
}
