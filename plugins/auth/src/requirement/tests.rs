//! Requirements against a caller whose credentials are given outright.

use std::cell::RefCell;

use super::*;
use crate::account::Admission;

/// What a caller presents for each of the schemes.
struct Caller {
    credentials: Vec<Option<Result<Rc<Grant>, Failure>>>,
    asked: RefCell<Vec<usize>>,
}

impl Caller {
    fn new(credentials: Vec<Option<Result<Rc<Grant>, Failure>>>) -> Self {
        Self { credentials, asked: RefCell::default() }
    }
}

impl Vouch for Caller {
    fn is_presented(&self, scheme: usize) -> bool {
        self.credentials[scheme].is_some()
    }

    fn verify(&self, scheme: usize) -> Result<Rc<Grant>, Failure> {
        self.asked.borrow_mut().push(scheme);
        self.credentials[scheme].clone().unwrap()
    }

    fn admit(&self, _: &Grant) -> Result<(), Failure> {
        Ok(())
    }
}

fn grant(consumer: &str, scopes: &[&str]) -> Option<Result<Rc<Grant>, Failure>> {
    let scopes = scopes.iter().map(|scope| scope.to_string()).collect();
    Some(Ok(Rc::new(Grant::new(consumer, scopes))))
}

fn needs(scheme: usize, scopes: &[&str]) -> Requirement {
    Requirement { scheme, scopes: scopes.iter().map(|scope| scope.to_string()).collect() }
}

fn bad() -> Option<Result<Rc<Grant>, Failure>> {
    Some(Err(Failure::ApiKeyUnknown))
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_failure_nearest_to_success_is_told() {
    let ways = || vec![vec![needs(0, &["w"])], vec![needs(1, &[])], vec![needs(2, &["x"]), needs(0, &[])]];
    let scope = |scope: &str| Failure::ScopeMissing(vec![scope.to_owned()]);
    let cases = [
        ("nothing", vec![None, None, None], Failure::Missing),
        ("one bad", vec![None, bad(), None], Failure::ApiKeyUnknown),
        ("half an AND", vec![None, None, grant("c", &["x"])], Failure::Missing),
        ("scope before bad", vec![grant("a", &[]), bad(), None], scope("w")),
        ("scope behind bad", vec![bad(), None, grant("c", &[])], scope("x")),
    ];
    for (name, credentials, expected) in cases {
        let alternatives = Alternatives { ways: ways(), anonymous: false };
        assert_eq!(alternatives.judge(&Caller::new(credentials)), Err(expected), "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_first_requirement_names_the_consumer_and_scopes_are_joined() {
    let alternatives = Alternatives { ways: vec![vec![needs(1, &["b"]), needs(0, &["a"])]], anonymous: true };
    let caller = Caller::new(vec![grant("zero", &["a", "c"]), grant("one", &["b", "c"])]);
    let satisfied = alternatives.judge(&caller).unwrap().unwrap();
    assert_eq!(
        (satisfied.scheme, satisfied.grant.caller(&"s".into(), &Admission::default(), None).consumer()),
        (1, "one")
    );
    assert_eq!(satisfied.grant.scopes(), ["b", "c", "a"]);
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Absent, bad, or good with some of the scopes 0 to 2.
    fn credential() -> impl Strategy<Value = Option<Result<Rc<Grant>, Failure>>> {
        prop_oneof![
            Just(None),
            Just(bad()),
            proptest::sample::subsequence(vec!["s0", "s1", "s2"], 0..=3)
                .prop_map(|scopes| grant("c", &scopes)),
        ]
    }

    fn requirement() -> impl Strategy<Value = Requirement> {
        (0_usize..4, proptest::sample::subsequence(vec!["s0", "s1", "s2"], 0..=2))
            .prop_map(|(scheme, scopes)| needs(scheme, &scopes))
    }

    proptest! {
        #[test]
        fn requirements_hold_as_their_truth_table_says(
            credentials in vec(credential(), 4),
            ways in vec(vec(requirement(), 1..4), 0..4),
            anonymous in any::<bool>(),
        ) {
            let holds = |requirement: &Requirement| match &credentials[requirement.scheme] {
                Some(Ok(grant)) => requirement.scopes.iter().all(|scope| grant.scopes().contains(scope)),
                _ => false,
            };
            let some_way = ways.iter().any(|way| way.iter().all(holds));
            let caller = Caller::new(credentials.clone());
            let judged = Alternatives { ways: ways.clone(), anonymous }.judge(&caller);
            prop_assert_eq!(judged.is_ok(), some_way || anonymous);
            prop_assert_eq!(judged.is_ok_and(|satisfied| satisfied.is_some()), some_way);

            let mut asked = caller.asked.into_inner();
            asked.sort_unstable();
            prop_assert!(asked.windows(2).all(|pair| pair[0] != pair[1]), "asked twice: {:?}", asked);
        }
    }
}
