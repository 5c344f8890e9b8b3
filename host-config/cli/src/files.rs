//! Files in and out: definitions from disk, modules beside the program, bundles to disk.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use portcullis_compiler::{Bundle, Modules, Plugin};
use portcullis_openapi::{LoadError, Loader};

use crate::Failure;

/// Reads definitions by the paths that the command line and the files themselves name.
pub(crate) struct Disk;

impl Loader for Disk {
    fn load(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        fs::read(path).map_err(|cause| LoadError { reason: cause.to_string() })
    }
}

/// The modules of these plugins from `folder`, or from `modules` beside the program.
pub(crate) fn modules(
    plugins: impl Iterator<Item = Plugin>,
    folder: Option<&Path>,
) -> Result<Modules, Failure> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => program_folder()?.join("modules"),
    };
    let read = |plugin: Plugin| {
        let path = folder.join(format!("{}.wasm", plugin.name()));
        let bytes = fs::read(&path).map_err(|cause| {
            let hint = "build them with scripts/build, or name their folder with --modules";
            Failure::with_hint(format!("cannot read the module {}: {cause}", path.display()), hint)
        })?;
        Ok((plugin, bytes))
    };
    plugins.map(Plugin::module).map(read).collect()
}

/// The folder that the running program is in.
pub(crate) fn program_folder() -> Result<PathBuf, Failure> {
    let program =
        std::env::current_exe().map_err(|cause| Failure::new(format!("cannot find myself: {cause}")))?;
    Ok(program.parent().unwrap_or(Path::new("/")).to_owned())
}

/// A file's text; `None` if there is no such file.
pub(crate) fn read_text(file: &str) -> Result<Option<String>, Failure> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Failure::new(format!("cannot read {file}: {cause}"))),
    }
}

/// Writes a file by rename, so that nobody reads half a file.
pub(crate) fn replace(file: &str, text: &str) -> Result<(), Failure> {
    let failed = |cause: std::io::Error| Failure::new(format!("cannot write {file}: {cause}"));
    let path = Path::new(file);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    new.write_all(text.as_bytes()).map_err(failed)?;
    if let Ok(known) = fs::metadata(path) {
        new.as_file().set_permissions(known.permissions()).map_err(failed)?;
    }
    new.persist(path).map_err(|cause| failed(cause.error))?;
    Ok(())
}

/// Writes a bundle, of which others may read the modules alone if it holds secrets. What an earlier bundle left in the folder and this one does not have is removed; a folder
/// that holds anything else is not touched.
pub(crate) fn write_bundle(folder: &Path, bundle: &Bundle, holds_secrets: bool) -> Result<(), Failure> {
    let failed = |cause: std::io::Error| Failure::new(format!("cannot write {}: {cause}", folder.display()));
    if folder.exists() && !folder.join("manifest.json").exists() && !is_empty(folder).map_err(failed)? {
        let message = format!("{} is neither empty nor an earlier bundle", folder.display());
        return Err(Failure::with_hint(message, "name another folder with -o"));
    }
    // Without its manifest a folder is no bundle: an interrupted build cannot be mistaken for a whole one.
    remove_file(&folder.join("manifest.json")).map_err(failed)?;
    let mut kept = BTreeSet::new();
    for (name, bytes) in bundle.iter().filter(|(name, _)| *name != "manifest.json") {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        let is_secret = holds_secrets && !name.starts_with("modules/");
        write(&path, bytes, is_secret).map_err(failed)?;
        kept.insert(path);
    }
    for inner in ["modules", "plugins"] {
        remove_others(&folder.join(inner), &kept).map_err(failed)?;
    }
    match bundle.get("manifest.json") {
        // Its digests would tell whether a guess at a secret is right.
        Some(manifest) => write(&folder.join("manifest.json"), manifest, holds_secrets).map_err(failed),
        None => Ok(()),
    }
}

/// A secret file belongs to its owner alone from the moment it is there, and is never one that was there before.
fn write(path: &Path, bytes: &[u8], is_secret: bool) -> std::io::Result<()> {
    remove_file(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if is_secret {
        options.mode(0o600);
    }
    options.open(path)?.write_all(bytes)
}

fn is_empty(folder: &Path) -> std::io::Result<bool> {
    Ok(fs::read_dir(folder)?.next().is_none())
}

fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> std::io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !kept.contains(&path) && path.is_file() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn remove_file(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(names: &[&str]) -> Bundle {
        names.iter().map(|name| ((*name).to_owned(), name.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_bundle_replaces_an_earlier_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write_bundle(&path, &bundle(&["manifest.json", "modules/a.wasm", "modules/b.wasm"]), false).unwrap();
        write_bundle(&path, &bundle(&["manifest.json", "modules/a.wasm"]), false).unwrap();
        assert!(path.join("modules/a.wasm").exists());
        assert!(!path.join("modules/b.wasm").exists());
        assert!(write_bundle(folder.path(), &bundle(&["manifest.json"]), false).is_err());
    }

    #[test]
    fn secrets_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let names = ["manifest.json", "envoy.json", "plugins/auth.json", "modules/auth.wasm"];
        // What an earlier bundle without secrets left may be everybody's.
        for holds_secrets in [false, true] {
            write_bundle(&path, &bundle(&names), holds_secrets).unwrap();
        }
        for name in names {
            let mode = fs::metadata(path.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077 == 0, !name.starts_with("modules/"), "{name}: {mode:o}");
        }
    }
}
