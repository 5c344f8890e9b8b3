//! The `portcullis` program: check a definition, build a bundle from it, run it in Envoy. Exits with 0 when
//! all is well, 1 when the definition has errors, 2 when the program could not do its work.

mod access_log;
mod admin;
mod args;
mod build;
mod check;
mod dev;
mod envoy;
mod files;
mod http;
mod key;
mod limits;
mod problems;
mod report;
mod revoke;
mod run;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

/// How a command ends when it does not fail.
pub(crate) enum Outcome {
    /// All is well.
    Fine,
    /// The definition has errors, which have been shown.
    Invalid,
}

/// Why a command could not do its work: one sentence, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match args.command {
        Command::Check(args) => check::check(&args),
        Command::Build(args) => build::build(&args),
        Command::Run(args) => run::run(&args),
        Command::Schema(args) => check::schema(&args),
        Command::Key(command) => key::key(&command),
        Command::Limits(args) => limits::limits(&args),
        Command::Revoke(args) => revoke::revoke(&args),
    };
    match outcome {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Invalid) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("error: {failure}");
            if let Some(hint) = failure.hint {
                eprintln!("  hint: {hint}");
            }
            ExitCode::from(2)
        }
    }
}
