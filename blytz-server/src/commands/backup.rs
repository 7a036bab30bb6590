//! `backup` and `restore`: a copy of the database, and the way back.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};

use super::{Failure, configure, keep_others_out};
use crate::{
    clock::Clock,
    config::{Config, ConfigError, Options},
    db::{Db, OpenError, Sqlite, is_damage},
    keys::Keys,
    serve::{DatabaseFile, open_database},
};

/// Why these commands are SQLite's.
const ON_POSTGRES: &str = "PostgreSQL has its own ways: pg_dump and pg_restore, or pg_basebackup with an archive of \
                           its log for any moment. After a restore run `blytz-server restore --new-epoch`.";

/// A consistent copy, made by SQLite itself: the server may go on writing meanwhile.
const COPY: &str = "vacuum into $1";

pub(super) async fn backup(options: &Options, target: &Path) -> Result<(), Failure> {
    let Some(file) = DatabaseFile::of(&configure(options)?).map_err(anyhow::Error::from)? else {
        return Err(ConfigError::new(ON_POSTGRES).into());
    };
    if target.exists() {
        return Err(ConfigError::new(format!("{} is there already; name a new file.", target.display())).into());
    }
    if !file.path().exists() {
        return Err(ConfigError::new(format!("There is no database at {}.", file.path().display())).into());
    }
    copy(&file, target).await?;
    eprintln!("{} is a copy of {}.", target.display(), file.path().display());
    Ok(())
}

/// Copies to a file beside `target` first: what has the name of a backup is a whole one.
async fn copy(file: &DatabaseFile, target: &Path) -> anyhow::Result<()> {
    let partial = beside(target, ".partial");
    let made = make_private_file(&partial).with_context(|| format!("{} can't be written", partial.display()))?;
    let Some(name) = partial.to_str() else { bail!("{} is not UTF-8", partial.display()) };
    let sqlite = Sqlite::open(file.path()).await?;
    let copied = sqlx::query(COPY).bind(name).execute(sqlite.writer()).await;
    sqlite.close().await;
    let kept = copied
        .map_err(anyhow::Error::from)
        .and_then(|_| made.sync_all().map_err(anyhow::Error::from))
        .and_then(|()| fs::rename(&partial, target).map_err(anyhow::Error::from));
    if kept.is_err() {
        // What is left of it is of no use to anybody.
        let _ = fs::remove_file(&partial);
    }
    kept.context("The database could not be copied")
}

/// `restore FILE [--yes]`.
#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// What `backup` wrote.
    #[arg(required_unless_present = "new_epoch", conflicts_with = "new_epoch")]
    file: Option<PathBuf>,
    /// Only begin a new epoch in a database that something else has restored, such as pg_restore:
    /// clients that were connected before then start afresh.
    #[arg(long)]
    new_epoch: bool,
    /// Replace a database that is there already.
    #[arg(long)]
    yes: bool,
}

impl Restore {
    pub(super) async fn run(self, options: &Options) -> Result<(), Failure> {
        let config = configure(options)?;
        let Some(backup) = self.file else { return begin_epoch(&config).await };
        let Some(file) = DatabaseFile::of(&config).map_err(anyhow::Error::from)? else {
            return Err(ConfigError::new(ON_POSTGRES).into());
        };
        if !backup.is_file() {
            return Err(ConfigError::new(format!("There is no backup at {}.", backup.display())).into());
        }
        let _lock = file.lock().map_err(anyhow::Error::from)?;
        if file.path().exists() && !self.yes {
            let path = file.path().display();
            return Err(ConfigError::new(format!("There is a database at {path}; --yes replaces it.")).into());
        }
        restore(&file, &backup).await?;
        eprintln!("{} is restored; clients that were connected before start afresh.", file.path().display());
        Ok(())
    }
}

/// `restore --new-epoch`.
async fn begin_epoch(config: &Config) -> Result<(), Failure> {
    let _lock = keep_others_out(config).await?;
    let db = open_database(config).await?;
    let begun = Keys::begin_epoch(&db, &Clock::system()).await;
    db.close().await;
    let epoch = begun.map_err(anyhow::Error::from)?;
    eprintln!("A new epoch has begun; clients that were connected before start afresh.");
    println!("{epoch}");
    Ok(())
}

/// Prepares the whole database beside the old one, then takes its place in one step.
async fn restore(file: &DatabaseFile, backup: &Path) -> anyhow::Result<()> {
    let prepared = file.beside(".restoring");
    for suffix in ["", "-wal", "-shm"] {
        remove(&beside(&prepared, suffix))?;
    }
    make_private_file(&prepared)?;
    fs::copy(backup, &prepared).with_context(|| format!("{} can't be copied", backup.display()))?;
    let ready = prepare(&prepared).await.with_context(|| format!("{} can't be restored", backup.display()));
    if let Err(error) = ready {
        remove(&prepared)?;
        return Err(error);
    }
    File::open(&prepared)?.sync_all()?;
    let aside = part_with_its_log(file).await?;
    fs::rename(&prepared, file.path())?;
    sync_folder(file.path())?;
    for log in aside {
        remove(&log)?;
    }
    Ok(())
}

/// Parts the old database from its write-ahead log, which must not be replayed into the new one. At
/// every moment the old one is whole, in case that this is the last: its log is written into it. Only
/// the log of one that is damaged is put aside, until another stands in its place.
async fn part_with_its_log(file: &DatabaseFile) -> anyhow::Result<Vec<PathBuf>> {
    if file.beside("-wal").exists() {
        match Sqlite::open(file.path()).await {
            Ok(old) => fold(old).await.context("The old database's log can't be written into it")?,
            Err(OpenError::Sql(error)) if is_damage(&error) => {
                tracing::warn!(%error, "the old database is damaged; its log is put aside");
            }
            Err(error) => return Err(error).context("The old database can't be opened to write its log into it"),
        }
    }
    let mut aside = Vec::new();
    for suffix in ["-wal", "-shm"] {
        let log = file.beside(suffix);
        if log.exists() {
            let away = file.beside(&format!(".replaced{suffix}"));
            fs::rename(&log, &away)?;
            aside.push(away);
        }
    }
    if !aside.is_empty() {
        sync_folder(file.path())?;
    }
    Ok(aside)
}

const FOLD: &str = "pragma wal_checkpoint(truncate)";

/// Writes a database's log into it. The last connection that closes takes the log away.
async fn fold(database: Sqlite) -> anyhow::Result<()> {
    let folded = sqlx::query_as::<_, (i64, i64, i64)>(FOLD).fetch_one(database.writer()).await;
    database.close().await;
    ensure!(folded?.0 == 0, "somebody else reads it; close what has it open");
    Ok(())
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

const IS_OURS: &str = "select count(*) from sqlite_master where type = 'table' and name in ('signing_keys', 'history')";
const IS_WHOLE: &str = "pragma quick_check(1)";

/// Checks the copy, brings it up to date and begins a new epoch in it: what clients saw after the
/// backup was made has not happened any more.
async fn prepare(path: &Path) -> anyhow::Result<()> {
    let sqlite = Sqlite::open(path).await.context("it is no database")?;
    let ours: i64 = sqlx::query_scalar(IS_OURS).fetch_one(sqlite.writer()).await?;
    ensure!(ours == 2, "it is no Blytz database");
    let whole: String = sqlx::query_scalar(IS_WHOLE).fetch_one(sqlite.writer()).await?;
    ensure!(whole == "ok", "it is damaged: {whole}");
    let db = Db::sqlite(sqlite).await?;
    Keys::begin_epoch(&db, &Clock::system()).await?;
    db.close().await;
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn make_private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use blytz_core::Epoch;

    use super::*;

    async fn epoch(path: &Path) -> Epoch {
        let db = Db::sqlite(Sqlite::open(path).await.expect("opens")).await.expect("a schema");
        let keys = Keys::load_or_create(&db, &Clock::system(), "localhost", None).await.expect("keys");
        db.close().await;
        keys.epoch()
    }

    /// A folder as a server leaves it that was killed: what was written last, an epoch, stands in the
    /// log alone.
    async fn killed(folder: &Path) -> (DatabaseFile, Epoch) {
        let file = DatabaseFile::of(&crate::Config::in_folder(folder)).expect("a path").expect("a file");
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let live = elsewhere.path().join("live.db");
        let db = Db::sqlite(Sqlite::open(&live).await.expect("opens")).await.expect("a schema");
        Keys::load_or_create(&db, &Clock::system(), "localhost", None).await.expect("keys");
        assert!(db.scrub().await.expect("it answers"), "all of it is in the database");
        let last = Keys::begin_epoch(&db, &Clock::system()).await.expect("written");
        for suffix in ["", "-wal"] {
            fs::copy(beside(&live, suffix), file.beside(suffix)).expect("copied");
        }
        (file, last)
    }

    #[tokio::test]
    async fn the_old_database_is_whole_until_another_takes_its_place() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (file, last) = killed(folder.path()).await;
        let alone = folder.path().join("alone.db");
        fs::copy(file.path(), &alone).expect("copied");
        assert_ne!(epoch(&alone).await, last, "without its log it has lost what was written last");

        assert_eq!(part_with_its_log(&file).await.expect("parted"), Vec::<PathBuf>::new());
        assert!(!file.beside("-wal").exists(), "nothing is left to be replayed into another");
        assert_eq!(epoch(file.path()).await, last, "a restore that ends here has lost nothing");
    }

    #[tokio::test]
    async fn a_restore_changes_nothing_while_somebody_reads_the_old_database() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let backup = folder.path().join("backup.db");
        let (file, _) = killed(folder.path()).await;
        copy(&file, &backup).await.expect("a backup");
        let (file, last) = killed(folder.path()).await;
        let other = Sqlite::open(file.path()).await.expect("opens");
        let mut reader = other.writer().begin().await.expect("a transaction");
        sqlx::query("select * from sqlite_master").fetch_all(&mut *reader).await.expect("it reads");
        assert!(restore(&file, &backup).await.is_err(), "it would lose what stands in the log alone");
        assert!(file.beside("-wal").exists());
        drop(reader);
        other.close().await;
        assert_eq!(epoch(file.path()).await, last);
    }

    #[tokio::test]
    async fn the_log_of_a_damaged_database_is_replayed_into_no_other() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let backup = folder.path().join("backup.db");
        let (file, _) = killed(folder.path()).await;
        copy(&file, &backup).await.expect("a backup");
        let (file, last) = killed(folder.path()).await;
        fs::write(file.path(), b"no database").expect("damaged");
        restore(&file, &backup).await.expect("restored");
        assert_ne!(epoch(file.path()).await, last);
        let left = fs::read_dir(folder.path()).expect("a folder").flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        assert!(!left.iter().any(|name| name.contains("replaced")), "{left:?}");
    }
}
