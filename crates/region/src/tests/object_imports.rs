//! Imports of objects: judged before they are promised, read safely, and given back whole when they end badly.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::rules::Force;
use model::{
    Cause, ClientToken, DiskFormat, Field, FieldRefusal, FileProblem, ImageStatus, ObjectName,
    Phase, QuotaKind, Rejection, SizeBytes, TaskFailure, TaskState,
};

use super::tasks::{bucket, folder, import_of, object, put_qcow2, refused, task, used};
use crate::commands::SnapshotsOfImage;
use crate::object_imports::DiskObject;
use crate::tasks::TaskView;
use crate::testing::{HeadStart, Medium, Winner, World, WorldOptions, disk, region_id};

fn contents(seed: u64) -> Vec<u8> {
    disk(seed, 60, |i| (i % 3 != 0).then_some(i))
}

/// A world with `web.qcow2` and `data/one.raw` in the bucket.
async fn world() -> World {
    let world = World::with_regions(["north"]).await;
    fill(&folder(&world));
    world
}

fn fill(folder: &Path) {
    put_qcow2(&folder.join("web.qcow2"), &contents(1));
    std::fs::create_dir_all(folder.join("data")).unwrap();
    std::fs::write(folder.join("data/one.raw"), contents(2)).unwrap();
}

async fn begin(world: &World) -> TaskView {
    let command = import_of(vec![object("web.qcow2"), object("data/one.raw")]);
    world.region("north").import_objects(&world.caller, command).await.unwrap()
}

#[tokio::test]
async fn objects_become_an_image() {
    let world = world().await;
    let north = world.region("north");
    let begun = begin(&world).await;
    assert_eq!((begun.state, begun.percent), (TaskState::Waiting, 0));
    let formats: Vec<_> = begun.objects.iter().map(|one| one.format).collect();
    assert_eq!(formats, [DiskFormat::Qcow2, DiskFormat::Raw]);
    let image = north.image(&world.caller, &begun.image).await.unwrap();
    assert_eq!((image.status, image.phase), (ImageStatus::Creating, Some(Phase::Waiting)));
    assert_eq!(used(&world, QuotaKind::Image).await, (0, 1));
    assert_eq!(used(&world, QuotaKind::Snapshot).await, (0, 2));
    let sent = refused(north.import_missing(&world.caller, &image.id, Vec::new()).await);
    assert_eq!(sent, Rejection::ImportEnded { image: image.id.clone() }, "no client sends it");
    let delete = north.delete_image(&world.caller, &image.id, Force::Yes, SnapshotsOfImage::Keep);
    assert_eq!(refused(delete.await), Rejection::ImageBeingMade { image: image.id.clone() });
    world.clock.advance_ms(2 * 24 * 3_600_000);
    assert_eq!(north.expire_imports().await.unwrap(), 0, "it waits for the region, not a client");
    world.check_world().await;

    assert_eq!(north.run_jobs().await.unwrap(), 1);
    let done = task(&world, &begun.id).await;
    assert_eq!((done.state, done.percent), (TaskState::Done, 100));
    let image = north.image(&world.caller, &image.id).await.unwrap();
    assert_eq!((image.status, image.percent), (ImageStatus::Available, 100));
    assert!(world.read_disk("north", &image.id, 0).await == contents(1));
    assert!(world.read_disk("north", &image.id, 1).await == contents(2));
    let late = refused(north.cancel_task(&world.caller, &begun.id).await);
    assert_eq!(late, Rejection::TaskEnded { task: begun.id, state: TaskState::Done });
    world.assert_clean_slate("north").await;
}

/// A disk may be larger than that in its object, never smaller; what the object does not reach is zeros.
#[tokio::test]
async fn a_disk_is_as_large_as_is_declared() {
    let world = world().await;
    let north = world.region("north");
    let needed = contents(1).len() as u64;
    let sized = |bytes: u64| {
        let size = Some(SizeBytes::new(bytes).unwrap());
        import_of(vec![DiskObject { size, ..object("web.qcow2") }])
    };
    let small = refused(north.import_objects(&world.caller, sized(needed - 512)).await);
    let object = ObjectName::new("web.qcow2").unwrap();
    let (declared_bytes, needed_bytes) = (needed - 512, needed);
    assert_eq!(small, Rejection::DiskTooSmall { object, declared_bytes, needed_bytes });
    for beyond in [0, 512, 65_536, 1_000 * 65_536 + 1_024] {
        let begun = north.import_objects(&world.caller, sized(needed + beyond)).await.unwrap();
        north.run_jobs().await.unwrap();
        let mut wanted = contents(1);
        wanted.resize((needed + beyond) as usize, 0);
        assert!(world.read_disk("north", &begun.image, 0).await == wanted, "{beyond}");
        let imported = world.import("north", "same", &[wanted]).await;
        let made = north.image(&world.caller, &begun.image).await.unwrap();
        assert_eq!(made.disks[0].digest, imported.disks[0].digest, "{beyond}");
    }
    world.assert_clean_slate("north").await;
}

/// bad-02, bad-18 and their like: what names other files, is another format or no disk image is refused by name.
#[tokio::test]
async fn files_that_are_unsafe_or_no_images_are_refused() {
    let world = world().await;
    let north = world.region("north");
    let folder = folder(&world);
    let mut backed = std::fs::read(folder.join("web.qcow2")).unwrap();
    backed[8..16].copy_from_slice(&0x180_u64.to_be_bytes());
    backed[16..20].copy_from_slice(&11_u32.to_be_bytes());
    backed[0x180..0x18b].copy_from_slice(b"/etc/passwd");
    std::fs::write(folder.join("backed"), backed).unwrap();
    std::fs::write(folder.join("odd"), vec![7; 1_000]).unwrap();
    std::fs::write(folder.join("squeezed"), [&b"\x1f\x8b\x08"[..], &[0; 1_021]].concat()).unwrap();
    let raw = Some(DiskFormat::Raw);
    let table = [
        ("backed", None, FileProblem::BackingFile),
        ("odd", None, FileProblem::Size),
        ("squeezed", raw, FileProblem::Unsupported),
        ("web.qcow2", raw, FileProblem::Mismatch),
        ("data/one.raw", Some(DiskFormat::Vhd), FileProblem::Mismatch),
    ];
    for (name, format, problem) in table {
        let disks = vec![object("web.qcow2"), DiskObject { format, ..object(name) }];
        let answer = refused(north.import_objects(&world.caller, import_of(disks)).await);
        let object = ObjectName::new(name).unwrap();
        assert_eq!(answer, Rejection::ObjectRefused { bucket: bucket(), object, problem });
    }
    let none = refused(north.import_objects(&world.caller, import_of(Vec::new())).await);
    assert_eq!(none, Rejection::field(Field::Disks, FieldRefusal::Empty));
    let many = vec![object("data/one.raw"); 18];
    let many = refused(north.import_objects(&world.caller, import_of(many)).await);
    assert_eq!(many, Rejection::TooManyDisks { limit: 17 });
    let most = vec![object("data/one.raw"); 17];
    let most = north.import_objects(&world.caller, import_of(most)).await.unwrap();
    north.cancel_task(&world.caller, &most.id).await.unwrap();
    assert_eq!(used(&world, QuotaKind::Snapshot).await, (0, 0));
    world.assert_clean_slate("north").await;
}

/// Promise 10: no link, no device and no folder is an object, wherever on the way it stands, and no account sees another's.
#[tokio::test]
async fn a_name_leads_nowhere_but_into_the_bucket() {
    let world = world().await;
    let north = world.region("north");
    let folder = folder(&world);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.raw"), contents(3)).unwrap();
    symlink(outside.path().join("secret.raw"), folder.join("link.raw")).unwrap();
    symlink(folder.join("web.qcow2"), folder.join("inner.qcow2")).unwrap();
    symlink(outside.path(), folder.join("away")).unwrap();
    symlink("data", folder.join("alias")).unwrap();
    symlink("loop", folder.join("loop")).unwrap();
    let fifo = rustix::fs::Mode::from_bits_truncate(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, folder.join("fifo"), fifo).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    let absent = [
        "absent",
        "data",
        "fifo",
        "socket",
        "link.raw",
        "inner.qcow2",
        "away/secret.raw",
        "alias/one.raw",
        "loop",
        "web.qcow2/x",
        "data/absent/x",
    ];
    let region = || region_id("north");
    for name in absent {
        let answer = north.import_objects(&world.caller, import_of(vec![object(name)])).await;
        let object = ObjectName::new(name).unwrap();
        let wanted = Rejection::ObjectNotFound { bucket: bucket(), object, region: region() };
        assert_eq!(refused(answer), wanted, "{name}");
    }
    drop(socket);
    let no_bucket = Rejection::BucketNotFound { bucket: bucket(), region: region() };
    let import = || import_of(vec![object("web.qcow2")]);
    assert_eq!(refused(north.import_objects(&world.stranger(), import()).await), no_bucket);
    // The folders around a bucket are not followed either.
    for around in [folder.clone(), folder.parent().unwrap().to_owned(), folder.join("../..")] {
        let around = std::fs::canonicalize(around).unwrap();
        let moved = outside.path().join("moved");
        std::fs::rename(&around, &moved).unwrap();
        symlink(&moved, &around).unwrap();
        let answer = refused(north.import_objects(&world.caller, import()).await);
        assert_eq!(answer, no_bucket, "{}", around.display());
        std::fs::remove_file(&around).unwrap();
        std::fs::rename(&moved, &around).unwrap();
    }
    assert!(north.import_objects(&world.caller, import()).await.is_ok());
    world.check_world().await;
}

#[tokio::test]
async fn an_import_that_is_refused_takes_no_quota() {
    let options = WorldOptions { snapshot_quota: 1, ..WorldOptions::default() };
    let world = World::with_options(&["north"], options).await;
    fill(&folder(&world));
    let command = import_of(vec![object("web.qcow2"), object("data/one.raw")]);
    let full = refused(world.region("north").import_objects(&world.caller, command).await);
    assert!(matches!(full, Rejection::QuotaExceeded { kind: QuotaKind::Snapshot, .. }), "{full:?}");
    assert_eq!(used(&world, QuotaKind::Image).await, (0, 0));
    world.assert_clean_slate("north").await;
}

/// api-17: one token, one image and one task.
#[tokio::test]
async fn a_token_makes_one_import() {
    let world = world().await;
    let north = world.region("north");
    let with = |name: &str| {
        let token = Some(ClientToken::new("once").unwrap());
        crate::object_imports::ImportObjects { token, ..import_of(vec![object(name)]) }
    };
    let first = north.import_objects(&world.caller, with("web.qcow2")).await.unwrap();
    let second = north.import_objects(&world.caller, with("web.qcow2")).await.unwrap();
    assert_eq!((&first.id, &first.image), (&second.id, &second.image));
    let other = refused(north.import_objects(&world.caller, with("data/one.raw")).await);
    assert_eq!(other, Rejection::TokenReused);
    world.run_until_idle().await;
    let third = north.import_objects(&world.caller, with("web.qcow2")).await.unwrap();
    assert_eq!((third.id, third.state), (first.id, TaskState::Done));
    world.check_world().await;
}

/// What became of the objects after the promise ends the import: the quota is given back, the image says that it failed.
#[tokio::test]
async fn objects_that_changed_end_the_import_and_give_the_promise_back() {
    let world = world().await;
    let north = world.region("north");
    let folder = folder(&world);
    let whole = std::fs::read(folder.join("web.qcow2")).unwrap();
    let smaller = &contents(1)[..65_536];
    let changed = |problem| TaskFailure::File(problem);
    for (change, failure) in [
        (0, TaskFailure::ObjectGone),
        (1, TaskFailure::BucketGone),
        (2, changed(FileProblem::Mismatch)),
        (3, changed(FileProblem::Malformed)),
        (4, changed(FileProblem::Changed)),
    ] {
        let begun = begin(&world).await;
        match change {
            0 => std::fs::remove_file(folder.join("data/one.raw")).unwrap(),
            1 => std::fs::remove_dir_all(&folder).unwrap(),
            2 => std::fs::write(folder.join("web.qcow2"), contents(1)).unwrap(),
            3 => std::fs::write(folder.join("web.qcow2"), &whole[..whole.len() / 2]).unwrap(),
            _ => std::fs::write(folder.join("data/one.raw"), smaller).unwrap(),
        }
        assert_eq!(north.run_jobs().await.unwrap(), 1);
        let failed = task(&world, &begun.id).await;
        assert_eq!((failed.state, failed.failure), (TaskState::Failed, Some(failure)), "{change}");
        let image = north.image(&world.caller, &begun.image).await.unwrap();
        assert_eq!(
            (image.status, image.failure),
            (ImageStatus::CreateFailed, Some(Cause::FileRefused))
        );
        assert_eq!(used(&world, QuotaKind::Image).await, (0, 0));
        assert_eq!(used(&world, QuotaKind::Snapshot).await, (0, 0));
        let delete =
            north.delete_image(&world.caller, &image.id, Force::No, SnapshotsOfImage::Keep);
        delete.await.unwrap();
        world.assert_clean_slate("north").await;
        std::fs::create_dir_all(&folder).unwrap();
        fill(&folder);
    }
    begin(&world).await;
    assert_eq!(north.run_jobs().await.unwrap(), 1);
    world.assert_clean_slate("north").await;
}

/// Cancelled by its task or by its image, an import is gone with its image; its task stays to say so.
#[tokio::test]
async fn a_cancelled_import_leaves_its_record_alone() {
    let world = world().await;
    let north = world.region("north");
    for by_task in [true, false] {
        let begun = begin(&world).await;
        if by_task {
            let view = north.cancel_task(&world.caller, &begun.id).await.unwrap();
            assert_eq!((view.state, view.percent), (TaskState::Cancelled, 0));
            north.cancel_task(&world.caller, &begun.id).await.unwrap();
        } else {
            north.cancel_image(&world.caller, &begun.image).await.unwrap();
        }
        assert_eq!(task(&world, &begun.id).await.state, TaskState::Cancelled);
        assert!(task(&world, &begun.id).await.finished.is_some());
        let gone = refused(north.image(&world.caller, &begun.image).await);
        assert!(matches!(gone, Rejection::ImageNotFound { .. }));
        assert_eq!(north.run_jobs().await.unwrap(), 0);
        world.assert_clean_slate("north").await;
    }
    let foreign = refused(north.cancel_task(&world.stranger(), &begin(&world).await.id).await);
    assert!(matches!(foreign, Rejection::TaskNotFound { .. }), "promise 10");
}

/// Fault 1: wherever a process dies in an import, the next one does it, a sweep in between or not.
#[tokio::test]
async fn an_import_of_objects_goes_on_after_any_interruption() {
    let mut world = world().await;
    for (round, milliseconds) in [0, 1, 2, 4, 8, 16, 32].into_iter().enumerate() {
        let begun = begin(&world).await;
        let north = world.region("north");
        let limit = Duration::from_millis(milliseconds);
        let _cut = tokio::time::timeout(limit, north.run_jobs()).await;
        drop(north);
        world.restart().await;
        if round % 2 == 0 {
            world.region("north").sweep().await.unwrap();
        }
        world.check_world().await;
        world.run_until_idle().await;
        let done = task(&world, &begun.id).await;
        assert_eq!(done.state, TaskState::Done, "after {milliseconds} ms");
        assert!(world.read_disk("north", &begun.image, 0).await == contents(1));
        assert!(world.read_disk("north", &begun.image, 1).await == contents(2));
        let north = world.region("north");
        let (force, snapshots) = (Force::No, SnapshotsOfImage::Delete);
        north.delete_image(&world.caller, &begun.image, force, snapshots).await.unwrap();
        north.sweep().await.unwrap();
        drop(north);
        world.assert_clean_slate("north").await;
    }
}

/// I5: exactly one of *available* and *cancelled* wins, and both are told which.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancelling_and_importing_race_and_one_wins() {
    let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
    let world = Arc::new(World::with_options(&["north"], options).await);
    std::fs::write(folder(&world).join("small.raw"), disk(1, 4, Some)).unwrap();
    let (mut cancelled, mut done, mut start) = (0, 0, HeadStart::default());
    for _ in 0..300 {
        let north = world.region("north");
        let command = import_of(vec![object("small.raw"), object("small.raw")]);
        let begun = north.import_objects(&world.caller, command).await.unwrap();
        let importing = tokio::spawn({
            let north = north.clone();
            async move { north.run_jobs().await }
        });
        start.second().await;
        let answer = north.cancel_task(&world.caller, &begun.id).await;
        importing.await.unwrap().unwrap();
        let state = task(&world, &begun.id).await.state;
        match answer {
            Ok(_) => {
                cancelled += 1;
                start.note(Winner::Second);
                assert_eq!(state, TaskState::Cancelled);
                refused(north.image(&world.caller, &begun.image).await);
            }
            Err(answer) => {
                done += 1;
                start.note(Winner::First);
                let ended = Rejection::TaskEnded { task: begun.id, state: TaskState::Done };
                assert_eq!(refused::<()>(Err(answer)), ended);
                let (force, snapshots) = (Force::No, SnapshotsOfImage::Delete);
                north.delete_image(&world.caller, &begun.image, force, snapshots).await.unwrap();
            }
        }
    }
    println!("{cancelled} cancelled, {done} done");
    assert!(cancelled > 0 && done > 0, "both happened: {cancelled} cancelled, {done} done");
    world.assert_clean_slate("north").await;
}
