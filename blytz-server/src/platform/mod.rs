//! What every part of a server stands on, made once at the start.
//!
//! The platform names no service. Services are started over it, HTTP and the live connection ask it
//! for what has nothing to do with any of them.

pub mod attendance;
pub mod crowd;
pub mod hub;
pub mod limits;

use std::{ops::Deref, sync::Arc};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{attendance::Attendance, crowd::Crowd, hub::Hub, limits::Limits};
use crate::{
    clock::Clock,
    config::Config,
    db::{Db, Work},
    error::Result,
    keys::{Keys, KeysError},
};

/// The ground of one server. Cheap to clone.
#[derive(Clone)]
pub struct Platform(Arc<Parts>);

/// What [`Platform`] dereferences to.
pub struct Parts {
    /// How this server was asked to run.
    pub config: Config,
    /// What time it is.
    pub clock: Clock,
    /// The database.
    pub db: Db,
    /// The signing keys, and the epoch.
    pub keys: Keys,
    /// How often anybody may ask.
    pub limits: Limits,
    /// Who is connected.
    pub crowd: Crowd,
    /// Fan-out to everybody who watches.
    pub hub: Hub,
    /// Since when and until when the house is served.
    pub attendance: Attendance,
    /// Tasks that must end before the database is closed.
    pub tasks: TaskTracker,
    /// Cancelled when the server is to stop.
    pub shutdown: CancellationToken,
}

impl Deref for Platform {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Why there is no ground to stand on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Until when the house was served can't be read.
    #[error("until when this house was served could not be read: {0}")]
    Attendance(sqlx::Error),
    /// There are no keys to start with.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl Platform {
    /// The ground over an open database. Nobody is served on it before [`Attendance::begin`]: a command
    /// that stands on it beside a server must not speak for that.
    ///
    /// # Errors
    /// [`StartError`]; its sentence is fit for the operator.
    pub async fn start(config: Config, clock: Clock, db: Db) -> Result<Self, StartError> {
        let (attendance, clock) = Attendance::open(&db, clock).await.map_err(StartError::Attendance)?;
        let keys = Keys::load_or_create(&db, &clock, &config.origin, config.secret_key.as_ref()).await?;
        let platform = Self(Arc::new(Parts {
            limits: Limits::new(&config, &clock),
            crowd: Crowd::new(&config),
            hub: Hub::new(keys.epoch()),
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            attendance,
            config,
            clock,
            db,
            keys,
        }));
        platform.tasks.spawn(platform.hub.clone().pulse(platform.clock.clone(), platform.shutdown.clone()));
        Ok(platform)
    }

    /// Does this in one transaction: [`Db::write`], with the errors that handlers answer.
    ///
    /// # Errors
    /// Those of the work; 503 when the database does not take it, or does not say so.
    pub async fn write<T: Send + 'static>(&self, work: impl for<'t> Work<'t, Result<T>> + Send + 'static) -> Result<T> {
        self.db.write(work).await
    }
}
