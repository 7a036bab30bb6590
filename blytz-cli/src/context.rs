//! What every command knows: which server, who is logged in, how to print, whether to ask.

use std::{
    io::{self, IsTerminal, Read},
    sync::OnceLock,
};

use blytz_client::{Client, ClientBuilder};

use crate::{
    ambient,
    config::{self, Asked, DEFAULT_SERVER, Settings},
    credentials::{Login, Store},
    error::Failure,
    evidence::{Evidence, Witness},
    globals::Globals,
    kept::Kept,
    output::Output,
    text,
};

/// What every command knows.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where to print.
    pub out: Output,
    settings: Settings,
    store: Store,
    evidence: Evidence,
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
            evidence: Evidence::new(&config::state_folder()?),
            settings,
            // A variable that was filled from a file may end in the file's line end.
            token: globals.token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()),
            yes: globals.yes,
            no_input: globals.no_input,
            guest: OnceLock::new(),
        })
    }

    /// The profile's name.
    pub fn profile(&self) -> &str {
        &self.settings.profile
    }

    /// What houses have signed, and with which keys.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
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
        // Keys are kept by addresses in their one spelling, which a client knows.
        let server = Client::builder(server).build()?.base_url().to_owned();
        let client = self.builder(&server).build()?;
        Ok(self.guest.get_or_init(|| client).clone())
    }

    /// The server's address, as every client of it spells it.
    fn server(&self) -> Result<String, Failure> {
        Ok(self.guest()?.base_url().to_owned())
    }

    /// A client with the token of flag or environment, or with the profile's login if there is one
    /// for this server. Tokens that are about to expire are renewed here rather than in the middle of a
    /// command; whoever stays longer than they hold takes over those of other programs, or renews them.
    pub async fn client(&self) -> Result<Client, Failure> {
        let server = self.server()?;
        if let Some(token) = &self.token {
            return Ok(self.builder(&server).access_token(token).build()?);
        }
        let login = match self.login_at(&server)? {
            Some(stale) if !stale.is_fresh(ambient::now()) => self.renewed(&server).await?,
            current => current,
        };
        self.storing(login, self.kept(&server))
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
        let client = self.storing(Some(login.clone()), self.kept(server).while_locked())?;
        match client.auth().refresh().await {
            Ok(tokens) => Ok(Some(Login::new(login.id, server, &tokens, ambient::now()))),
            // The session is over; whatever needs one will be told so by the server.
            Err(error) if matches!(error.status(), Some(400..=499)) => Ok(Some(login)),
            Err(error) => Err(error.into()),
        }
    }

    /// A client that keeps every new token of its login.
    fn storing(&self, login: Option<Login>, mut kept: Kept) -> Result<Client, Failure> {
        let mut storing = self.builder(kept.server());
        if let Some(login) = login {
            kept = kept.of(login.id);
            storing = storing.tokens(login.tokens);
        }
        Ok(storing.login_store(kept).build()?)
    }

    /// A client that holds its house to what it signs.
    fn builder(&self, server: &str) -> ClientBuilder {
        let witness = Witness::new(&self.evidence, server, self.out);
        Client::builder(server).user_agent(concat!("blytz/", env!("CARGO_PKG_VERSION"))).evidence(witness)
    }

    /// Where a client keeps the login that becomes the profile's.
    fn kept(&self, server: &str) -> Kept {
        Kept::new(&self.store, self.out, server)
    }

    /// A client that is nobody yet, and whose login becomes the profile's.
    pub fn newcomer(&self) -> Result<Client, Failure> {
        self.storing(None, self.kept(&self.server()?))
    }

    /// Forgets the profile's login.
    pub fn forget(&self) -> Result<(), Failure> {
        let _turn = self.store.lock()?;
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
        forget_what_was_typed();
        let asked = dialoguer::Confirm::new().with_prompt(crate::clean::clean(what)).default(false);
        // A word that happens to begin with y is no answer.
        match asked.wait_for_newline(true).interact() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::failed("Nothing was done.")),
            Err(dialoguer::Error::IO(error)) => Err(error.into()),
        }
    }

    /// Asks before something that is meant well as a rule, where there is somebody to ask. A script
    /// goes on, unless it said that it can't be asked and it `matters`.
    pub fn confirm_where_possible(&self, what: &str, matters: bool) -> Result<(), Failure> {
        if self.may_ask() || (self.no_input && matters) { self.confirm(what) } else { Ok(()) }
    }

    /// Whether it shall be done without asking.
    pub fn says_yes(&self) -> bool {
        self.yes
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
        let bytes = match file {
            Some("-") => piped()?,
            Some(path) => std::fs::read(path)
                .map_err(|error| Failure::usage(format!("The password file {path} can't be read: {error}.")))?,
            None if self.may_ask() => return typed(prompt, twice),
            None if self.no_input || io::stdin().is_terminal() => Vec::new(),
            None => piped()?,
        };
        // What editors and shells put around it, a mark before and a line end after, is no part of it.
        let text = text::decode(bytes).map_err(|error| Failure::usage(format!("The password is no text: {error}.")))?;
        match text.lines().next() {
            Some(password) if !password.is_empty() => Ok(password.to_owned()),
            _ => Err(Failure::usage("There is no password; give one with --password-file FILE, or - for stdin.")),
        }
    }

    /// Whether there is somebody to ask, and they may be.
    pub fn may_ask(&self) -> bool {
        !self.no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}

fn piped() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // A password is short; nobody has to hold a gigabyte that was piped in by mistake.
    io::stdin().take(4096).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What was typed before the question stood there is no answer to it: it may have been pasted.
fn forget_what_was_typed() {
    #[cfg(unix)]
    // Where that can't be, the question is asked all the same.
    let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
}

fn typed(prompt: &str, twice: bool) -> Result<String, Failure> {
    let mut password = dialoguer::Password::new().with_prompt(prompt);
    if twice {
        password = password.with_confirmation("The same again", "They differ.");
    }
    password.interact().map_err(|dialoguer::Error::IO(error)| error.into())
}
