//! What a figure does without a registered font. A file of its own: registering is for the whole program.
//! Not here: how figures look (`golden`).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;
#[path = "common/figures.rs"]
mod figures;

use bedside_charts::{ChartError, ChartTheme, Figure};
use common::advances;
use figures::{TrendData, trend};

#[test]
fn text_in_svg_and_bitmap_is_refused_and_a_display_list_needs_no_font() {
    let data = TrendData::new();
    let panels = data.panels();
    let trend = trend(&panels, ChartTheme::DARK);
    assert!(matches!(trend.to_svg((640, 320)), Err(ChartError::Backend(_))));
    assert!(matches!(trend.to_bitmap((640, 320)), Err(ChartError::Backend(_))));
    assert_eq!(trend.to_display_list(&mut Vec::new(), (640, 320), &advances()), Ok(()));
}
