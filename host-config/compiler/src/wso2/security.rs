//! What an operation requires once the extensions have been heard.

use portcullis_openapi::model::{KeyLocation, Operation, Requirement, Scheme, SchemeKind, SchemeUse};
use portcullis_openapi::{ApiModel, Diagnostic, Place, Report, Severity};

use super::{APPLICATION, Application, MUTUAL, Mutual, Said, Type};
use crate::codes;
use crate::settings::problem;

/// Schemes of the extensions that the document does not define. Names of OpenAPI have no space.
const OAUTH2: &str = "wso2 oauth2";
const BASIC: &str = "wso2 basic_auth";
const API_KEY: &str = "wso2 api_key";
const MUTUAL_SSL: &str = "wso2 mutual-ssl";

/// Two spellings of one thing.
const OPEN: &str = "x-wso2-disable-security or x-auth-type";

/// What an operation requires.
pub(crate) struct Secured<'d> {
    /// Any one is enough; none at all means everybody.
    pub(crate) alternatives: Vec<Requirement<'d>>,
    /// Why the document's own `security` does not hold, and where that is said.
    pub(crate) overridden: Option<(String, Place)>,
}

/// A scheme of that name that no document defines.
pub(crate) fn synthetic<'d>(name: &str, place: Place) -> Option<Scheme<'d>> {
    let kind = match name {
        OAUTH2 => SchemeKind::OAuth2 { flows: Vec::new() },
        BASIC => SchemeKind::Http { scheme: "basic", bearer_format: None },
        API_KEY => SchemeKind::ApiKey { location: KeyLocation::Header, name: "apikey" },
        MUTUAL_SSL => SchemeKind::MutualTls,
        _ => return None,
    };
    Some(Scheme { kind, place })
}

impl Said {
    /// What holds for the operation: the extensions' word where there is one, else the document's.
    pub(crate) fn secured<'d>(
        &self,
        model: &ApiModel<'d>,
        operation: &Operation<'d>,
        report: &mut Report,
    ) -> Secured<'d> {
        let declared = operation.security.alternatives.to_vec();
        let mut secured = Secured { alternatives: declared.clone(), overridden: None };
        let mut cause = None;
        if let Some((true, place)) = self.disabled {
            secured.alternatives.clear();
            cause = Some((OPEN, place));
        } else {
            if let Some(application) = &self.application {
                secured.alternatives = of_types(application, model, &declared);
                cause = Some((APPLICATION, application.place));
            }
            if let Some((mutual, place)) = self.mutual {
                self.add_certificate(mutual, place, model, &mut secured.alternatives);
                cause = cause.or(Some((MUTUAL, place)));
            }
        }
        if let Some((cause, place)) = cause.filter(|_| secured.alternatives != declared) {
            let message = format!("{cause} holds instead of the document's security");
            if !declared.is_empty() {
                report.push(warning(format!("{}: {message}", name(operation)), place));
            }
            secured.overridden = Some((message, place));
        }
        self.check_secured(&secured, operation, report);
        secured
    }

    /// Who lifts what lay open must say by what it is secured.
    fn check_secured(&self, secured: &Secured<'_>, operation: &Operation<'_>, report: &mut Report) {
        if let Some((false, place)) = self.disabled
            && self.was_disabled
            && secured.alternatives.is_empty()
        {
            let message = format!("{} is to be secured again, but nothing says by what", name(operation));
            report.push(Diagnostic {
                hint: Some("name security schemes under `security`, or x-wso2-application-security".into()),
                ..problem(codes::SETTING_INVALID, message, place)
            });
        }
    }

    fn add_certificate<'d>(
        &self,
        mutual: Mutual,
        place: Place,
        model: &ApiModel<'d>,
        alternatives: &mut Vec<Requirement<'d>>,
    ) {
        let of_document = schemes(model, |kind| *kind == SchemeKind::MutualTls).next();
        let certificate = SchemeUse { name: of_document.unwrap_or(MUTUAL_SSL), scopes: Vec::new(), place };
        let alone = Requirement { schemes: vec![certificate.clone()], place };
        match mutual {
            Mutual::Optional if alternatives.is_empty() => {}
            Mutual::Optional => alternatives.push(alone),
            Mutual::Mandatory if alternatives.is_empty() => alternatives.push(alone),
            Mutual::Mandatory => {
                for alternative in alternatives.iter_mut() {
                    if !alternative.schemes.iter().any(|used| used.name == certificate.name) {
                        alternative.schemes.push(certificate.clone());
                    }
                }
                if self.application.as_ref().is_some_and(|application| application.optional) {
                    alternatives.push(alone);
                }
            }
        }
    }
}

/// An alternative for each scheme of the listed types: those that the document's security names, with their scopes,
/// else those that it defines, else one of ours.
fn of_types<'d>(
    application: &Application,
    model: &ApiModel<'d>,
    declared: &[Requirement<'d>],
) -> Vec<Requirement<'d>> {
    let mut alternatives: Vec<Requirement<'d>> = Vec::new();
    for wanted in &application.types {
        let is_wanted = |name: &str| {
            model.security_schemes.get(name).is_some_and(|scheme| type_of(&scheme.kind) == Some(*wanted))
        };
        // What one alternative demands together stays together.
        let kept = declared.iter().filter_map(|alternative| {
            let schemes: Vec<SchemeUse<'d>> =
                alternative.schemes.iter().filter(|used| is_wanted(used.name)).cloned().collect();
            (!schemes.is_empty()).then_some(Requirement { place: application.place, schemes })
        });
        let before = alternatives.len();
        alternatives.extend(kept);
        if alternatives.len() > before {
            continue;
        }
        let unscoped = |name: &'d str| SchemeUse { name, scopes: Vec::new(), place: application.place };
        let mut uses: Vec<SchemeUse<'d>> =
            schemes(model, |kind| type_of(kind) == Some(*wanted)).map(unscoped).collect();
        if uses.is_empty() {
            let name = match wanted {
                Type::OAuth2 => OAUTH2,
                Type::Basic => BASIC,
                Type::ApiKey => API_KEY,
            };
            uses.push(unscoped(name));
        }
        let ways = uses.into_iter().map(|used| Requirement { place: application.place, schemes: vec![used] });
        alternatives.extend(ways);
    }
    alternatives
}

fn schemes<'d>(
    model: &ApiModel<'d>,
    is_wanted: impl Fn(&SchemeKind<'d>) -> bool,
) -> impl Iterator<Item = &'d str> {
    let wanted = model.security_schemes.iter().filter(move |(_, scheme)| is_wanted(&scheme.kind));
    wanted.map(|(name, _)| *name)
}

fn type_of(kind: &SchemeKind<'_>) -> Option<Type> {
    match kind {
        SchemeKind::OAuth2 { .. } | SchemeKind::OpenIdConnect { .. } => Some(Type::OAuth2),
        SchemeKind::Http { scheme, .. } if scheme.eq_ignore_ascii_case("bearer") => Some(Type::OAuth2),
        SchemeKind::Http { scheme, .. } if scheme.eq_ignore_ascii_case("basic") => Some(Type::Basic),
        SchemeKind::ApiKey { .. } => Some(Type::ApiKey),
        _ => None,
    }
}

fn name(operation: &Operation<'_>) -> String {
    format!("{} {}", operation.method.as_str(), operation.path)
}

fn warning(message: String, place: Place) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..problem(codes::SECURITY_OVERRIDDEN, message, place) }
}
