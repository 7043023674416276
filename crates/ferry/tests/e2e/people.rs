//! Accounts, users, keys and the audit trail, from an empty folder on.

use serde_json::Value;

use crate::world::{Done, Home, disks};

/// The home of somebody who has a key and no profile.
struct Person<'a> {
    home: &'a Home,
    endpoint: &'a str,
    key: Value,
}

impl Person<'_> {
    fn ferry(&self, line: &str) -> Done {
        let (id, secret) = (self.key["id"].as_str().unwrap(), self.key["secret"].as_str().unwrap());
        let who = format!("--access-key-id {id} --access-key-secret {secret}");
        self.home.ferry(&format!("{line} --endpoint {} {who}", self.endpoint))
    }
}

/// Two accounts in one deployment: each sees its own, roles hold, a key is changed without a gap, and the trail tells it all.
#[test]
fn two_accounts_live_side_by_side() {
    let home = Home::new();
    let serve = home.serve();
    disks::noise(&home.path("disk.raw"), 1, 1);
    let image = home.good("image import disk.raw --name web -o id");
    let account = home.good("account create tenant -o id");
    home.ferry("account create tenant").ended(5).said(&["`tenant` is taken"]);
    home.good("user create olga --account tenant");
    home.good("user create rita --role reader --account tenant");
    let person = |name: &str| {
        let key = home.json(&format!("key create --user {name} --account tenant"));
        Person { home: &home, endpoint: &serve.endpoint, key }
    };
    let (olga, rita) = (person("olga"), person("rita"));

    // Promise 10: the other account's image is not there.
    olga.ferry(&format!("image show {image}")).ended(4).said(&[&image]);
    olga.ferry("image import disk.raw --name web").ended(0);
    assert_eq!(olga.ferry("image list -o id").ended(0).out.lines().count(), 1);
    rita.ferry("image show web").ended(0);
    rita.ferry("image delete web").ended(6).said(&["`reader`", "`change`"]);
    olga.ferry("quota set image 5").ended(6).said(&["`owner`", "`operate`"]);
    home.good("quota set image 1 --account tenant");
    olga.ferry("image import disk.raw --name more").ended(5).said(&["quota"]);

    // The key is changed without a gap.
    let second = olga.ferry("key create -o json").ended(0).out;
    let key = serde_json::from_str(&second).unwrap();
    let second = Person { home: &home, endpoint: &serve.endpoint, key };
    olga.ferry("key create").ended(5).said(&["2 access keys"]);
    let first = olga.key["id"].as_str().unwrap().to_owned();
    second.ferry(&format!("key disable {first}")).ended(0);
    olga.ferry("image list").ended(6);
    second.ferry("image list").ended(0);
    second.ferry(&format!("key delete {first}")).ended(0);

    home.good("user disable olga --account tenant");
    second.ferry("image list").ended(6);
    home.good("account disable tenant");
    rita.ferry("image list").ended(6);
    home.good(&format!("account enable {account}"));
    rita.ferry("image list").ended(0);
    home.ferry("user delete admin").ended(5).said(&["last admin"]);

    let actions = home.json("audit list --accounts --account default");
    let actions: Vec<_> =
        actions.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    for wanted in ["account.create", "user.create", "key.create", "user.disable", "account.enable"]
    {
        assert!(actions.contains(&wanted), "{wanted} is not among {actions:?}");
    }
    let trail = home.json(&format!("audit list --subject {image}"));
    assert_eq!(trail.as_array().unwrap().len(), 2, "{trail}");
    assert_eq!(
        rita.ferry(&format!("audit list --subject {image} -o json")).ended(0).out.trim(),
        "[]"
    );
    let checked = home.json("audit verify");
    assert!(checked.as_array().unwrap().len() > 1);
    assert!(checked.as_array().unwrap().iter().all(|trail| trail["whole"] == true), "{checked}");
    rita.ferry("audit verify").ended(6);
}
