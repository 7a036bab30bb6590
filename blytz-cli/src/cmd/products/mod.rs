//! `blytz products`: the catalogue and its stock.

mod catalogue;
mod export;
mod import;
mod patience;
mod present;
mod report;
mod row;
mod sheet;
mod update;

use blytz_client::{
    Client, PageQuery, ProductQuery,
    wire::product::{Inventory, InventoryAdjust, Product, ProductInput, ProductStatus},
};
use blytz_core::{CategoryId, Currency, ProductId, UserId};
use clap::Subcommand;

use crate::{
    context::Context,
    error::Failure,
    output::{or_dash, word},
    values::{Paging, checked, moment, money, words},
};

/// Look after the catalogue and its stock.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz products list teapot
  blytz products create --title 'Blue teapot' --price 120.00 --quantity 3
  blytz products stock PRODUCT --set 5
  blytz products import catalogue.csv
")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Search the catalogue
    #[command(
        before_help = "Examples:\n  blytz products list teapot --max-price 200\n  blytz products list --mine --status draft\n  blytz products list --all --output json\n"
    )]
    List(ListArgs),
    /// Show one product
    #[command(before_help = "Examples:\n  blytz products get 0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77\n")]
    Get {
        /// The product's id
        product: ProductId,
    },
    /// Add a product; for sellers
    #[command(
        before_help = "Examples:\n  blytz products create --title 'Blue teapot' --price 120.00\n  blytz products create --title Yen --price 1500 --currency JPY --quantity 10 --tag coin --draft\n"
    )]
    Create(CreateArgs),
    /// Change a product
    #[command(
        before_help = "Examples:\n  blytz products update PRODUCT --price 99.00\n  blytz products update PRODUCT --status archived\n  blytz products update PRODUCT --clear weight-g --clear category\n"
    )]
    Update(update::UpdateArgs),
    /// Take a product off sale
    #[command(before_help = "Examples:\n  blytz products archive PRODUCT --yes\n")]
    Archive {
        /// The product's id
        product: ProductId,
    },
    /// Show or change the stock of a product
    #[command(
        before_help = "Examples:\n  blytz products stock PRODUCT\n  blytz products stock PRODUCT --set 5\n  blytz products stock PRODUCT --add -2 --reason 'broken in storage'\n  blytz products stock PRODUCT --book\n"
    )]
    Stock(StockArgs),
    /// Add the products of a CSV file
    #[command(before_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Write products as CSV
    #[command(
        before_help = "Examples:\n  blytz products export > catalogue.csv\n  blytz products export --seller USER catalogue.csv\n"
    )]
    Export(export::ExportArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Words in title, description or tags
    q: Option<String>,
    /// In this category
    #[arg(long, value_name = "CATEGORY")]
    category: Option<CategoryId>,
    /// Of this seller
    #[arg(long, value_name = "USER")]
    seller: Option<UserId>,
    /// Your own, drafts too
    #[arg(long, conflicts_with = "seller")]
    mine: bool,
    /// At least this price
    #[arg(long, value_name = "AMOUNT")]
    min_price: Option<String>,
    /// At most this price
    #[arg(long, value_name = "AMOUNT")]
    max_price: Option<String>,
    /// The currency of these amounts
    #[arg(long, default_value = "MYR")]
    currency: Currency,
    /// In this state
    #[arg(long, value_parser = words::<ProductStatus>(row::STATUSES))]
    status: Option<ProductStatus>,
    /// In which order, as the server names them
    #[arg(long, value_name = "ORDER")]
    sort: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// What it is called
    #[arg(long)]
    title: String,
    /// What there is to say about it; `-` for stdin
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    description: String,
    /// The fixed price
    #[arg(long, value_name = "AMOUNT")]
    price: String,
    /// The price's currency
    #[arg(long, default_value = "MYR")]
    currency: Currency,
    /// Units on hand
    #[arg(long, value_name = "N", default_value_t = 1)]
    quantity: i64,
    /// Its category
    #[arg(long, value_name = "CATEGORY")]
    category: Option<CategoryId>,
    /// Grams, packed
    #[arg(long, value_name = "N")]
    weight_g: Option<u32>,
    /// An image's address; may be repeated
    #[arg(long = "image", value_name = "URL")]
    images: Vec<String>,
    /// The tax class
    #[arg(long, value_name = "CLASS")]
    tax_class: Option<String>,
    /// A word to find it by; may be repeated
    #[arg(long = "tag", value_name = "WORD")]
    tags: Vec<String>,
    /// Your own number for it, by which an import finds it again
    #[arg(long)]
    sku: Option<String>,
    /// Not on sale yet
    #[arg(long)]
    draft: bool,
}

#[derive(Debug, clap::Args)]
struct StockArgs {
    /// The product's id
    product: ProductId,
    /// Units on hand, as counted
    #[arg(long, value_name = "N")]
    set: Option<i64>,
    /// Units to add, or with a minus to take away
    #[arg(long, value_name = "N", allow_negative_numbers = true, conflicts_with = "set", requires = "reason")]
    add: Option<i64>,
    /// Why, for the stock book
    #[arg(long, requires = "add")]
    reason: Option<String>,
    /// Show the stock book
    #[arg(long, conflicts_with_all = ["set", "add"])]
    book: bool,
    #[command(flatten)]
    paging: Paging,
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    // Importing first reads its file: mistakes in it are found without a server.
    let command = match args.command {
        Command::Import(args) => return import::run(ctx, args).await,
        other => other,
    };
    let client = ctx.client().await?;
    let products = client.products();
    match command {
        Command::List(args) => list(ctx, &client, args).await,
        Command::Get { product } => show(ctx, &products.get(product).await?),
        Command::Create(args) => show(ctx, &products.create(&input(args)?).await?),
        Command::Update(args) => show(ctx, &update::run(ctx, &client, args).await?),
        Command::Archive { product } => {
            ctx.confirm(&update::off_sale(product))?;
            products.archive(product).await?;
            ctx.out.note("Archived.");
            Ok(())
        }
        Command::Stock(args) => stock(ctx, &client, args).await,
        Command::Export(args) => export::run(ctx, &client, args).await,
        Command::Import(_) => Ok(()),
    }
}

async fn list(ctx: &Context, client: &Client, args: ListArgs) -> Result<(), Failure> {
    let amount = |flag: &str, text: &Option<String>| {
        text.as_deref().map(|text| money(flag, text, args.currency).map(|money| money.amount)).transpose()
    };
    let query = ProductQuery {
        q: args.q,
        category: args.category,
        seller_id: if args.mine { Some(client.auth().profile().await?.id) } else { args.seller },
        min_price: amount("--min-price", &args.min_price)?,
        max_price: amount("--max-price", &args.max_price)?,
        status: args.status,
        sort: args.sort,
        cursor: None,
        limit: None,
    };
    let page = args
        .paging
        .fetch(|cursor, limit| {
            let query = ProductQuery { cursor, limit, ..query.clone() };
            async move { client.products().list(&query).await }
        })
        .await?;
    ctx.out.page(&page, ["id", "title", "price", "available", "status"], |product| {
        [
            product.id.to_string(),
            product.title.clone(),
            product.price.to_string(),
            product.available.to_string(),
            word(&product.status),
        ]
    })
}

fn input(args: CreateArgs) -> Result<ProductInput, Failure> {
    let description = if args.description == "-" { crate::values::read_text("-")? } else { args.description };
    checked(ProductInput {
        title: args.title,
        description,
        price: money("--price", &args.price, args.currency)?,
        quantity: args.quantity,
        category_id: args.category,
        weight_g: args.weight_g,
        images: Some(args.images).filter(|images| !images.is_empty()),
        tax_class: args.tax_class,
        tags: Some(args.tags).filter(|tags| !tags.is_empty()),
        sku: args.sku,
        status: args.draft.then_some(ProductStatus::Draft),
    })
}

async fn stock(ctx: &Context, client: &Client, args: StockArgs) -> Result<(), Failure> {
    let products = client.products();
    let id = args.product;
    if args.book {
        return book(ctx, client, id, &args.paging).await;
    }
    let inventory: Inventory = match (args.set, args.add) {
        (Some(on_hand), _) => products.set_inventory(id, on_hand).await?,
        (None, Some(delta)) => {
            let adjust = InventoryAdjust { delta, reason: args.reason.unwrap_or_default() };
            products.adjust_inventory(id, &checked(adjust)?).await?
        }
        (None, None) => products.inventory(id).await?,
    };
    ctx.out.record(&inventory, || {
        vec![
            ("on hand", inventory.on_hand.to_string()),
            ("reserved", inventory.reserved.to_string()),
            ("available", inventory.available.to_string()),
        ]
    })
}

async fn book(ctx: &Context, client: &Client, id: ProductId, paging: &Paging) -> Result<(), Failure> {
    let page = paging
        .fetch(|cursor, limit| async move { client.products().movements(id, &PageQuery { cursor, limit }).await })
        .await?;
    ctx.out.page(&page, ["at", "kind", "change", "on hand", "reason"], |movement| {
        [
            moment(movement.at),
            word(&movement.kind),
            format!("{:+}", movement.delta),
            movement.on_hand_after.to_string(),
            or_dash(movement.reason.clone()),
        ]
    })
}

fn show(ctx: &Context, product: &Product) -> Result<(), Failure> {
    ctx.out.record(product, || {
        vec![
            ("id", product.id.to_string()),
            ("title", product.title.clone()),
            ("sku", or_dash(product.sku.clone())),
            ("price", product.price.to_string()),
            ("available", product.available.to_string()),
            ("status", word(&product.status)),
            ("seller", product.seller_id.to_string()),
            ("category", or_dash(product.category_id)),
            ("weight", or_dash(product.weight_g.map(|grams| format!("{grams} g")))),
            ("tax class", or_dash(product.tax_class.clone())),
            ("tags", product.tags.join(", ")),
            ("images", product.images.join(" ")),
            ("description", product.description.clone()),
            ("changed", moment(product.updated_at)),
        ]
    })
}
