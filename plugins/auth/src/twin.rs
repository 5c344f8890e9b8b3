//! The other text of a token that is signed with ECDSA. Whoever has a signature (r, s) has (r, n - s) as well, which is as
//! good (RFC 7518, section 3.4, does not say which of the two a signer must use): a token that is revoked by its text is
//! revoked in both.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The orders of P-256, P-384 and P-521 (SEC 2), by whose lengths the signatures' are known.
const ORDERS: [&[u8]; 3] = [
    &[
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ],
    &[
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a,
        0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
    ],
    &[
        0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfa,
        0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09, 0xa5, 0xd0, 0x3b,
        0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09,
    ],
];

/// The other text, where there may be one: of a token that is not signed with ECDSA it means nothing.
pub(crate) fn twin(token: &str) -> Option<String> {
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let order = ORDERS.into_iter().find(|order| order.len() * 2 == signature.len())?;
    let (r, s) = signature.split_at_checked(order.len())?;
    let other = difference(order, s)?;
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode([r, other.as_slice()].concat())))
}

/// Of two numbers of as many octets, the highest first; `None` where it is negative.
fn difference(from: &[u8], number: &[u8]) -> Option<Vec<u8>> {
    let mut difference = from.to_vec();
    let mut borrowed = false;
    for (octet, less) in difference.iter_mut().zip(number).rev() {
        let (once, first) = octet.overflowing_sub(*less);
        let (twice, second) = once.overflowing_sub(u8::from(borrowed));
        *octet = twice;
        borrowed = first || second;
    }
    (!borrowed).then_some(difference)
}

#[cfg(test)]
mod tests {
    use jwt_simple::prelude::*;

    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_other_text_of_a_token_is_as_good_and_leads_back() {
        let claims = || Claims::create(Duration::from_hours(1)).with_subject("ada");
        let short = ES256KeyPair::from_bytes(&[7; 32]).unwrap();
        let long = ES384KeyPair::from_bytes(&[7; 48]).unwrap();
        let (es256, es384) = (short.sign(claims()).unwrap(), long.sign(claims()).unwrap());
        for token in [&es256, &es384] {
            let other = twin(token).unwrap();
            assert_ne!(other, *token);
            assert_eq!(twin(&other).as_ref(), Some(token));
        }
        assert!(short.public_key().verify_token::<NoCustomClaims>(&twin(&es256).unwrap(), None).is_ok());
        assert!(long.public_key().verify_token::<NoCustomClaims>(&twin(&es384).unwrap(), None).is_ok());
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_no_such_signature_has_no_other() {
        let of = |signature: &[u8]| format!("a.b.{}", URL_SAFE_NO_PAD.encode(signature));
        for text in [of(&[0xff; 64]), of(&[1; 63]), of(&[1; 256]), of(&[]), "opaque".into(), "a.b.!".into()] {
            assert_eq!(twin(&text), None, "{text}");
        }
        let zero = of(&[0; 132]);
        assert!(twin(&zero).is_some_and(|other| twin(&other) == Some(zero)));
    }
}
