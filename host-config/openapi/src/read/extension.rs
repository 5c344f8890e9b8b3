//! Extensions: ours stands at the root, in path items and in operations, and anywhere else is a mistake that must not
//! pass unseen; those of others are counted.

use super::{EXTENSION, Reading};
use crate::codes;
use crate::model::ForeignExtension;
use crate::tree::{Member, Node, Value};

/// Keys whose values are free data.
const DATA: &[&str] = &["example", "examples", "default", "enum", "const"];
/// Keys whose values are maps with free names.
const MAPS: &[&str] = &["properties", "patternProperties", "$defs", "dependentSchemas", "headers"];

impl<'d> Reading<'d, '_> {
    pub(super) fn extension(&mut self, member: &'d Member, is_extended: bool) {
        let key = &*member.key;
        if is_ours(key) {
            if is_extended && key == EXTENSION {
                self.extensions.insert(member.key_place);
            } else {
                self.misplaced(member);
            }
        } else if is_extended {
            let first = member.key_place;
            self.foreign_extensions.entry(key).or_insert(ForeignExtension { first, count: 0 }).count += 1;
        }
    }

    pub(super) fn misplaced(&mut self, member: &'d Member) {
        let message = format!("`{}` is not read here", member.key);
        self.error(codes::EXTENSION_MISPLACED, member.key_place, message);
    }

    /// Finds ours where no operation leads, in `info` for instance. Path items for others to refer to are left alone.
    pub(super) fn check_extensions(&mut self, node: &'d Node, has_free_names: bool) {
        match node.value() {
            Value::Array(items) => items.iter().for_each(|item| self.check_extensions(item, false)),
            Value::Object(object) => {
                for member in object.members() {
                    self.check_member(member, has_free_names);
                }
            }
            _ => {}
        }
    }

    fn check_member(&mut self, member: &'d Member, is_free_name: bool) {
        let key = &*member.key;
        if !is_free_name && is_ours(key) {
            if !self.extensions.contains(&member.key_place) {
                self.misplaced(member);
            }
        } else if is_free_name || !(DATA.contains(&key) || key.starts_with("x-") || key == "pathItems") {
            self.check_extensions(&member.node, !is_free_name && MAPS.contains(&key));
        }
    }
}

/// Whether a key is our extension's, however it is spelt.
pub(super) fn is_ours(key: &str) -> bool {
    key.eq_ignore_ascii_case(EXTENSION)
}
