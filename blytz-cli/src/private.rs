//! Files that only their owner may read. Who reads one while it is replaced sees the old one or the new
//! one, whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use tempfile::NamedTempFile;

/// Replaces a file.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    draft(path, bytes)?.persist(path)?;
    Ok(())
}

/// Makes a file; false if there is one of that name, which stays as it is.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    match draft(path, bytes)?.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

/// What a file says; none if there is no such file.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Held while what belongs to this file is read and replaced: of programs that want that at the same
/// time, one does it. It ends when it is dropped.
pub fn lock(path: &Path) -> io::Result<File> {
    make_folder(path)?;
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there is nothing to set"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.create(true).truncate(false).write(true).open(path.with_extension("lock"))?;
    file.lock()?;
    Ok(file)
}

/// A file beside the one that it takes the place of. Drafts are nobody else's to read from the start.
fn draft(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    make_folder(path)?;
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn make_folder(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
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
    fn nobody_else_can_read_them_and_no_draft_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep").join("within.json");
        assert_eq!(read(&path).expect("no file"), None);
        replace(&path, b"1").expect("made");
        replace(&path, b"2").expect("replaced");
        assert_eq!(read(&path).expect("a file").as_deref(), Some(&b"2"[..]));
        assert!(!create(&path, b"3").expect("it is there"));
        assert_eq!(read(&path).expect("a file").as_deref(), Some(&b"2"[..]), "what is there stays");
        assert!(create(&path.with_file_name("other.json"), b"3").expect("made"));
        let kept = fs::read_dir(folder.path().join("deep")).expect("a folder");
        let mut names: Vec<_> = kept.map(|entry| entry.expect("a file").file_name()).collect();
        names.sort();
        assert_eq!(names, ["other.json", "within.json"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(&path.with_file_name("other.json")), 0o600);
            assert_eq!(mode(&folder.path().join("deep")), 0o700);
        }
    }
}
