//! What a lot sells, as flags: it has its own words, beside those of its product.

use blytz_client::wire::auction::ItemUpdate;

/// What the lot says of its item.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Item")]
pub struct ItemArgs {
    /// What there is to know of it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// All pictures' addresses, the first one leads; may be repeated
    #[arg(long = "image", value_name = "URL")]
    images: Vec<String>,
    /// Grams, packed
    #[arg(long, value_name = "N", alias = "weight")]
    weight_g: Option<u32>,
    /// In what state it is, in your words
    #[arg(long, value_name = "TEXT")]
    condition: Option<String>,
    /// What is not said of it; may be repeated
    #[arg(long, value_enum, value_name = "WHAT")]
    clear: Vec<Clear>,
}

/// What need not be said of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Clear {
    Images,
    WeightG,
    Condition,
}

impl ItemArgs {
    /// What that changes, if anything.
    pub fn update(self) -> Option<ItemUpdate> {
        let cleared = |what| self.clear.contains(&what);
        let update = ItemUpdate {
            title: None,
            description: self.description,
            images: (!self.images.is_empty() || cleared(Clear::Images)).then_some(self.images),
            weight_g: self.weight_g.map(Some).or(cleared(Clear::WeightG).then_some(None)),
            condition: self.condition.map(Some).or(cleared(Clear::Condition).then_some(None)),
        };
        (update != ItemUpdate::default()).then_some(update)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        item: ItemArgs,
    }

    fn read(line: &str) -> Option<ItemUpdate> {
        let words = std::iter::once("test").chain(line.split_whitespace());
        Line::try_parse_from(words).expect("flags").item.update()
    }

    #[test]
    fn only_what_is_said_changes() {
        assert_eq!(read(""), None);
        let said =
            read("--description old --image https://a.example/1 --weight-g 90 --condition worn").expect("an item");
        assert_eq!((said.description.as_deref(), said.weight_g), (Some("old"), Some(Some(90))));
        assert_eq!(said.images.as_deref(), Some(&["https://a.example/1".to_owned()][..]));
        assert_eq!((said.condition, said.title), (Some(Some("worn".to_owned())), None));
        let cleared = read("--clear images --clear weight-g --clear condition").expect("an item");
        assert_eq!(
            cleared,
            ItemUpdate {
                images: Some(Vec::new()),
                weight_g: Some(None),
                condition: Some(None),
                ..ItemUpdate::default()
            }
        );
    }
}
