//! The one `unsafe` of the shell: an environment variable that the toolkit reads when it starts.
//! Nothing else.
use std::path::Path;

/// Read by WebKitGTK when it starts.
const COMPOSITING: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

/// Without a graphics processor WebKitGTK draws canvases at half the pace unless accelerated compositing is off. An
/// administrator's own choice is left as it is.
pub(crate) fn choose_renderer() {
    if cfg!(target_os = "linux") && std::env::var_os(COMPOSITING).is_none() && !has_graphics_processor() {
        // SAFETY: called first thing in `main`, before any other thread exists, so nobody reads the environment meanwhile.
        #[expect(unsafe_code, reason = "the toolkit offers no other way to say it")]
        unsafe {
            std::env::set_var(COMPOSITING, "1");
        }
    }
}

/// The kernel gives each graphics processor a render node.
fn has_graphics_processor() -> bool {
    let nodes = std::fs::read_dir(Path::new("/dev/dri"));
    nodes.is_ok_and(|nodes| nodes.flatten().any(|node| node.file_name().to_string_lossy().starts_with("renderD")))
}
