//! The show set up on a server: its people, its things, its lots.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Mutex, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use blytz_client::{
    Client,
    wire::{
        account::{PublicUser, SignupRequest},
        auction::{AuctionInput, Receipt},
        live::Channel,
        product::CategoryInput,
        stream::{Stream, StreamInput},
    },
};
use blytz_core::{AuctionId, CategoryId, Money, ProductId, UserId, account::Role};
use blytz_tui::people::People;
use futures_util::future::try_join_all;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{pace::Pace, show::Show};
use crate::{embedded::House, error::Failure};

/// The password of everybody in the show. They own nothing and live for minutes.
pub const PASSWORD: &str = "lelong-malam-ini";
/// Who sits at this terminal.
pub const YOU: &str = "you@demo.example";
/// An account for somebody at another terminal.
pub const FRIEND: &str = "friend@demo.example";

/// So many lines go by before one may be said again.
const MEMORY: usize = 12;

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    pub client: Client,
    pub id: UserId,
    pub name: String,
}

/// What there is to see until the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finale {
    /// Lots that are over.
    pub fallen: HashSet<AuctionId>,
    /// The seq of the last thing that the seller said.
    pub last_word: u64,
}

/// The show on a server, as everybody in it knows it.
pub struct Stage {
    pub show: Show,
    pub pace: Pace,
    pub stream: Stream,
    pub seller: Person,
    pub bidders: Vec<Person>,
    pub you: Person,
    /// The first round of lots, in order.
    pub queue: Vec<AuctionId>,
    /// Set when the curtain falls.
    pub over: CancellationToken,
    /// What the audience follows by now.
    seats: watch::Sender<HashSet<Channel>>,
    /// What the seller saw and said, which the audience shall not miss at the end.
    finale: Mutex<Finale>,
    products: Vec<ProductId>,
    lots: RwLock<HashMap<AuctionId, usize>>,
    people: RwLock<People>,
    refused: AtomicU64,
    receipts: Mutex<Vec<Receipt>>,
    said: Mutex<VecDeque<String>>,
    trouble: Mutex<Vec<String>>,
}

impl Stage {
    /// Signs everybody up and puts everything on the table.
    pub async fn set(house: &House, show: Show, pace: Pace) -> Result<Self, Failure> {
        let url = house.url();
        // A password is hashed with care, which takes a moment: all of them at once.
        let bidders = try_join_all(show.cast.iter().enumerate().map(|(index, part)| {
            let url = &url;
            async move { sign_up(url, &format!("bidder-{}@demo.example", index + 1), &part.name).await }
        }));
        let (admin, seller, you, friend, bidders) = tokio::try_join!(
            house.admin(),
            sign_up(&url, "seller@demo.example", &show.head.seller),
            sign_up(&url, YOU, "You"),
            sign_up(&url, FRIEND, "Friend"),
            bidders,
        )?;
        admin.auth().set_roles(seller.id, &[Role::Seller]).await?;
        seller.client.auth().refresh().await?;

        let categories = categories(&admin, &show).await?;
        let stream = StreamInput { title: show.head.title.clone(), starts_at: None };
        let stream = seller.client.streams().create(&stream).await?;
        let products = products(&seller.client, &show, &categories).await?;
        let people = introduced(bidders.iter().chain([&seller, &you, &friend]));
        let mut stage = Self {
            show,
            pace,
            stream,
            seller,
            bidders,
            you,
            queue: Vec::new(),
            over: CancellationToken::new(),
            seats: watch::Sender::default(),
            finale: Mutex::default(),
            products,
            lots: RwLock::default(),
            people: RwLock::new(people),
            refused: AtomicU64::new(0),
            receipts: Mutex::default(),
            said: Mutex::default(),
            trouble: Mutex::default(),
        };
        stage.queue = stage.lay_out().await?;
        Ok(stage)
    }

    /// Makes a lot of everything and puts them in the show's queue.
    pub async fn lay_out(&self) -> Result<Vec<AuctionId>, Failure> {
        let mut queue = Vec::with_capacity(self.products.len());
        for (index, (lot, product)) in self.show.lots.iter().zip(&self.products).enumerate() {
            let input = AuctionInput {
                product_id: *product,
                title: None,
                item: None,
                stream_id: Some(self.stream.id),
                starts_at: None,
                rules: self.show.rules(lot, self.pace)?,
            };
            let id = self.seller.client.auctions().create(&input).await?.status.id;
            self.lots.write().unwrap_or_else(PoisonError::into_inner).insert(id, index);
            queue.push(id);
        }
        self.seller.client.streams().set_lots(self.stream.id, &queue).await?;
        Ok(queue)
    }

    /// The audience follows a channel from here on.
    pub fn take_seat(&self, channel: Channel) {
        self.seats.send_modify(|seats| {
            seats.insert(channel);
        });
    }

    /// Returns once the audience follows all of these.
    pub async fn seated(&self, channels: &[Channel]) {
        let mut seats = self.seats.subscribe();
        // It can't close: the stage holds the other end.
        let _ = seats.wait_for(|seats| channels.iter().all(|channel| seats.contains(channel))).await;
    }

    /// A hammer fell.
    pub fn fell(&self, lot: AuctionId) {
        self.finale.lock().unwrap_or_else(PoisonError::into_inner).fallen.insert(lot);
    }

    /// The seller said something.
    pub fn said(&self, seq: u64) {
        self.finale.lock().unwrap_or_else(PoisonError::into_inner).last_word = seq;
    }

    /// What there is to see until the end, as far as it has happened.
    pub fn finale(&self) -> Finale {
        self.finale.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where a lot stands in the catalogue.
    pub fn place(&self, id: AuctionId) -> Option<usize> {
        self.lots.read().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    /// What a lot is called.
    pub fn title(&self, id: AuctionId) -> &str {
        self.place(id).and_then(|index| self.show.lots.get(index)).map_or("a lot", |lot| &lot.title)
    }

    /// What a lot is thought to bring, from and to.
    pub fn estimate(&self, id: AuctionId) -> Option<(Money, Money)> {
        let lot = self.show.lots.get(self.place(id)?)?;
        self.show.estimate(lot).ok()
    }

    /// Everybody whose name was heard.
    pub fn people(&self) -> RwLockReadGuard<'_, People> {
        self.people.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody introduced themselves.
    pub fn meet(&self, user: &PublicUser) {
        self.people.write().unwrap_or_else(PoisonError::into_inner).meet(user);
    }

    /// Whether nobody of the cast has said this lately; then it counts as said.
    pub fn is_news(&self, text: &str) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.iter().any(|before| before == text) {
            return false;
        }
        said.push_back(text.to_owned());
        if said.len() > MEMORY {
            said.pop_front();
        }
        true
    }

    /// A bid was accepted, and this is what the house signed for it.
    pub fn keep(&self, receipt: Receipt) {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner).push(receipt);
    }

    /// What the house signed for the bids of the cast.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A bid was refused, as the rules have it.
    pub fn count_refusal(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// How many bids of the cast were refused.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Something went wrong that should not have. What is cut off by the curtain is no trouble.
    pub fn complain(&self, what: String) {
        if !self.over.is_cancelled() {
            self.find_fault(what);
        }
    }

    /// Something does not hold, whenever it is found.
    pub fn find_fault(&self, what: String) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// What went wrong.
    pub fn trouble(&self) -> Vec<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn sign_up(url: &str, email: &str, name: &str) -> Result<Person, Failure> {
    let client = Client::builder(url).build()?;
    let request =
        SignupRequest { email: email.to_owned(), password: PASSWORD.to_owned(), display_name: name.to_owned() };
    let session = client.auth().signup(&request).await?;
    Ok(Person { client, id: session.user.id, name: session.user.display_name })
}

async fn categories<'a>(admin: &Client, show: &'a Show) -> Result<HashMap<&'a str, CategoryId>, Failure> {
    let mut categories = HashMap::new();
    for name in show.categories() {
        let input = CategoryInput { name: name.to_owned(), parent_id: None };
        categories.insert(name, admin.categories().create(&input).await?.id);
    }
    Ok(categories)
}

async fn products(
    seller: &Client,
    show: &Show,
    categories: &HashMap<&str, CategoryId>,
) -> Result<Vec<ProductId>, Failure> {
    let mut products = Vec::with_capacity(show.lots.len());
    for lot in &show.lots {
        let input = show.product(lot, categories.get(&*lot.category).copied())?;
        products.push(seller.products().create(&input).await?.id);
    }
    Ok(products)
}

fn introduced<'a>(everybody: impl Iterator<Item = &'a Person>) -> People {
    let mut people = People::default();
    for person in everybody {
        people.meet(&PublicUser { id: person.id, display_name: person.name.clone() });
    }
    people
}
