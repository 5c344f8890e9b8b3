//! Hashes made by others: argon2-cffi, pyca/bcrypt, Apache's `htpasswd`, jBCrypt and Python's hashlib.

use super::*;

const ARGON2ID: &str =
    "$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$fHtFXPahiNhpRV0TQ8fWIkV0WwcYiKf5c/t+QHsdkrc";
const BCRYPT: &str = "$2b$04$4yssBtrSAgw1JrRKARdswuxC7rOyoL3nM5UIQQZwdgZkplz0v7Z.O";
const PBKDF2: &str =
    "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$dClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfE";

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_password_is_checked_against_its_hash() {
    let long = "x".repeat(72);
    let cases = [
        (ARGON2ID, "secret"),
        (
            "$argon2id$v=19$m=512,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$0Kdm7rPJ3grhryBgYcfT5ofefP814OdFuWQ56IGhgFI",
            "secret",
        ),
        (
            "$argon2id$v=19$m=2048,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$+JJ8TsrxqEZTNQWqzrjPJ0O1Q4AjHme+wG8Q6Vn1+Ec",
            "secret",
        ),
        (
            "$argon2id$v=19$m=4096,t=1,p=4$c2FsdHNhbHRzYWx0c2FsdA$zJNQqi8dxQ7+jeQA8z+1s/spWyw1ZYnBNdzvMmIQYiM",
            "secret",
        ),
        ("$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$dd/K8xPhCsZHlosWof4NGA", "secret"),
        (BCRYPT, "secret"),
        ("$2a$05$0yOkxK40aRU.EEzspPoXY.7tSk1kRHTMzjPMhzUFcS9qzLnhgNaFC", "secret"),
        ("$2y$05$YegHUCHmsrW6r1H3WpCaMOon5ygEhoPBTlYdYBIRJp37AMs6NFAS6", "hunter2"),
        ("$2b$04$.ZSXae6IlU3EjBdQo2TRIukL8vwM4fQsv5XI6z4Ori8WkBcN50cKq", "p:w ü"),
        ("$2b$04$hhzX6K3hTCcLmPolW8ErouCfeT5MRjgJ94aSwmvDzhvO/ixkxuy36", &long),
        ("$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", ""),
        (PBKDF2, "secret"),
        (
            "$pbkdf2-sha256$i=6000$c2FsdHNhbHRzYWx0c2FsdA$xVyjdTw0qRbNL2sCLWh/ZoPTvrtqsrXJfL7aatHHM2g",
            "secret",
        ),
    ];
    for (text, password) in cases {
        let hash = PasswordHash::parse(text).unwrap_or_else(|cause| panic!("{text}: {cause}"));
        let spend = Spend::default().cover(&hash);
        assert!(spend.check(Some(&hash), password), "{text}");
        for wrong in ["Secret", "secret ", "hunter", "x"] {
            assert!(!spend.check(Some(&hash), wrong), "{text} {wrong}");
        }
        assert!(!spend.check(None, password), "nobody has a password");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn other_texts_are_refused() {
    let weak = UserError::Weak;
    let cases = [
        ("iterations left out", PBKDF2.replace("i=1000,", ""), UserError::Format),
        ("another length", PBKDF2.replace("l=32", "l=64"), UserError::Format),
        ("another algorithm", PBKDF2.replace("sha256", "sha512"), UserError::Format),
        ("a part too many", format!("{PBKDF2}$"), UserError::Format),
        ("a short hash", PBKDF2[..PBKDF2.len() - 4].to_owned(), UserError::Format),
        ("a signed number", PBKDF2.replace("i=1000", "i=+1000"), UserError::Format),
        ("an old version", ARGON2ID.replace("v=19", "v=16"), UserError::Format),
        ("no version", ARGON2ID.replace("v=19$", ""), UserError::Format),
        ("a parameter too many", ARGON2ID.replace("p=1", "p=1,x=1"), UserError::Format),
        ("another order", ARGON2ID.replace("m=1024,t=1", "t=1,m=1024"), UserError::Format),
        ("no pass", ARGON2ID.replace("t=1", "t=0"), UserError::Format),
        ("many lanes", ARGON2ID.replace("p=1", "p=16"), UserError::Format),
        ("cost in one digit", BCRYPT.replace("$04$", "$4$"), UserError::Format),
        ("no cost", BCRYPT.replace("$04$", "$00$"), UserError::Format),
        ("a short bcrypt", BCRYPT[..BCRYPT.len() - 1].to_owned(), UserError::Format),
        ("a character too many", format!("{BCRYPT}a"), UserError::Format),
        ("not base64", BCRYPT.replace("4yss", "4y+s"), UserError::Format),
        ("plain text", "secret".to_owned(), UserError::Format),
        ("DES", "b5UUvwdMS4gq6".to_owned(), UserError::Format),
        ("nothing", String::new(), UserError::Format),
        ("Apache's MD5", "$apr1$X8kfTYZJ$Zy7.CykGr3K0SuBtGEpP20".to_owned(), weak("MD5 ($apr1$)")),
        ("SHA-1", "{SHA}87u9ZqY9S/F0eUBXjsPQEDUw4h0=".to_owned(), weak("SHA-1 without salt ({SHA})")),
        ("SHA-crypt", "$6$JHPcYjeFPKzIHKtY$VjFyA21cJflNgns68M6Y".to_owned(), weak("SHA-crypt ($6$)")),
        ("argon2i", ARGON2ID.replace("argon2id", "argon2i"), weak("argon2i, not argon2id")),
        ("a faulty bcrypt", BCRYPT.replace("$2b$", "$2x$"), weak("bcrypt of a faulty program ($2x$)")),
    ];
    for (name, text, expected) in cases {
        assert_eq!(PasswordHash::parse(&text).err(), Some(expected), "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_check_costs_neither_too_little_nor_too_much() {
    let cases = [
        (PBKDF2.replace("i=1000", "i=999"), "too cheap"),
        (PBKDF2.to_owned(), ""),
        (PBKDF2.replace("i=1000", "i=6250"), ""),
        (PBKDF2.replace("i=1000", "i=6251"), "i=6250"),
        (PBKDF2.replace("i=1000", "i=4294967295"), "i=6250"),
        (BCRYPT.to_owned(), ""),
        (BCRYPT.replace("$04$", "$05$"), ""),
        (BCRYPT.replace("$04$", "$06$"), "cost 5"),
        (BCRYPT.replace("$04$", "$31$"), "cost 5"),
        (ARGON2ID.replace("m=1024", "m=1023"), "too cheap"),
        (ARGON2ID.to_owned(), ""),
        (ARGON2ID.replace("m=1024", "m=4096"), ""),
        (ARGON2ID.replace("m=1024,t=1", "m=1250,t=4"), ""),
        (ARGON2ID.replace("m=1024", "m=4097"), "m=4096"),
        (ARGON2ID.replace("m=1024,t=1", "m=1024,t=5"), "at most 5000"),
        (ARGON2ID.replace("m=1024,t=1", "m=4096,t=4294967295"), "at most 5000"),
    ];
    for (text, expected) in cases {
        let said = check_password_hash(&text).err().map(|cause| cause.to_string()).unwrap_or_default();
        assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{text}: {said}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_kind_in_use_is_spent() {
    let cover = |texts: &[&str]| {
        texts.iter().fold(Spend::default(), |spend, text| spend.cover(&PasswordHash::parse(text).unwrap()))
    };
    let (argon2id, bcrypt, pbkdf2) = (cover(&[ARGON2ID]), cover(&[BCRYPT]), cover(&[PBKDF2]));
    let all = cover(&[ARGON2ID, PBKDF2, BCRYPT, ARGON2ID]);
    assert_eq!(all.nanos(), argon2id.nanos() + bcrypt.nanos() + pbkdf2.nanos());
    assert_eq!(all.check_bound(), Ok(()));
    let dear = cover(&[&BCRYPT.replace("$04$", "$05$"), &PBKDF2.replace("i=1000", "i=5000")]);
    let Err(UserError::TooDear(advice)) = dear.check_bound() else { panic!("not too dear") };
    assert!(advice.contains("one kind"), "{advice}");
}
