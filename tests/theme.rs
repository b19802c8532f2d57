//! The charts and the page are drawn in the same colours: what `charts` holds is what the window's tokens say.
//! Not here: contrast, which each side measures for itself.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
use bedside_charts::{ChartTheme, Rgb};
use bedside_vitals::Parameter;
use std::collections::BTreeMap;
use std::path::Path;

const THEMES: [(&str, ChartTheme); 4] = [
    ("dark", ChartTheme::DARK),
    ("light", ChartTheme::LIGHT),
    ("high_contrast", ChartTheme::HIGH_CONTRAST),
    ("night", ChartTheme::NIGHT),
];

#[test]
fn every_chart_colour_is_the_windows_token_of_that_name() {
    let css = tokens();
    for (name, theme) in THEMES {
        let tokens = colours(&css, name);
        let drawn = [
            ("--surface", theme.surface),
            ("--trace-grid", theme.grid),
            ("--line", theme.line),
            ("--text", theme.text),
            ("--text-2", theme.text_second),
            ("--text-3", theme.text_third),
        ];
        for (token, colour) in drawn {
            assert_eq!(tokens.get(token), Some(&colour), "{token} of the theme {name}");
        }
    }
}

#[test]
fn every_curve_has_the_colour_of_its_numeral() {
    let css = tokens();
    for (name, theme) in THEMES {
        let tokens = colours(&css, name);
        for parameter in Parameter::ALL {
            let rule = css.lines().find(|line| line.contains(&format!("[data-param=\"{parameter}\"]")));
            let rule = rule.unwrap_or_else(|| panic!("no colour for the numeral of {parameter}"));
            let token = rule.split("--param: var(").nth(1).and_then(|rest| rest.split(')').next()).unwrap();
            assert_eq!(tokens.get(token), Some(&theme.of(parameter)), "{parameter} ({token}) in the theme {name}");
        }
    }
}

fn tokens() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/theme/tokens.css")).unwrap()
}

/// The colours set out in the block of a theme.
fn colours(css: &str, theme: &str) -> BTreeMap<String, Rgb> {
    let begin = css.find(&format!("[data-theme=\"{theme}\"] {{")).unwrap();
    let block = css[begin..].split('}').next().unwrap();
    let colour = |line: &str| {
        let (token, value) = line.trim().split_once(": #")?;
        let value = u32::from_str_radix(value.get(..6)?, 16).ok()?;
        let [_, red, green, blue] = value.to_be_bytes();
        Some((token.to_owned(), Rgb(red, green, blue)))
    };
    block.lines().filter_map(colour).collect()
}
