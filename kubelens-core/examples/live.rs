//! Reads the cluster of the current context and says what is in it and how long that took:
//! `cargo run --release -p kubelens-core --features live --example live -- [--context NAME]`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example"
)]

use std::time::Instant;

use kubelens_core::kubernetes::Kind;
use kubelens_core::source::{ClusterSource, ConnectOptions, LiveSource, Progress, ReadRequest};

struct Warnings;

impl Progress for Warnings {
    fn warning(&self, text: &str) {
        println!("warning: {text}");
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut options = ConnectOptions::default();
    let mut request = ReadRequest::default();
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or("a value is missing")?;
        match argument.as_str() {
            "--context" => options.context = Some(value),
            "--server" => options.server = Some(value),
            "--token" => options.token = Some(value),
            "--kubeconfig" => options.kubeconfig = Some(value.into()),
            "-n" => request.namespaces.push(value),
            _ => return Err(format!("unknown flag {argument}").into()),
        }
    }
    let begin = Instant::now();
    let source = match LiveSource::connect(&options).await {
        Ok(source) => source,
        Err(error) => {
            return {
                println!("error: {error}");
                Ok(())
            };
        }
    };
    let snapshot = match source.load(&request, &Warnings).await {
        Ok(snapshot) => snapshot,
        Err(error) => {
            return {
                println!("error: {error}");
                Ok(())
            };
        }
    };
    let seconds = begin.elapsed().as_secs_f64();
    let counts: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| (kind, snapshot.tables().count(*kind)))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    println!("{:?}", snapshot.info());
    println!("{}", counts.join(", "));
    println!(
        "taken at {:?}",
        snapshot.taken_at().map(|at| at.to_string())
    );
    for (kind, namespace, gap) in snapshot.gaps().iter() {
        println!(
            "gap: {kind} {} {}: {}",
            namespace.unwrap_or("*"),
            gap.state.as_str(),
            gap.detail
        );
    }
    println!("{} objects in {seconds:.3} s", snapshot.object_count());
    Ok(())
}
