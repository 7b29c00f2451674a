//! Laws that hold for every analyzer, and the examples on their pages.

mod example;
mod index;
mod laws;
mod pages;
