use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::BuildContext;

/// A folder with these files, each with its own path as content; one that ends with `=text` has that text.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for file in files {
        let (path, content) = file.split_once('=').unwrap_or((file, file));
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    folder
}

/// The files (not the folders) that are sent.
fn sent(root: &Path) -> Vec<String> {
    let context = BuildContext::read(root, ".", "Dockerfile").expect("a context");
    context.paths().filter(|path| !root.join(path).is_dir()).map(str::to_owned).collect()
}

#[test]
fn follows_each_rule_of_dockers_ignore_files() {
    let files = ["Dockerfile", "a.txt", "b.md", "#c", "src/a.txt", "src/deep/a.txt", "src/deep/b.md", "x{1}", "sp ace"];
    let rest = |gone: &[&str]| -> Vec<String> {
        let mut all: Vec<_> = files.iter().filter(|file| !gone.contains(file)).map(ToString::to_string).collect();
        all.push(".dockerignore".to_owned());
        all.sort();
        all
    };
    for (rules, gone) in [
        ("", &[][..]),
        ("a.txt", &["a.txt"]),
        ("/a.txt", &["a.txt"]),
        ("./a.txt", &["a.txt"]),
        ("  a.txt  ", &["a.txt"]),
        ("a.txt\r\nb.md\r\n", &["a.txt", "b.md"]),
        ("*.txt", &["a.txt"]),
        ("*/a.txt", &["src/a.txt"]),
        ("**/a.txt", &["a.txt", "src/a.txt", "src/deep/a.txt"]),
        ("src/**/a.txt", &["src/a.txt", "src/deep/a.txt"]),
        ("**/*.md", &["b.md", "src/deep/b.md"]),
        ("src", &["src/a.txt", "src/deep/a.txt", "src/deep/b.md"]),
        ("src/", &["src/a.txt", "src/deep/a.txt", "src/deep/b.md"]),
        ("src/deep/**", &["src/deep/a.txt", "src/deep/b.md"]),
        ("src/../a.txt", &["a.txt"]),
        ("?.txt", &["a.txt"]),
        ("[ab].*", &["a.txt", "b.md"]),
        ("[^b].*", &["a.txt"]),
        ("x{1}", &["x{1}"]),
        ("x{1,2}", &[]),
        ("sp ace", &["sp ace"]),
        ("# a.txt\n#c\n", &[]),
        ("\\#c", &["#c"]),
        ("src\n!src/deep/a.txt", &["src/a.txt", "src/deep/b.md"]),
        ("src\n!**/*.md", &["src/a.txt", "src/deep/a.txt"]),
        ("!src/a.txt\nsrc", &["src/a.txt", "src/deep/a.txt", "src/deep/b.md"]),
        ("*\n!b.md", &["a.txt", "#c", "src/a.txt", "src/deep/a.txt", "src/deep/b.md", "x{1}", "sp ace"]),
        ("**\n! src/deep", &["a.txt", "b.md", "#c", "src/a.txt", "x{1}", "sp ace"]),
        ("Dockerfile\n.dockerignore", &[]),
    ] {
        let folder = folder(&files);
        fs::write(folder.path().join(".dockerignore"), rules).expect("a file");
        assert_eq!(sent(folder.path()), rest(gone), "{rules:?}");
    }
}

#[test]
fn prefers_the_ignore_file_of_the_dockerfile() {
    let folder = folder(&["Dockerfile", "a", "b", ".dockerignore=a", "Dockerfile.dockerignore=b"]);
    assert_eq!(sent(folder.path()), [".dockerignore", "Dockerfile", "Dockerfile.dockerignore", "a"].map(str::to_owned));
}

#[test]
fn sends_a_dockerfile_from_an_ignored_folder() {
    let folder = folder(&["ops/Dockerfile", "ops/b", ".dockerignore=ops"]);
    let context = BuildContext::read(folder.path(), ".", "./ops/Dockerfile").expect("a context");
    assert_eq!(context.paths().collect::<Vec<_>>(), [".dockerignore", "ops/Dockerfile"]);
}

#[test]
fn refuses_what_it_cannot_send() {
    let folder = folder(&["inner/Dockerfile", "inner/.dockerignore=[", "Dockerfile", "empty/a"]);
    let read = |root: &Path, context: &str| BuildContext::read(root, context, "Dockerfile").expect_err(context);
    let inner = folder.path().join("inner");
    assert!(read(&inner, "..").contains("outside"));
    assert!(read(folder.path(), "gone").contains("read the build context `gone`"));
    assert!(read(folder.path(), "inner").contains("read `.dockerignore`, line 1"));
    assert!(read(folder.path(), "empty").contains("find the Dockerfile"));
}

#[test]
fn changes_its_fingerprint_with_what_a_build_can_see_only() {
    let (one, two) = (folder(&["Dockerfile", "src/a=1"]), folder(&["Dockerfile", "src/a=1"]));
    let print =
        |folder: &TempDir| BuildContext::read(folder.path(), ".", "Dockerfile").expect("a context").fingerprint();
    let before = print(&one);
    assert_eq!(before, print(&two), "neither time nor place counts");
    fs::write(two.path().join("src/a"), "2").expect("a file");
    assert_ne!(before, print(&two), "content counts");
    fs::write(two.path().join("src/a"), "1").expect("a file");
    assert_eq!(before, print(&two));
    fs::rename(two.path().join("src/a"), two.path().join("src/b")).expect("a file");
    assert_ne!(before, print(&two), "paths count");
}

#[test]
fn packs_the_same_files_into_the_same_bytes() {
    let (one, two) = (folder(&["b", "Dockerfile", "src/a"]), folder(&["src/a", "b", "Dockerfile"]));
    let pack = |folder: &TempDir| BuildContext::read(folder.path(), ".", "Dockerfile").expect("a context").tar();
    assert_eq!(pack(&one), pack(&two));
    let packed = pack(&one).expect("an archive");
    let mut archive = tar::Archive::new(packed.as_slice());
    let entries = archive.entries().expect("entries").map(|entry| {
        let entry = entry.expect("an entry");
        let header = entry.header();
        (
            entry.path().expect("a path").display().to_string(),
            header.mtime().expect("a time"),
            header.uid().expect("an id"),
        )
    });
    let all: Vec<_> = entries.collect();
    assert_eq!(all, ["Dockerfile", "b", "src/", "src/a"].map(|path| (path.to_owned(), 0, 0)));
}

#[test]
fn refuses_to_pack_what_was_not_planned() {
    let folder = folder(&["Dockerfile", "a"]);
    let context = BuildContext::read(folder.path(), ".", "Dockerfile").expect("a context");
    fs::write(folder.path().join("a"), "something else").expect("a file");
    assert_eq!(context.tar().expect_err("another file"), "pack `a`: it has changed since it was planned");
}

#[cfg(unix)]
#[test]
fn sends_links_as_links_and_counts_the_right_to_execute() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = folder(&["Dockerfile", "run=x"]);
    let read = || BuildContext::read(folder.path(), ".", "Dockerfile").expect("a context");
    let plain = read().fingerprint();
    fs::set_permissions(folder.path().join("run"), fs::Permissions::from_mode(0o700)).expect("rights");
    let executable = read().fingerprint();
    assert_ne!(plain, executable);
    fs::set_permissions(folder.path().join("run"), fs::Permissions::from_mode(0o755)).expect("rights");
    assert_eq!(read().fingerprint(), executable, "who may execute it does not count");
    symlink("/etc", folder.path().join("etc")).expect("a link");
    let linked = read();
    assert!(!linked.paths().any(|path| path.starts_with("etc/")), "a link is not followed");
    let packed = linked.tar().expect("an archive");
    let mut archive = tar::Archive::new(packed.as_slice());
    let mut entries = archive.entries().expect("entries").map(|entry| entry.expect("an entry"));
    let link = entries.find(|entry| entry.path().expect("a path") == Path::new("etc")).expect("the link");
    assert_eq!(link.link_name().expect("a target").expect("a target"), Path::new("/etc"));
}

#[cfg(unix)]
#[test]
fn refuses_a_context_that_a_link_leads_outside() {
    let (root, other) = (folder(&["a"]), folder(&["Dockerfile"]));
    std::os::unix::fs::symlink(other.path(), root.path().join("out")).expect("a link");
    assert!(BuildContext::read(root.path(), "out", "Dockerfile").expect_err("outside").contains("outside"));
}
