//! The program as users run it: words in, streams and exit status out.

mod bad_input;
mod completion;
mod harness;
mod help;
mod offline;
