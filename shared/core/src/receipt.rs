//! What a policy leaves with a request, to have it back when the request has ended.

use std::any::Any;

use crate::passage::PolicyChain;
use crate::policy::Env;

/// Something that only the policy which left it can read.
#[derive(Debug)]
pub struct Receipt {
    /// The policy's place in its chain.
    policy: usize,
    content: Box<dyn Any>,
}

impl Receipt {
    /// Of the first policy of a chain.
    pub fn new(content: impl Any) -> Self {
        Self { policy: 0, content: Box::new(content) }
    }

    /// The same, of the policy at another place.
    #[must_use]
    pub(crate) fn of(self, policy: usize) -> Self {
        Self { policy, ..self }
    }

    /// Gives it back to its policy, once, after the request has ended.
    pub fn settle(self, chain: &impl PolicyChain, env: &dyn Env) {
        if let Some(policy) = chain.policy(self.policy) {
            policy.settle(&*self.content, env);
        }
    }
}
