//! Bills of material: a `CycloneDX` file for each package of each workspace, by cargo-cyclonedx.

use super::{WORKSPACES, tool};
use crate::run::{Failure, Result, root, told};
use std::fs;
use std::path::{Path, PathBuf};

const VERSION: &str = "0.5.9";
/// The end of the names of the files, which the tool writes beside the manifests.
const ENDING: &str = ".cdx.json";

/// Writes a file for each package into this folder.
pub(super) fn write(folder: &str) -> Result<()> {
    let folder = root().join(folder);
    told(&folder, fs::create_dir_all(&folder))?;
    for workspace in WORKSPACES {
        // Firmware is for other targets than this machine.
        let run = tool("cargo-cyclonedx", VERSION)?
            .words("cyclonedx --quiet --format json --spec-version 1.5 --target all --manifest-path");
        let run = run.arg(format!("{workspace}/Cargo.toml"));
        println!("  $ {run}");
        run.succeed()?;
    }
    let mut files = Vec::new();
    collect(&root(), &mut files)?;
    let moved = moved(&files, &folder)?;
    if moved == 0 {
        return Err(Failure::new("the tool wrote no file"));
    }
    println!("{moved} bills of material are in {}", folder.display());
    Ok(())
}

/// Moves the files into the folder, and returns their number.
fn moved(files: &[PathBuf], folder: &Path) -> Result<usize> {
    for file in files {
        let name = file.file_name().unwrap_or_default();
        told(file, fs::rename(file, folder.join(name)))?;
    }
    Ok(files.len())
}

/// Finds the files below a folder, but for those that are built or kept by git.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in told(folder, fs::read_dir(folder))? {
        let path = told(folder, entry)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(ENDING) {
            files.push(path);
        } else if path.is_dir() && name != "target" && !name.starts_with('.') {
            collect(&path, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_moved_from_the_packages_into_one_folder() {
        let folder = std::env::temp_dir().join(format!("bills-{}", std::process::id()));
        for place in ["one", "two/three", "target", "all"] {
            fs::create_dir_all(folder.join(place)).unwrap();
        }
        for file in ["one/a.cdx.json", "two/three/b.cdx.json", "two/c.json", "target/d.cdx.json"] {
            fs::write(folder.join(file), "{}").unwrap();
        }
        let mut files = Vec::new();
        collect(&folder, &mut files).unwrap();
        assert_eq!(moved(&files, &folder.join("all")).unwrap(), 2);
        assert!(folder.join("all/a.cdx.json").exists() && folder.join("all/b.cdx.json").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
