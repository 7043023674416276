//! Accounts and users: made by admins, named once, and never left without an admin who can sign in.

use model::{AccountRejection, Act, Admittance, Name, Rejection, Role};

use crate::accounts::PageQuery;
use crate::commands::Caller;
use crate::deployment::Accounts;
use crate::refused::Refused;
use crate::testing::World;
use crate::users::{NewUser, UserChange, UserView};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn page() -> PageQuery {
    PageQuery { after: None, limit: 100 }
}

/// The rejection of an answer that must be one.
#[track_caller]
fn rejected<T: std::fmt::Debug>(answer: Result<T, Refused>) -> Rejection {
    match answer {
        Err(Refused::Rejected(rejection)) => rejection,
        other => panic!("{other:?} is no rejection"),
    }
}

/// A user of the world's account, with a key.
async fn user(world: &World, called: &str, role: Role) -> UserView {
    let accounts = &world.deployment.accounts;
    let new = NewUser { account: None, name: name(called), role };
    let user = accounts.create_user(&world.caller, new).await.unwrap();
    accounts.create_key_of(&world.caller, &user.id).await.unwrap();
    user
}

#[tokio::test]
async fn accounts_and_users_have_names_of_their_own() {
    let world = World::with_regions(["north"]).await;
    let (accounts, admin) = (&world.deployment.accounts, &world.caller);
    let tenant = accounts.create_account(admin, name("tenant")).await.unwrap();
    let twin = accounts.create_account(admin, name("tenant")).await;
    assert_eq!(
        rejected(twin),
        Rejection::Account(AccountRejection::NameInUse { name: name("tenant") })
    );

    let new = |account| NewUser { account, name: name("anna"), role: Role::Owner };
    let here = accounts.create_user(admin, new(None)).await.unwrap();
    let there = accounts.create_user(admin, new(Some(tenant.id.clone()))).await.unwrap();
    let twin = accounts.create_user(admin, new(None)).await;
    assert_eq!(
        rejected(twin),
        Rejection::Account(AccountRejection::NameInUse { name: name("anna") })
    );
    let absent = model::AccountId::from_random(|| 200);
    let nowhere = accounts.create_user(admin, new(Some(absent.clone()))).await;
    assert_eq!(
        rejected(nowhere),
        Rejection::Account(AccountRejection::AccountNotFound { account: absent })
    );

    assert_eq!((&here.account, &there.account), (&admin.account, &tenant.id));
    let listed = accounts.users(admin, Some(&tenant.id), page()).await.unwrap();
    assert_eq!(listed.items, [there]);
    accounts.delete_user(admin, &here.id).await.unwrap();
    accounts.create_user(admin, new(None)).await.unwrap();
    world.check_world().await;
}

#[tokio::test]
async fn listings_of_accounts_and_users_have_pages() {
    let world = World::with_regions(["north"]).await;
    let (accounts, admin) = (&world.deployment.accounts, &world.caller);
    for n in 0..5 {
        accounts.create_account(admin, name(&format!("tenant-{n}"))).await.unwrap();
        let new = NewUser { account: None, name: name(&format!("user-{n}")), role: Role::Reader };
        accounts.create_user(admin, new).await.unwrap();
        world.clock.advance_ms(n % 2);
    }
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let listed = accounts.accounts(admin, PageQuery { after, limit: 2 }).await.unwrap();
        assert!(listed.items.len() <= 2);
        names.extend(listed.items.into_iter().map(|account| account.name.to_string()));
        match listed.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    names.sort();
    let wanted =
        ["default", "stranger", "tenant-0", "tenant-1", "tenant-2", "tenant-3", "tenant-4"];
    assert_eq!(names, wanted);
    let first = accounts.users(admin, None, PageQuery { after: None, limit: 4 }).await.unwrap();
    let rest = PageQuery { after: first.next, limit: 4 };
    let rest = accounts.users(admin, None, rest).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len()), (4, 2));
}

/// Promise 10, I12: what is another account's looks absent to all but those who run the deployment.
#[tokio::test]
async fn promise_10_accounts_and_users_of_others_are_not_there() {
    let world = World::with_regions(["north"]).await;
    let (accounts, admin) = (&world.deployment.accounts, &world.caller);
    let tenant = accounts.create_account(admin, name("tenant")).await.unwrap();
    let new = NewUser { account: Some(tenant.id.clone()), name: name("anna"), role: Role::Owner };
    let anna = accounts.create_user(admin, new).await.unwrap();
    let (no_account, no_user) =
        (model::AccountId::from_random(|| 200), model::UserId::from_random(|| 200));
    for role in [Role::Reader, Role::Owner] {
        let caller = Caller { role, ..admin.clone() };
        for account in [&tenant.id, &no_account] {
            let wanted =
                Rejection::Account(AccountRejection::AccountNotFound { account: account.clone() });
            assert_eq!(rejected(accounts.account(&caller, account).await), wanted);
            assert_eq!(rejected(accounts.users(&caller, Some(account), page()).await), wanted);
            let quotas = world.region("north").quotas_of(&caller, account).await;
            assert_eq!(rejected(quotas), wanted);
        }
        for user in [&anna.id, &no_user] {
            let wanted = Rejection::Account(AccountRejection::UserNotFound { user: user.clone() });
            assert_eq!(rejected(accounts.user(&caller, user).await), wanted);
            let act = Act::Administer;
            let keys = accounts.list_keys_of(&caller, user).await;
            assert_eq!(rejected(keys), Rejection::NotAllowed { role, act });
        }
        let own = accounts.accounts(&caller, page()).await.unwrap().items;
        assert_eq!(own.iter().map(|account| &account.id).collect::<Vec<_>>(), [&admin.account]);
    }
    let operator = Caller { role: Role::Operator, ..admin.clone() };
    assert_eq!(accounts.accounts(&operator, page()).await.unwrap().items.len(), 3);
    assert_eq!(accounts.user(&operator, &anna.id).await.unwrap(), anna);
}

/// Each way to lose the last admin who can sign in is refused, by name, and changes nothing.
#[tokio::test]
async fn the_last_admin_who_can_sign_in_stays() {
    let world = World::with_regions(["north"]).await;
    let (accounts, admin) = (&world.deployment.accounts, &world.caller);
    let me = admin.user.clone().unwrap();
    // An admin without a key, and one in a disabled account, cannot help.
    let new = NewUser { account: None, name: name("keyless"), role: Role::Admin };
    accounts.create_user(admin, new).await.unwrap();
    let tenant = accounts.create_account(admin, name("tenant")).await.unwrap();
    let new = NewUser { account: Some(tenant.id.clone()), name: name("far"), role: Role::Admin };
    let far = accounts.create_user(admin, new).await.unwrap();
    accounts.create_key_of(admin, &far.id).await.unwrap();
    accounts.set_account_state(admin, &tenant.id, Admittance::Disabled).await.unwrap();
    let key = accounts.list_keys(admin).await.unwrap().remove(0).id;
    let trail = accounts.verify_audit(admin).await.unwrap();

    let (off, last) = (
        Admittance::Disabled,
        Rejection::Account(AccountRejection::LastAdmin { user: me.clone() }),
    );
    for change in [UserChange::State(off), UserChange::Role(Role::Operator)] {
        assert_eq!(rejected(accounts.change_user(admin, &me, change).await), last);
    }
    assert_eq!(rejected(accounts.delete_user(admin, &me).await), last);
    let account = admin.account.clone();
    assert_eq!(rejected(accounts.set_account_state(admin, &account, off).await), last);
    let last = Rejection::Account(AccountRejection::LastKey { key: key.clone() });
    assert_eq!(rejected(accounts.set_key_state(admin, &key, off).await), last);
    assert_eq!(rejected(accounts.delete_key(admin, &key).await), last);
    assert_eq!(accounts.verify_audit(admin).await.unwrap(), trail, "a refusal leaves no entry");

    accounts.set_account_state(admin, &tenant.id, Admittance::Active).await.unwrap();
    accounts.delete_key(admin, &key).await.unwrap();
    assert!(accounts.list_keys(admin).await.unwrap().is_empty());
    accounts.delete_user(admin, &me).await.unwrap();
    let last = Rejection::Account(AccountRejection::LastAdmin { user: far.id.clone() });
    assert_eq!(rejected(accounts.delete_user(admin, &far.id).await), last);
    world.check_world().await;
}

async fn demote(accounts: Accounts, caller: Caller, user: UserView, round: u32) -> bool {
    let off = match round % 3 {
        0 => accounts.change_user(&caller, &user.id, UserChange::Role(Role::Owner)).await.err(),
        1 => {
            let off = UserChange::State(Admittance::Disabled);
            accounts.change_user(&caller, &user.id, off).await.err()
        }
        _ => {
            let keys = accounts.list_keys_of(&caller, &user.id).await.unwrap();
            let off = Admittance::Disabled;
            accounts.set_key_state(&caller, &keys[0].id, off).await.err()
        }
    };
    off.is_none()
}

/// Two admins who take each other's role, state or key at once: exactly one of them is heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_last_admins_who_take_each_others_place_one_stays() {
    let world = World::with_regions(["north"]).await;
    let (accounts, admin) = (&world.deployment.accounts, &world.caller);
    let (one, two) =
        (user(&world, "one", Role::Admin).await, user(&world, "two", Role::Admin).await);
    accounts.delete_user(admin, admin.user.as_ref().unwrap()).await.unwrap();
    let by = |user: &UserView| Caller { user: Some(user.id.clone()), ..admin.clone() };
    for round in 0..300 {
        let first = tokio::spawn(demote(accounts.clone(), by(&one), two.clone(), round));
        let second = tokio::spawn(demote(accounts.clone(), by(&two), one.clone(), round));
        let heard = [first.await.unwrap(), second.await.unwrap()];
        assert_eq!(heard.iter().filter(|heard| **heard).count(), 1, "round {round}");
        for user in [&one, &two] {
            let (on, admin_again) =
                (UserChange::State(Admittance::Active), UserChange::Role(Role::Admin));
            accounts.change_user(admin, &user.id, on).await.unwrap();
            accounts.change_user(admin, &user.id, admin_again).await.unwrap();
            for key in accounts.list_keys_of(admin, &user.id).await.unwrap() {
                accounts.set_key_state(admin, &key.id, Admittance::Active).await.unwrap();
            }
        }
    }
    world.check_world().await;
}

/// Every account has a number, which says who it is; processes with files of their own agree on the first account's.
#[tokio::test]
async fn accounts_have_numbers_by_which_they_are_found() {
    let (world, other) =
        (World::with_regions(["north"]).await, World::with_regions(["north"]).await);
    let (accounts, admin) = (&world.deployment.accounts, &world.caller);
    let first = accounts.numbers_of([&admin.account]).await.unwrap()[&admin.account];
    let elsewhere = other.deployment.accounts.numbers_of([&admin.account]).await.unwrap();
    assert_eq!(elsewhere, [(admin.account.clone(), first)].into());
    let tenant = accounts.create_account(admin, name("tenant")).await.unwrap();
    assert_ne!(tenant.number, first);
    assert_eq!(tenant.number.to_string().len(), 16);
    assert_eq!(accounts.account(admin, &tenant.id).await.unwrap(), tenant);
    let both = accounts.numbers_of([&tenant.id, &admin.account]).await.unwrap();
    assert_eq!(both, [(tenant.id.clone(), tenant.number), (admin.account.clone(), first)].into());
    for (number, id) in [(first, &admin.account), (tenant.number, &tenant.id)] {
        assert_eq!(accounts.account_numbered(number).await.unwrap().as_ref(), Some(id));
    }
    let of_other = other.deployment.accounts.numbers_of([&tenant.id]).await.unwrap();
    assert!(of_other.is_empty(), "{of_other:?}");
    let unknown = other.deployment.accounts.account_numbered(tenant.number).await.unwrap();
    assert_eq!(unknown, None);
    let named = accounts.names_of([&tenant.id, &admin.account]).await.unwrap();
    assert_eq!(named[&tenant.id], name("tenant"));
    for (id, name) in &named {
        assert_eq!(accounts.account_named(name).await.unwrap().as_ref(), Some(id));
    }
    let unknown = other.deployment.accounts.account_named(&name("tenant")).await.unwrap();
    assert_eq!(unknown, None);
    let off = accounts.set_account_state(admin, &tenant.id, Admittance::Disabled).await.unwrap();
    assert_eq!(off.number, tenant.number, "it stays");
}
