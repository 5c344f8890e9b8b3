//! Which nodes a schema comes back to. A value that nests is judged by such a node once for each way in
//! which the schema reaches it, unless the verdicts are kept.

use super::keyword::{Keyword, Node, NodeId};

/// Marks what references name and what lies on a circle, or leads to one: everything but what ends somewhere.
pub(super) fn mark(nodes: &mut [Node]) {
    let mut left: Vec<usize> = Vec::with_capacity(nodes.len());
    let mut users: Vec<Vec<NodeId>> = vec![Vec::new(); nodes.len()];
    let mut is_target = vec![false; nodes.len()];
    for (id, node) in nodes.iter().enumerate() {
        let mut uses = 0;
        for keyword in &node.keywords {
            keyword.each_node(|used| {
                uses += 1;
                if let Some(users) = users.get_mut(used) {
                    users.push(id);
                }
                if let (Keyword::Ref(_), Some(is_target)) = (keyword, is_target.get_mut(used)) {
                    *is_target = true;
                }
            });
        }
        left.push(uses);
    }
    let mut ended: Vec<NodeId> = (0..nodes.len()).filter(|id| left.get(*id) == Some(&0)).collect();
    while let Some(id) = ended.pop() {
        for user in users.get(id).into_iter().flatten() {
            if let Some(left) = left.get_mut(*user) {
                *left -= 1;
                if *left == 0 {
                    ended.push(*user);
                }
            }
        }
    }
    for ((node, left), is_target) in nodes.iter_mut().zip(left).zip(is_target) {
        node.recurs = left > 0 && is_target;
    }
}
