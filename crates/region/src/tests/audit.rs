//! The audit trails: who, what, under which request, before and after; seen by whom it concerns.

use model::{Act, Name, QuotaKind, Rejection, Role};

use crate::audit::{AuditQuery, AuditView, TrailStanding};
use crate::commands::{Caller, EditImage, SnapshotsOfImage};
use crate::refused::Refused;
use crate::testing::{World, disk};
use crate::users::{NewUser, UserChange};

fn all() -> AuditQuery {
    AuditQuery { limit: 1_000, ..AuditQuery::default() }
}

fn of(subject: &str) -> AuditQuery {
    AuditQuery { subject: Some(subject.to_owned()), ..all() }
}

fn line(entry: &AuditView) -> (&str, &str, &str) {
    (&entry.action, &entry.before, &entry.after)
}

#[tokio::test]
async fn a_change_is_recorded_with_who_and_how_things_stood() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    let image = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    let edit = EditImage { name: Some(Name::new("web-2").unwrap()), ..EditImage::default() };
    north.edit_image(caller, &image, edit).await.unwrap();
    let instance =
        north.create_instance(caller, Name::new("vm").unwrap(), &image).await.unwrap().id;
    north.delete_instance(caller, &instance).await.unwrap();
    north.set_quota(caller, QuotaKind::Image, 7).await.unwrap();
    let (force, snapshots) = (model::rules::Force::No, SnapshotsOfImage::Delete);
    north.delete_image(caller, &image, force, snapshots).await.unwrap();

    let entries = north.audit(caller, of(image.as_str())).await.unwrap().items;
    let facts = |name: &str, status: &str| {
        format!("name={name}\ndescription=made by a test\nstatus={status}\ntags=team:ferry")
    };
    let (web, web2) = (facts("web", "available"), facts("web-2", "available"));
    let lines: Vec<_> = entries.iter().map(line).collect();
    let wanted = [
        ("image.delete", web2.as_str(), ""),
        ("image.edit", &web, &web2),
        ("import.publish", "status=creating", "status=available"),
        ("import.begin", "", &facts("web", "creating")),
    ];
    assert_eq!(lines, wanted);
    for entry in &entries {
        assert_eq!(Some(&entry.account), Some(&Some(caller.account.clone())));
        assert_eq!(entry.actor, caller.user.as_ref().unwrap().as_str());
        assert_eq!(entry.request_id, "test");
    }
    let vm = format!("name=vm\nimage={image}\ntags=");
    let entries = north.audit(caller, of(instance.as_str())).await.unwrap().items;
    let lines: Vec<_> = entries.iter().map(line).collect();
    assert_eq!(lines, [("instance.delete", vm.as_str(), ""), ("instance.create", "", &vm)]);
    let limits = |limit: u64| format!("account={}\nlimit={limit}", caller.account);
    let quota = north.audit(caller, of("image")).await.unwrap().items;
    assert_eq!(line(&quota[0]), ("quota.set", limits(1_000).as_str(), limits(7).as_str()));
}

#[tokio::test]
async fn each_change_of_accounts_users_and_keys_is_recorded_once() {
    let world = World::with_regions(["north"]).await;
    let (accounts, admin) = (&world.deployment.accounts, &world.caller);
    let new = NewUser { account: None, name: Name::new("anna").unwrap(), role: Role::Owner };
    let anna = accounts.create_user(admin, new).await.unwrap();
    let key = accounts.create_key_of(admin, &anna.id).await.unwrap();
    for _ in 0..2 {
        // The second changes nothing, and records nothing.
        let role = UserChange::Role(Role::Reader);
        accounts.change_user(admin, &anna.id, role).await.unwrap();
    }
    accounts.delete_key(admin, &key.id).await.unwrap();
    accounts.delete_user(admin, &anna.id).await.unwrap();

    let told =
        |role: &str| format!("account={}\nname=anna\nrole={role}\nstate=active", admin.account);
    let entries = accounts.audit(admin, of(anna.id.as_str())).await.unwrap().items;
    let lines: Vec<_> = entries.iter().map(line).collect();
    let (owner, reader) = (told("owner"), told("reader"));
    let wanted = [
        ("user.delete", reader.as_str(), ""),
        ("user.role", &owner, &reader),
        ("user.create", "", &owner),
    ];
    assert_eq!(lines, wanted);
    let of_key = format!("user={}\nstate=active", anna.id);
    let entries = accounts.audit(admin, of(key.id.as_str())).await.unwrap().items;
    let lines: Vec<_> = entries.iter().map(line).collect();
    assert_eq!(lines, [("key.delete", of_key.as_str(), ""), ("key.create", "", &of_key)]);
    let everything = format!("{:?}", accounts.audit(admin, all()).await.unwrap().items);
    assert!(!everything.contains(&key.secret), "promise 11");
    let whole = TrailStanding::Whole { entries: 6 };
    assert_eq!(accounts.verify_audit(admin).await.unwrap(), whole);
}

/// Promise 10: an account sees its own doings alone; who runs the deployment sees all, and checks the chain.
#[tokio::test]
async fn promise_10_a_trail_shows_the_own_accounts_doings_alone() {
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    let stranger = Caller { role: Role::Owner, ..world.stranger() };
    let image = world.import("north", "web", &[disk(1, 1, Some)]).await.id;
    for role in [Role::Reader, Role::Owner] {
        let caller = Caller { role, ..stranger.clone() };
        assert!(north.audit(&caller, of(image.as_str())).await.unwrap().items.is_empty());
        for account in [world.caller.account.clone(), model::AccountId::from_random(|| 200)] {
            let asked = AuditQuery { account: Some(account), ..all() };
            assert!(north.audit(&caller, asked).await.unwrap().items.is_empty());
        }
        let refused = north.verify_audit(&caller).await.unwrap_err();
        let wanted = Rejection::NotAllowed { role, act: Act::Operate };
        assert!(matches!(refused, Refused::Rejected(found) if found == wanted));
        assert!(world.deployment.accounts.audit(&caller, all()).await.unwrap().items.is_empty());
    }
    let owner = Caller { role: Role::Owner, ..world.caller.clone() };
    assert_eq!(north.audit(&owner, all()).await.unwrap().items.len(), 2);
    let operator = Caller { role: Role::Operator, ..world.stranger() };
    assert_eq!(north.audit(&operator, all()).await.unwrap().items.len(), 2);
    let asked = AuditQuery { account: Some(stranger.account.clone()), ..all() };
    assert!(north.audit(&operator, asked).await.unwrap().items.is_empty());
    let whole = TrailStanding::Whole { entries: 2 };
    assert_eq!(north.verify_audit(&operator).await.unwrap(), whole);
}

#[tokio::test]
async fn a_trail_has_pages_newest_first() {
    let world = World::with_regions(["north"]).await;
    let (north, caller) = (world.region("north"), &world.caller);
    for limit in 1..=5 {
        north.set_quota(caller, QuotaKind::Image, limit).await.unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let query = AuditQuery { after, limit: 2, ..AuditQuery::default() };
        let listed = north.audit(caller, query).await.unwrap();
        seen.extend(listed.items.into_iter().map(|entry| entry.seq));
        match listed.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}
