//! The data folder: made for this user alone, and one process's at a time.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    str::FromStr,
};

use sqlx::sqlite::SqliteConnectOptions;

use crate::config::{Config, DatabaseConfig};

/// Why the data folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process has it.
    #[error("The database {0} is in use by another process{1}: a SQLite database belongs to one server at a time.")]
    InUse(PathBuf, String),
    /// It can't be made, or not be written.
    #[error("The data folder {0} can't be used: {1}")]
    Unusable(PathBuf, io::Error),
    /// The URL can't be read.
    #[error("The database URL can't be read: {0}")]
    Url(sqlx::Error),
}

/// Where the SQLite database is.
#[derive(Debug, Clone)]
pub struct DatabaseFile(PathBuf);

/// As long as it lives, no other process opens the database.
pub struct Lock(File);

impl Drop for Lock {
    /// Closing the file is not enough: a program that this process is just about to start holds a copy
    /// of it for a moment, and with it the lock.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the database's lock was not given back");
        }
    }
}

impl DatabaseFile {
    /// The file that a configuration names; none where the database is no file.
    ///
    /// # Errors
    /// When the database URL is none.
    pub fn of(config: &Config) -> Result<Option<Self>, FolderError> {
        match &config.database {
            DatabaseConfig::InFolder => Ok(Some(Self(config.data.join("blytz.db")))),
            DatabaseConfig::Url(url) => Self::at(url).map(Some),
            DatabaseConfig::Postgres(_) => Ok(None),
        }
    }

    /// The file that a `sqlite:` URL names.
    ///
    /// # Errors
    /// When it names none.
    pub fn at(url: &str) -> Result<Self, FolderError> {
        let options = SqliteConnectOptions::from_str(url).map_err(FolderError::Url)?;
        Ok(Self(options.get_filename().to_owned()))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The same path with something appended: `-wal`, `.lock`.
    pub fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.0.clone().into_os_string();
        path.push(suffix);
        path.into()
    }

    fn folder(&self) -> &Path {
        self.0.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    fn unusable(&self) -> impl Fn(io::Error) -> FolderError {
        |error| FolderError::Unusable(self.folder().to_owned(), error)
    }

    /// Makes folder and file, unless they are there: the file empty, and for this user alone also
    /// in a folder that others may look into. SQLite gives its other files the same rights.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn make(&self) -> Result<(), FolderError> {
        make_private_folder(self.folder()).map_err(self.unusable())?;
        let mut options = File::options();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(self.unusable()(error)),
            _ => Ok(()),
        }
    }

    /// Makes the folder, unless it is there, and keeps other processes out.
    ///
    /// # Errors
    /// When another process has it, or it can't be written.
    pub fn lock(&self) -> Result<Lock, FolderError> {
        let unusable = self.unusable();
        make_private_folder(self.folder()).map_err(&unusable)?;
        let path = self.beside(".lock");
        // Not truncated on opening: it says who has it.
        let mut file =
            File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(&unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                let holder = holder.trim().parse::<u32>().map(|id| format!(" (number {id})")).unwrap_or_default();
                return Err(FolderError::InUse(self.0.clone(), holder));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(&unusable)?;
        Ok(Lock(file))
    }
}

/// Keys and password hashes are in there: nobody else may even look.
fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_private_and_one_process_at_a_time_has_it() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let file =
            DatabaseFile::of(&Config::in_folder(parent.path().join("new/deep"))).expect("a path").expect("a file");
        let lock = file.lock().expect("free");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.make().expect("makes the file");
            let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
            assert_eq!(mode(&parent.path().join("new/deep")), 0o700);
            assert_eq!(mode(file.path()), 0o600);
        }
        // A lock belongs to an open file, so a second opening stands for a second process.
        let refused = file.lock().err().expect("taken").to_string();
        assert!(refused.contains(&format!("number {}", std::process::id())), "{refused}");
        // Between fork and exec a child has all that its parent has open.
        let childs = lock.0.try_clone().expect("a copy");
        drop(lock);
        assert!(file.lock().is_ok());
        drop(childs);
    }

    #[test]
    fn a_url_names_a_file() {
        for (url, path) in [("sqlite:shop.db", "shop.db"), ("sqlite:///srv/shop.db", "/srv/shop.db")] {
            let file = DatabaseFile::at(url).expect("a path");
            assert_eq!(file.path(), Path::new(path));
        }
    }
}
