//! Accounts from before addresses had one form.

use blytz_core::{account::normalise_email, text::is_invisible};

use super::{
    accounts::Accounts,
    store::users::{self, Person},
};
use crate::{db::Tx, error::Result};

/// How many accounts share a transaction. Nobody else writes while the server starts.
const BATCH: i64 = 500;

impl Accounts {
    /// Brings every account into the one form that can be brought into it, once.
    ///
    /// An address that has no form, or whose form is another account's, stays as it is: it is not
    /// known which of the two accounts is whose. Who has it can be told by the log.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) async fn settle(&self) -> Result<()> {
        loop {
            let people = users::unsettled(&self.platform.db, BATCH).await?;
            if people.is_empty() {
                return Ok(());
            }
            let settled = async move |tx: &mut Tx| {
                for person in &people {
                    let email = form(tx, person).await?;
                    users::settle(tx, person, &email).await?;
                }
                Ok(())
            };
            self.platform.write(settled).await?;
        }
    }
}

/// The form of an account's address, or the address as it is.
async fn form(tx: &mut Tx, person: &Person) -> Result<String> {
    // What could not be seen was not typed, and no message went there.
    let visible: String = person.email.chars().filter(|c| !is_invisible(*c)).collect();
    let problem = match normalise_email(&visible) {
        Ok(form) if form == person.email => return Ok(form),
        // Its own, where another server that starts at the same moment was faster.
        Ok(form) if is_free(tx, person, &form).await? => return Ok(form),
        Ok(_) => "is another account's",
        Err(_) => "does not exist",
    };
    tracing::warn!(user = %person.id, "an email address is left as it is: its form {problem}");
    Ok(person.email.clone())
}

async fn is_free(tx: &mut Tx, person: &Person, form: &str) -> Result<bool> {
    let whose = users::user_by_email(&mut *tx, form).await?;
    Ok(whose.is_none_or(|whose| whose.id == person.id))
}
