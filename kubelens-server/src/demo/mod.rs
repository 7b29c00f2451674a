//! A simulated cluster: an API server in memory, spoken to through the same client as a real one.
//!
//! ```text
//! live, actions ──kube::Client──> server ──> verbs ──> World (objects as JSON, versions, a log of changes)
//!                                                        ^
//!                                       life: what happens by itself
//! ```
//!
//! It never stands in for a cluster that was asked for; whatever is shown of it says so.

mod discovery;
mod life;
mod patch;
mod path;
mod server;
mod verbs;
mod world;

use std::sync::Arc;

pub use world::World;

/// The simulated cluster and how to speak to it.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Its objects.
    pub world: Arc<World>,
}

impl Demo {
    /// The bundled objects, as old as they say, standing still.
    pub fn still() -> anyhow::Result<Self> {
        Ok(Self {
            world: Arc::new(World::bundled(jiff::Timestamp::now())?),
        })
    }

    /// A client that speaks to it.
    pub fn client(&self) -> kube::Client {
        kube::Client::new(server::service(Arc::clone(&self.world)), "default")
    }

    /// Lets time pass in it, for as long as this is awaited.
    pub async fn go_on(&self) {
        life::go_on(Arc::clone(&self.world)).await;
    }
}
