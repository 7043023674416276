//! A request is taken once: by one of the processes that share accounts, and never again after they were killed (api-03).

use std::collections::BTreeMap;

use crate::ecs::{Key, encode, nonce, now, send};
use crate::world::{Home, Serve};

/// Rounds of the race; in `crates/catalog` there are a thousand between two handles in one process.
const ROUNDS: usize = 50;

/// Two processes with a region each, which share accounts.
fn start(home: &Home, name: &str) -> Serve {
    let text = format!(
        "data = \"{name}\"\naccounts = \"accounts\"\nlisten = \"127.0.0.1:0\"\n[[regions]]\nname = \"{name}\"\n"
    );
    std::fs::write(home.path(&format!("{name}.toml")), text).unwrap();
    home.serve_with(&format!("serve --config {name}.toml"), &[])
}

fn address(serve: &Serve) -> String {
    serve.endpoint.trim_start_matches("http://").to_owned()
}

/// A signed look at the regions.
fn recorded(key: &Key) -> Vec<u8> {
    let (nonce, now) = (nonce(), now());
    let all = [
        ("Action", "DescribeRegions"),
        ("Version", "2014-05-26"),
        ("Format", "JSON"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("AccessKeyId", &key.id),
        ("SignatureNonce", &nonce),
        ("Timestamp", &now),
    ];
    let mut all: BTreeMap<String, String> =
        all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    all.insert("Signature".to_owned(), key.signature("GET", &all));
    let query: Vec<_> =
        all.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    format!("GET /?{} HTTP/1.1\r\nHost: x\r\n\r\n", query.join("&")).into_bytes()
}

/// The status, and the code of an error.
fn answer(address: &str, request: &[u8]) -> (u16, String) {
    let answer = send(address, request);
    (answer.status(), answer.json()["Code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn api_03_a_request_is_taken_once_by_two_processes_also_after_they_are_killed() {
    let home = Home::new();
    let (north, used) = (start(&home, "north"), (400, "SignatureNonceUsed".to_owned()));
    let word = |beginning| north.word(beginning).expect("the first start tells its key");
    let key = Key { id: word("access key id "), secret: word("access key secret ") };
    let south = start(&home, "south");
    let (one, two) = (address(&north), address(&south));

    let mut requests = Vec::new();
    for round in 0..ROUNDS {
        let request = recorded(&key);
        let (here, there) = std::thread::scope(|scope| {
            let here = scope.spawn(|| answer(&one, &request));
            let there = scope.spawn(|| answer(&two, &request));
            (here.join().unwrap(), there.join().unwrap())
        });
        let taken = [&here, &there].iter().filter(|answer| answer.0 == 200).count();
        assert!(taken == 1 && (here == used || there == used), "round {round}: {here:?} {there:?}");
        requests.push(request);
    }
    north.kill();
    south.kill();
    let (north, south) = (start(&home, "north"), start(&home, "south"));
    for request in &requests {
        assert_eq!(answer(&address(&north), request), used);
        assert_eq!(answer(&address(&south), request), used);
    }
    assert_eq!(answer(&address(&south), &recorded(&key)), (200, String::new()));
}
