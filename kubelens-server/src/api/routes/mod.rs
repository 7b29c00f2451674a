//! Handlers, one file a resource: what is asked for, what is answered, and its description beside it.

pub mod clusters;
pub mod debug;
pub mod history;
pub mod inventory;
pub mod later;
pub mod logs;
pub mod node_actions;
pub mod nodes;
pub mod openapi;
pub mod operations;
pub mod pod_actions;
pub mod pods;
pub mod report;
pub mod resource_actions;
pub mod resources;
pub mod risk;
pub mod search;
pub mod stream;
pub mod system;
pub mod terminal;
pub mod topology;
