//! Requests of any form: never a panic, and one reading for all spellings of the same.

use proptest::collection::{btree_map, vec};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::alibaba::admission::Claim;
use crate::alibaba::raw::take_apart;
use crate::alibaba::sign_v1;
use crate::alibaba::tests::vectors::{all, read};
use crate::alibaba::wire::Wire;
use crate::cloud::raw::parsed;

/// How one client writes a character.
fn spelled(character: char, choice: u8) -> String {
    let escaped = |upper: bool| -> String {
        let mut bytes = [0; 4];
        let bytes = character.encode_utf8(&mut bytes).bytes();
        bytes
            .map(|byte| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") })
            .collect()
    };
    let is_plain = character.is_ascii_alphanumeric() || "-_.~*'()!@:/,;$".contains(character);
    match choice % 3 {
        0 if is_plain => character.to_string(),
        0 if character == ' ' => "+".to_owned(),
        1 => escaped(false),
        _ => escaped(true),
    }
}

/// The signature's text of a parameter, by its definition, apart from the code under test.
fn defined(text: &str) -> String {
    let mut out = String::new();
    for byte in text.as_bytes() {
        match *byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(*byte))
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// A piece of something that looks like a request.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "GET ",
        "POST ",
        "/?",
        "http://ecs-north.x/?",
        " HTTP/1.1\r\n",
        "\r\n",
        "\r\n\r\n",
        "&",
        "=",
        "%",
        "%f",
        "+",
        "Host: x\r\n",
        "Authorization: ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;x-acs-date,Signature=00\r\n",
        "x-acs-action: A\r\n",
        "x-acs-version: 2014-05-26\r\n",
        "x-acs-date: 2026-11-22T00:00:00Z\r\n",
        "x-acs-signature-nonce: n\r\n",
        "x-acs-content-sha256: \r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Action=A&Version=1&AccessKeyId=k&Timestamp=t&",
        "SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&SignatureNonce=n&Signature=",
        "Format=XML",
        "Tag.1.Key=a",
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
        let mut bytes = all()[which].bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _verdict = take_apart(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _verdict = take_apart(&bytes);
    }

    /// api-02: the parameters decide, not how they are spelled, in which order they come, or where.
    #[test]
    fn api_02_all_spellings_of_the_same_parameters_are_signed_alike(
        pairs in btree_map("[a-zA-Z.]{1,6}|\\PC{1,6}", "\\PC{0,12}", 1..8),
        choices in vec(any::<u8>(), 64),
        places in vec(any::<u64>(), 8),
    ) {
        let mut choices = choices.iter().cycle();
        let mut spell = |text: &str| -> String {
            text.chars().map(|character| spelled(character, *choices.next().unwrap())).collect()
        };
        let mut written: Vec<_> = pairs
            .iter()
            .zip(places)
            .map(|((name, value), place)| (place, format!("{}={}", spell(name), spell(value))))
            .collect();
        written.sort();
        let (query, body): (Vec<_>, Vec<_>) = written.into_iter().partition(|(place, _)| place % 2 == 0);
        let joined = |part: Vec<(u64, String)>| {
            part.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("&")
        };
        let request = format!(
            "POST /?{} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n\r\n{}",
            joined(query), joined(body)
        );
        let (parts, body) = parsed(request.as_bytes()).unwrap();
        let is_format = pairs.contains_key("Format");
        let Ok(wire) = Wire::of(parts, body) else {
            prop_assert!(is_format, "{request}");
            return Ok(());
        };
        prop_assert_eq!(&wire.parameters, &pairs);
        let signed = pairs.iter().filter(|(name, _)| *name != "Signature");
        let signed: Vec<_> = signed.map(|(n, v)| format!("{}={}", defined(n), defined(v))).collect();
        prop_assert_eq!(sign_v1::string_to_sign(&wire), format!("POST&%2F&{}", defined(&signed.join("&"))));
    }
}

#[test]
fn recorded_requests_get_as_far_as_their_signature() {
    for vector in all() {
        assert!(
            take_apart(&vector.bytes()),
            "{}: it is taken apart and `secret` is not its secret",
            vector.file
        );
        assert!(Claim::of(&read(&vector.bytes()).unwrap()).is_ok());
    }
}
