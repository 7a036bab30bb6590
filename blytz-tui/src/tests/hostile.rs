//! Whatever the network says, the terminal only ever gets text to print.

use blytz_core::wire::{
    account::PublicUser,
    auction::{EventData, VoidedBy},
    live::{Channel, Update, UpdateData},
};
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect};

use super::{SMALL, Seat, WIDE, world};
use crate::{
    clean::{Clean, is_hostile},
    message::{News, Reply},
    model::request_error::RequestError,
    view,
};

/// A title, a clear screen, a clipboard write, a cursor move, a bell, C1 codes, a bidi override.
const EVIL: &str =
    "\x1b]0;owned\x07\x1b[2J\x1b]52;c;ZXZpbA==\x1b\\\x1b[1;1HPAID\r\n\x08\x7f\u{9b}31m\u{90}q\u{9c}\u{202e}drow";

fn evil() -> PublicUser {
    PublicUser { id: world::BALA, display_name: EVIL.to_owned() }
}

/// Aishah in a world where every text is hostile.
fn hostile(size: (u16, u16)) -> Seat {
    let mut seat = Seat::bidder(size);
    let mut shows = world::shows();
    for show in &mut shows {
        show.title = EVIL.to_owned();
        show.seller.display_name = EVIL.to_owned();
    }
    let mut lots = world::lots();
    for lot in &mut lots {
        lot.title = EVIL.to_owned();
        lot.product.title = EVIL.to_owned();
        lot.item.description = EVIL.to_owned();
        lot.item.condition = Some(EVIL.to_owned());
        lot.seller.display_name = EVIL.to_owned();
        lot.status.leader = lot.status.leader.as_ref().map(|_| evil());
    }
    seat.reply(Reply::Lobby(Ok((shows, lots))));
    let mut chat = world::chat();
    chat.messages.push(world::message(9, evil(), EVIL));
    chat.pinned = Some(world::message(9, evil(), "").id);
    seat.live(News::ChatState(world::SHOW, Box::new(chat)));
    seat.live(News::Chat(world::SHOW, world::said(&world::message(10, evil(), EVIL))));
    seat.live(News::Auction(
        world::CAMERA,
        Box::new(world::entry(
            6,
            0,
            EventData::Voided {
                bid_id: world::bid(801),
                bid_seq: 3,
                by: VoidedBy::Seller,
                block: true,
                struck: vec![world::bid(801)],
                reason: EVIL.to_owned(),
                price: None,
                leader: Some(world::BALA),
                next_minimum: None,
                reserve_met: None,
                bid_count: 2,
                closes_at: world::start().plus_millis(30_000),
            },
        )),
    ));
    let error =
        RequestError { code: None, text: Clean::line(EVIL, 300), next_minimum: None, definite: false, untrue: false };
    seat.press("b");
    seat.reply(Reply::Bid(world::bid(1), Err(error)));
    seat.live(News::Fork(world::CAMERA, Clean::line(EVIL, 300)));
    let outbid = UpdateData::Outbid { auction_id: world::BATIK, price: None, next_minimum: None };
    seat.live(News::Update(Channel::Me, Update { data: outbid, at: world::start() }));
    seat
}

#[test]
fn no_cell_holds_a_character_that_a_terminal_would_obey() {
    for size in [WIDE, SMALL] {
        for keys in ["tab", "tab tab", "esc", "B", "L", "?"] {
            let mut seat = hostile(size);
            seat.press(keys);
            for cell in &seat.buffer().content {
                assert!(!cell.symbol().chars().any(is_hostile), "{keys}: {:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn the_bytes_sent_to_the_terminal_are_our_own_commands_and_plain_text() {
    for keys in ["tab", "tab tab", "esc", "B"] {
        let mut seat = hostile(WIDE);
        seat.press(keys);
        let mut bytes = Vec::new();
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, WIDE.0, WIDE.1)) };
        let mut terminal =
            Terminal::with_options(CrosstermBackend::new(&mut bytes), options).expect("a vector takes all");
        terminal.draw(|frame| view::draw(&seat.model, frame)).expect("a vector takes all");
        drop(terminal);
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(text.contains("PAID"), "the words themselves are shown");
        for sequence in text.split('\x1b').skip(1) {
            let command = sequence.find(|c: char| c.is_ascii_alphabetic()).map_or("", |end| &sequence[..=end]);
            // Colours and attributes, cursor moves of the drawing itself, cursor shown or hidden.
            let ours = command.starts_with('[') && command.ends_with(['m', 'H', 'h', 'l', 'G', 'C']);
            assert!(ours, "{sequence:?}");
        }
        assert!(!text.contains('\x07') && !text.contains('\u{9b}') && !text.contains('\u{202e}'));
    }
}
