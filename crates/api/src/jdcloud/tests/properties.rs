//! Requests of any form: never a panic, and one reading for all spellings of the same.

use proptest::collection::{btree_map, vec};
use proptest::prelude::{Strategy, any, prop_assert_eq, prop_oneof, proptest};

use crate::cloud::raw::parsed;
use crate::jdcloud::raw::take_apart;
use crate::jdcloud::signing::Claim;
use crate::jdcloud::tests::vectors::{all, bytes, read};
use crate::jdcloud::wire::Wire;

/// How one client writes a character.
fn spelled(character: char, choice: u8) -> String {
    let mut bytes = [0; 4];
    let bytes = character.encode_utf8(&mut bytes).bytes();
    let is_plain = character.is_ascii_alphanumeric() || "-_.~*'()!@:,;$".contains(character);
    match choice % 3 {
        0 if is_plain => character.to_string(),
        0 if character == ' ' => "+".to_owned(),
        1 => bytes.map(|byte| format!("%{byte:02x}")).collect(),
        _ => bytes.map(|byte| format!("%{byte:02X}")).collect(),
    }
}

/// The signature's text of a name or value, by its definition, apart from the code under test.
fn defined(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    let spelled = |byte: &u8| {
        if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.as_bytes().iter().map(spelled).collect()
}

/// A piece of something that looks like a request.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "GET ",
        "POST ",
        "PATCH ",
        "/v1/regions/r/images",
        "/v1/regions/r/images:copyImages",
        "%3A",
        "/snapshots/snapshot-x",
        "?ids.1=a&ids.2=b",
        "&filters.1.values.1=a",
        " HTTP/1.1\r\n",
        "\r\n",
        "\r\n\r\n",
        "&",
        "=",
        "%",
        "%f",
        "+",
        "Host: x\r\n",
        "Host: x:80\r\n",
        "Authorization: JDCLOUD3-HMAC-SHA256 Credential=a/20261122/r/vm/jdcloud3_request, SignedHeaders=host, Signature=00\r\n",
        "Authorization: JDCLOUD2-HMAC-SHA256 Credential=a/20261122/r/vm/jdcloud2_request, SignedHeaders=host, Signature=\r\n",
        "x-jdcloud-date: 20261122T000000Z\r\n",
        "x-jdcloud-nonce: n\r\n",
        "x-jdcloud-content-sha256: \r\n",
        "Content-Type: application/json\r\n",
        "{\"sourceImageIds\":[\"a\"],",
        "\"regionId\":\"r\"}",
    ];
    let known = (0..known.len()).prop_map(move |n| known[n].as_bytes().to_vec());
    prop_oneof![4 => known, 1 => vec(any::<u8>(), 0..12)]
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
        which in 0..25_usize,
        changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = bytes(&all()[which]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _verdict = take_apart(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _verdict = take_apart(&bytes);
    }

    /// api-02: the parameters decide, not how they are spelled or in which order they come.
    #[test]
    fn api_02_all_spellings_of_the_same_request_are_signed_alike(
        path in vec("\\PC{1,6}", 1..5),
        pairs in btree_map("[a-zA-Z.]{1,6}|\\PC{1,6}", "\\PC{0,12}", 0..8),
        choices in vec(any::<u8>(), 64),
        places in vec(any::<u64>(), 8),
    ) {
        let mut choices = choices.iter().cycle();
        let mut spell = |text: &str| -> String {
            text.chars().map(|character| spelled(character, *choices.next().unwrap())).collect()
        };
        let path: Vec<String> = path.into_iter().map(|part| part.replace('/', "")).filter(|part| !part.is_empty()).collect();
        let target: String = path.iter().map(|part| format!("/{}", spell(part))).collect();
        let mut written: Vec<_> = pairs
            .iter()
            .zip(places)
            .map(|((name, value), place)| (place, format!("{}={}", spell(name), spell(value))))
            .collect();
        written.sort();
        let query: Vec<_> = written.into_iter().map(|(_, text)| text).collect();
        let target = if target.is_empty() { "/".to_owned() } else { target };
        let scope = "k/20261122/r/vm/jdcloud3_request";
        let request = format!(
            "GET {target}?{} HTTP/1.1\r\nHost: x\r\nx-jdcloud-date: 20261122T000000Z\r\n\
             Authorization: JDCLOUD3-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00\r\n\r\n",
            query.join("&")
        );
        let (parts, body) = parsed(request.as_bytes()).unwrap();
        let wire = Wire::of(parts, body).unwrap();
        prop_assert_eq!(&wire.query, &pairs);
        let mut signed: Vec<_> = pairs.iter().map(|(n, v)| (defined(n), defined(v))).collect();
        signed.sort();
        let signed: Vec<_> = signed.into_iter().map(|(n, v)| format!("{n}={v}")).collect();
        let parts: Vec<_> = path.iter().map(|part| defined(part)).collect();
        let claim = Claim::of(&wire).unwrap();
        let begins = format!("GET\n/{}\n{}\nhost:x\n\nhost\n", parts.join("/"), signed.join("&"));
        prop_assert_eq!(claim.canonical[0].starts_with(&begins), true, "{} is not {}", claim.canonical[0], begins);
    }
}

#[test]
fn recorded_requests_get_as_far_as_their_signature() {
    for file in all() {
        assert!(
            take_apart(&bytes(&file)),
            "{file}: it is taken apart and `secret` is not its secret"
        );
        assert!(Claim::of(&read(&bytes(&file)).unwrap()).is_ok());
    }
}
