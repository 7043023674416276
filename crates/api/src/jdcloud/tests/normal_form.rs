//! The one form that every spelling of a path and a query comes to (contract 5). The signatures in the second table are those
//! of the Python client's own tests of its signer, under the key `ak` and the secret `sk`.

use crate::cloud::form::decoded;
use crate::cloud::mac::{hmac_sha256, sha256_hex};
use crate::jdcloud::signing::{canonical_path, canonical_query};
use crate::jdcloud::wire::{is_signed, with_single_slashes};

fn path(text: &str) -> String {
    canonical_path(&with_single_slashes(&decoded(text.as_bytes()).unwrap()))
}

fn query(text: &str) -> String {
    let read = |text: &str| decoded(text.as_bytes()).unwrap();
    let pairs = text.split('&').filter(|pair| is_signed(pair));
    let pairs: Vec<_> = pairs
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (read(name), read(value)))
        .collect();
    canonical_query(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

#[test]
fn api_02_paths_have_one_form() {
    for (text, wanted) in [
        ("", "/"),
        ("/", "/"),
        ("///", "/"),
        ("v1", "/v1"),
        ("/v1/", "/v1/"),
        ("//v1///images//", "/v1/images/"),
        ("/v1/images:copyImages", "/v1/images%3AcopyImages"),
        ("/v1/images%3acopyImages", "/v1/images%3AcopyImages"),
        ("/v1/images%3AcopyImages", "/v1/images%3AcopyImages"),
        ("%2Fv1%2fimages%2F%2Fx", "/v1/images/x"),
        ("/a+b/a%20b/a%2Bb", "/a%20b/a%20b/a%2Bb"),
        ("/-_.~/%2d%5F%2e%7e", "/-_.~/-_.~"),
        ("/*'()!@$,;=&", "/%2A%27%28%29%21%40%24%2C%3B%3D%26"),
        ("/镜像", "/%E9%95%9C%E5%83%8F"),
        ("/%e9%95%9c%E5%83%8f", "/%E9%95%9C%E5%83%8F"),
        ("/../%2e%2e/.", "/../../."),
    ] {
        assert_eq!(path(text), wanted, "{text}");
    }
}

#[test]
fn api_02_queries_have_one_form() {
    for (text, wanted) in [
        ("", ""),
        ("a=1", "a=1"),
        ("b=2&a=1", "a=1&b=2"),
        ("a=2&a=1", "a=1&a=2"),
        ("&&a=1&", "a=1"),
        // What is not signed.
        ("a", ""),
        ("a&b=1", "b=1"),
        ("=a&b=1", "b=1"),
        ("=&b=", "b="),
        // On the first `=` alone.
        ("a=b=c", "a=b%3Dc"),
        ("a%3Db=c", "a%3Db=c"),
        ("a=+&b=%20&c=%2B", "a=%20&b=%20&c=%2B"),
        ("a=-_.~*'()", "a=-_.~%2A%27%28%29"),
        ("n=%e9%95%9c", "n=%E9%95%9C"),
        ("n=镜", "n=%E9%95%9C"),
        // In the order of what is written: `%` is before letters, and `[` would be behind them.
        ("aB=1&a[=2", "a%5B=2&aB=1"),
        ("ids.2=b&ids.10=c&ids.1=a", "ids.1=a&ids.10=c&ids.2=b"),
    ] {
        assert_eq!(query(text), wanted, "{text}");
    }
}

/// What the client's own tests expect of a GET with such a path, query and nonce.
fn signature(of_path: &str, of_query: &str, nonce: &str) -> String {
    let listed = "content-type;host;x-jdcloud-date;x-jdcloud-nonce";
    let host = "apigw-internal-dev.cn-north-1.jcloudcs.com:8000";
    let canonical = format!(
        "GET\n{}\n{}\ncontent-type:application/json\nhost:{host}\nx-jdcloud-date:20190917T064708Z\nx-jdcloud-nonce:{}\n\n{listed}\n{}",
        path(of_path),
        query(of_query),
        nonce.trim(),
        sha256_hex(b"")
    );
    let scope = ["20190917", "cn-north-1", "apigatewaytestproductline", "jdcloud3_request"];
    let to_sign = format!(
        "JDCLOUD3-HMAC-SHA256\n20190917T064708Z\n{}\n{}",
        scope.join("/"),
        sha256_hex(canonical.as_bytes())
    );
    let secret = b"JDCLOUD3sk".to_vec();
    let key = scope.iter().fold(secret, |key, part| hmac_sha256(&key, part.as_bytes()).to_vec());
    hex::encode(hmac_sha256(&key, to_sign.as_bytes()))
}

/// The path of most of them.
const USUAL: &str = "/v1/regions/cn-north-1/instances";

/// Paths, queries and names of the nonce's header, with the signatures that the clients' own signer makes of them.
const SIGNED: [(&str, &str, &str, &str); 12] = [
    ("", "", "X-Jdcloud-Nonce", "44c5ec30b6185516986ae171d8276552bc0f37f6a536a44e4f578958fc1c12be"),
    (
        "v1",
        "",
        "X-Jdcloud-Nonce",
        "92cd3ed582c13af58b4c81ddad150c350e656c6cc9e78ec154d7385e499b91b6",
    ),
    (
        "v1/",
        "",
        "X-Jdcloud-Nonce",
        "035689ae2ce6a3603928ac3d60a6d2fbfb550d33c5da983342a6356419ccd914",
    ),
    (
        "/v1/regions/cn-north-1/instances/中文:GET",
        "",
        "X-Jdcloud-Nonce",
        "936ed2dcb6fb4271ad640e0f46f1fe61763a0bad8bb4f4eb1224261f969612fa",
    ),
    (
        "%2Fv1%2Fregions%2F%2F%2Fcn-north-1%2Finstances",
        "",
        "X-Jdcloud-Nonce",
        "33df199719f9edc6de860e6b53c61d4824e1f389e6030fd37ddc977fda29e467",
    ),
    (
        "/v1%2Fregions/cn-north-1%2F%2F%2Finstances/ + /+/ +/+ /%2B%20%2B%2F%2F",
        "",
        "X-Jdcloud-Nonce",
        "7286237483a7fcc51ff7621c9a5c586a0ec85fd06cbf91c20adde2ec3b5e4d97",
    ),
    (
        USUAL,
        "=a&a=a",
        "X-Jdcloud-Nonce",
        "43efb5fb00e86faf35d8bf0bed3b72e84cfc98ee4754065e29c3caa7bcaa12cb",
    ),
    (
        USUAL,
        "=&a=a",
        "X-Jdcloud-Nonce",
        "43efb5fb00e86faf35d8bf0bed3b72e84cfc98ee4754065e29c3caa7bcaa12cb",
    ),
    (
        USUAL,
        "aa=aa&aa%3Daa=&aa=aa%3D&aa=&aa=aaa&aaa=aaa&aaa=aa&aaa=a&ab=aa&ab=aa&cc=&cc=&bb=aa&bb=",
        "X-Jdcloud-Nonce",
        "8ccc3c9af11e964b3c5d6020d2af49e97e27fbb23e2b8f57bdc84815e471d54b",
    ),
    (
        USUAL,
        " =blank&%20=blank&+= 2&%2b= 1&blank= &blank=+&blank=%20",
        "X-Jdcloud-Nonce",
        "78c0a4db84050d773533c78c1a0f73bf974faf5df881e39b18c3e0de8110324e",
    ),
    (
        USUAL,
        "中文参数=中文参数值",
        "X-Jdcloud-Nonce",
        "7e3094d23adde49fcc99b7d0de911d7ecaa7767590edd57769d7bdbaca919276",
    ),
    (
        USUAL,
        "",
        "  X-Jdcloud-  -Nonce  ",
        "a03bb8d755cb93e4d8846fe5fcad180f319fa50356f63e8afdc749bd1a95695f",
    ),
];

#[test]
fn the_form_is_that_of_the_clients_own_signer() {
    for (of_path, of_query, nonce, wanted) in SIGNED {
        assert_eq!(signature(of_path, of_query, nonce), wanted, "{of_path} {of_query} {nonce}");
    }
}
