//! A server that plays an API server with one pod that lacks its ConfigMap.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// The server; it serves as long as the test runs.
pub(crate) struct ApiServer {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ApiServer {
    /// Starts one on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let shared = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let asked = Arc::clone(&shared);
                std::thread::spawn(move || answer(stream, &asked));
            }
        });
        Self { address, asked }
    }

    /// The requests so far: `GET /version`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("the list").clone()
    }
}

/// A kubeconfig with these contexts, each its own server; the first is the current one.
pub(crate) fn kubeconfig(contexts: &[(&str, &str)]) -> String {
    let mut text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {}\nusers: []\ncontexts:\n",
        contexts.first().map_or("", |(name, _)| *name)
    );
    for (name, _) in contexts {
        text.push_str(&format!(
            "- {{name: {name}, context: {{cluster: {name}, namespace: shop}}}}\n"
        ));
    }
    text.push_str("clusters:\n");
    for (name, address) in contexts {
        text.push_str(&format!(
            "- {{name: {name}, cluster: {{server: '{address}'}}}}\n"
        ));
    }
    text
}

const POD: &str = r#"{"metadata":{"name":"web","namespace":"shop","uid":"p","creationTimestamp":"2026-11-23T10:00:00Z"},"spec":{"nodeName":"n","containers":[{"name":"web","image":"x:1","envFrom":[{"configMapRef":{"name":"conf"}}]}]},"status":{"phase":"Pending","containerStatuses":[{"name":"web","state":{"waiting":{"reason":"CreateContainerConfigError","message":"configmap \"conf\" not found"}}}]}}"#;

fn answer(mut stream: TcpStream, asked: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    for line in lines.by_ref().map_while(Result::ok) {
        if line.is_empty() {
            break;
        }
    }
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default();
    asked
        .lock()
        .expect("the list")
        .push(format!("{method} {target}"));
    let path = target.split('?').next().unwrap_or_default();
    let body = match path {
        "/version" => r#"{"major":"1","minor":"35","gitVersion":"v1.35.4"}"#.to_owned(),
        "/apis" => r#"{"kind":"APIGroupList","groups":[]}"#.to_owned(),
        _ => {
            let items = if path.ends_with("/pods") { POD } else { "" };
            format!(r#"{{"kind":"List","apiVersion":"v1","metadata":{{}},"items":[{items}]}}"#)
        }
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ndate: Mon, 23 Nov 2026 12:00:00 GMT\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // The client may have gone away.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body.as_bytes());
}
