//! Where a program keeps its login.

use blytz_core::wire::account::Tokens;

/// Where a program keeps its login, so that its next run finds it; other programs may share it.
///
/// It is told and asked in order, and must not change the client's login itself. See
/// [`crate::ClientBuilder::login_store`].
pub trait LoginStore: Send + Sync {
    /// Somebody signed up or logged in: these tokens take the place of whatever was kept.
    fn began(&self, tokens: &Tokens);

    /// The login was refreshed: these tokens take the place of its former ones. A store that other
    /// programs share keeps another login that has been put there meanwhile.
    fn renewed(&self, tokens: &Tokens);

    /// Asked before a refresh: what another program has made of the same login since `tokens`, with
    /// the seconds for which the access token still holds as `expires_in`. A refresh token works
    /// once, so who shares a login must not present one that another program has spent long ago.
    fn newer(&self, tokens: &Tokens) -> Option<Tokens> {
        let _ = tokens;
        None
    }
}

/// A store that only wants to know; see [`crate::ClientBuilder::on_tokens`].
pub(crate) struct Callback<F>(pub(crate) F);

impl<F: Fn(&Tokens) + Send + Sync> LoginStore for Callback<F> {
    fn began(&self, tokens: &Tokens) {
        (self.0)(tokens);
    }

    fn renewed(&self, tokens: &Tokens) {
        (self.0)(tokens);
    }
}
