//! Tasks: sought, shown, cancelled, kept for a while. What imports and exports do is tested beside them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use disk::{DiskWriter, WriteFormat};
use model::{
    Architecture, Attributes, BootMode, BucketName, Description, DiskFormat, ImageId, Name,
    NameRule, ObjectName, ObjectPrefix, OsType, Particulars, Platform, QuotaKind, Rejection, Tags,
    TaskAction, TaskId, TaskState,
};

use crate::commands::PageOf;
use crate::exports::{ExportImage, ExportedDisks};
use crate::object_imports::{DiskObject, ImportObjects};
use crate::refused::Refused;
use crate::region::DriverMode;
use crate::tasks::{TaskSearch, TaskView};
use crate::testing::{World, WorldOptions, disk, region_id};

#[track_caller]
pub(super) fn refused<T>(answer: Result<T, Refused>) -> Rejection {
    match answer {
        Err(Refused::Rejected(rejection)) => rejection,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was not refused"),
    }
}

pub(super) fn bucket() -> BucketName {
    BucketName::new("images").unwrap()
}

/// An object of the bucket, whose format is what it shows.
pub(super) fn object(name: &str) -> DiskObject {
    let object = ObjectName::new(name).unwrap();
    DiskObject { bucket: bucket(), object, format: None, size: None }
}

pub(super) fn import_of(disks: Vec<DiskObject>) -> ImportObjects {
    ImportObjects {
        name: Name::new("imported").unwrap(),
        description: Description::new("of objects").unwrap(),
        attributes: Attributes {
            architecture: Architecture::X86_64,
            os_type: OsType::Linux,
            platform: Platform::new("Debian 12").unwrap(),
            boot_mode: BootMode::Bios,
        },
        family: None,
        particulars: Particulars::default(),
        tags: Tags::new([("team".to_owned(), "ferry".to_owned())]).unwrap(),
        disks,
        names: NameRule::Free,
        token: None,
    }
}

pub(super) fn export_of(image: &ImageId, format: DiskFormat) -> ExportImage {
    let prefix = Some(ObjectPrefix::new("web").unwrap());
    ExportImage {
        image: image.clone(),
        bucket: bucket(),
        prefix,
        format,
        disks: ExportedDisks::All,
    }
}

/// The bucket's folder, made where it is not there.
pub(super) fn folder(world: &World) -> PathBuf {
    world.bucket("north", &world.caller, "images")
}

/// What lies in the bucket, hidden files too.
pub(super) fn listing(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(folder(world)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub(super) fn put_qcow2(path: &Path, bytes: &[u8]) {
    let writer = DiskWriter::create(path, WriteFormat::Qcow2, bytes.len() as u64).unwrap();
    for (at, piece) in bytes.chunks(65_536).enumerate() {
        writer.write_at(at as u64 * 65_536, piece).unwrap();
    }
    writer.finish().unwrap();
}

/// Used and reserved of a quota.
pub(super) async fn used(world: &World, kind: QuotaKind) -> (u64, u64) {
    let quotas = world.region("north").quotas(&world.caller).await.unwrap();
    let quota = quotas.into_iter().find(|quota| quota.kind == kind).unwrap();
    (quota.used, quota.reserved)
}

pub(super) async fn task(world: &World, task: &TaskId) -> TaskView {
    world.region("north").task(&world.caller, task).await.unwrap()
}

/// qemu-img says whether a file holds these bytes. Where it is absent, that is said.
pub(super) fn qemu_compares(raw: &Path, file: &Path, format: DiskFormat) {
    let driver = match format {
        DiskFormat::Raw => "raw",
        DiskFormat::Qcow2 => "qcow2",
        DiskFormat::Vmdk => "vmdk",
        DiskFormat::Vhd => "vpc",
    };
    let compare = ["compare", "-f", "raw", "-F", driver];
    match Command::new("qemu-img").args(compare).arg(raw).arg(file).output() {
        Err(_) => println!("SKIP qemu-img is not installed"),
        Ok(answer) => {
            let text = String::from_utf8_lossy(&answer.stdout).into_owned();
            assert!(answer.status.success(), "{format}: {text}");
        }
    }
}

#[tokio::test]
async fn tasks_are_sought_by_all_that_they_are() {
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    std::fs::write(folder(&world).join("one.raw"), disk(1, 2, Some)).unwrap();
    let mut tasks = Vec::new();
    for _ in 0..3 {
        world.clock.advance_ms(1_000);
        let command = import_of(vec![object("one.raw")]);
        tasks.push(north.import_objects(&world.caller, command).await.unwrap());
    }
    north.cancel_task(&world.caller, &tasks[1].id).await.unwrap();
    north.run_jobs().await.unwrap();
    world.clock.advance_ms(1_000);
    let command = export_of(&tasks[0].image, DiskFormat::Raw);
    tasks.push(north.export_image(&world.caller, command).await.unwrap());
    let ids = |numbers: &[usize]| -> Vec<TaskId> {
        numbers.iter().map(|number| tasks[*number].id.clone()).collect()
    };
    let none = TaskSearch::default();
    let table = [
        (none.clone(), ids(&[3, 2, 1, 0])),
        (TaskSearch { ids: ids(&[2, 0]), ..none.clone() }, ids(&[2, 0])),
        (TaskSearch { images: vec![tasks[0].image.clone()], ..none.clone() }, ids(&[3, 0])),
        (TaskSearch { actions: vec![TaskAction::ExportImage], ..none.clone() }, ids(&[3])),
        (TaskSearch { states: vec![TaskState::Done], ..none.clone() }, ids(&[2, 0])),
        (TaskSearch { states: vec![TaskState::Cancelled], ..none.clone() }, ids(&[1])),
        (TaskSearch { created_from: Some(tasks[2].created), ..none.clone() }, ids(&[3, 2])),
        (TaskSearch { created_until: Some(tasks[1].created), ..none.clone() }, ids(&[1, 0])),
    ];
    for (search, wanted) in table {
        let text = format!("{search:?}");
        let total = wanted.len() as u64;
        for offset in 0..=total {
            let page = PageOf { offset, limit: 2 };
            let found = north.search_tasks(&world.caller, TaskSearch { page, ..search.clone() });
            let found = found.await.unwrap();
            assert_eq!(found.total, total, "{text}");
            let found: Vec<_> = found.items.into_iter().map(|task| task.id).collect();
            let rest = wanted.iter().skip(offset as usize).take(2).cloned();
            assert_eq!(found, rest.collect::<Vec<_>>(), "{text} from {offset}");
        }
    }
    let of_stranger = north.search_tasks(&world.stranger(), none).await.unwrap();
    assert_eq!(of_stranger.total, 0, "promise 10");
    world.check_world().await;
}

/// A task's row stays for 30 days after its end, and no longer.
#[tokio::test]
async fn ended_tasks_are_kept_for_a_while() {
    const DAY_MS: i64 = 24 * 3_600_000;
    let world = World::with_regions(["north"]).await;
    let north = world.region("north");
    let image = world.import("north", "web", &[disk(1, 2, Some)]).await;
    folder(&world);
    let ended = north.export_image(&world.caller, export_of(&image.id, DiskFormat::Raw));
    let ended = ended.await.unwrap().id;
    north.run_jobs().await.unwrap();
    let live = north.export_image(&world.caller, export_of(&image.id, DiskFormat::Raw));
    let live = live.await.unwrap().id;
    world.clock.advance_ms(30 * DAY_MS);
    assert_eq!(north.delete_old_tasks().await.unwrap(), 0);
    world.clock.advance_ms(1);
    assert_eq!(north.delete_old_tasks().await.unwrap(), 1);
    let gone = refused(north.task(&world.caller, &ended).await);
    assert_eq!(gone, Rejection::TaskNotFound { task: ended, region: region_id("north") });
    assert_eq!(task(&world, &live).await.state, TaskState::Waiting, "what has not ended stays");
    world.check_world().await;
}

/// At most two run at once; the others wait, and every one is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tasks_run_at_once_and_the_others_wait() {
    let options = WorldOptions { driver: DriverMode::Background, ..WorldOptions::default() };
    let world = World::with_options(&["north"], options).await;
    let north = world.region("north");
    folder(&world);
    let contents = disk(1, 200, Some);
    let mut tasks = Vec::new();
    for number in 0..6 {
        let image =
            world.import("north", &format!("web-{number}"), std::slice::from_ref(&contents)).await;
        let command = export_of(&image.id, DiskFormat::Qcow2);
        tasks.push(north.export_image(&world.caller, command).await.unwrap().id);
    }
    let mut most = 0;
    loop {
        let all = north.search_tasks(&world.caller, TaskSearch::default()).await.unwrap().items;
        let count = |state| all.iter().filter(|task| task.state == state).count();
        most = most.max(count(TaskState::Running));
        if count(TaskState::Done) == tasks.len() {
            break;
        }
        assert_eq!(count(TaskState::Failed), 0);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!((1..=2).contains(&most), "{most} ran at once");
    assert_eq!(listing(&world).len(), 6);
    north.shut_down().await;
}
