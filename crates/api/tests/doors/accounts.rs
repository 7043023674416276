//! Accounts, users, access keys and the audit trails.

use api::native::wire::{
    Account, AuditEntry, Items, Key, NewKey, Page, Quota, SignInLink, TrailCheck, User,
};
use region::testing::disk;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::world::{Answer, Door, answer};

/// Somebody else at the same door.
pub struct Visitor<'a> {
    door: &'a Door,
    pub key: NewKey,
}

impl<'a> Visitor<'a> {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.door.url(path);
        self.door.http.request(method, url).basic_auth(&self.key.id, Some(&self.key.secret))
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn act(&self, path: &str) -> Answer {
        answer(self.request(Method::POST, path)).await
    }
}

/// A user with a key, in an account of its own.
pub async fn visitor<'a>(door: &'a Door, called: &str, role: &str) -> (Account, User, Visitor<'a>) {
    let account: Account = door.post("/v1/accounts", json!({ "name": called })).await.ok(201);
    let body = json!({ "name": "olga", "role": role, "account": account.id });
    let user: User = door.post("/v1/users", body).await.ok(201);
    let key: NewKey = door.act(&format!("/v1/keys?user={}", user.id)).await.ok(201);
    (account, user, Visitor { door, key })
}

#[tokio::test]
async fn accounts_are_made_listed_disabled_and_enabled() {
    let door = Door::open(["north"]).await;
    let (account, _, olga) = visitor(&door, "tenant", "owner").await;
    assert_eq!((account.name.as_str(), account.state.as_str()), ("tenant", "active"));
    door.post("/v1/accounts", json!({ "name": "tenant" })).await.refused(409, "name_in_use");
    door.post("/v1/accounts", json!({ "name": "1" })).await.refused(400, "invalid_field");
    let page: Page<Account> = door.get("/v1/accounts?limit=2").await.ok(200);
    let next = page.next_cursor.unwrap();
    let rest: Page<Account> =
        door.get(&format!("/v1/accounts?limit=2&cursor={next}")).await.ok(200);
    assert_eq!((page.items.len(), rest.items.len()), (2, 1));
    door.get(&format!("/v1/users?cursor={next}")).await.refused(400, "invalid_cursor");

    let path = format!("/v1/accounts/{}", account.id);
    let seen: Account = olga.get(&path).await.ok(200);
    assert_eq!(seen, account);
    let off: Account = door.act(&format!("{path}/disable")).await.ok(200);
    assert_eq!(off.state, "disabled");
    olga.get(&path).await.refused(401, "unauthorised");
    let on: Account = door.act(&format!("{path}/enable")).await.ok(200);
    assert_eq!(on, account);
    olga.act(&format!("{path}/disable")).await.refused(403, "not_allowed");
    let own: Page<Account> = olga.get("/v1/accounts").await.ok(200);
    assert_eq!(own.items, [account]);
}

#[tokio::test]
async fn users_are_made_given_roles_disabled_and_deleted() {
    let door = Door::open(["north"]).await;
    let (account, user, olga) = visitor(&door, "tenant", "reader").await;
    let path = format!("/v1/users/{}", user.id);
    let body = json!({ "limit": 5, "account": account.id });
    let quota = "/v1/regions/north/quotas/image";
    let try_it = |visitor: &Visitor<'_>| answer(visitor.request(Method::PUT, quota).json(&body));
    let refused = try_it(&olga).await.refused(403, "not_allowed");
    assert_eq!(refused.detail, "the role `reader` may not `operate`");
    let set: User = door
        .send(Method::PUT, &format!("{path}/role"), json!({ "role": "operator" }))
        .await
        .ok(200);
    assert_eq!(set.role, "operator");
    let quota: Quota = try_it(&olga).await.ok(200);
    assert_eq!(quota.limit, 5);
    let of = format!("/v1/regions/north/quotas?account={}", account.id);
    let quotas: Items<Quota> = door.get(&of).await.ok(200);
    assert_eq!(quotas.items[0].limit, 5);

    let off: User = door.act(&format!("{path}/disable")).await.ok(200);
    assert_eq!(off.state, "disabled");
    olga.get(&path).await.refused(401, "unauthorised");
    let on: User = door.act(&format!("{path}/enable")).await.ok(200);
    let shown: User = olga.get(&path).await.ok(200);
    assert_eq!(shown, on);
    let listed: Page<User> = door.get(&format!("/v1/users?account={}", account.id)).await.ok(200);
    assert_eq!(listed.items, [on]);
    let wrong = json!({ "name": "anna", "role": "king" });
    door.post("/v1/users", wrong).await.refused(400, "invalid_field");
    door.delete(&path).await.empty();
    door.get(&path).await.refused(404, "user_not_found");
    let me: Page<User> = door.get("/v1/users").await.ok(200);
    let last = door.delete(&format!("/v1/users/{}", me.items[0].id)).await;
    last.refused(409, "last_admin");
}

/// A key is rotated by its user without a gap: make, use, disable, delete.
#[tokio::test]
async fn a_key_is_rotated_without_a_gap() {
    let door = Door::open(["north"]).await;
    let (_, user, olga) = visitor(&door, "tenant", "reader").await;
    let second: NewKey = olga.act("/v1/keys").await.ok(201);
    let second = Visitor { door: &door, key: second };
    let keys: Items<Key> = olga.get("/v1/keys").await.ok(200);
    assert!(keys.items.iter().all(|key| key.user == user.id && key.state == "active"));
    let path = format!("/v1/keys/{}", olga.key.id);
    let off: Key = second.act(&format!("{path}/disable")).await.ok(200);
    assert_eq!(off.state, "disabled");
    olga.get("/v1/keys").await.refused(401, "unauthorised");
    let _on: Key = second.act(&format!("{path}/enable")).await.ok(200);
    let _again: Items<Key> = olga.get("/v1/keys").await.ok(200);
    let _off: Key = second.act(&format!("{path}/disable")).await.ok(200);
    answer(second.request(Method::DELETE, &path)).await.empty();
    let left: Items<Key> = second.get("/v1/keys").await.ok(200);
    assert_eq!(left.items.len(), 1);
    let others = second.get(&format!("/v1/keys?user={}", "user-aaaaaaaaaaaaaaaaaaaa")).await;
    others.refused(403, "not_allowed");
}

/// Whoever has a key may have a link, whatever the role; it signs in that user, once.
#[tokio::test]
async fn a_link_into_the_console_is_made_and_signs_in_once() {
    let door = Door::open(["north"]).await;
    let (_, user, olga) = visitor(&door, "tenant", "reader").await;
    let made = answer(olga.request(Method::POST, "/v1/sign-in-links")).await;
    let link: SignInLink = made.ok(201);
    let told: serde_json::Value = made.json();
    assert_eq!(told.as_object().unwrap().keys().collect::<Vec<_>>(), ["expires", "path"]);
    assert!(api::native::wire::from_rfc3339(&link.expires).is_ok(), "{}", link.expires);
    let token = link.path.strip_prefix("/sign-in/once/").unwrap();
    assert!(!format!("{link:?}").contains(token), "promise 11");
    let accounts = &door.world.deployment.accounts;
    let opened = accounts.redeem_link(token, "r".to_owned()).await.unwrap();
    assert_eq!(opened.session.caller.user.map(|id| id.to_string()), Some(user.id));
    accounts.redeem_link(token, "r".to_owned()).await.unwrap_err();
    let another: SignInLink = olga.act("/v1/sign-in-links").await.ok(201);
    assert_ne!(another.path, link.path);
    let trail: Page<AuditEntry> = olga.get("/v1/audit?limit=100").await.ok(200);
    let trail = format!("{trail:?}");
    assert!(trail.contains("link.create") && trail.contains("session.open"), "{trail}");
    assert!(!trail.contains(token), "promise 11");
    answer(door.http.post(door.url("/v1/sign-in-links"))).await.refused(401, "unauthorised");
}

#[tokio::test]
async fn the_trails_tell_who_did_what_and_are_checked() {
    let door = Door::open(["north"]).await;
    let (account, user, olga) = visitor(&door, "tenant", "owner").await;
    let image = door.world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    let path = format!("/v1/regions/north/images/{image}");
    let edited = door.send(Method::PATCH, &path, json!({ "name": "web-2" })).await;
    let request = edited.headers["x-request-id"].to_str().unwrap().to_owned();

    let of_image = format!("/v1/regions/north/audit?subject={image}");
    let trail: Page<AuditEntry> = door.get(&format!("{of_image}&limit=1")).await.ok(200);
    let newest = &trail.items[0];
    assert_eq!((newest.action.as_str(), &newest.request_id), ("image.edit", &request));
    assert!(newest.before.contains("name=web\n") && newest.after.contains("name=web-2\n"));
    let cursor = trail.next_cursor.unwrap();
    let rest: Page<AuditEntry> = door.get(&format!("{of_image}&cursor={cursor}")).await.ok(200);
    assert_eq!(rest.items.len(), 2);
    let elsewhere = format!("/v1/regions/north/audit?cursor={cursor}");
    door.get(&elsewhere).await.refused(400, "invalid_cursor");

    let of_user = format!("/v1/audit?subject={}", user.id);
    let trail: Page<AuditEntry> = door.get(&of_user).await.ok(200);
    assert_eq!(trail.items[0].action, "user.create");
    assert!(trail.items[0].after.contains(&format!("account={}", account.id)));
    let hidden: Page<AuditEntry> = olga.get(&of_user).await.ok(200);
    assert!(hidden.items.is_empty(), "promise 10");
    for path in ["/v1/audit/verify", "/v1/regions/north/audit/verify"] {
        let check: TrailCheck = door.act(path).await.ok(200);
        assert!(check.whole && check.entries > 2 && check.broken_at.is_none());
        olga.act(path).await.refused(403, "not_allowed");
    }
}
