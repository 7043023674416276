//! Accounts, users and their keys, looked after by admins.

use axum::http::StatusCode;
use model::{Name, Role};
use region::PageQuery;

use crate::kit::{Answer, Site, Visitor};
use crate::someone::{Someone, between};

const HERE: &str = "cn-hangzhou";
const HOSTILE: &str = "<img src=x onerror=alert(1)>";

/// Makes a user of an account by its form: the user's page.
async fn make_user(visitor: &mut Visitor, account: &str, (name, role): (&str, &str)) -> String {
    visitor.get(account).await;
    let made = visitor.post(account, &[("name", name), ("role", role)]).await;
    made.is(StatusCode::SEE_OTHER).location().to_owned()
}

/// Makes a key of a user by the form on its page.
async fn make_key(visitor: &mut Visitor, user: &str) -> Answer {
    let page = visitor.get(user).await.text;
    let have = between(&page, "name=\"have\" value=\"", "\"").to_owned();
    visitor.post(&format!("{user}/keys"), &[("have", &have)]).await
}

#[tokio::test]
async fn an_admin_makes_an_account_a_user_and_a_key_that_signs_in() {
    let site = Site::open([HERE]).await;
    let mut admin = site.visitor().await;
    admin.get("/people").await.has("default").has("yours");
    let made = admin.post("/people", &[("name", HOSTILE)]).await;
    let account = made.is(StatusCode::SEE_OTHER).location().to_owned();
    let page = admin.get(&account).await;
    page.has("was created").has("This account has no users").lacks("<img src=x");
    admin.get("/people").await.has("&#60;img src=x").lacks("<img src=x");
    let user = make_user(&mut admin, &account, ("{{7*7}}", "reader")).await;
    admin.get(&user).await.has("{{7*7}}").has("Reader").has("There is no access key").lacks(">49<");
    let key = make_key(&mut admin, &user).await;
    key.is(StatusCode::OK).has(&format!("href=\"{user}\""));
    let id = between(&key.text, "id=\"key-id\">", "<").to_owned();
    let secret = between(&key.text, "id=\"key-secret\">", "<").to_owned();
    // RELIABILITY, console: the secret is in that answer alone.
    for path in [&user, &account, "/people", "/audit", &format!("{user}/keys")] {
        admin.get(path).await.is(StatusCode::OK).lacks(&secret);
    }
    assert!(admin.cookies.values().all(|value| !value.contains(&secret)));
    let mut reader = site.visitor_with(&id, &secret).await;
    reader.get("/").await.is(StatusCode::OK).has("{{7*7}}");
    reader.get("/people").await.is(StatusCode::FORBIDDEN).lacks("Create account");
    admin.get(&account).await;
    admin.post(&format!("{user}/role"), &[("role", "admin")]).await.is(StatusCode::SEE_OTHER);
    reader.get("/people").await.is(StatusCode::OK);
}

#[tokio::test]
async fn a_user_is_disabled_enabled_and_deleted_by_forms() {
    let site = Site::open([HERE]).await;
    let someone = Someone::elsewhere(&site, "other", Role::Owner).await;
    let (mut admin, mut other) = (site.visitor().await, someone.visitor(&site).await);
    let user = format!("/people/users/{}", someone.caller.user.clone().unwrap());
    admin.get(&format!("{user}/disable")).await.has("some owner").has("sessions end at once");
    admin.post(&format!("{user}/disable"), &[]).await.is(StatusCode::SEE_OTHER);
    other.get("/").await.is(StatusCode::SEE_OTHER);
    admin.get(&user).await.has("is disabled.").has("Enable");
    admin.post(&format!("{user}/enable"), &[]).await.is(StatusCode::SEE_OTHER);
    someone.visitor(&site).await.get("/").await.is(StatusCode::OK);
    for act in ["disable", "delete"] {
        let path = format!("{user}/keys/{}/{act}", someone.key);
        admin.get(&path).await.is(StatusCode::OK).lacks("you will be signed out");
        let done = admin.post(&path, &[]).await;
        assert_eq!(done.is(StatusCode::SEE_OTHER).location(), user);
    }
    admin.get(&format!("{user}/delete")).await.has("cannot be brought back");
    admin.post(&format!("{user}/delete"), &[]).await.is(StatusCode::SEE_OTHER);
    admin.get(&user).await.is(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_account_is_disabled_and_enabled_by_forms() {
    let site = Site::open([HERE]).await;
    let someone = Someone::elsewhere(&site, "other", Role::Owner).await;
    let (mut admin, mut other) = (site.visitor().await, someone.visitor(&site).await);
    let account = format!("/people/accounts/{}", someone.caller.account);
    admin.get(&format!("{account}/disable")).await.has("None of its users can sign in");
    admin.post(&format!("{account}/disable"), &[]).await.is(StatusCode::SEE_OTHER);
    other.get("/").await.is(StatusCode::SEE_OTHER);
    admin.get("/people").await.has("Disabled");
    admin.post(&format!("{account}/enable"), &[]).await.is(StatusCode::SEE_OTHER);
    other.get("/").await.is(StatusCode::OK);
}

/// The region keeps somebody who can administer; what it says is shown.
#[tokio::test]
async fn the_last_admin_stays() {
    let site = Site::open([HERE]).await;
    let mut admin = site.visitor().await;
    let own = site.world.caller.user.clone().unwrap();
    let (user, account) =
        (format!("/people/users/{own}"), format!("/people/accounts/{}", site.world.caller.account));
    admin.get(&format!("{user}/delete")).await.has("you will be signed out");
    admin.get(&format!("{account}/disable")).await.has("you will be signed out");
    let forms = [
        (format!("{user}/delete"), ""),
        (format!("{user}/disable"), ""),
        (format!("{user}/role"), "reader"),
        (format!("{account}/disable"), ""),
    ];
    for (path, role) in forms {
        let refused = admin.post(&path, &[("role", role)]).await;
        refused.is(StatusCode::CONFLICT).has("role=\"alert\"").has(own.as_str());
    }
    admin.get("/people").await.is(StatusCode::OK);
}

#[tokio::test]
async fn names_that_are_refused_come_back_in_the_form() {
    let site = Site::open([HERE]).await;
    let mut admin = site.visitor().await;
    admin.get("/people").await;
    let taken = admin.post("/people", &[("name", "default")]).await;
    taken.is(StatusCode::CONFLICT).has("role=\"alert\"").has("value=\"default\"");
    let short = admin.post("/people", &[("name", "\"")]).await;
    short.is(StatusCode::UNPROCESSABLE_ENTITY).has("aria-invalid").has("value=\"&#34;\"");
    let account = format!("/people/accounts/{}", site.world.caller.account);
    let taken = admin.post(&account, &[("name", "admin"), ("role", "operator")]).await;
    taken.is(StatusCode::CONFLICT).has("value=\"admin\"").has("value=\"operator\" selected");
    let no_role = admin.post(&account, &[("name", "new one"), ("role", "king")]).await;
    no_role.is(StatusCode::BAD_REQUEST);
}

/// Readers, owners and operators neither see nor change anything here.
#[tokio::test]
async fn people_are_for_admins() {
    let site = Site::open([HERE]).await;
    let other = Someone::elsewhere(&site, "other", Role::Owner).await;
    let user = other.caller.user.clone().unwrap();
    for role in [Role::Reader, Role::Owner, Role::Operator] {
        let someone = Someone::new(&site, role).await;
        let mut visitor = someone.visitor(&site).await;
        visitor.get("/").await.lacks("href=\"/people\"");
        let (account, user) =
            (format!("/people/accounts/{}", other.caller.account), format!("/people/users/{user}"));
        for path in ["/people", &account, &user, &format!("{user}/delete")] {
            visitor.get(path).await.is(StatusCode::FORBIDDEN).lacks(">other<");
        }
        let disable = format!("{account}/disable");
        let (keys, delete) = (format!("{user}/keys"), format!("{user}/delete"));
        let delete_key = format!("{user}/keys/{}/delete", other.key);
        for path in ["/people", &account, &disable, &keys, &delete, &delete_key] {
            let refused = visitor.post(path, &[("name", "mallory"), ("role", "admin")]).await;
            refused.is(StatusCode::FORBIDDEN);
        }
    }
    let accounts = &site.world.deployment.accounts;
    let keys = accounts.list_keys(&other.caller).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert!(accounts.account_named(&Name::new("mallory").unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn who_is_not_there_is_nowhere() {
    let site = Site::open([HERE]).await;
    let mut admin = site.visitor().await;
    admin.get("/").await;
    let none = model::UserId::from_random(|| 3);
    let no_account = model::AccountId::from_random(|| 3);
    let own = site.world.caller.user.clone().unwrap();
    let other = Someone::elsewhere(&site, "other", Role::Owner).await;
    let paths = [
        format!("/people/users/{none}"),
        format!("/people/users/{none}/delete"),
        format!("/people/accounts/{no_account}"),
        format!("/people/accounts/{no_account}/disable"),
        "/people/users/%3Cb%3E".to_owned(),
        // A key of another user.
        format!("/people/users/{own}/keys/{}/delete", other.key),
    ];
    for path in paths {
        admin.get(&path).await.is(StatusCode::NOT_FOUND).lacks("<b>");
        admin.post(&path, &[]).await;
    }
    let keys = site.world.deployment.accounts.list_keys(&other.caller).await.unwrap();
    assert_eq!(keys.len(), 1);
}

#[tokio::test]
async fn accounts_are_shown_a_page_at_a_time() {
    let site = Site::open([HERE]).await;
    let accounts = &site.world.deployment.accounts;
    for number in 0..60 {
        let name = Name::new(&format!("account {number:02}")).unwrap();
        accounts.create_account(&site.world.caller, name).await.unwrap();
    }
    let query = PageQuery { after: None, limit: 1_000 };
    let all = accounts.accounts(&site.world.caller, query).await.unwrap().items.len();
    let mut admin = site.visitor().await;
    let count = |page: &Answer| page.text.matches("<tr id=\"").count();
    let first = admin.get("/people").await;
    assert_eq!(count(&first), 50);
    let more = between(&first.text, "<p class=\"pager\"> <a href=\"", "\"").replace("&#38;", "&");
    let second = admin.get(&more).await;
    assert_eq!(count(&second), all - 50);
    second.has("First page").lacks(">More<");
    assert_eq!(count(&admin.get("/people?after=%3Cb%3E").await), 50);
}

#[tokio::test]
async fn people_speak_chinese() {
    let site = Site::open([HERE]).await;
    let mut admin = site.visitor().await;
    admin.post("/settings", &[("language", "zh")]).await;
    admin.get("/people").await.has("账号").has("创建账号");
    let account = format!("/people/accounts/{}", site.world.caller.account);
    admin.get(&account).await.has("用户").has("角色").has("管理员");
}
