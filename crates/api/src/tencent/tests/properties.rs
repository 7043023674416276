//! Requests of any form: never a panic, and one reading for all spellings of the same.

use proptest::collection::{btree_map, vec};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::cloud::raw::parsed;
use crate::tencent::admission::Claim;
use crate::tencent::raw::take_apart;
use crate::tencent::tests::vectors::all;
use crate::tencent::wire::Wire;

/// A piece of something that looks like a request.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "GET ",
        "POST ",
        "/?",
        "/v2/index.php?",
        "http://cvm.x/?",
        " HTTP/1.1\r\n",
        "\r\n",
        "\r\n\r\n",
        "&",
        "=",
        "%",
        "%f",
        "+",
        "Host: x\r\n",
        "Host: http://127.0.0.1:1/a\r\n",
        "Authorization: TC3-HMAC-SHA256 Credential=a/2026-11-22/cvm/tc3_request, SignedHeaders=content-type;host, Signature=00\r\n",
        "X-TC-Action: A\r\n",
        "X-TC-Version: 2017-03-12\r\n",
        "X-TC-Timestamp: 1795309127\r\n",
        "X-TC-Content-SHA256: UNSIGNED-PAYLOAD\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: application/json\r\n",
        "Action=A&SecretId=k&Timestamp=1&Nonce=1&Signature=",
        "SignatureMethod=HmacSHA256&",
        "Filters.0.Values.0=a",
        "Filters.0=",
        "{\"Filters\":[{\"Name\":",
        "{}",
    ];
    let known = (0..known.len()).prop_map(move |n| known[n].as_bytes().to_vec());
    prop_oneof![4 => known, 1 => vec(any::<u8>(), 0..12)]
}

/// How one client writes a character.
fn spelled(character: char, choice: u8) -> String {
    let mut bytes = [0; 4];
    let bytes = character.encode_utf8(&mut bytes).bytes();
    match choice % 3 {
        0 if character.is_ascii_alphanumeric() || "-_.~*".contains(character) => {
            character.to_string()
        }
        0 if character == ' ' => "+".to_owned(),
        1 => bytes.map(|byte| format!("%{byte:02x}")).collect(),
        _ => bytes.map(|byte| format!("%{byte:02X}")).collect(),
    }
}

proptest! {
    #[test]
    fn api_07_no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..600)) {
        let _verdict = take_apart(&bytes);
    }

    #[test]
    fn api_07_no_pieces_of_requests_make_the_reader_panic(pieces in vec(piece(), 0..40)) {
        let _verdict = take_apart(&pieces.concat());
    }

    #[test]
    fn api_07_no_change_of_a_recorded_request_makes_the_reader_panic(
        which in 0..34_usize,
        changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = all()[which].bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _verdict = take_apart(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _verdict = take_apart(&bytes);
    }

    /// API-02: the parameters decide, not how they are spelled, in which order they come, or where; values are signed as they
    /// are.
    #[test]
    fn api_02_all_spellings_of_the_same_parameters_are_signed_alike(
        pairs in btree_map("[a-zA-Z]{1,6}[0-9]?", "\\PC{0,12}", 0..8),
        choices in vec(any::<u8>(), 64),
        places in vec(any::<u64>(), 16),
    ) {
        let mut pairs = pairs;
        for (name, value) in [("Action", "A"), ("SecretId", "k"), ("Timestamp", "1"), ("Nonce", "1")] {
            pairs.insert(name.to_owned(), value.to_owned());
        }
        pairs.remove("SignatureMethod");
        pairs.insert("Signature".to_owned(), "AAAA".to_owned());
        let mut choices = choices.iter().cycle();
        let mut spell = |text: &str| -> String {
            text.chars().map(|character| spelled(character, *choices.next().unwrap())).collect()
        };
        let mut written: Vec<_> = pairs
            .iter()
            .zip(places.iter().cycle())
            .map(|((name, value), place)| (place, format!("{}={}", spell(name), spell(value))))
            .collect();
        written.sort();
        let (query, body): (Vec<_>, Vec<_>) =
            written.into_iter().partition(|(place, _)| **place % 2 == 0);
        let joined = |part: Vec<(&u64, String)>| {
            part.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("&")
        };
        let request = format!(
            "POST /?{} HTTP/1.1\r\nHost: cvm.x\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n{}",
            joined(query), joined(body)
        );
        let (parts, body) = parsed(request.as_bytes()).unwrap();
        let wire = Wire::of(parts, body).expect(&request);
        prop_assert_eq!(&wire.pairs, &pairs);
        let claim = Claim::of(&wire).expect(&request);
        let signed = pairs.iter().filter(|(name, _)| *name != "Signature");
        let signed: Vec<_> = signed.map(|(name, value)| format!("{name}={value}")).collect();
        prop_assert_eq!(&claim.texts, &[format!("POSTcvm.x/?{}", signed.join("&"))]);
    }

    /// API-02: which digest a request has depends on what it asks, not on how many texts it might have signed.
    #[test]
    fn api_05_no_signature_of_nothing_is_right(signature in vec(any::<u8>(), 0..40), secret in vec(any::<u8>(), 0..40)) {
        let vector = &all()[0];
        let (parts, body) = parsed(&vector.bytes()).unwrap();
        let claim = Claim { signature, ..Claim::of(&Wire::of(parts, body).unwrap()).unwrap() };
        prop_assert!(!claim.is_right(&secret));
    }
}

#[test]
fn recorded_requests_get_as_far_as_their_signature() {
    for vector in all() {
        let file = &vector.file;
        assert!(take_apart(&vector.bytes()), "{file}: `secret` is not its secret");
    }
}
