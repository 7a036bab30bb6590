//! Colours by meaning. Everything a colour says is also said by a word or a shape, so the program
//! can be used without any.

use std::{collections::BTreeMap, str::FromStr};

use ratatui::style::{Color, Modifier, Style};

/// What a piece of the screen means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Less important text.
    Muted,
    /// Headings and names of keys.
    Accent,
    /// The price in large figures.
    Price,
    /// You lead, you won, the connection is live.
    Good,
    /// You are outbid, a refusal, time running out.
    Bad,
    /// Attention: reconnecting, reserve not met.
    Warn,
    /// Frames of panes.
    Border,
    /// The frame of the pane that has the keys.
    Focus,
    /// The selected row.
    Selected,
    /// The bars at the top and the bottom.
    Bar,
}

const NAMES: &[(&str, Role)] = &[
    ("text", Role::Text),
    ("muted", Role::Muted),
    ("accent", Role::Accent),
    ("price", Role::Price),
    ("good", Role::Good),
    ("bad", Role::Bad),
    ("warn", Role::Warn),
    ("border", Role::Border),
    ("focus", Role::Focus),
    ("selected", Role::Selected),
    ("bar", Role::Bar),
];

/// A theme that does not exist or a style that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// Not a theme.
    #[error("\"{0}\" is no theme; there are auto, dark, light and plain")]
    Base(String),
    /// Not a role.
    #[error("\"{0}\" is no role of the theme, like price, good, bad or border")]
    Role(String),
    /// Not a style.
    #[error(
        "\"{0}\" is no style; write colours and bold, dim, italic, underlined, reversed, like \"bold red on black\""
    )]
    Style(String),
}

/// The themes that come with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Base {
    /// For dark backgrounds, with colours that can be read on light ones, too.
    #[default]
    Dark,
    /// For light backgrounds.
    Light,
    /// Without colour.
    Plain,
}

impl Base {
    /// Chooses by what the environment says: `NO_COLOR` (not empty) or `TERM=dumb` mean no colour,
    /// `COLORFGBG` tells a light background from a dark one.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let no_color = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        if no_color || variable("TERM").is_some_and(|term| term == "dumb") {
            return Self::Plain;
        }
        let background = variable("COLORFGBG").and_then(|value| value.rsplit(';').next().map(str::to_owned));
        match background.as_deref() {
            Some("7" | "15") => Self::Light,
            _ => Self::Dark,
        }
    }
}

/// A style for every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    base: Base,
    styles: BTreeMap<Role, Style>,
}

impl Default for Theme {
    fn default() -> Self {
        Self::new(Base::Dark)
    }
}

impl Theme {
    /// A theme that comes with the program. The terminal's own foreground and background are kept,
    /// and only colours of its palette are used: people have chosen those to be readable.
    pub fn new(base: Base) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        let styles = match base {
            Base::Dark => [
                (Role::Text, plain),
                (Role::Muted, plain.fg(Color::DarkGray)),
                (Role::Accent, bold.fg(Color::Cyan)),
                (Role::Price, bold.fg(Color::LightMagenta)),
                (Role::Good, bold.fg(Color::Green)),
                (Role::Bad, bold.fg(Color::Red)),
                (Role::Warn, bold.fg(Color::Yellow)),
                (Role::Border, plain.fg(Color::DarkGray)),
                (Role::Focus, bold.fg(Color::Cyan)),
                (Role::Selected, reversed),
                (Role::Bar, plain.fg(Color::White).bg(Color::Blue)),
            ],
            Base::Light => [
                (Role::Text, plain),
                (Role::Muted, plain.fg(Color::DarkGray)),
                (Role::Accent, bold.fg(Color::Blue)),
                (Role::Price, bold.fg(Color::Magenta)),
                (Role::Good, bold.fg(Color::Green)),
                (Role::Bad, bold.fg(Color::Red)),
                (Role::Warn, bold.fg(Color::Magenta)),
                (Role::Border, plain.fg(Color::Gray)),
                (Role::Focus, bold.fg(Color::Blue)),
                (Role::Selected, reversed),
                (Role::Bar, plain.fg(Color::White).bg(Color::Blue)),
            ],
            Base::Plain => [
                (Role::Text, plain),
                (Role::Muted, plain),
                (Role::Accent, bold),
                (Role::Price, bold),
                (Role::Good, bold),
                (Role::Bad, reversed.add_modifier(Modifier::BOLD)),
                (Role::Warn, bold.add_modifier(Modifier::UNDERLINED)),
                (Role::Border, plain),
                (Role::Focus, bold),
                (Role::Selected, reversed),
                (Role::Bar, reversed),
            ],
        };
        Self { base, styles: styles.into_iter().collect() }
    }

    /// The theme it is made from, which tells on what ground it is meant to be seen.
    pub fn base(&self) -> Base {
        self.base
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).copied().unwrap_or_default()
    }

    /// Replaces the style of a role, as a configuration writes it.
    ///
    /// # Errors
    /// When the role or the style does not exist.
    pub fn set(&mut self, role: &str, style: &str) -> Result<(), ThemeError> {
        let found = NAMES.iter().find(|(name, _)| *name == role);
        let (_, role) = found.ok_or_else(|| ThemeError::Role(role.to_owned()))?;
        self.styles.insert(*role, parse_style(style)?);
        Ok(())
    }
}

/// Reads `bold red on black`: modifiers and a colour in any order, the background after `on`.
fn parse_style(text: &str) -> Result<Style, ThemeError> {
    let unknown = || ThemeError::Style(text.to_owned());
    let mut style = Style::new();
    let mut background = false;
    for word in text.split_whitespace() {
        let modifier = match word {
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underlined" => Modifier::UNDERLINED,
            "reversed" => Modifier::REVERSED,
            "on" => {
                background = true;
                continue;
            }
            colour => {
                let colour = Color::from_str(colour).map_err(|_| unknown())?;
                style = if background { style.bg(colour) } else { style.fg(colour) };
                background = false;
                continue;
            }
        };
        style = style.add_modifier(modifier);
    }
    if background { Err(unknown()) } else { Ok(style) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_a_style_and_a_name() {
        for base in [Base::Dark, Base::Light, Base::Plain] {
            assert_eq!(Theme::new(base).styles.len(), NAMES.len(), "{base:?}");
        }
    }

    #[test]
    fn without_colour_there_is_none() {
        let theme = Theme::new(Base::Plain);
        assert!(theme.styles.values().all(|style| style.fg.is_none() && style.bg.is_none()));
        assert_ne!(theme.style(Role::Bad), theme.style(Role::Good), "urgency is visible all the same");
    }

    #[test]
    fn the_environment_chooses() {
        let with = |name: &'static str, value: &'static str| {
            Base::from_environment(move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(with("NO_COLOR", "1"), Base::Plain);
        assert_eq!(with("NO_COLOR", ""), Base::Dark);
        assert_eq!(with("TERM", "dumb"), Base::Plain);
        assert_eq!(with("COLORFGBG", "0;15"), Base::Light);
        assert_eq!(with("COLORFGBG", "15;default;0"), Base::Dark);
    }

    #[test]
    fn styles_are_read() {
        let bold_red_on_black = Style::new().fg(Color::Red).bg(Color::Black).add_modifier(Modifier::BOLD);
        assert_eq!(parse_style("bold red on black"), Ok(bold_red_on_black));
        assert_eq!(parse_style("#ffcc00"), Ok(Style::new().fg(Color::Rgb(255, 204, 0))));
        assert_eq!(parse_style(""), Ok(Style::new()));
        for bad in ["reddish", "red on", "bold loud"] {
            assert_eq!(parse_style(bad), Err(ThemeError::Style(bad.to_owned())));
        }
        assert!(Theme::default().set("prize", "red").is_err());
    }
}
