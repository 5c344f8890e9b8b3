//! `portcullis check` and `portcullis schema`.

use portcullis_compiler::{
    Compilation, Endpoint, Layout, Options, compile, extension_schema, gateway_schema,
};
use serde_json::{Value, json};

use crate::args::{CheckArgs, CompileArgs, Format, LayoutArg, SchemaArgs, SchemaOf};
use crate::files::Disk;
use crate::{Failure, Outcome, problems, report};

/// Compiles each file and reports.
pub(crate) fn check(args: &CheckArgs) -> Result<Outcome, Failure> {
    let (mut results, mut errors, mut unreadable) = (Vec::new(), 0, None);
    for file in &args.files {
        let compilation = compile(&Disk, file, options(&args.compile)?);
        errors += problems::count(&compilation.parts).errors;
        unreadable = unreadable.or_else(|| unreadable_entry(&compilation));
        match args.format {
            Format::Json => results.push(result(file, &compilation, args.report)),
            Format::Text => print(file, &compilation, args),
        }
    }
    if args.format == Format::Json {
        println!("{}", Value::Array(results));
    }
    match unreadable {
        Some(message) => Err(Failure::new(message)),
        None if errors > 0 => Ok(Outcome::Invalid),
        None => Ok(Outcome::Fine),
    }
}

/// Prints a JSON Schema.
pub(crate) fn schema(args: &SchemaArgs) -> Result<Outcome, Failure> {
    let schema = match args.of {
        SchemaOf::Gateway => gateway_schema(),
        SchemaOf::Extension => extension_schema(),
    };
    println!("{schema:#}");
    Ok(Outcome::Fine)
}

/// The compiler's options from the command line.
pub(crate) fn options(args: &CompileArgs) -> Result<Options, Failure> {
    let endpoint = args.endpoint.as_deref().map(Endpoint::parse).transpose();
    let endpoint = endpoint.map_err(|cause| Failure::new(format!("--endpoint: {cause}")))?;
    let layout = args.layout.map(|layout| match layout {
        LayoutArg::Chain => Layout::Chain,
        LayoutArg::Pipeline => Layout::Pipeline,
    });
    Ok(Options { endpoint, layout, ..Options::default() })
}

fn print(file: &str, compilation: &Compilation, args: &CheckArgs) {
    problems::show(&compilation.parts, args.all);
    if args.report {
        print!("{}", report::table(&compilation.coverage));
    }
    let count = problems::count(&compilation.parts);
    println!(
        "{file}: {}: {} operations, {} errors, {} warnings",
        if count.errors == 0 { "compiles" } else { "refused" },
        compilation.coverage.operations.len(),
        count.errors,
        count.warnings
    );
}

fn result(file: &str, compilation: &Compilation, with_report: bool) -> Value {
    let count = problems::count(&compilation.parts);
    let mut result = json!({
        "file": file,
        "compiles": compilation.compiled.is_some(),
        "operations": compilation.coverage.operations.len(),
        "errors": count.errors,
        "warnings": count.warnings,
        "diagnostics": problems::json(&compilation.parts),
    });
    if let (true, Some(object)) = (with_report, result.as_object_mut()) {
        object.insert("coverage".to_owned(), json!(compilation.coverage));
    }
    result
}

/// Why there is nothing to build or run.
pub(crate) fn not_compiled(compilation: &Compilation) -> Result<Outcome, Failure> {
    unreadable_entry(compilation).map_or(Ok(Outcome::Invalid), |message| Err(Failure::new(message)))
}

/// The named file itself could not be read: that is no error of the definition.
fn unreadable_entry(compilation: &Compilation) -> Option<String> {
    let first = compilation.parts.first()?;
    let code = portcullis_openapi::codes::FILE_UNREADABLE;
    let problem = first.diagnostics.iter().find(|one| one.code == code && one.place.is_none())?;
    Some(format!("cannot read {}", problem.message))
}
