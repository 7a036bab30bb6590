//! What every command knows: which server, who is logged in, how to print, whether to ask.

use std::{
    io::{self, IsTerminal, Read},
    sync::OnceLock,
    time::Duration,
};

use blytz_client::{Client, wire::account::Tokens};

use crate::{
    ambient,
    cli::Globals,
    config::{self, Asked, DEFAULT_SERVER, Settings},
    credentials::{Login, Store},
    error::Failure,
    output::Output,
};

/// How often a program that stays looks for newer tokens.
const FOLLOW_EVERY: Duration = Duration::from_secs(2);

/// What every command knows.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where to print.
    pub out: Output,
    settings: Settings,
    store: Store,
    /// An access token from flag or environment; it stands above the profile's login.
    token: Option<String>,
    yes: bool,
    no_input: bool,
    guest: OnceLock<Client>,
}

impl Context {
    /// Reads what the global flags, the environment and the profile say.
    pub fn load(globals: Globals) -> Result<Self, Failure> {
        let folder = config::folder()?;
        let asked = Asked { profile: globals.profile, server: globals.server, output: globals.output };
        let settings = config::load(&folder, &asked)?;
        let store = Store::new(&folder, &settings.profile);
        Ok(Self {
            out: Output::new(settings.output),
            store,
            settings,
            // A mounted file ends its line, and no token has spaces.
            token: globals.token.map(|token| token.trim_end().to_owned()).filter(|token| !token.is_empty()),
            yes: globals.yes,
            no_input: globals.no_input,
            guest: OnceLock::new(),
        })
    }

    /// The profile's name.
    pub fn profile(&self) -> &str {
        &self.settings.profile
    }

    /// Whether flag, environment or profile name a server, rather than the login or nobody.
    #[cfg(feature = "embedded")]
    pub fn names_server(&self) -> bool {
        self.settings.server.is_some()
    }

    /// A client that is nobody: for what is public.
    pub fn guest(&self) -> Result<Client, Failure> {
        if let Some(client) = self.guest.get() {
            return Ok(client.clone());
        }
        let server = match &self.settings.server {
            Some(server) => server.clone(),
            None => self.store.load()?.map_or_else(|| DEFAULT_SERVER.to_owned(), |login| login.server),
        };
        let client = builder(&server).build()?;
        Ok(self.guest.get_or_init(|| client).clone())
    }

    /// The server's address, as every client of it spells it.
    fn server(&self) -> Result<String, Failure> {
        Ok(self.guest()?.base_url().to_owned())
    }

    /// A client with the token of flag or environment, or with the profile's login if there is one
    /// for this server. Its tokens are renewed here rather than in the middle of a command, because
    /// only here other programs of the same login can be kept from doing it at the same time.
    pub async fn client(&self) -> Result<Client, Failure> {
        let server = self.server()?;
        if let Some(token) = &self.token {
            return Ok(builder(&server).access_token(token).build()?);
        }
        let login = match self.login_at(&server)? {
            Some(stale) if !stale.is_fresh(ambient::now()) => self.renewed(&server).await?,
            current => current,
        };
        self.storing(&server, login.map(|login| login.tokens))
    }

    /// The same for a program that stays: it takes over the tokens of a refresh in another one, lest
    /// it present a spent refresh token itself, which would end the session.
    pub async fn resident_client(&self) -> Result<Client, Failure> {
        let client = self.client().await?;
        if self.token.is_some() {
            return Ok(client);
        }
        let (context, followed) = (self.clone(), client.clone());
        tokio::spawn(async move {
            let mut every = tokio::time::interval(FOLLOW_EVERY);
            loop {
                every.tick().await;
                if let Ok(Some(login)) = context.login_at(followed.base_url())
                    && login.is_fresh(ambient::now())
                    && followed.tokens().is_some_and(|tokens| tokens != login.tokens)
                {
                    followed.set_tokens(Some(login.tokens));
                }
            }
        });
        Ok(client)
    }

    /// The profile's login, if it belongs to `server`.
    fn login_at(&self, server: &str) -> Result<Option<Login>, Failure> {
        Ok(self.store.load()?.filter(|login| login.server == server))
    }

    /// Renews the profile's login, one program at a time.
    async fn renewed(&self, server: &str) -> Result<Option<Login>, Failure> {
        let store = self.store.clone();
        let _turn = tokio::task::spawn_blocking(move || store.lock()).await.map_err(anyhow::Error::from)??;
        let Some(login) = self.login_at(server)? else { return Ok(None) };
        if login.is_fresh(ambient::now()) {
            // Another program was here first.
            return Ok(Some(login));
        }
        let client = self.storing(server, Some(login.tokens.clone()))?;
        match client.auth().refresh().await {
            Ok(tokens) => Ok(Some(Login::new(client.base_url(), &tokens, ambient::now()))),
            // The session is over; whatever needs one will be told so by the server.
            Err(error) if matches!(error.status(), Some(400..=499)) => Ok(Some(login)),
            Err(error) => Err(error.into()),
        }
    }

    /// A client that keeps every new token as the profile's login.
    fn storing(&self, server: &str, tokens: Option<Tokens>) -> Result<Client, Failure> {
        let (store, out, address) = (self.store.clone(), self.out, server.to_owned());
        let mut storing = builder(server).on_tokens(move |tokens| {
            if let Err(failure) = store.save(&Login::new(&address, tokens, ambient::now())) {
                out.note(failure.to_string());
            }
        });
        if let Some(tokens) = tokens {
            storing = storing.tokens(tokens);
        }
        Ok(storing.build()?)
    }

    /// A client that is nobody yet, and whose login becomes the profile's.
    pub fn newcomer(&self) -> Result<Client, Failure> {
        self.storing(&self.server()?, None)
    }

    /// Forgets the profile's login.
    pub fn forget(&self) -> Result<(), Failure> {
        self.store.remove()
    }

    /// Asks before something that can't be undone. `what` is a question.
    pub fn confirm(&self, what: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !self.may_ask() {
            return Err(Failure::usage(format!("{what} Nobody can be asked here; add --yes to say so.")));
        }
        let asked = dialoguer::Confirm::new().with_prompt(crate::clean::clean(what)).default(false);
        match asked.interact() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::failed("Nothing was done.")),
            Err(dialoguer::Error::IO(error)) => Err(error.into()),
        }
    }

    /// A text that a flag was to give; asked for where there is somebody to ask.
    pub fn ask(&self, given: Option<String>, flag: &str, prompt: &str) -> Result<String, Failure> {
        match given {
            Some(text) => Ok(text),
            None if self.may_ask() => {
                let answer: Result<String, _> = dialoguer::Input::new().with_prompt(prompt).interact_text();
                answer.map_err(|dialoguer::Error::IO(error)| error.into())
            }
            None => Err(Failure::usage(format!("{flag} is missing."))),
        }
    }

    /// A password: from a file, from stdin (`-`), or typed unseen. Never from the command line,
    /// where everybody on the machine could read it.
    pub fn password(&self, file: Option<&str>, prompt: &str, twice: bool) -> Result<String, Failure> {
        let text = match file {
            Some("-") => piped()?,
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("The password file {path} can't be read: {error}.")))?,
            None if self.may_ask() => return typed(prompt, twice),
            None if self.no_input || io::stdin().is_terminal() => String::new(),
            None => piped()?,
        };
        match text.lines().next() {
            Some(password) if !password.is_empty() => Ok(password.to_owned()),
            _ => Err(Failure::usage("There is no password; give one with --password-file FILE, or - for stdin.")),
        }
    }

    fn may_ask(&self) -> bool {
        !self.no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}

fn builder(server: &str) -> blytz_client::ClientBuilder {
    Client::builder(server).user_agent(concat!("blytz/", env!("CARGO_PKG_VERSION")))
}

fn piped() -> Result<String, Failure> {
    let mut text = String::new();
    // A password is short; nobody has to hold a gigabyte that was piped in by mistake.
    io::stdin().take(4096).read_to_string(&mut text)?;
    Ok(text)
}

fn typed(prompt: &str, twice: bool) -> Result<String, Failure> {
    let mut password = dialoguer::Password::new().with_prompt(prompt);
    if twice {
        password = password.with_confirmation("The same again", "They differ.");
    }
    password.interact().map_err(|dialoguer::Error::IO(error)| error.into())
}
