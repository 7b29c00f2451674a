//! Ctrl-C.

use std::{net::TcpListener, process::Command};

use crate::harness::{file, finish, lens};

#[test]
fn ctrl_c_ends_a_run_that_waits_with_130() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let config = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: c}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\nusers: [{{name: c, user: {{}}}}]\n"
    );
    let (_dir, path) = file("config", config.as_bytes());
    let child = lens(&["diagnose", "--kubeconfig", path.to_str().expect("a path")])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("a start");
    // Whoever asks gets no answer, and presses the keys.
    let _asked = silent.accept().expect("a question");
    let pressed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(pressed.expect("kill").success());
    let run = finish(child.wait_with_output().expect("an end"));
    assert_eq!(
        (run.status, run.stdout.as_str(), run.stderr.as_str()),
        (Some(130), "", "")
    );
}
