//! Exports into buckets: whole or not at all, the same bytes in every format, plain for their owner alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use catalog::Updated;
use model::rules::Force;
use model::{
    DiskFormat, ImageId, KeyState, Profile, Rejection, Sealing, TaskAction, TaskFailure, TaskState,
};

use super::tasks::{export_of, folder, import_of, listing, object, qemu_compares, refused, task};
use crate::commands::{CopyImage, SnapshotsOfImage};
use crate::exports::{ExportImage, ExportedDisks};
use crate::tasks::TaskView;
use crate::testing::{HeadStart, Medium, Winner, World, WorldOptions, disk, region_id};

const WRITTEN: [DiskFormat; 3] = [DiskFormat::Raw, DiskFormat::Qcow2, DiskFormat::Vhd];

/// Three disks: an odd size whose last chunk is not full, nothing but zeros, and chunks that repeat.
fn disks() -> Vec<Vec<u8>> {
    let mut odd = disk(1, 30, |i| (i % 3 != 0).then_some(i));
    odd.truncate(29 * 65_536 + 1_536);
    vec![odd, vec![0; 5 * 65_536 + 512], disk(2, 1_100, |i| (i % 7 < 3).then_some(i % 5))]
}

/// Export and import give the same disks, in every format that is written, for one disk and for three.
#[tokio::test]
async fn what_is_exported_is_imported_byte_for_byte() {
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    let scratch = tempfile::tempdir().unwrap();
    for format in WRITTEN {
        for count in [1, 3] {
            let contents = disks()[..count].to_vec();
            let image = world.import("north", "web", &contents).await;
            folder(&world);
            let export = north.export_image(&world.caller, export_of(&image.id, format));
            let export = export.await.unwrap();
            assert_eq!(
                (export.action, export.state),
                (TaskAction::ExportImage, TaskState::Waiting)
            );
            assert_eq!((export.percent, export.objects.len()), (0, count));
            assert_eq!(listing(&world), Vec::<String>::new());
            assert_eq!(north.run_jobs().await.unwrap(), 1);
            let done = task(&world, &export.id).await;
            assert_eq!((done.state, done.percent), (TaskState::Done, 100));
            assert!(done.finished.is_some() && done.failure.is_none());
            let mut names: Vec<_> = done.objects.iter().map(|one| one.object.to_string()).collect();
            assert_eq!(names[0], format!("web_{}_system.{format}", image.id));
            for (name, bytes) in names.iter().zip(&contents) {
                let raw = scratch.path().join("raw");
                std::fs::write(&raw, bytes).unwrap();
                qemu_compares(&raw, &folder(&world).join(name), format);
                if format == DiskFormat::Raw {
                    assert!(std::fs::read(folder(&world).join(name)).unwrap() == *bytes);
                }
            }
            let objects = done.objects.iter().map(|one| object(one.object.as_str())).collect();
            let import = north.import_objects(&world.caller, import_of(objects)).await.unwrap();
            world.run_until_idle().await;
            let made = north.image(&world.caller, &import.image).await.unwrap();
            for (number, bytes) in contents.iter().enumerate() {
                assert_eq!(made.disks[number].digest, image.disks[number].digest, "{format}");
                assert!(world.read_disk("north", &made.id, number).await == *bytes);
            }
            names.sort();
            assert_eq!(listing(&world), names, "nothing else is left");
            std::fs::remove_dir_all(folder(&world)).unwrap();
        }
    }
    world.assert_clean_slate("north").await;
}

/// Of the system disk alone, where that is asked for: the others of the image stay where they are.
#[tokio::test]
async fn the_system_disk_is_exported_alone_where_it_is_asked_for() {
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    let contents = disks();
    let image = world.import("north", "web", &contents).await;
    folder(&world);
    let command = export_of(&image.id, DiskFormat::Raw);
    let command = ExportImage { disks: ExportedDisks::System, ..command };
    let export = north.export_image(&world.caller, command).await.unwrap();
    assert_eq!(north.run_jobs().await.unwrap(), 1);
    let done = task(&world, &export.id).await;
    assert_eq!((done.state, done.objects.len()), (TaskState::Done, 1));
    let name = format!("web_{}_system.raw", image.id);
    assert_eq!(listing(&world), [name.as_str()]);
    assert!(std::fs::read(folder(&world).join(name)).unwrap() == contents[0]);
    std::fs::remove_dir_all(folder(&world)).unwrap();
    world.check_world().await;
}

#[tokio::test]
async fn what_cannot_be_exported_is_refused_by_name() {
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    let image = world.import("north", "web", &[disk(1, 2, Some)]).await.id;
    let region = region_id("north");
    let export = async |image: &ImageId, format| {
        refused(north.export_image(&world.caller, export_of(image, format)).await)
    };
    let no_bucket = Rejection::BucketNotFound { bucket: super::tasks::bucket(), region };
    assert_eq!(export(&image, DiskFormat::Raw).await, no_bucket);
    folder(&world);
    let format = DiskFormat::Vmdk;
    assert_eq!(export(&image, format).await, Rejection::FormatNotWritten { format });
    let creating = world.begin_import("north", "soon", &[vec![0; 512]]).await.unwrap().id;
    let not_yet = export(&creating, DiskFormat::Raw).await;
    assert!(matches!(not_yet, Rejection::ImageNotAvailable { .. }), "{not_yet:?}");
    let foreign = north.export_image(&world.stranger(), export_of(&image, DiskFormat::Raw)).await;
    assert!(matches!(refused(foreign), Rejection::ImageNotFound { .. }), "promise 10");
    let running = north.export_image(&world.caller, export_of(&image, DiskFormat::Raw));
    let by = running.await.unwrap().id;
    let is_exported = Rejection::ImageBeingExported { image: image.clone(), by };
    assert_eq!(export(&image, DiskFormat::Qcow2).await, is_exported);
    world.check_world().await;
}

/// The image cannot be deleted, not even by force, until its export has ended.
#[tokio::test]
async fn an_image_stays_while_it_is_exported() {
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    folder(&world);
    for end in [TaskState::Done, TaskState::Cancelled, TaskState::Failed] {
        let image = world.import("north", "web", &[disk(1, 4, Some)]).await.id;
        let export = north.export_image(&world.caller, export_of(&image, DiskFormat::Raw));
        let by = export.await.unwrap().id;
        let delete =
            || north.delete_image(&world.caller, &image, Force::Yes, SnapshotsOfImage::Delete);
        let kept = Rejection::ImageBeingExported { image: image.clone(), by: by.clone() };
        assert_eq!(refused(delete().await), kept);
        match end {
            TaskState::Cancelled => drop(north.cancel_task(&world.caller, &by).await.unwrap()),
            TaskState::Failed => std::fs::remove_dir_all(folder(&world)).unwrap(),
            TaskState::Waiting | TaskState::Running | TaskState::Done => {}
        }
        north.run_jobs().await.unwrap();
        assert_eq!(task(&world, &by).await.state, end);
        delete().await.unwrap();
        world.assert_clean_slate("north").await;
    }
}

/// Whatever is in the way when the names are given, nothing hidden stays and the failure is told.
#[tokio::test]
async fn a_failed_export_leaves_nothing_but_its_record() {
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    let image = world.import("north", "web", &disks()).await.id;
    for (gone, failure) in [(true, TaskFailure::BucketGone), (false, TaskFailure::NotWritten)] {
        let bucket = folder(&world);
        let export = north.export_image(&world.caller, export_of(&image, DiskFormat::Qcow2));
        let export = export.await.unwrap();
        if gone {
            std::fs::remove_dir(&bucket).unwrap();
        } else {
            std::fs::create_dir(bucket.join(export.objects[0].object.as_str())).unwrap();
        }
        assert_eq!(north.run_jobs().await.unwrap(), 1);
        let failed = task(&world, &export.id).await;
        assert_eq!((failed.state, failed.failure), (TaskState::Failed, Some(failure)));
        assert!(!listing(&world).iter().any(|name| name.starts_with('.')), "{:?}", listing(&world));
        let again = refused(north.cancel_task(&world.caller, &export.id).await);
        let state = TaskState::Failed;
        assert_eq!(again, Rejection::TaskEnded { task: export.id, state });
        world.check_world().await;
    }
}

/// A link in the place of the bucket or of an object leads nowhere: what it points to stays as it was.
#[tokio::test]
async fn an_export_follows_no_link() {
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    let image = world.import("north", "web", &[disk(1, 3, Some)]).await.id;
    let bucket = folder(&world);
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("victim");
    std::fs::write(&victim, b"mine").unwrap();
    let export = north.export_image(&world.caller, export_of(&image, DiskFormat::Raw));
    let export = export.await.unwrap();
    let name = export.objects[0].object.to_string();
    std::os::unix::fs::symlink(&victim, bucket.join(&name)).unwrap();
    let hidden = bucket.join(format!(".ferry-{}-0.part", export.id));
    std::os::unix::fs::symlink(&victim, &hidden).unwrap();
    north.run_jobs().await.unwrap();
    assert_eq!(task(&world, &export.id).await.state, TaskState::Done);
    assert_eq!(std::fs::read(&victim).unwrap(), b"mine");
    assert!(std::fs::read(bucket.join(&name)).unwrap() == disk(1, 3, Some));
    assert_eq!(listing(&world), [name]);
    std::fs::remove_dir_all(&bucket).unwrap();
    std::os::unix::fs::symlink(outside.path(), &bucket).unwrap();
    let linked =
        refused(north.export_image(&world.caller, export_of(&image, DiskFormat::Raw)).await);
    assert!(matches!(linked, Rejection::BucketNotFound { .. }), "{linked:?}");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
}

/// Fault 1: wherever a process dies in an export, the next one does it; nothing half done is ever seen.
#[tokio::test]
async fn an_export_goes_on_after_any_interruption() {
    let mut world = World::with_regions(["north"]).await;
    let contents = disks();
    let image = world.import("north", "web", &contents).await.id;
    folder(&world);
    for milliseconds in [0, 1, 2, 4, 8, 16, 32, 64] {
        let north = world.region("north");
        let export = north.export_image(&world.caller, export_of(&image, DiskFormat::Raw));
        let export = export.await.unwrap();
        let limit = Duration::from_millis(milliseconds);
        let _cut = tokio::time::timeout(limit, north.run_jobs()).await;
        drop(north);
        whole_or_absent(&world, &contents);
        world.restart().await;
        world.check_world().await;
        world.run_until_idle().await;
        let done = task(&world, &export.id).await;
        assert_eq!(done.state, TaskState::Done, "after {milliseconds} ms");
        assert_eq!(listing(&world).len(), 3);
        whole_or_absent(&world, &contents);
        for name in listing(&world) {
            std::fs::remove_file(folder(&world).join(name)).unwrap();
        }
    }
    world.assert_clean_slate("north").await;
}

/// Every object that can be seen is whole.
fn whole_or_absent(world: &World, contents: &[Vec<u8>]) {
    for name in listing(world).iter().filter(|name| !name.starts_with(".ferry-")) {
        let number = if name.ends_with("_data1.raw") {
            1
        } else {
            2 * usize::from(name.ends_with("_data2.raw"))
        };
        assert!(std::fs::read(folder(world).join(name)).unwrap() == contents[number], "{name}");
    }
}

/// A process died between two of the names that it gave: the first object is there, the second still hidden.
async fn half_named(world: &World, image: &ImageId) -> TaskView {
    let north = world.region("north");
    let export = north.export_image(&world.caller, export_of(image, DiskFormat::Raw));
    let export = export.await.unwrap();
    let mut tx = north.inner.catalog.begin().await.unwrap();
    assert_eq!(tx.begin_task(&export.id).await.unwrap(), Updated::Yes);
    tx.note_hidden_files(&export.id).await.unwrap();
    assert_eq!(tx.note_names(&export.id).await.unwrap(), Updated::Yes);
    tx.commit().await.unwrap();
    let named = folder(world).join(export.objects[0].object.as_str());
    std::fs::write(named, b"whole").unwrap();
    let hidden = format!(".ferry-{}-1.part", export.id);
    std::fs::write(folder(world).join(hidden), b"whole").unwrap();
    export
}

/// Cancelled before the region does it again: what the dead process named is taken back, and nothing else.
#[tokio::test]
async fn what_a_dead_process_named_is_taken_back() {
    let mut world = World::with_regions(["north"]).await;
    let image = world.import("north", "web", &disks()[..2]).await.id;
    folder(&world);
    let other = "other.raw".to_owned();
    std::fs::write(folder(&world).join(&other), b"mine").unwrap();
    let export = half_named(&world, &image).await;
    world.restart().await;
    let cancelled = world.region("north").cancel_task(&world.caller, &export.id).await.unwrap();
    assert_eq!(cancelled.state, TaskState::Cancelled);
    assert_eq!(listing(&world), std::slice::from_ref(&other));

    // Who cancelled died too, before anything was taken back: a new export waits for that.
    let export = half_named(&world, &image).await;
    let north = world.region("north");
    let mut tx = north.inner.catalog.begin().await.unwrap();
    let ended = (TaskState::Cancelled, None);
    let now = north.inner.clock.now();
    assert_eq!(tx.end_task(&export.id, ended, now).await.unwrap(), Updated::Yes);
    tx.commit().await.unwrap();
    drop(north);
    world.restart().await;
    let north = world.region("north");
    let anew = north.export_image(&world.caller, export_of(&image, DiskFormat::Raw)).await;
    let by = export.id.clone();
    assert_eq!(refused(anew), Rejection::ImageBeingExported { image: image.clone(), by });
    world.run_until_idle().await;
    assert_eq!(listing(&world), std::slice::from_ref(&other));
    assert_eq!(task(&world, &export.id).await.state, TaskState::Cancelled);

    // Nobody cancels: it is done, from the beginning.
    let export = half_named(&world, &image).await;
    drop(north);
    world.restart().await;
    world.run_until_idle().await;
    assert_eq!(task(&world, &export.id).await.state, TaskState::Done);
    assert_eq!(listing(&world).len(), 3);
    all_whole(&world, &disks(), &export);
    world.check_world().await;
}

/// A name that cannot be given takes those back that were, and leaves what has the others.
#[tokio::test]
async fn an_export_that_fails_at_a_name_takes_the_others_back() {
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    let image = world.import("north", "web", &disks()).await.id;
    let bucket = folder(&world);
    let export = north.export_image(&world.caller, export_of(&image, DiskFormat::Raw));
    let export = export.await.unwrap();
    let name = |n: usize| export.objects[n].object.to_string();
    std::fs::create_dir(bucket.join(name(1))).unwrap();
    std::fs::write(bucket.join(name(2)), b"mine").unwrap();
    north.run_jobs().await.unwrap();
    let failed = task(&world, &export.id).await;
    assert_eq!(failed.failure, Some(TaskFailure::NotWritten));
    assert_eq!(listing(&world), [name(1), name(2)]);
    assert_eq!(std::fs::read(bucket.join(name(2))).unwrap(), b"mine");
    assert_eq!(north.run_jobs().await.unwrap(), 0, "nothing is left to take back");
    world.check_world().await;
}

/// Every object of an export is whole.
fn all_whole(world: &World, contents: &[Vec<u8>], export: &TaskView) {
    for (object, bytes) in export.objects.iter().zip(contents) {
        let path = folder(world).join(object.object.as_str());
        assert!(std::fs::read(path).unwrap() == *bytes, "{}", object.object);
    }
}

/// Exactly one of *done* and *cancelled* wins: then everything is there, or nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancelling_and_exporting_race_and_one_wins() {
    let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
    let world = Arc::new(World::with_options(&["north"], options).await);
    let north = world.region("north");
    let image = world.import("north", "web", &[disk(1, 40, Some), disk(2, 3, Some)]).await.id;
    folder(&world);
    let (mut ends, mut start) = (BTreeMap::<&str, u32>::new(), HeadStart::default());
    for _ in 0..300 {
        let export = north.export_image(&world.caller, export_of(&image, DiskFormat::Qcow2));
        let export = export.await.unwrap().id;
        let exporting = tokio::spawn({
            let north = north.clone();
            async move { north.run_jobs().await }
        });
        start.second().await;
        let answer = north.cancel_task(&world.caller, &export).await;
        exporting.await.unwrap().unwrap();
        let state = task(&world, &export).await.state;
        *ends.entry(state.as_str()).or_default() += 1;
        match answer {
            Ok(view) => {
                start.note(Winner::Second);
                assert_eq!((view.state, state), (TaskState::Cancelled, TaskState::Cancelled));
                // A worker that was writing when it was stopped lets go a moment later.
                settle(&world, 0).await;
            }
            Err(answer) => {
                start.note(Winner::First);
                let ended = Rejection::TaskEnded { task: export, state: TaskState::Done };
                assert_eq!(refused::<()>(Err(answer)), ended);
                settle(&world, 2).await;
                for name in listing(&world) {
                    std::fs::remove_file(folder(&world).join(name)).unwrap();
                }
            }
        }
    }
    println!("{ends:?}");
    assert_eq!(ends.len(), 2, "both happened: {ends:?}");
    world.assert_clean_slate("north").await;
}

/// Waits until so many files lie in the bucket and no other.
async fn settle(world: &World, files: usize) {
    for _ in 0..200 {
        if listing(world).len() == files {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("in the bucket: {:?}", listing(world));
}

/// What is sealed is exported plain for its owner, while its key is usable, and not otherwise.
#[tokio::test]
async fn an_encrypted_image_is_exported_while_its_key_is_usable() {
    let world = World::with_regions(["north", "south"]).await;
    let (north, south) = (world.region("north"), world.region("south"));
    let contents = disk(4, 20, |i| (i % 2 == 0).then_some(i));
    let image = world.import("south", "web", std::slice::from_ref(&contents)).await;
    let key = north.create_encryption_key(&world.caller).await.unwrap().id;
    let command = CopyImage {
        image: image.id,
        targets: vec![region_id("north")],
        name: None,
        description: None,
        tags: None,
        particulars: model::Particulars::default(),
        sealing: Sealing::Key(key.clone()),
        urgency: model::Urgency::default(),
        profile: Profile::native(),
        token: None,
    };
    let copy = south.copy_image(&world.caller, command).await.unwrap().remove(0).answer.unwrap();
    world.run_until_idle().await;
    folder(&world);
    let ask = || north.export_image(&world.caller, export_of(&copy.image, DiskFormat::Raw));
    ask().await.unwrap();
    north.run_jobs().await.unwrap();
    let [name] = &listing(&world)[..] else { panic!("one object") };
    assert!(std::fs::read(folder(&world).join(name)).unwrap() == contents);
    let late = ask().await.unwrap().id;
    north.disable_encryption_key(&world.caller, &key).await.unwrap();
    north.run_jobs().await.unwrap();
    let failed = task(&world, &late).await;
    assert_eq!((failed.state, failed.failure), (TaskState::Failed, Some(TaskFailure::KeyUnusable)));
    let state = KeyState::Disabled;
    assert_eq!(refused(ask().await), Rejection::KeyUnusable { key, state });
    assert_eq!(listing(&world).len(), 1);
    world.check_world().await;
}
