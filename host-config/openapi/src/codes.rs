//! The codes of this crate's diagnostics, each with the sentence its reference page shows. Codes are stable.

macro_rules! codes {
    ($($name:ident = $code:literal: $explanation:literal;)*) => {
        $(#[doc = $explanation] pub const $name: &str = $code;)*
        /// Every code of this crate with its explanation.
        pub const ALL: &[(&str, &str)] = &[$(($code, $explanation)),*];
    };
}

codes! {
    FILE_UNREADABLE = "file-unreadable": "The document, or a file that it refers to, could not be read.";
    NOT_UTF8 = "not-utf8": "A file is not UTF-8 text.";
    JSON_SYNTAX = "json-syntax": "A file is not JSON as RFC 8259 has it: no comments, no trailing commas.";
    YAML_SYNTAX = "yaml-syntax": "A file is not one YAML 1.2 document.";
    YAML_ALIAS = "yaml-alias": "A YAML alias stands within its own anchor, or aliases repeat too much.";
    YAML_KEY = "yaml-key": "A YAML key is a collection, or has a tag or an anchor.";
    YAML_MERGE_KEY = "yaml-merge-key": "Merge keys (`<<`) belong to YAML 1.1 only; parsers disagree about them.";
    YAML_NUMBER = "yaml-number": "A YAML number has no counterpart in JSON: an infinity, not-a-number, or more than 128 bits.";
    YAML_TAG = "yaml-tag": "A YAML tag is not of the core schema, or does not fit its value.";
    DUPLICATE_KEY = "duplicate-key": "A key occurs twice in one object; parsers disagree about which one counts.";
    TOO_LARGE = "too-large": "Read out in full, with every reference followed, the definition is larger than any real one.";
    TOO_DEEP = "too-deep": "Values nest deeper than any definition needs.";
    SWAGGER_MEDIA_TYPE = "swagger-media-type": "A Swagger 2.0 operation does not say in which media type its body comes, or names one that cannot carry it.";
    OPENAPI_VERSION = "openapi-version": "The document names neither OpenAPI 3.0.x or 3.1.x nor Swagger 2.0.";
    WRONG_TYPE = "wrong-type": "A value is of another kind than OpenAPI asks for.";
    MISSING_FIELD = "missing-field": "A field that OpenAPI requires, and that a decision depends on, is missing.";
    INVALID_VALUE = "invalid-value": "A value is none of those that OpenAPI allows here.";
    UNKNOWN_FIELD = "unknown-field": "OpenAPI does not define this field here; it has no effect.";
    EXTENSION_MISPLACED = "extension-misplaced": "`x-portcullis` is read at the root, in a path item and in an operation only.";
    REF_SYNTAX = "ref-syntax": "A `$ref` is no string, or no valid reference.";
    REF_REMOTE = "ref-remote": "A `$ref` names a URL or an absolute path that is no schema's `$id`; only files next to the document are read.";
    REF_FILE = "ref-file": "A `$ref` names a file that could not be read.";
    REF_DANGLING = "ref-dangling": "A `$ref` names a node that does not exist.";
    REF_AMBIGUOUS = "ref-ambiguous": "A `$ref` names an `$id`, or an anchor of one document, that several schemas have.";
    REF_CYCLE = "ref-cycle": "A `$ref` leads back to itself.";
    REF_MISPLACED = "ref-misplaced": "A `$ref` stands in an object that OpenAPI does not let be one.";
    REF_SIBLINGS = "ref-siblings": "Fields next to a `$ref` have no defined meaning here.";
    SCHEMA_ID = "schema-id": "An `$id` is no URI without a fragment.";
    PATH_WITHOUT_SLASH = "path-without-slash": "A path does not start with a slash.";
    PATH_PARAMETER_UNDECLARED = "path-parameter-undeclared": "A path names a parameter that is not declared; it can be any string.";
    PATH_PARAMETER_UNUSED = "path-parameter-unused": "A declared path parameter does not occur in the path; it has no effect.";
    PATH_PARAMETER_OPTIONAL = "path-parameter-optional": "A path parameter is not marked as required; it is required all the same.";
    PARAMETER_DUPLICATE = "parameter-duplicate": "Two parameters of one list have the same name and location.";
    PARAMETER_SCHEMA = "parameter-schema": "A parameter has both `schema` and `content`, or other than one media type in `content`.";
    PARAMETER_STYLE = "parameter-style": "A parameter's style does not exist for its location.";
    PARAMETER_IGNORED = "parameter-ignored": "OpenAPI ignores header parameters named Accept, Content-Type and Authorization.";
    OPERATION_ID_DUPLICATE = "operation-id-duplicate": "Two operations have the same `operationId`.";
    RESPONSE_STATUS = "response-status": "A response's key is no status code, no range such as 4XX, and not `default`.";
    SECURITY_SCHEME_UNDEFINED = "security-scheme-undefined": "A security requirement names a scheme that is not defined.";
    SCOPE_UNDECLARED = "scope-undeclared": "A security requirement asks for a scope that none of the scheme's flows declares.";
    SERVER_VARIABLE_UNDEFINED = "server-variable-undefined": "A server's URL names a variable that has no default.";
    EXAMPLE_EXTERNAL = "example-external": "An example stands outside the document (`externalValue`); it is not read.";
}

/// What to do about a problem, where one advice fits all its instances.
#[must_use]
pub fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        SWAGGER_MEDIA_TYPE => "say it with `consumes`, at the root or in the operation",
        OPENAPI_VERSION => "write `openapi: 3.0.4` or `openapi: 3.1.1`",
        YAML_MERGE_KEY => "write the merged keys out, or share the whole object with `$ref`",
        YAML_NUMBER => "quote it if it is meant as a string",
        EXTENSION_MISPLACED => "move it to the operation, the path item or the root",
        REF_REMOTE => {
            "copy the file next to the document and refer to it by a relative path, or by the `$id` it has"
        }
        REF_SIBLINGS => "move the fields to the node that is referred to",
        PATH_PARAMETER_UNDECLARED => "declare it with `in: path`, `required: true` and a schema",
        PATH_PARAMETER_OPTIONAL => "add `required: true`",
        PARAMETER_IGNORED => "describe Accept and Content-Type by `content`, Authorization by `security`",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_kebab_case_and_explained() {
        let mut codes: Vec<&str> = ALL.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ALL.len());
        for (code, explanation) in ALL {
            let is_kebab =
                code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            assert!(is_kebab && explanation.ends_with('.'), "{code}");
        }
    }
}
