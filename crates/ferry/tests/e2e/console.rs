//! The ways into the web console that the command line has.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::world::{Home, signal, wait};

/// The token of an address that signs in once.
#[track_caller]
fn token<'a>(address: &'a str, endpoint: &str) -> &'a str {
    let path = address.strip_prefix(endpoint.trim_end_matches('/'));
    let token = path.and_then(|path| path.strip_prefix("/sign-in/once/"));
    let token = token.unwrap_or_else(|| panic!("{address} is no address of {endpoint}"));
    let is_token = token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_token, "{token}");
    token
}

/// `ferry console` prints an address, another one each time, in each way of writing; the trail tells of it, without the token.
#[test]
fn a_link_into_the_console_is_printed_once() {
    let home = Home::new();
    let serve = home.serve();
    let text = home.good("console");
    let (address, words) = text.split_once('\n').unwrap();
    assert!(words.contains("once") && words.contains("10 minutes"), "{words}");
    let as_json = home.json("console");
    let expires = as_json["expires"].as_str().unwrap();
    assert!(expires.ends_with('Z'), "{expires}");
    let as_id = home.good("console -o id");
    let addresses = [address, as_json["address"].as_str().unwrap(), &as_id];
    let mut tokens = addresses.map(|address| token(address, &serve.endpoint));
    tokens.sort_unstable();
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2], "{tokens:?}");

    let trail = home.good("audit list --accounts -o json");
    assert_eq!(trail.matches("link.create").count(), 3, "{trail}");
    let log = std::fs::read_to_string(home.path("serve.log")).unwrap();
    for token in tokens {
        assert!(!trail.contains(token) && !log.contains(token));
    }
    home.ferry("console --access-key-secret wrong").ended(6);
}

/// The first start tells where the console is; a configured address is told in place of the own one.
#[test]
fn the_first_start_tells_where_the_console_is() {
    let home = Home::new();
    let serve = home.serve();
    let wanted = format!("console {}/", serve.endpoint);
    let place = |start: &str| serve.said.iter().position(|line| line.starts_with(start)).unwrap();
    assert!(serve.said.contains(&wanted), "{:?}", serve.said);
    assert!(place("console ") > place("access key secret "));
    drop(serve);
    let again = home.serve();
    assert!(!again.said.iter().any(|line| line.starts_with("console ")), "{:?}", again.said);
    drop(again);

    let home = Home::new();
    std::fs::write(home.path("f.toml"), "[console]\naddress = \"https://ferry.example\"\n")
        .unwrap();
    let serve = home.serve_with("serve --config f.toml --data d --listen 127.0.0.1:0", &[]);
    assert!(serve.said.contains(&"console https://ferry.example/".to_owned()), "{:?}", serve.said);
    std::fs::write(home.path("g.toml"), "[console]\naddress = \"https://a/b\"\n").unwrap();
    home.ferry("serve --config g.toml --data e").ended(2).said(&["`https://a/b`"]);
}

/// A demonstration that stays up begins what it says then with a way in.
#[test]
fn a_demonstration_that_stays_up_prints_a_way_in() {
    let home = Home::new();
    let mut child = home
        .command(&["demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    for line in lines.map_while(Result::ok) {
        said.push(line);
        if said.last().is_some_and(|line| line.contains("/metrics")) {
            break;
        }
    }
    // At once: no moment after that line is too early to be heard.
    signal(&child, rustix::process::Signal::INT);
    assert!(wait(&mut child).success());
    let up = said.iter().position(|line| line.starts_with("The service stays up at ")).unwrap();
    let endpoint = said[up].split_whitespace().nth(5).unwrap();
    let address = said[up - 1].strip_prefix("Open the console, signed in: ").unwrap();
    token(address, endpoint);
    assert_eq!(said[up - 2], "");
}
