//! The window around the console: the only place where Tauri is named. Opens one window on its own pages and nothing else.
//! No rule about devices, patients or values: those are the console's.

mod arguments;
mod commands;
mod demo_script;
mod ending;
mod error;
mod logging;
mod private_file;
mod start;
mod sys;
mod tauri_display;
mod view;

use crate::arguments::Arguments;
use crate::start::Shell;
use bedside_assembly::Folders;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use tauri::webview::NewWindowResponse;
use tauri::{App, Manager, Url, WebviewWindowBuilder};

/// What must be done before any thread starts, any secret is read, and the toolkit reads its environment.
pub fn prepare_process() {
    // Without it there is still a console; the log, which does not run yet, could not tell.
    let _ = bedside_assembly::forbid_core_dumps();
    sys::choose_renderer();
}

/// Opens the window and runs until it is closed. The console is closed with it.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    if let Ok(folders) = Folders::new(arguments.data_dir.as_deref()) {
        // Without a log there is still a console: a full or read-only disk is shown in the window.
        let _ = logging::begin(&folders.logs());
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), demo = arguments.simulated.is_some(), "Bedside begins");
    let built = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _, _| show_window(app)))
        .plugin(tauri_plugin_dialog::init())
        .manage(Shell::new(arguments))
        .invoke_handler(commands::handler())
        .setup(|app| {
            ending::heed_the_system(app.handle());
            blank_at_lock(app.handle());
            Ok(open_window(app)?)
        })
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            app.run(ending::on_event);
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(code = "WINDOW", %error, "the window cannot be opened");
            ExitCode::FAILURE
        }
    }
}

/// When people may not be seen any more, the page that shows them goes with everything it remembers: hiding it would leave
/// it in the memory of the web process for as long as that lives.
fn blank_at_lock(app: &tauri::AppHandle) {
    let window = app.clone();
    app.state::<Shell>().display().on_lock(move || {
        if let Some(Err(error)) = window.get_webview_window("main").map(|window| window.reload()) {
            tracing::error!(code = "WINDOW-LOCK", %error, "the page could not be loaded anew at the lock");
        }
    });
}

/// The one window, on the program's own pages: it goes nowhere else and opens no other.
fn open_window(app: &mut App) -> tauri::Result<()> {
    let handle = app.handle().clone();
    let windows = &app.config().app.windows;
    let Some(config) = windows.first() else { return Err(tauri::Error::WindowNotFound) };
    let window = WebviewWindowBuilder::from_config(&handle, config)?
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny);
    match automation_folder(&handle) {
        None => window.build()?,
        Some(folder) => window.incognito(false).data_directory(folder).build()?,
    };
    Ok(())
}

/// WebKitGTK does not let an incognito page be driven. A debug build that a window test drives keeps what the page stores,
/// which is nothing, in the test's own data folder; a release build is always incognito and cannot be driven.
fn automation_folder(app: &tauri::AppHandle) -> Option<PathBuf> {
    let driven = cfg!(debug_assertions) && std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_some_and(|on| on == "true");
    let folder = if driven { app.state::<Shell>().data_dir() } else { None };
    folder.map(|data| data.join("webview"))
}

/// The program's pages; in development also those of the development server.
fn is_own_page(url: &Url) -> bool {
    let own = match (url.scheme(), url.host_str()) {
        ("tauri", Some("localhost")) => true,
        ("http" | "https", Some("tauri.localhost")) => cfg!(windows),
        ("http", Some("localhost")) => tauri::is_dev() && url.port() == Some(1420),
        _ => false,
    };
    if !own {
        tracing::warn!(code = "WINDOW-NAVIGATION", "the window was asked to leave its own pages; it stays");
    }
    own
}

fn show_window(app: &tauri::AppHandle) {
    if let Some(window) = app.get_webview_window("main") {
        // A window that cannot be raised is still there.
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_stays_on_its_own_pages() {
        let own = |text: &str| is_own_page(&text.parse().unwrap());
        assert!(own("tauri://localhost/index.html"));
        for foreign in ["https://example.org/", "file:///etc/passwd", "http://localhost:8080/", "data:text/html,x"] {
            assert!(!own(foreign), "{foreign} was allowed");
        }
    }
}
