//! `portcullis build`: an immutable bundle.

use portcullis_compiler::{Surroundings, compile};

use crate::args::BuildArgs;
use crate::files::{Disk, modules, write_bundle};
use crate::{Failure, Outcome, check, problems};

/// Compiles the file and writes the bundle; nothing is written when there are errors.
pub(crate) fn build(args: &BuildArgs) -> Result<Outcome, Failure> {
    let compilation = compile(&Disk, &args.file, check::options(&args.compile)?);
    problems::show(&compilation.parts, false);
    let Some(compiled) = &compilation.compiled else { return check::not_compiled(&compilation) };
    let modules = modules(compiled.plugins.keys().copied(), args.modules.as_deref())?;
    let bundle = compiled
        .bundle(&modules, &Surroundings::default())
        .map_err(|cause| Failure::new(cause.to_string()))?;
    write_bundle(&args.output, &bundle, compiled.holds_secrets())?;
    let bytes: usize = bundle.values().map(Vec::len).sum();
    println!("{}: {} files, {bytes} bytes", args.output.display(), bundle.len());
    println!("run it: cd {} && envoy -c envoy.json", args.output.display());
    Ok(Outcome::Fine)
}
