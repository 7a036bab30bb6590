//! The configuration file, `blytz/tui.toml` in the XDG configuration folder.
//!
//! ```toml
//! mouse = false
//!
//! [theme]
//! base = "light"            # auto, dark, light or plain
//! price = "bold #cc0066"    # any role: text muted accent price good bad warn border focus selected bar
//!
//! [keys]
//! bid = ["space"]
//! ```

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;
use serde::Deserialize;

use crate::{
    keymap::{Keymap, KeymapError},
    theme::{Base, Theme, ThemeError},
};

/// What the file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    mouse: Option<bool>,
    #[serde(default)]
    theme: BTreeMap<String, String>,
    #[serde(default)]
    keys: BTreeMap<String, Vec<String>>,
}

/// How the program looks and which keys it obeys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whether the mouse is listened to at the start.
    pub mouse: bool,
    /// Which key does what.
    pub keymap: Keymap,
    /// Which colour means what.
    pub theme: Theme,
}

impl Config {
    /// The defaults, coloured for a given background.
    pub fn plain_defaults(base: Base) -> Self {
        Self { mouse: true, keymap: Keymap::default(), theme: Theme::new(base) }
    }
}

/// Why a configuration is not used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The file is no TOML, or has fields that mean nothing.
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    /// A wrong key.
    #[error("[keys] {0}")]
    Keys(#[from] KeymapError),
    /// A wrong colour.
    #[error("[theme] {0}")]
    Theme(#[from] ThemeError),
}

/// Where the file is looked for unless somebody says otherwise.
pub fn default_path() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.config_dir().join("blytz").join("tui.toml"))
}

/// Reads the file; without one the defaults hold.
///
/// # Errors
/// When there is a file and it can't be read or understood.
pub fn load(path: &Path, environment: Base) -> Result<Config, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, environment),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Config::plain_defaults(environment)),
        Err(error) => Err(error.into()),
    }
}

fn parse(text: &str, environment: Base) -> Result<Config, ConfigError> {
    let mut file: File = toml::from_str(text)?;
    let base = match file.theme.remove("base").as_deref() {
        // Who asks for no colour gets none, whatever the file says.
        _ if environment == Base::Plain => Base::Plain,
        None | Some("auto") => environment,
        Some("dark") => Base::Dark,
        Some("light") => Base::Light,
        Some("plain") => Base::Plain,
        Some(other) => return Err(ThemeError::Base(other.to_owned()).into()),
    };
    let mut theme = Theme::new(base);
    for (role, style) in &file.theme {
        let mut checked = theme.clone();
        checked.set(role, style)?;
        if environment != Base::Plain {
            theme = checked;
        }
    }
    Ok(Config { mouse: file.mouse.unwrap_or(true), keymap: Keymap::with(&file.keys)?, theme })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{keymap::Action, theme::Role};

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let text = "mouse = false\n[theme]\nbase = \"light\"\nprice = \"bold red\"\n[keys]\nbid = [\"space\"]\n";
        let config = parse(text, Base::Dark).expect("valid");
        assert!(!config.mouse);
        assert_eq!(config.keymap.label(Action::Bid), "space");
        assert_eq!(config.keymap.label(Action::Max), "m");
        assert_eq!(config.theme.style(Role::Good), Theme::new(Base::Light).style(Role::Good));
        assert_ne!(config.theme.style(Role::Price), Theme::new(Base::Light).style(Role::Price));
    }

    #[test]
    fn no_color_beats_the_file() {
        let config = parse("[theme]\nbase = \"light\"\nprice = \"red\"\n", Base::Plain).expect("valid");
        assert_eq!(config.theme, Theme::new(Base::Plain));
    }

    #[test]
    fn mistakes_say_where() {
        for (text, says) in [
            ("colour = 1", "colour"),
            ("[keys]\nbid = [\"hyper-x\"]", "[keys] \"hyper-x\""),
            ("[keys]\nfly = [\"x\"]", "[keys] \"fly\""),
            ("[theme]\nbase = \"pink\"", "[theme] \"pink\""),
            ("[theme]\nprice = \"reddish\"", "[theme] \"reddish\""),
        ] {
            let error = parse(text, Base::Dark).expect_err("refused").to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn no_file_means_defaults() {
        let config = load(Path::new("/nonexistent/blytz/tui.toml"), Base::Dark).expect("defaults");
        assert_eq!(config, Config::plain_defaults(Base::Dark));
    }
}
