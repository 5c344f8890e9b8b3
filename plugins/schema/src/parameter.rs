//! The parameters of an operation: found in the request, read by their style, held against their schema.

use std::rc::Rc;

use portcullis_config::schema::{
    EncodingConfig, LocationConfig, ParameterConfig, ShapeConfig, StyleConfig, TypeConfig,
};
use portcullis_core::{Headers, Pair, Request};

use crate::content::Intern;
use crate::fault::{Fault, Violations};
use crate::json;
use crate::media_type::trim;
use crate::pairs::{Pairs, readings, spreads};
use crate::schema::{InvalidSchema, Schema, Unjudged};
use crate::shape;
use crate::style::{Coding, Writing, read_text};
use crate::value::Value;

/// One declared parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) location: LocationConfig,
    pub(crate) required: bool,
    pub(crate) allow_empty: bool,
    pub(crate) encoding: EncodingConfig,
    pub(crate) schema: Option<Rc<Schema>>,
    /// The same with the second way to read its items and members, where there is one.
    as_texts: Option<Box<Parameter>>,
}

/// All parameters of an operation.
#[derive(Debug)]
pub(crate) struct Parameters {
    /// Those whose members are pairs of their own stand last: they take what the others leave.
    list: Vec<Parameter>,
    /// Names in the query that are another's: never undeclared, and no member of an object.
    not_ours: Vec<String>,
    refuses_undeclared: bool,
}

/// Where the parameters' texts are, prepared once for a request.
struct Sources<'r> {
    captures: &'r [(&'r str, &'r str)],
    headers: &'r Headers,
    query: Pairs<'r>,
    cookies: Pairs<'r>,
}

impl Parameters {
    /// `not_ours` names the query parameters that are allowed beside the declared ones, where others are refused or not.
    pub(crate) fn new(mut list: Vec<Parameter>, not_ours: Vec<String>, refuses_undeclared: bool) -> Self {
        list.sort_by_key(Parameter::spreads);
        Self { list, not_ours, refuses_undeclared }
    }

    /// Adds what is wrong with the parameters of a request; `captures` are its path parameters.
    pub(crate) fn check(
        &self,
        request: &Request,
        captures: &[(&str, &str)],
        violations: &mut Violations,
    ) -> Result<(), Unjudged> {
        let in_query = self.refuses_undeclared || self.uses(LocationConfig::Query);
        let query = request.query_pairs().filter(|_| in_query);
        let cookies =
            if self.uses(LocationConfig::Cookie) { cookie_pairs(request.headers()) } else { Ok(Vec::new()) };
        if cookies.is_err() {
            violations.add("cookie", "", "", "style", "is not UTF-8".into());
        }
        let sources = Sources {
            captures,
            headers: request.headers(),
            query: Pairs::new(query, Coding::Form),
            cookies: Pairs::new(cookies.unwrap_or_default().into_iter(), Coding::Percent),
        };
        for allowed in &self.not_ours {
            if !self.list.iter().any(|one| one.location == LocationConfig::Query && one.name == *allowed) {
                sources.query.take(allowed);
            }
        }
        let spread: Vec<&Parameter> = self.list.iter().filter(|parameter| parameter.spreads()).collect();
        if spread.len() > 1 {
            // None of them takes what another names.
            spread.iter().flat_map(|parameter| parameter.members()).for_each(|name| sources.query.name(name));
        }
        for parameter in &self.list {
            if self.is_disguised(parameter, sources.headers) {
                let message = "is given under a name that some upstreams take for it";
                violations.add("header", &parameter.name, "", "style", message.into());
                continue;
            }
            parameter.check(&sources, violations)?;
        }
        for name in sources.query.left() {
            if self.refuses_undeclared {
                violations.add("query", name, "", "undeclared", "is not declared".into());
            } else if !self.declares(name) && shape::is_otherwise_named(name, |name| self.declares(name)) {
                violations.add("query", name, "", "style", "is another parameter to some readers".into());
            }
        }
        Ok(())
    }

    /// Whether the query may have this name.
    fn declares(&self, name: &str) -> bool {
        let mut of_query = self.list.iter().filter(|parameter| parameter.location == LocationConfig::Query);
        of_query.any(|parameter| parameter.name == name || parameter.members().any(|member| member == name))
    }

    /// Whether a header is there under a name that none declares.
    fn is_disguised(&self, parameter: &Parameter, headers: &Headers) -> bool {
        let declares = |name: &str| {
            self.list.iter().any(|one| one.location == LocationConfig::Header && one.name == name)
        };
        parameter.location == LocationConfig::Header
            && headers.taken_for(&parameter.name).any(|name| name != parameter.name && !declares(name))
    }

    fn uses(&self, location: LocationConfig) -> bool {
        self.list.iter().any(|parameter| parameter.location == location)
    }
}

impl Parameter {
    pub(crate) fn new(config: ParameterConfig, schema: Option<Rc<Schema>>) -> Self {
        let made = |encoding, as_texts| Self {
            name: config.name.clone(),
            location: config.location,
            required: config.required,
            allow_empty: config.allow_empty,
            encoding,
            schema: schema.clone(),
            as_texts,
        };
        let as_texts = match &config.encoding {
            EncodingConfig::Style { style, explode, shape } if takes_list(shape) => shape::texts_first(shape)
                .map(|shape| EncodingConfig::Style { style: *style, explode: *explode, shape }),
            _ => None,
        };
        let as_texts = as_texts.map(|encoding| Box::new(made(encoding, None)));
        made(config.encoding, as_texts)
    }

    fn check<'r>(&'r self, sources: &Sources<'r>, violations: &mut Violations) -> Result<(), Unjudged> {
        let pairs = if self.location == LocationConfig::Cookie { &sources.cookies } else { &sources.query };
        let taken = self.as_texts.as_ref().map(|_| pairs.taken());
        let read = |parameter: &'r Self| {
            // Whoever reads again finds what the first reading took.
            taken.iter().for_each(|taken| pairs.set_taken(taken));
            parameter.read(sources)
        };
        self.judged(read, violations)
    }

    /// Makes a header of a response or of a part; `None` when its style does not fit.
    pub(crate) fn header(
        config: ParameterConfig,
        intern: &mut Intern<'_>,
    ) -> Result<Option<Self>, InvalidSchema> {
        let schema = config.schema.map(intern).transpose()?;
        let made = Self::new(ParameterConfig { schema: None, ..config }, schema);
        let is_header = made.location == LocationConfig::Header && made.style_fits();
        Ok(is_header.then_some(made))
    }

    /// Judges a header of a response or of a part. `Set-Cookie` alone is repeated and no list (RFC 9110, section 5.3).
    pub(crate) fn check_header<'h>(
        &'h self,
        headers: &'h Headers,
        violations: &mut Violations,
    ) -> Result<(), Unjudged> {
        let mut found = false;
        if self.name == "set-cookie" {
            for text in headers.all(&self.name) {
                found = true;
                let read = |parameter: &'h Self| {
                    let text = std::str::from_utf8(text).map_err(|_| Fault::new("style", "is not UTF-8"))?;
                    parameter.read_single(text, Coding::Header).map(Some)
                };
                self.judged(read, violations)?;
            }
        }
        if found { Ok(()) } else { self.judged(|parameter| parameter.read_header(headers), violations) }
    }

    /// Judges what is read. One reading that satisfies the schema is enough; else the first says what is wrong.
    fn judged<'s>(
        &'s self,
        read: impl Fn(&'s Self) -> Result<Option<Vec<Value<'s>>>, Fault>,
        violations: &mut Violations,
    ) -> Result<(), Unjudged> {
        let location = location_name(self.location);
        let values = match read(self) {
            Ok(Some(values)) => values,
            Ok(None) if self.required => {
                violations.add(location, &self.name, "", "required", "is missing".into());
                return Ok(());
            }
            Ok(None) => return Ok(()),
            Err(fault) => {
                violations.add_fault(location, &self.name, fault);
                return Ok(());
            }
        };
        let (Some(schema), Some(first)) = (&self.schema, values.first()) else { return Ok(()) };
        if schema.accepts_any(&values, &violations.work)? {
            return Ok(());
        }
        if let Some(Ok(Some(values))) = self.as_texts.as_deref().map(read)
            && schema.accepts_any(&values, &violations.work)?
        {
            return Ok(());
        }
        schema.explain(first, location, &self.name, violations)
    }

    /// All readings of the value; `None` when it is absent, none when it is empty and may be.
    fn read<'r>(&'r self, sources: &Sources<'r>) -> Result<Option<Vec<Value<'r>>>, Fault> {
        match self.location {
            LocationConfig::Path => {
                let text =
                    sources.captures.iter().find(|(name, _)| *name == self.name).map(|(_, text)| *text);
                text.map(|text| self.read_single(text, Coding::Percent)).transpose()
            }
            LocationConfig::Query => self.read_pairs(&sources.query, Coding::Form),
            LocationConfig::Cookie => self.read_pairs(&sources.cookies, Coding::Percent),
            LocationConfig::Header => self.read_header(sources.headers),
        }
    }

    fn read_pairs<'r>(&self, pairs: &Pairs<'r>, coding: Coding) -> Result<Option<Vec<Value<'r>>>, Fault> {
        if self.allow_empty && pairs.is_empty_text(&self.name) {
            pairs.take(&self.name);
            return Ok(Some(Vec::new()));
        }
        match &self.encoding {
            EncodingConfig::Style { style, explode, shape } => {
                pairs.read(&self.name, *style, *explode, shape)
            }
            EncodingConfig::Json => match pairs.take(&self.name).as_slice() {
                [] => Ok(None),
                [text] => self.read_single(text, coding).map(Some),
                _ => Err(Fault::new("style", "is given more than once")),
            },
        }
    }

    /// Repeated headers are one list (RFC 9110, section 5.3). What HTTP/1.1 has as `Host` is `:authority` here.
    fn read_header<'r>(&'r self, headers: &'r Headers) -> Result<Option<Vec<Value<'r>>>, Fault> {
        let name = if self.name == "host" { ":authority" } else { &self.name };
        let texts: Result<Vec<&str>, _> = headers.all(name).map(std::str::from_utf8).collect();
        let texts = texts.map_err(|_| Fault::new("style", "is not UTF-8"))?;
        match (texts.as_slice(), &self.encoding) {
            ([], _) => Ok(None),
            ([text], _) => self.read_single(text, Coding::Header).map(Some),
            (_, EncodingConfig::Style { shape, .. }) if takes_list(shape) => {
                let list = texts.join(",");
                let values = self.read_single(&list, Coding::Header)?;
                Ok(Some(values.into_iter().map(Value::into_owned).collect()))
            }
            _ => Err(Fault::new("style", "is given more than once")),
        }
    }

    fn read_single<'t>(&self, text: &'t str, coding: Coding) -> Result<Vec<Value<'t>>, Fault> {
        match &self.encoding {
            EncodingConfig::Json => Ok(vec![json::read_text(coding.decode(text)?, json::Limits::MESSAGE)?]),
            EncodingConfig::Style { style, explode, shape } => {
                let writing = Writing { name: &self.name, style: *style, explode: *explode, coding };
                readings(shape, |kind| read_text(text, writing, shape, kind))
            }
        }
    }

    /// Whether the style may be used where the parameter is (OpenAPI 3.0.4, "Style Values"; Swagger 2.0,
    /// `collectionFormat`).
    pub(crate) fn style_fits(&self) -> bool {
        use StyleConfig::{
            DeepObject, Form, Label, Matrix, PipeDelimited, Simple, SpaceDelimited, TabDelimited,
        };
        let EncodingConfig::Style { style, .. } = &self.encoding else { return true };
        match self.location {
            _ if *style == TabDelimited => self.location != LocationConfig::Cookie,
            LocationConfig::Path => {
                matches!(style, Simple | Label | Matrix | SpaceDelimited | PipeDelimited)
            }
            LocationConfig::Query => matches!(style, Form | SpaceDelimited | PipeDelimited | DeepObject),
            LocationConfig::Header => matches!(style, Simple | SpaceDelimited | PipeDelimited),
            LocationConfig::Cookie => *style == Form,
        }
    }

    /// The names of an object's members.
    fn members(&self) -> impl Iterator<Item = &String> {
        let shape = match &self.encoding {
            EncodingConfig::Style { shape, .. } => Some(shape),
            EncodingConfig::Json => None,
        };
        shape.into_iter().flat_map(|shape| shape.properties.keys())
    }

    fn spreads(&self) -> bool {
        match &self.encoding {
            EncodingConfig::Style { style, explode, shape } => spreads(*style, *explode, shape),
            EncodingConfig::Json => false,
        }
    }
}

fn takes_list(shape: &ShapeConfig) -> bool {
    shape.types.iter().any(|kind| matches!(kind, TypeConfig::Array | TypeConfig::Object))
}

/// The pairs of all `Cookie` headers (RFC 6265, section 4.2.1).
fn cookie_pairs(headers: &Headers) -> Result<Vec<Pair<'_>>, std::str::Utf8Error> {
    let mut pairs = Vec::new();
    for text in headers.all("cookie") {
        let cookies = std::str::from_utf8(text)?.split(';').map(trim);
        // None is written with white space round its `=`, but most readers see the name without.
        pairs.extend(cookies.filter(|cookie| !cookie.is_empty()).map(
            |cookie| match cookie.split_once('=') {
                Some((name, value)) => Pair { name: trim(name), value: Some(trim(value)) },
                None => Pair { name: cookie, value: None },
            },
        ));
    }
    Ok(pairs)
}

fn location_name(location: LocationConfig) -> &'static str {
    match location {
        LocationConfig::Path => "path",
        LocationConfig::Query => "query",
        LocationConfig::Header => "header",
        LocationConfig::Cookie => "cookie",
    }
}
