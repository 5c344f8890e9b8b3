//! The command line.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// An API gateway compiled from OpenAPI: what the document says is enforced, or the build fails and names the line.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compile, and report all problems with their places.
    Check(CheckArgs),
    /// Compile into an immutable bundle: modules, configurations, Envoy bootstrap, manifest.
    Build(BuildArgs),
    /// Compile and serve with Envoy until stopped.
    Run(RunArgs),
    /// Print the JSON Schema of the gateway file or of x-portcullis, for editors.
    Schema(SchemaArgs),
    /// Make API keys, and mark them as revoked.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Add tokens to the file of revoked ones; a running gateway refuses them within two seconds.
    Revoke(RevokeArgs),
    /// Ask a running gateway where a caller stands with its limits.
    Limits(LimitsArgs),
}

/// The gateway keeps no names of callers: who is meant is named as the limits count it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct LimitsArgs {
    /// The gateway file, which says where operators ask (`admin`).
    #[arg(value_name = "FILE", required_unless_present = "at")]
    pub(crate) file: Option<String>,
    /// Ask here instead.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "file")]
    pub(crate) at: Option<SocketAddr>,
    /// This limit alone, with its groups and its burst control.
    #[arg(long, value_name = "NAME")]
    pub(crate) limit: Option<String>,
    /// This scope alone, as the table names it.
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
    /// This API alone.
    #[arg(long, value_name = "NAME")]
    pub(crate) api: Option<String>,
    /// Only what is used.
    #[arg(long)]
    pub(crate) used: bool,
    /// The consumer.
    #[arg(long, value_name = "NAME")]
    pub(crate) consumer: Option<String>,
    /// The application that the consumer's credential belongs to.
    #[arg(long, value_name = "NAME")]
    pub(crate) application: Option<String>,
    /// Its credential belongs to none.
    #[arg(long, conflicts_with = "application")]
    pub(crate) no_application: bool,
    /// The client's address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<IpAddr>,
    /// A header that limits count by; NAME alone for requests without it. May be repeated, like the next two.
    #[arg(long = "header", value_name = "NAME=VALUE")]
    pub(crate) headers: Vec<String>,
    /// A query parameter.
    #[arg(long = "query", value_name = "NAME=VALUE")]
    pub(crate) queries: Vec<String>,
    /// A claim of the token.
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    pub(crate) claims: Vec<String>,
    /// The request's method.
    #[arg(long)]
    pub(crate) method: Option<String>,
    /// The request's host.
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RevokeArgs {
    /// The file of `identity.revocation` in the gateway file; it is made if it is not there.
    pub(crate) file: String,
    /// The `jti` of a token; may be repeated.
    #[arg(long = "jti", value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// The token on standard input, of which the file gets the SHA-256.
    #[arg(long)]
    pub(crate) token: bool,
    /// All tokens of a `sub`; may be repeated.
    #[arg(long = "sub", value_name = "NAME")]
    pub(crate) subjects: Vec<String>,
    /// All tokens of an `iss`; may be repeated.
    #[arg(long = "iss", value_name = "URL")]
    pub(crate) issuers: Vec<String>,
    /// When the entries end: when the tokens do. A date, or seconds since 1970. Default: never.
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
    /// Only tokens issued before: a date, seconds since 1970, or now. Default: all.
    #[arg(long, value_name = "WHEN")]
    pub(crate) before: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key and show it this once; a gateway knows it by its SHA-256.
    Create(KeyCreateArgs),
    /// Mark keys of a key file as revoked.
    Revoke(KeyRevokeArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct KeyCreateArgs {
    /// Who holds it.
    #[arg(long, value_name = "NAME")]
    pub(crate) consumer: String,
    /// The key file to add the entry to; it is made if it is not there. Default: the entry is printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// A scope that it grants; may be repeated.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// An API that it is good for; may be repeated. Default: all.
    #[arg(long = "api", value_name = "NAME")]
    pub(crate) apis: Vec<String>,
    /// A range of addresses from which it may be used; may be repeated. Default: any.
    #[arg(long = "address", value_name = "RANGE")]
    pub(crate) addresses: Vec<String>,
    /// What `Referer` may be, `*` standing for any text; may be repeated. Default: anything.
    #[arg(long = "referer", value_name = "PATTERN")]
    pub(crate) referers: Vec<String>,
    /// The application of the gateway file that it belongs to.
    #[arg(long, value_name = "NAME")]
    pub(crate) application: Option<String>,
    /// Its tier.
    #[arg(long, value_name = "NAME")]
    pub(crate) tier: Option<String>,
    /// It is for the sandbox and not for production.
    #[arg(long)]
    pub(crate) sandbox: bool,
    /// When it ends: a date such as 2027-01-31, or days such as 90d. Default: never.
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct KeyRevokeArgs {
    /// The key, `-` to read it from standard input, or eight or more digits of its SHA-256.
    #[arg(value_name = "KEY", required_unless_present = "consumer")]
    pub(crate) key: Option<String>,
    /// All keys of this consumer instead.
    #[arg(long, value_name = "NAME", conflicts_with = "key")]
    pub(crate) consumer: Option<String>,
    /// The key file.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: String,
}

/// What compiling needs beside the file.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CompileArgs {
    /// Where requests go unless the gateway file or x-portcullis says so: `mock`, or an absolute URL.
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) endpoint: Option<String>,
    /// How the policies are laid out in Envoy, whatever the gateway file says. Default: chain.
    #[arg(long, value_enum)]
    pub(crate) layout: Option<LayoutArg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutArg {
    /// A module and a VM for each policy.
    Chain,
    /// All policies in one module and one VM.
    Pipeline,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// OpenAPI documents or gateway files.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Add the coverage table: how each construct of each operation is treated.
    #[arg(long)]
    pub(crate) report: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Show every problem instead of the first twenty of each code.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) compile: CompileArgs,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BuildArgs {
    /// An OpenAPI document or a gateway file.
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// The folder to make; it must be absent, empty, or an earlier bundle.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// The folder with the plugins' modules.
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_MODULES")]
    pub(crate) modules: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) compile: CompileArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// An OpenAPI document or a gateway file.
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// Listen here instead of where the gateway file says, with the TLS of its first listener; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Make an issuer, a token, an API key and a user that live as long as the run, and print them.
    #[arg(long)]
    pub(crate) dev: bool,
    /// Envoy's worker threads. Default: one for each core.
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<u16>,
    /// The Envoy program. Default: PORTCULLIS_ENVOY, then the one that the project's scripts install, then PATH.
    #[arg(long, value_name = "PATH", env = "PORTCULLIS_ENVOY")]
    pub(crate) envoy: Option<PathBuf>,
    /// The folder with the plugins' modules.
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_MODULES")]
    pub(crate) modules: Option<PathBuf>,
    /// Print the access log as Envoy writes it: one JSON object a line.
    #[arg(long)]
    pub(crate) json_log: bool,
    #[command(flatten)]
    pub(crate) compile: CompileArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// Which schema.
    #[arg(value_enum, default_value_t = SchemaOf::Gateway)]
    pub(crate) of: SchemaOf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The gateway file.
    Gateway,
    /// The extension `x-portcullis`.
    Extension,
}
