//! `blytz products update`.

use blytz_client::{
    Client,
    wire::product::{Product, ProductStatus, ProductUpdate},
};
use blytz_core::{CategoryId, Currency, ProductId};

use crate::{
    context::Context,
    error::Failure,
    values::{checked, money, words},
};

#[derive(Debug, clap::Args)]
pub struct UpdateArgs {
    /// The product's id
    product: ProductId,
    /// What it is called
    #[arg(long)]
    title: Option<String>,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The fixed price
    #[arg(long, value_name = "AMOUNT")]
    price: Option<String>,
    /// The price's currency [default: the one it has]
    #[arg(long, requires = "price")]
    currency: Option<Currency>,
    /// Its category
    #[arg(long, value_name = "CATEGORY")]
    category: Option<CategoryId>,
    /// Grams, packed
    #[arg(long, value_name = "N")]
    weight_g: Option<u32>,
    /// All images' addresses from now on; may be repeated
    #[arg(long = "image", value_name = "URL")]
    images: Vec<String>,
    /// The tax class
    #[arg(long, value_name = "CLASS")]
    tax_class: Option<String>,
    /// All words to find it by from now on; may be repeated
    #[arg(long = "tag", value_name = "WORD")]
    tags: Vec<String>,
    /// Your own number for it
    #[arg(long)]
    sku: Option<String>,
    /// On sale or not
    #[arg(long, value_parser = words::<ProductStatus>(&["draft", "active", "archived"]))]
    status: Option<ProductStatus>,
    /// What it has no longer; may be repeated
    #[arg(long, value_enum, value_name = "WHAT")]
    clear: Vec<Clear>,
}

/// What can be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Clear {
    Category,
    WeightG,
    TaxClass,
    Images,
    Tags,
    Sku,
}

pub async fn run(ctx: &Context, client: &Client, args: UpdateArgs) -> Result<Product, Failure> {
    if args.status == Some(ProductStatus::Archived) {
        ctx.confirm(&off_sale(args.product))?;
    }
    let price = match (&args.price, args.currency) {
        (None, _) => None,
        (Some(text), Some(currency)) => Some(money("--price", text, currency)?),
        (Some(text), None) => {
            let current = client.products().get(args.product).await?.price.currency;
            Some(money("--price", text, current)?)
        }
    };
    let cleared = |what| args.clear.contains(&what);
    let list = |items: Vec<String>, what| (cleared(what) || !items.is_empty()).then_some(items);
    let update = ProductUpdate {
        title: args.title,
        description: args.description,
        price,
        category_id: maybe(args.category, cleared(Clear::Category)),
        weight_g: maybe(args.weight_g, cleared(Clear::WeightG)),
        images: list(args.images, Clear::Images),
        tax_class: maybe(args.tax_class, cleared(Clear::TaxClass)),
        tags: list(args.tags, Clear::Tags),
        sku: maybe(args.sku, cleared(Clear::Sku)),
        status: args.status,
    };
    if update == ProductUpdate::default() {
        return Err(Failure::usage("Say what to change; --help lists what can be."));
    }
    Ok(client.products().update(args.product, &checked(update)?).await?)
}

/// The question before a product is taken off sale.
pub fn off_sale(product: ProductId) -> String {
    format!("Take product {product} off sale?")
}

/// A new value, null, or nothing said.
#[expect(clippy::option_option, reason = "as the API tells null from absent")]
fn maybe<T>(value: Option<T>, cleared: bool) -> Option<Option<T>> {
    if cleared { Some(value) } else { value.map(Some) }
}
