//! The files of a folder and of those below it, as paths.

use std::io;

use cap_std::fs::{Dir, Metadata};

use super::{Folder, Kind, size, told};

/// How deep folders may stand inside each other.
const DEEPEST: usize = 32;

/// What was found so far, and what may still be.
struct Listing {
    found: Vec<String>,
    bytes: u64,
    most_files: usize,
    most_bytes: u64,
}

impl Folder {
    /// The files in this folder and below it, by their paths with `/`, sorted. A link to a file inside is a file;
    /// pipes, sockets and devices are left out.
    ///
    /// # Errors
    /// When something cannot be read, a name is no text, a link leads out of this folder or to another folder, or when
    /// there are more files, or more bytes in all, than asked for. The text names what is to blame.
    pub fn list(&self, most_files: usize, most_bytes: u64) -> Result<Vec<String>, String> {
        let mut listing = Listing { found: Vec::new(), bytes: 0, most_files, most_bytes };
        self.walk("", 0, &mut listing)?;
        listing.found.sort();
        Ok(listing.found)
    }

    fn walk(&self, under: &str, depth: usize, listing: &mut Listing) -> Result<(), String> {
        let wrong = |path: &str, error: &io::Error| match path {
            "" => error.to_string(),
            path => format!("`{path}`: {error}"),
        };
        if depth > DEEPEST {
            return Err(format!("`{under}`: folders stand inside each other more than {DEEPEST} levels deep"));
        }
        for name in self.names(under).map_err(|error| wrong(under, &error))? {
            let below = |name: &str| if under.is_empty() { name.to_owned() } else { format!("{under}/{name}") };
            let Some(path) = name.to_str().map(below) else {
                return Err(format!("`{}`: its name is no text", below(&name.to_string_lossy())));
            };
            match self.kind(&path).map_err(|error| wrong(&path, &error))? {
                Kind::Folder => self.walk(&path, depth + 1, listing)?,
                Kind::File { .. } => listing.add(path, &self.0)?,
                Kind::Link { .. } => {
                    let about = self.0.metadata(&path).map_err(|error| wrong(&path, &told(error)))?;
                    if about.is_dir() {
                        return Err(format!("`{path}`: it is a link to a folder, and is not followed"));
                    }
                    if about.is_file() {
                        listing.add(path, &self.0)?;
                    }
                }
                Kind::Other => {}
            }
        }
        Ok(())
    }
}

impl Listing {
    fn add(&mut self, path: String, folder: &Dir) -> Result<(), String> {
        let about: Metadata = folder.metadata(&path).map_err(|error| format!("`{path}`: {}", told(error)))?;
        self.bytes += about.len();
        self.found.push(path);
        if self.found.len() > self.most_files {
            return Err(format!("it has more than {} files", self.most_files));
        }
        if self.bytes > self.most_bytes {
            return Err(format!("its files have more than {} in all", size(self.most_bytes)));
        }
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::Folder;

    #[test]
    fn lists_files_however_deep_and_follows_no_link_out() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("b/c")).unwrap();
        fs::create_dir(at("empty")).unwrap();
        fs::write(at("b/c/up.sql"), "12345").unwrap();
        fs::write(at("a.sql"), "123").unwrap();
        symlink("../a.sql", at("b/link.sql")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let list = |files, bytes| Folder::open(folder.path()).unwrap().list(files, bytes);
        let all = ["a.sql", "b/c/up.sql", "b/link.sql"].map(str::to_owned).to_vec();
        assert_eq!(list(3, 11), Ok(all));
        assert_eq!(list(2, 11), Err("it has more than 2 files".to_owned()));
        assert!(list(3, 10).unwrap_err().contains("in all"));

        symlink(outside.path().join("secret"), at("out.sql")).unwrap();
        assert_eq!(list(9, 99), Err("`out.sql`: it leads out of the folder of deploy.toml".to_owned()));
        fs::remove_file(at("out.sql")).unwrap();
        symlink("b", at("again")).unwrap();
        assert_eq!(list(9, 99), Err("`again`: it is a link to a folder, and is not followed".to_owned()));
        fs::remove_file(at("again")).unwrap();
        symlink("nowhere", at("broken.sql")).unwrap();
        assert!(list(9, 99).unwrap_err().starts_with("`broken.sql`: "));
    }
}
