//! Measures what Portcullis costs: bare Envoy, Envoy with its own filters, Portcullis and another proxy serve the
//! same API in one run, are checked, and then take turns under the same load. `scripts/bench` builds and runs it.

mod api;
mod args;
mod bootstrap;
mod budget;
mod callers;
mod chart;
mod check;
mod decisions;
mod failure;
mod fleet;
mod fleet_plot;
mod fuel;
mod ground;
mod growth;
mod judging;
mod load;
mod measure;
mod native;
mod plot;
mod plugin;
mod process;
mod report;
mod results;
mod run;
mod scenario;
mod statistics;
mod subject;
mod table;
mod tokens;
mod traefik;
mod traffic;
mod upstream;
mod wrk;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match (args.fuel, args.growth) {
        _ if args.fleet => run::simulate(&args),
        (true, _) => match &args.repeat {
            Some(request) => fuel::repeat(request),
            None => fuel::run(args.markdown),
        },
        (false, true) => run::grow(&args),
        (false, false) => run::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: error: {failure}");
            ExitCode::from(2)
        }
    }
}
