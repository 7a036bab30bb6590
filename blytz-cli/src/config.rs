//! Which server, as whom, printed how: flags beat the environment, which beats the profile.
//!
//! `blytz/config.toml` in the configuration folder belongs to the person and is never written:
//!
//! ```toml
//! default_profile = "shop"
//!
//! [profiles.shop]
//! server = "https://auctions.example"
//! output = "json"
//! ```

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;
use serde::Deserialize;

use crate::{error::Failure, output::Format};

/// Where a server is looked for unless anything says otherwise.
pub const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// The profile unless anything says otherwise.
const DEFAULT_PROFILE: &str = "default";

/// What the file may say.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default_profile: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// What the file may say of one profile.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    server: Option<String>,
    output: Option<Format>,
}

/// What flags and environment say.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    pub profile: Option<String>,
    pub server: Option<String>,
    pub output: Option<Format>,
}

/// What holds in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The profile's name.
    pub profile: String,
    /// The server that flags, environment or file name; else the one that the login belongs to.
    pub server: Option<String>,
    /// How data is printed.
    pub output: Format,
}

/// The folder of this program's configuration.
pub fn folder() -> Result<PathBuf, Failure> {
    let strategy = etcetera::choose_base_strategy()
        .map_err(|_| Failure::failed("There is no home folder to keep the configuration in; set XDG_CONFIG_HOME."))?;
    Ok(strategy.config_dir().join("blytz"))
}

/// The folder of what this program keeps by itself: the state folder, and where a system has none the
/// one for data.
pub fn state_folder() -> Result<PathBuf, Failure> {
    let strategy = etcetera::choose_base_strategy()
        .map_err(|_| Failure::failed("There is no home folder to keep keys and receipts in; set XDG_STATE_HOME."))?;
    Ok(strategy.state_dir().unwrap_or_else(|| strategy.data_dir()).join("blytz"))
}

/// Lays what was asked for over the file in `folder`.
pub fn load(folder: &Path, asked: &Asked) -> Result<Settings, Failure> {
    let path = folder.join("config.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::failed(format!("{} can't be read: {error}.", path.display()))),
    };
    settle(&text, asked).map_err(|why| Failure::usage(format!("{}: {why}", path.display())))
}

fn settle(text: &str, asked: &Asked) -> Result<Settings, String> {
    let file: File = toml::from_str(text).map_err(|error: toml::de::Error| {
        let line =
            1 + text.bytes().take(error.span().map_or(0, |span| span.start)).filter(|byte| *byte == b'\n').count();
        format!("line {line}: {}", error.message())
    })?;
    let name = asked.profile.clone().or(file.default_profile);
    let profile = name.clone().unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
    check_name(&profile)?;
    let stated = file.profiles.get(&profile).cloned().unwrap_or_default();
    Ok(Settings {
        profile,
        server: asked.server.clone().or(stated.server),
        output: asked.output.or(stated.output).unwrap_or_default(),
    })
}

/// Profiles name files.
fn check_name(name: &str) -> Result<(), String> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if plain && (1..=64).contains(&name.len()) {
        Ok(())
    } else {
        Err(format!("{name:?} is no name for a profile; take up to 64 letters, digits, - and _."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "default_profile = \"shop\"\n[profiles.shop]\nserver = \"https://shop.example\"\noutput = \"json\"\n[profiles.lab]\nserver = \"http://lab.example\"\n";

    fn asked(profile: Option<&str>, server: Option<&str>, output: Option<Format>) -> Asked {
        Asked { profile: profile.map(str::to_owned), server: server.map(str::to_owned), output }
    }

    #[test]
    fn what_is_asked_for_beats_the_file() {
        for (file, asked, profile, server, output) in [
            ("", asked(None, None, None), "default", None, Format::Table),
            (FILE, asked(None, None, None), "shop", Some("https://shop.example"), Format::Json),
            (FILE, asked(Some("lab"), None, None), "lab", Some("http://lab.example"), Format::Table),
            (FILE, asked(Some("new"), None, None), "new", None, Format::Table),
            (FILE, asked(None, Some("http://here"), Some(Format::Table)), "shop", Some("http://here"), Format::Table),
        ] {
            let settings = settle(file, &asked).expect("valid");
            let expected = Settings { profile: profile.to_owned(), server: server.map(str::to_owned), output };
            assert_eq!(settings, expected, "{asked:?}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (file, profile, says) in [
            ("colour = 1", None, "colour"),
            ("[profiles.a]\nserver = 1", None, "line 2: invalid type"),
            ("", Some("../../etc/passwd"), "no name for a profile"),
            ("", Some(""), "no name for a profile"),
        ] {
            let error = settle(file, &asked(profile, None, None)).expect_err(file);
            assert!(error.contains(says), "{error}");
        }
    }
}
