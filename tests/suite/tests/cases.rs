//! Every case file, run through the policies and through the built modules in the wasmtime host; both as a chain of
//! plugins and as the pipeline, with the same outcomes.

use std::sync::Arc;

use portcullis_compiler::{Compiled, Layout, Plugin};
use portcullis_suite::{
    CaseFile, Modules, Seen, Services, Step, case_files, compile, differences, run_modules, run_natively,
};

/// Fewer cases than this would mean that some are no longer found.
const AT_LEAST: usize = 400;

#[test]
fn cases_hold_in_the_policies() {
    check(Layout::Chain, &run_natively);
}

#[test]
fn cases_hold_in_the_policies_of_a_pipeline() {
    check(Layout::Pipeline, &run_natively);
}

#[test]
fn cases_hold_in_the_modules() {
    let modules = Modules::load();
    check(Layout::Chain, &|compiled, plugins, steps, services| {
        run_modules(&modules, compiled, plugins, steps, services)
    });
}

#[test]
fn cases_hold_in_the_module_of_a_pipeline() {
    let modules = Modules::load();
    check(Layout::Pipeline, &|compiled, plugins, steps, services| {
        run_modules(&modules, compiled, plugins, steps, services)
    });
}

/// Runs the steps of a case on fresh plugins.
type Run<'r> = &'r dyn Fn(&Compiled, &[Plugin], &[Step], &Arc<Services>) -> Vec<Seen>;

fn check(layout: Layout, run: Run<'_>) {
    let (mut failures, mut cases) = (String::new(), 0);
    // Files about a plugin on its own are no pipelines.
    for (name, file) in
        case_files().into_iter().filter(|(_, file)| layout == Layout::Chain || file.plugins.is_none())
    {
        let compiled = compile(&file, layout);
        let plugins = chain(&file, &compiled);
        for case in &file.cases {
            cases += 1;
            let steps = case.steps();
            let services = Arc::new(file.services(case));
            let seen = run(&compiled, &plugins, &steps, &services);
            let expected =
                steps.iter().flat_map(|step| (0..step.times.unwrap_or(1)).map(move |_| &step.expect));
            for (at, (expected, seen)) in expected.zip(&seen).enumerate() {
                for difference in differences(expected, seen) {
                    failures.push_str(&format!("{name}: {}: request {}: {difference}\n", case.name, at + 1));
                }
            }
            for miscounted in services.miscounted() {
                failures.push_str(&format!("{name}: {}: {miscounted}\n", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    assert!(cases >= AT_LEAST, "only {cases} cases were found");
}

fn chain(file: &CaseFile, compiled: &Compiled) -> Vec<Plugin> {
    let wanted = |plugin: &Plugin| match &file.plugins {
        Some(names) => names.iter().any(|name| name == plugin.name()),
        None => true,
    };
    compiled.plugins.keys().copied().filter(wanted).collect()
}
