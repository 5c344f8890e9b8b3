//! What a list says, by way of the shared data, and what it says of lists that are not there.

use portcullis_core::testing::FakeEnv;

use super::*;
use crate::revocation::Writer;

/// A list as a worker that fetches it leaves it in the shared data.
fn list(entries: &[Entry], last: Option<&Manifest>, env: &FakeEnv) -> Manifest {
    let mut writer = Writer::after(last).unwrap();
    entries.iter().for_each(|entry| writer.put(*entry, env).unwrap());
    writer.finish(env).unwrap()
}

/// Under the key of the list that is known, or of the first one.
fn entries(env: &FakeEnv, marks: &[(Mark<'_>, u32, u32)]) -> (Revoked, HashKey) {
    let empty = list(&[], None, env);
    let key = empty.key();
    let entries: Vec<Entry> =
        marks.iter().map(|(mark, until, before)| key.entry(*mark, *until, *before)).collect();
    let revoked = Revoked::default();
    assert!(revoked.replace(list(&entries, Some(&empty), env), env));
    (revoked, key)
}

const EVER: u32 = u32::MAX;

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_listed_is_revoked_until_it_is_over_whenever_it_was_listed() {
    let env = FakeEnv::new();
    assert_eq!(Revoked::default().edition(), None);
    let (revoked, key) = entries(
        &env,
        &[
            (Mark::Id("a"), 100, EVER),
            (Mark::Id("b"), EVER, EVER),
            (Mark::Subject("ada"), EVER, 50),
            (Mark::Subject("bob"), EVER, 50),
            (Mark::Subject("bob"), 70, EVER),
        ],
    );
    assert!(revoked.add(&key.entry(Mark::Digest("cafe"), 100, EVER).to_bytes()));
    let cases = [
        (Mark::Id("a"), 0, 99, true),
        (Mark::Id("a"), 0, 100, false),
        (Mark::Id("b"), 0, u64::from(EVER) - 1, true),
        (Mark::Id("c"), 0, 20, false),
        (Mark::Subject("a"), 0, 20, false),
        (Mark::Subject("ada"), 49, 60, true),
        (Mark::Subject("ada"), 50, 60, false),
        (Mark::Subject("bob"), 60, 69, true),
        (Mark::Subject("bob"), 60, 70, false),
        (Mark::Subject("bob"), 49, 70, true),
        (Mark::Digest("cafe"), 0, 20, true),
        (Mark::Id("cafe"), 0, 20, false),
    ];
    for (mark, issued, now, expected) in cases {
        assert_eq!(revoked.is_revoked(mark, issued, now), expected, "{mark:?} {issued} {now}");
    }
    let (again, mut all) = (Revoked::default(), Vec::new());
    let kept = revoked.each(|entry| {
        all.push(entry);
        Ok::<(), ()>(())
    });
    assert_eq!(kept, Ok(()));
    assert!(again.replace(list(&all, revoked.manifest().as_ref(), &env), &env));
    for (mark, issued, now, expected) in cases {
        assert_eq!(again.is_revoked(mark, issued, now), expected, "again: {mark:?} {issued} {now}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_list_knows_whether_it_names_tokens_by_their_digests() {
    let env = FakeEnv::new();
    let names = ["a", "b", "c", "d", "e", "f"].map(|name| (Mark::Id(name), 100, EVER));
    let (revoked, key) = entries(&env, &names);
    assert!(!revoked.has_digests());
    assert!(revoked.add(&key.entry(Mark::Digest("cafe"), 100, EVER).to_bytes()));
    assert!(revoked.has_digests());
    assert!(revoked.replace(list(&[], revoked.manifest().as_ref(), &env), &env));
    assert!(!revoked.has_digests());
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_list_that_is_not_where_it_should_be_changes_nothing() {
    let env = FakeEnv::new();
    let (revoked, key) = entries(&env, &[(Mark::Id("a"), 100, EVER)]);
    let edition = revoked.edition();
    let next = list(&[key.entry(Mark::Id("b"), 100, EVER)], revoked.manifest().as_ref(), &env);
    // Another fetch writes to the same place.
    let other = list(&[key.entry(Mark::Id("c"), 100, EVER)], revoked.manifest().as_ref(), &env);
    assert!(!revoked.replace(next, &env));
    assert_eq!(revoked.edition(), edition);
    assert!(revoked.is_revoked(Mark::Id("a"), 0, 50));
    assert!(revoked.replace(other, &env));
    assert!(revoked.is_revoked(Mark::Id("c"), 0, 50) && !revoked.is_revoked(Mark::Id("a"), 0, 50));
    assert!(revoked.edition() > edition);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_list_that_goes_away_while_it_is_read_leaves_nobody_who_could_say_what_is_revoked() {
    let shared = FakeEnv::new();
    let (_, key) = entries(&shared, &[]);
    let manifest = list(&[key.entry(Mark::Id("a"), 100, EVER)], None, &shared);
    let store = shared.store().clone();
    let gets = std::cell::Cell::new(0);
    let env = FakeEnv::new().with_store(store.clone()).before_shared(move |_| {
        gets.set(gets.get() + 1);
        if gets.get() == 2 {
            store.set("portcullis.revoked.0.0", b"", None).unwrap();
        }
    });
    let revoked = Revoked::default();
    assert!(!revoked.replace(manifest, &env));
    assert_eq!((revoked.edition(), revoked.manifest()), (None, None));
    assert!(!revoked.add(&key.entry(Mark::Id("a"), 100, EVER).to_bytes()), "there is nothing to add to");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_manifest_is_read_whole_or_not_at_all() {
    let manifest = list(&[], None, &FakeEnv::new());
    let bytes = manifest.to_bytes();
    assert_eq!(Manifest::from_bytes(&bytes), Some(manifest));
    for cut in 0..bytes.len() {
        assert_eq!(Manifest::from_bytes(bytes.get(..cut).unwrap()), None, "{cut}");
    }
    assert_eq!(Manifest::from_bytes(&[bytes.as_slice(), &[0]].concat()), None);
    let mut endless = bytes;
    endless.iter_mut().rev().take(4).for_each(|byte| *byte = 255);
    assert_eq!(Manifest::from_bytes(&endless), None);
}
