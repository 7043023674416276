//! Local images: registered in place, used there, refused to be copied, converted (R002-4).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use disk::{DiskWriter, WriteFormat};
use model::rules::Force;
use model::{
    Cause, Description, Field, FieldRefusal, FileName, FileProblem, ImageId, ImageStatus, Name,
    NameRule, Phase, QuotaKind, Rejection, Storage, Tags,
};

use crate::commands::{Caller, ConvertImage, RegisterImage, SnapshotsOfImage};
use crate::refused::Refused;
use crate::testing::{HeadStart, Medium, Winner, World, WorldOptions, disk, region_id};
use crate::views::ImageView;

#[track_caller]
fn refused<T>(answer: Result<T, Refused>) -> Rejection {
    match answer {
        Err(Refused::Rejected(rejection)) => rejection,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was not refused"),
    }
}

/// A disk of 200 chunks, every third of them zero.
fn contents(seed: u64) -> Vec<u8> {
    disk(seed, 200, |i| (i % 3 != 0).then_some(i))
}

pub(super) fn put_qcow2(path: &Path, bytes: &[u8]) {
    let writer = DiskWriter::create(path, WriteFormat::Qcow2, bytes.len() as u64).unwrap();
    for (at, piece) in bytes.chunks(65_536).enumerate() {
        if piece.iter().any(|byte| *byte != 0) {
            writer.write_at(at as u64 * 65_536, piece).unwrap();
        }
    }
    writer.finish().unwrap();
}

pub(super) async fn register(
    world: &World,
    caller: &Caller,
    file: &str,
) -> Result<ImageView, Refused> {
    let begun = world.begin_import("north", "like", &[vec![0; 512]]).await.unwrap();
    world.region("north").cancel_image(&world.caller, &begun.id).await.unwrap();
    let command = RegisterImage {
        family: None,
        particulars: model::Particulars::default(),
        file: FileName::new(file).unwrap(),
        name: Name::new("local").unwrap(),
        description: Description::new("in place").unwrap(),
        attributes: begun.attributes,
        tags: Tags::new([("team".to_owned(), "ferry".to_owned())]).unwrap(),
        names: NameRule::Free,
        token: None,
    };
    world.region("north").register_local_image(caller, command).await
}

/// A world with an image in a local qcow2 file.
async fn world(options: WorldOptions) -> (World, ImageView) {
    let world = World::with_options(&["north", "south"], options).await;
    put_qcow2(&world.local_folder(&world.caller).join("web.qcow2"), &contents(1));
    let image = register(&world, &world.caller, "web.qcow2").await.unwrap();
    (world, image)
}

async fn convert(world: &World, image: &ImageId) -> Result<ImageView, Refused> {
    let (image, names) = (image.clone(), NameRule::Free);
    let command = ConvertImage { image, name: None, description: None, names };
    world.region("north").convert_image(&world.caller, command).await
}

async fn used(world: &World, kind: QuotaKind) -> (u64, u64) {
    let quotas = world.region("north").quotas(&world.caller).await.unwrap();
    let quota = quotas.into_iter().find(|quota| quota.kind == kind).unwrap();
    (quota.used, quota.reserved)
}

#[tokio::test]
async fn r002_4_an_image_in_a_local_file_is_used_in_place_and_refused_to_be_copied() {
    let (world, image) = world(WorldOptions::default()).await;
    let north = world.region("north");
    assert_eq!((image.status, image.storage), (ImageStatus::Available, Storage::LocalFile));
    assert_eq!(image.disks[0].size.bytes(), 200 * 65_536);
    assert_eq!((image.disks[0].digest, &image.disks[0].snapshot), (None, &None));
    assert_eq!(used(&world, QuotaKind::Image).await, (1, 0));
    assert_eq!(used(&world, QuotaKind::Snapshot).await, (0, 0));
    let copy = refused(world.copy("north", &image.id, "south").await);
    assert_eq!(copy, Rejection::LocalNotCopied { image: image.id.clone() });
    assert!(copy.to_string().contains("ferry image convert"), "it points to the conversion");
    let verify = refused(north.verify_image(&world.caller, &image.id).await);
    assert_eq!(verify, Rejection::LocalNotCopied { image: image.id.clone() });
    north.create_instance(&world.caller, Name::new("vm").unwrap(), &image.id).await.unwrap();
    world.assert_clean_slate("north").await;
    world.assert_clean_slate("south").await;

    let delete = north.delete_image(&world.caller, &image.id, Force::Yes, SnapshotsOfImage::Delete);
    delete.await.unwrap();
    assert_eq!(used(&world, QuotaKind::Image).await, (0, 0));
    assert!(world.local_folder(&world.caller).join("web.qcow2").exists(), "the file stays");
    world.check_world().await;
}

/// A file that was put in the place of the registered one is not converted in its stead, although its disk is as large.
#[tokio::test]
async fn r002_4_a_file_of_another_format_is_not_converted() {
    let world = World::with_regions(["north"]).await;
    let file = world.local_folder(&world.caller).join("web.raw");
    std::fs::write(&file, contents(1)).unwrap();
    let local = register(&world, &world.caller, "web.raw").await.unwrap();
    std::fs::remove_file(&file).unwrap();
    put_qcow2(&file, &contents(2));
    let made = convert(&world, &local.id).await.unwrap();
    world.run_until_idle().await;
    let made = world.region("north").image(&world.caller, &made.id).await.unwrap();
    assert_eq!(made.status, ImageStatus::CreateFailed);
    assert_eq!(made.failure, Some(Cause::FileRefused));
    assert_eq!(used(&world, QuotaKind::Snapshot).await, (0, 0));
    world.check_world().await;
}

/// bad-02 and its like: what names other files, leads elsewhere or is no disk image is refused by name, and nothing is made.
#[tokio::test]
async fn r002_4_files_that_are_unsafe_or_no_images_are_not_registered() {
    let (world, _) = world(WorldOptions::default()).await;
    let folder = world.local_folder(&world.caller);
    let mut backed = std::fs::read(folder.join("web.qcow2")).unwrap();
    backed[8..16].copy_from_slice(&0x180_u64.to_be_bytes());
    backed[16..20].copy_from_slice(&11_u32.to_be_bytes());
    backed[0x180..0x18b].copy_from_slice(b"/etc/passwd");
    std::fs::write(folder.join("backed"), backed).unwrap();
    std::fs::write(folder.join("odd"), vec![7; 1_000]).unwrap();
    std::fs::write(folder.join("squeezed"), [&b"\x1f\x8b\x08"[..], &[0; 1_021]].concat()).unwrap();
    std::fs::create_dir(folder.join("folder")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.join("link")).unwrap();
    std::os::unix::fs::symlink(folder.join("web.qcow2"), folder.join("inner")).unwrap();
    let fifo = rustix::fs::Mode::from_bits_truncate(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, folder.join("fifo"), fifo).unwrap();
    let image = |problem| FieldRefusal::NotAnImage { problem };
    let table = [
        ("backed", image(FileProblem::BackingFile)),
        ("odd", image(FileProblem::Size)),
        ("squeezed", image(FileProblem::Unsupported)),
        ("folder", FieldRefusal::NoSuchFile),
        ("link", FieldRefusal::NoSuchFile),
        ("inner", FieldRefusal::NoSuchFile),
        ("fifo", FieldRefusal::NoSuchFile),
        ("absent", FieldRefusal::NoSuchFile),
    ];
    for (file, refusal) in table {
        let answer = refused(register(&world, &world.caller, file).await);
        assert_eq!(answer, Rejection::field(Field::File, refusal), "{file}");
    }
    // Promise 10: another account's files are as absent as any.
    let foreign = refused(register(&world, &world.stranger(), "web.qcow2").await);
    assert_eq!(foreign, Rejection::field(Field::File, FieldRefusal::NoSuchFile));
    assert_eq!(used(&world, QuotaKind::Image).await, (1, 0));
    world.check_world().await;

    let none = WorldOptions { local_images: None, ..WorldOptions::default() };
    let off = World::with_options(&["north"], none).await;
    let answer = refused(register(&off, &off.caller, "web.qcow2").await);
    assert_eq!(answer, Rejection::field(Field::File, FieldRefusal::NoFolder));
}

#[tokio::test]
async fn r002_4_a_local_image_is_converted_into_one_with_a_new_id_that_can_be_copied() {
    let (world, image) = world(WorldOptions::default()).await;
    let north = world.region("north");
    let made = convert(&world, &image.id).await.unwrap();
    assert_ne!(made.id, image.id);
    assert_eq!((made.status, made.storage), (ImageStatus::Creating, Storage::Snapshots));
    assert_eq!((made.percent, made.phase), (0, Some(Phase::Waiting)));
    assert_eq!((&made.name, &made.tags), (&image.name, &image.tags));
    assert_eq!(convert(&world, &image.id).await.unwrap().id, made.id, "asked again");
    assert_eq!(used(&world, QuotaKind::Image).await, (1, 1));
    let begun = refused(north.import_missing(&world.caller, &made.id, Vec::new()).await);
    assert_eq!(begun, Rejection::ImportEnded { image: made.id.clone() }, "no client sends it");
    let delete = north.delete_image(&world.caller, &image.id, Force::Yes, SnapshotsOfImage::Keep);
    let converted =
        Rejection::ImageBeingConverted { image: image.id.clone(), into: made.id.clone() };
    assert_eq!(refused(delete.await), converted);
    world.check_world().await;

    assert_eq!(north.run_jobs().await.unwrap(), 1);
    let there = north.image(&world.caller, &made.id).await.unwrap();
    assert_eq!((there.status, there.percent, there.phase), (ImageStatus::Available, 100, None));
    assert!(world.read_disk("north", &made.id, 0).await == contents(1));
    assert_eq!(used(&world, QuotaKind::Image).await, (2, 0));
    assert_eq!(used(&world, QuotaKind::Snapshot).await, (1, 0));
    let again = refused(convert(&world, &made.id).await);
    assert_eq!(again, Rejection::NothingToConvert { image: made.id.clone() });

    let copy = world.copy("north", &made.id, "south").await.unwrap();
    world.run_until_idle().await;
    assert!(world.read_disk("south", &copy.image, 0).await == contents(1));
    let delete = north.delete_image(&world.caller, &image.id, Force::No, SnapshotsOfImage::Keep);
    delete.await.unwrap();
    world.assert_clean_slate("north").await;
}

#[tokio::test]
async fn r002_4_the_digest_of_a_converted_image_is_that_of_the_same_disk_imported() {
    let (world, image) = world(WorldOptions::default()).await;
    std::fs::write(world.local_folder(&world.caller).join("same.raw"), contents(1)).unwrap();
    let raw = register(&world, &world.caller, "same.raw").await.unwrap();
    let imported = world.import("north", "imported", &[contents(1)]).await;
    for local in [&image.id, &raw.id] {
        let made = convert(&world, local).await.unwrap().id;
        world.run_until_idle().await;
        let made = world.region("north").image(&world.caller, &made).await.unwrap();
        assert_eq!(made.disks[0].digest, imported.disks[0].digest);
    }
    world.check_world().await;
}

/// Fault 1: wherever a process dies in a conversion, the next one does it, a sweep in between or not.
#[tokio::test]
async fn r002_4_a_conversion_goes_on_after_any_interruption() {
    let (mut world, image) = world(WorldOptions::default()).await;
    for (round, milliseconds) in [0, 1, 3, 6, 10, 20, 40].into_iter().enumerate() {
        let made = convert(&world, &image.id).await.unwrap().id;
        let north = world.region("north");
        // Dropped wherever it is, or done in time.
        let _cut =
            tokio::time::timeout(Duration::from_millis(milliseconds), north.run_jobs()).await;
        drop(north);
        world.restart().await;
        if round % 2 == 0 {
            world.region("north").sweep().await.unwrap();
        }
        world.check_world().await;
        world.run_until_idle().await;
        let there = world.region("north").image(&world.caller, &made).await.unwrap();
        assert_eq!(there.status, ImageStatus::Available, "after {milliseconds} ms");
        assert!(world.read_disk("north", &made, 0).await == contents(1));
        let north = world.region("north");
        let delete = north.delete_image(&world.caller, &made, Force::No, SnapshotsOfImage::Delete);
        delete.await.unwrap();
        north.sweep().await.unwrap();
        drop(north);
        world.assert_clean_slate("north").await;
    }
}

#[tokio::test]
async fn r002_4_a_file_that_cannot_be_converted_ends_it_and_gives_the_promise_back() {
    let (world, image) = world(WorldOptions::default()).await;
    let file = world.local_folder(&world.caller).join("web.qcow2");
    let whole = std::fs::read(&file).unwrap();
    let other_size = world.local_folder(&world.caller).join("other");
    put_qcow2(&other_size, &contents(1)[..65_536]);
    let smaller = std::fs::read(&other_size).unwrap();
    let shrunk: &[u8] = &whole[..whole.len() / 2];
    for change in [Some(shrunk), Some(&smaller[..]), None] {
        let made = convert(&world, &image.id).await.unwrap().id;
        match change {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let north = world.region("north");
        assert_eq!(north.run_jobs().await.unwrap(), 1);
        let failed = north.image(&world.caller, &made).await.unwrap();
        assert_eq!(failed.status, ImageStatus::CreateFailed);
        assert_eq!(failed.failure, Some(Cause::FileRefused));
        assert_eq!(used(&world, QuotaKind::Image).await, (1, 0));
        let delete = north.delete_image(&world.caller, &made, Force::No, SnapshotsOfImage::Keep);
        delete.await.unwrap();
        world.assert_clean_slate("north").await;
    }
    std::fs::write(&file, whole).unwrap();
    let made = convert(&world, &image.id).await.unwrap().id;
    world.run_until_idle().await;
    assert!(world.read_disk("north", &made, 0).await == contents(1));
}

#[tokio::test]
async fn r002_4_a_conversion_is_cancelled_but_never_abandoned() {
    let (world, image) = world(WorldOptions::default()).await;
    let made = convert(&world, &image.id).await.unwrap().id;
    let north = world.region("north");
    world.clock.advance_ms(2 * 24 * 3_600_000);
    assert_eq!(north.expire_imports().await.unwrap(), 0, "it waits for the region, not a client");
    north.cancel_image(&world.caller, &made).await.unwrap();
    let gone = refused(north.image(&world.caller, &made).await);
    assert_eq!(gone, Rejection::ImageNotFound { image: made, region: region_id("north") });
    assert_eq!(north.run_jobs().await.unwrap(), 0);
    world.assert_clean_slate("north").await;
}

/// I5: exactly one of *available* and *cancelled* wins, and both are told which.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r002_4_cancelling_and_converting_race_and_one_wins() {
    let options = WorldOptions { medium: Medium::Memory, ..WorldOptions::default() };
    let world = World::with_options(&["north", "south"], options).await;
    std::fs::write(world.local_folder(&world.caller).join("small"), disk(1, 4, Some)).unwrap();
    let image = register(&world, &world.caller, "small").await.unwrap();
    let world = Arc::new(world);
    let (mut cancelled, mut finished, mut start) = (0, 0, HeadStart::default());
    for round in 0..400_u64 {
        let made = convert(&world, &image.id).await.unwrap().id;
        let north = world.region("north");
        let converting = tokio::spawn({
            let north = north.clone();
            async move { north.run_jobs().await }
        });
        start.second().await;
        let answer = north.cancel_image(&world.caller, &made).await;
        converting.await.unwrap().unwrap();
        match answer {
            Ok(()) => {
                cancelled += 1;
                start.note(Winner::Second);
                refused(north.image(&world.caller, &made).await);
            }
            Err(Refused::Rejected(Rejection::NotBeingCopied { .. })) => {
                finished += 1;
                start.note(Winner::First);
                let view = north.image(&world.caller, &made).await.unwrap();
                assert_eq!(view.status, ImageStatus::Available, "round {round}");
                let delete =
                    north.delete_image(&world.caller, &made, Force::No, SnapshotsOfImage::Delete);
                delete.await.unwrap();
            }
            Err(other) => panic!("round {round}: {other}"),
        }
        if round % 20 == 0 {
            world.assert_clean_slate("north").await;
        }
    }
    world.assert_clean_slate("north").await;
    assert!(cancelled > 0 && finished > 0, "no race: {cancelled} cancelled, {finished} finished");
}
