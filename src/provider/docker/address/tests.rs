use super::{open, resolve};
use crate::provider::FaultKind;
use crate::provider::docker::Target;

/// The folder's name of the context `far`, as Docker makes it.
const FAR: &str = "contexts/meta/512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868";

fn config(text: &str) -> (tempfile::TempDir, Target) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("config.json"), text).expect("a file");
    let target = Target { host: None, docker_config_dir: Some(folder.path().to_owned()) };
    (folder, target)
}

#[test]
fn takes_the_address_that_was_given_before_any_context() {
    let (_folder, mut target) = config(r#"{"currentContext":"far"}"#);
    target.host = Some("tcp://10.0.0.1:2375".to_owned());
    assert_eq!(resolve(&target).expect("an address"), "tcp://10.0.0.1:2375");
}

#[test]
fn takes_the_current_context() {
    let (folder, target) = config(r#"{"currentContext":"far","auths":{}}"#);
    let meta = folder.path().join(FAR);
    std::fs::create_dir_all(&meta).expect("a folder");
    let text =
        r#"{"Name":"far","Metadata":{},"Endpoints":{"docker":{"Host":"unix:///far.sock","SkipTLSVerify":false}}}"#;
    std::fs::write(meta.join("meta.json"), text).expect("a file");
    assert_eq!(resolve(&target).expect("an address"), "unix:///far.sock");
}

#[test]
fn refuses_a_context_that_is_not_there() {
    let (_folder, target) = config(r#"{"currentContext":"gone"}"#);
    let fault = resolve(&target).expect_err("no such context");
    assert_eq!(fault.message, "cannot find the current Docker context `gone`");
    assert!(fault.help.is_some());
}

#[test]
fn falls_back_to_the_platforms_socket() {
    for (_folder, target) in [config("{}"), config(r#"{"currentContext":"default"}"#)] {
        assert!(resolve(&target).expect("an address").contains("docker"));
    }
    assert!(resolve(&Target::default()).expect("an address").contains("docker"));
}

#[test]
fn says_what_it_cannot_reach() {
    for (host, kind, words) in [
        ("ssh://me@host", FaultKind::Failed, "ssh is not supported in this version"),
        ("https://host:2376", FaultKind::Failed, "TLS is not supported in this version"),
        ("tcp://host:2376", FaultKind::Failed, "TLS is not supported in this version"),
        ("ftp://host", FaultKind::Failed, "unknown scheme"),
        ("host", FaultKind::Failed, "unknown scheme"),
        #[cfg(unix)]
        ("unix:///nowhere/docker.sock", FaultKind::Unreachable, "nobody answers"),
    ] {
        let fault = open(host).expect_err(host);
        assert_eq!(fault.kind, kind, "{host}");
        assert!(fault.message.contains(words), "{}", fault.message);
        assert!(fault.help.is_some(), "{host}");
    }
}
