//! `x-wso2-throttling-tier`, and its older name `x-throttling-tier`: a limit by name. The API's own holds instead of those of its
//! resources, as with WSO2.

use portcullis_openapi::model::Operation;
use portcullis_openapi::{ApiModel, Node, Place, Report};

use super::refuse;
use crate::settings::Level;

pub(super) const TIER: &str = "x-wso2-throttling-tier";
pub(super) const TIER_ALIAS: &str = "x-throttling-tier";
/// The tier that limits nothing.
const UNLIMITED: &str = "Unlimited";

/// The limit that an operation's requests count against, the level at which that is written, and where.
pub(crate) fn throttling_tier(
    model: &ApiModel<'_>,
    operation: &Operation<'_>,
    report: &mut Report,
) -> Option<(String, Level, Place)> {
    let levels = [
        (model.documents.root(), Level::Root),
        (Some(operation.node), Level::Operation),
        (Some(operation.path_item), Level::Operation),
    ];
    let (node, level) = levels.into_iter().find_map(|(node, level)| Some((tier(node?)?, level)))?;
    match node.as_str() {
        Some(UNLIMITED) => None,
        Some(name) => Some((name.to_owned(), level, node.place())),
        None => refuse(node, format!("{TIER} is a name"), report),
    }
}

fn tier(node: &Node) -> Option<&Node> {
    node.get(TIER).or_else(|| node.get(TIER_ALIAS))
}
