//! Answers to questions.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Turn, keys::type_into};
use crate::{
    effect::Request,
    model::{
        Overlay,
        attempt::BidKind,
        prompt::{Prompt, Question},
    },
};

impl Turn<'_> {
    pub(super) fn prompt_key(&mut self, key: KeyEvent) {
        let Some(Overlay::Prompt(prompt)) = &mut self.model.overlay else { return };
        match (&mut prompt.input, key.code) {
            (_, KeyCode::Esc) | (None, KeyCode::Char('n' | 'N')) => self.model.overlay = None,
            (_, KeyCode::Enter) | (None, KeyCode::Char('y' | 'Y')) => self.confirm(),
            (Some(input), _) => {
                prompt.error = None;
                type_into(input, key);
            }
            (None, _) => {}
        }
    }

    /// Does what was asked; keeps the question open, with a reason, when the answer does not do.
    pub(super) fn confirm(&mut self) {
        let Some(Overlay::Prompt(mut prompt)) = self.model.overlay.take() else { return };
        if prompt.is_unread(self.model.now) {
            self.model.overlay = Some(Overlay::Prompt(prompt));
        } else if let Err(error) = self.answer(&prompt) {
            prompt.error = Some(error);
            self.model.overlay = Some(Overlay::Prompt(prompt));
        }
    }

    fn answer(&mut self, prompt: &Prompt) -> Result<(), String> {
        let text = prompt.input.as_ref().map_or("", |input| input.value()).trim();
        match prompt.question {
            Question::Amount(id) => {
                let amount = self.typed_amount(id, text, false)?;
                self.place_unless_high(id, BidKind::Exact(amount));
            }
            Question::Max(id) => {
                let max = self.typed_amount(id, text, true)?;
                self.place_unless_high(id, BidKind::Max(max));
            }
            Question::LookAgain => {}
            Question::Anew(id, kind) => self.place_unless_high(id, kind),
            Question::Despite(id, kind) => self.send(id, kind),
            Question::AskAgainDespite(id) => self.send_again(id),
            Question::HighBid(id, kind) => self.place(id, kind),
            Question::BuyNow(id, price) => self.place(id, BidKind::BuyNow(price)),
            Question::CancelLot(id) => {
                let reason = reason(text)?;
                self.request(Request::CancelLot(id, reason));
            }
            Question::VoidBid(id, bid, bidder) => {
                let reason = reason(text)?;
                self.request(Request::VoidBid(id, bid, bidder, reason));
            }
            Question::DeleteMessage(id) => self.request(Request::DeleteMessage(id)),
            Question::Mute(stream, user) => {
                let seconds = text.parse().ok().filter(|seconds| (1..=604_800).contains(seconds));
                let seconds = seconds.ok_or("Write a number of seconds from 1 to 604800.")?;
                self.request(Request::Mute(stream, user, seconds));
            }
            Question::Ban(stream, user) => self.request(Request::Ban(stream, user)),
        }
        Ok(())
    }
}

fn reason(text: &str) -> Result<String, String> {
    if (1..=200).contains(&text.chars().count()) {
        Ok(text.to_owned())
    } else {
        Err("A reason of 1 to 200 characters is needed; everybody will see it.".to_owned())
    }
}
