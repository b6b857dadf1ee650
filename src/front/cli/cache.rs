//! Decides where mirrors of repositories are kept, and refuses a place that somebody else may have prepared.
//! It never judges a folder that the user has named, or that lies in the user's home.

use crate::front::exit::Failure;
use std::path::{Path, PathBuf};

/// Where mirrors are kept: where the user says, in the user's cache folder, or below the temporary one.
///
/// # Errors
/// There is no home, and others can write where the mirrors would be.
pub(crate) fn folder(said: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(folder) = said {
        return Ok(folder.to_owned());
    }
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    match set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache"))) {
        Some(base) => Ok(base.join("switchback").join("git")),
        None => temporary(&std::env::temp_dir()),
    }
}

/// The folder below the temporary one, where everybody can write and knows the name.
fn temporary(base: &Path) -> Result<PathBuf, Failure> {
    let mut folder = base.to_owned();
    for name in ["switchback", "git"] {
        folder.push(name);
        make(&folder).and_then(|()| check(&folder, base)).map_err(|why| {
            let place = folder.display();
            Failure::usage(format!(
                "{place}: {why}, and there is no home to keep mirrors of repositories in; name a folder of your own with \
                 --cache, or set HOME"
            ))
        })?;
    }
    Ok(folder)
}

/// Makes a folder that only its owner can look into, if nothing is there.
fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Refuses what is no folder, belongs to somebody else, or is open to others. `base` is a place where files can be made.
#[cfg(unix)]
fn check(folder: &Path, base: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::symlink_metadata(folder)?;
    let ours = tempfile::tempfile_in(base)?.metadata()?.uid(); // what we make belongs to us
    let refuse = |why: &str| Err(std::io::Error::other(why.to_owned()));
    if found.is_symlink() {
        return refuse("it is a symbolic link, which leads where somebody else wants");
    }
    if !found.is_dir() {
        return refuse("it is no folder");
    }
    if found.uid() != ours {
        return refuse("it belongs to another user");
    }
    if found.mode() & 0o022 != 0 {
        return refuse("others can write to it");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn the_folder_is_made_for_its_owner_alone_and_known_again() {
        let base = tempfile::tempdir().unwrap();
        let folder = temporary(base.path()).unwrap();
        assert_eq!(folder, base.path().join("switchback/git"));
        for made in [&folder, &base.path().join("switchback")] {
            assert_eq!(std::fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert_eq!(temporary(base.path()).unwrap(), folder);
    }

    #[test]
    fn what_others_may_have_prepared_is_refused_with_a_way_out() {
        type Prepare = fn(&Path);
        let elsewhere: Prepare = |base| symlink(base, base.join("switchback")).unwrap();
        let file: Prepare = |base| std::fs::write(base.join("switchback"), "").unwrap();
        let open: Prepare = |base| {
            std::fs::create_dir(base.join("switchback")).unwrap();
            std::fs::set_permissions(base.join("switchback"), std::fs::Permissions::from_mode(0o777))
                .unwrap();
        };
        let inner: Prepare = |base| {
            std::fs::create_dir(base.join("switchback")).unwrap();
            std::fs::set_permissions(base.join("switchback"), std::fs::Permissions::from_mode(0o700))
                .unwrap();
            symlink("/", base.join("switchback/git")).unwrap();
        };
        for (prepare, why) in [
            (elsewhere, "symbolic link"),
            (file, "no folder"),
            (open, "others can write"),
            (inner, "symbolic link"),
        ] {
            let base = tempfile::tempdir().unwrap();
            prepare(base.path());
            let told = temporary(base.path()).unwrap_err();
            assert!(told.text.contains(why) && told.text.contains("--cache"), "{}", told.text);
        }
    }
}
