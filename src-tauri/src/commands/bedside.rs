//! Pictures of the open patient: live strips and trends. They are drawn in the console.
//! What they show is the console's; how it is drawn, `bedside-charts`.
use super::{Answered, id, now};
use crate::error::CommandError;
use crate::start::Shell;
use crate::view::{StripCanvasView, StripTheme, TrendRange};
use bedside_console::TrendRequest;
use bedside_vitals::PatientId;
use tauri::State;
use tauri::ipc::Response;

/// More strips than any page has.
const MOST_STRIPS: usize = 64;
/// The largest side of a picture, in pixels of the page.
const MOST_PIXELS: u32 = 8_191;

#[tauri::command]
pub(crate) async fn set_strips(shell: State<'_, Shell>, strips: Vec<StripCanvasView>) -> Answered<()> {
    if strips.len() > MOST_STRIPS {
        return Err(CommandError::malformed("strips"));
    }
    let strips = strips.into_iter().map(StripCanvasView::canvas).collect();
    Ok(shell.console().await?.set_strips(strips).await?)
}

#[tauri::command]
pub(crate) async fn trend_chart(
    shell: State<'_, Shell>,
    patient: String,
    range: TrendRange,
    width: u32,
    height: u32,
    theme: StripTheme,
) -> Answered<Response> {
    let until = now();
    let length = i64::try_from(range.duration().as_millis()).unwrap_or(i64::MAX);
    let request = TrendRequest {
        patient: PatientId(id(&patient)?),
        from: until.plus_millis(-length),
        until,
        width: width.clamp(1, MOST_PIXELS),
        height: height.clamp(1, MOST_PIXELS),
        theme: theme.chart_theme(),
    };
    Ok(Response::new(shell.console().await?.trend_chart(request).await?))
}
