//! Images in and out of buckets, from end to end with real files.

use std::path::PathBuf;

use region::testing::disk;
use serde_json::Value;

use crate::door::{Answer, Door, HERE, ours};

const GIB: usize = 1 << 30;

/// The account's bucket, with these files in it.
fn bucket(door: &Door, files: &[(&str, &[u8])]) -> PathBuf {
    let folder = door.world.bucket(HERE, &door.world.caller, "images");
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    folder
}

async fn import(door: &Door, object: &str, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![
        ("RegionId", HERE),
        ("DiskDeviceMapping.1.OSSBucket", "images"),
        ("DiskDeviceMapping.1.OSSObject", object),
    ];
    if !more.iter().any(|(name, _)| *name == "ImageName") {
        parameters.push(("ImageName", "web"));
    }
    parameters.extend(more);
    door.ask("ImportImage", &parameters).await
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("{name}: {answer}")).to_owned()
}

async fn task(door: &Door, id: &str) -> Value {
    door.ask("DescribeTaskAttribute", &[("RegionId", HERE), ("TaskId", id)]).await.ok()
}

/// In as raw, out as qcow2 and raw, and in again: byte for byte the same.
#[tokio::test]
async fn an_image_goes_through_buckets_and_comes_back_the_same() {
    let door = Door::open().await;
    let bytes = disk(5, 3, |chunk| (chunk != 1).then_some(chunk));
    let folder = bucket(&door, &[("web.raw", &bytes)]);
    let made = import(&door, "web.raw", &[("DiskDeviceMapping.1.Format", "RAW")]).await.ok();
    let (image, first) = (text(&made, "ImageId"), text(&made, "TaskId"));
    assert_eq!(text(&made, "RegionId"), HERE);
    let waiting = task(&door, &first).await;
    assert_eq!(
        (text(&waiting, "TaskStatus"), text(&waiting, "SupportCancel")),
        ("Waiting".into(), "true".into())
    );
    door.world.run_until_idle().await;
    let done = task(&door, &first).await;
    assert_eq!(
        (text(&done, "TaskStatus"), text(&done, "TaskProcess")),
        ("Finished".into(), "100%".into())
    );
    assert_eq!(
        (text(&done, "SupportCancel"), &done["SuccessCount"]),
        ("false".into(), &Value::from(1))
    );
    assert_eq!(door.world.read_disk(HERE, &ours(&image), 0).await, bytes);

    for (format, prefix) in [("qcow2", "a"), ("raw", "b"), ("vhd", "c")] {
        let asked = [
            ("RegionId", HERE),
            ("ImageId", image.as_str()),
            ("OSSBucket", "images"),
            ("OSSPrefix", prefix),
            ("ImageFormat", format),
        ];
        let exported = door.ask("ExportImage", &asked).await.ok();
        door.world.run_until_idle().await;
        let done = task(&door, &text(&exported, "TaskId")).await;
        let items =
            done["OperationProgressSet"]["OperationProgress"][0]["RelatedItemSet"]["RelatedItem"]
                .clone();
        let object = text(&items[1], "Value");
        assert_eq!(
            (text(&items[0], "Value"), text(&items[2], "Value")),
            ("images".into(), format.into())
        );
        assert!(
            object.starts_with(&format!("{prefix}_"))
                && object.ends_with(&format!("_system.{format}")),
            "{object}"
        );
        assert!(folder.join(&object).is_file());
        let name = format!("again-{format}");
        let upper = format.to_ascii_uppercase();
        let again =
            import(&door, &object, &[("ImageName", &name), ("DiskDeviceMapping.1.Format", &upper)])
                .await
                .ok();
        door.world.run_until_idle().await;
        let read = door.world.read_disk(HERE, &ours(&text(&again, "ImageId")), 0).await;
        // A vhd's size is one of a cylinder's; what is behind the disk is zeros.
        assert_eq!(read[..bytes.len()], bytes, "{format}");
        assert!(read[bytes.len()..].iter().all(|byte| *byte == 0), "{format}");
    }
    door.world.check_world().await;
}

/// `DiskImageSize` is in GiB, and the least that the disk has.
#[tokio::test]
async fn a_disk_is_made_larger_and_never_smaller() {
    let door = Door::open().await;
    let (small, large) = (disk(1, 1, Some), vec![0; GIB + 65_536]);
    bucket(&door, &[("small.raw", &small), ("large.raw", &large)]);
    for field in ["DiskDeviceMapping.1.DiskImageSize", "DiskDeviceMapping.1.DiskImSize"] {
        let name = field.rsplit('.').next().unwrap();
        let made = import(&door, "small.raw", &[("ImageName", name), (field, "2")]).await.ok();
        door.world.run_until_idle().await;
        let images = door.images(HERE, &[("ImageId", &text(&made, "ImageId"))]).await;
        assert_eq!(images[0]["Size"], 2, "{field}");
        assert_eq!(images[0]["DiskDeviceMappings"]["DiskDeviceMapping"][0]["Size"], "2");
        let refused = import(&door, "large.raw", &[("ImageName", "large"), (field, "1")]).await;
        refused.refused(400, "InvalidDiskImageSize.TooSmall");
        for wrong in ["0", "-1", "65537", "x"] {
            import(&door, "small.raw", &[("ImageName", "large"), (field, wrong)])
                .await
                .refused(400, "InvalidDataDiskSize");
        }
    }
    assert_eq!(door.images(HERE, &[("ImageName", "large"), ("Status", "ALL")]).await.len(), 0);
}

/// Promise 9: what is no disk image, or names other files, is refused by name, and nothing is made of it.
#[tokio::test]
async fn what_cannot_be_imported_is_refused_and_leaves_nothing() {
    let door = Door::open().await;
    // A qcow2 that names a backing file, which is never opened.
    let mut backed = vec![0; 65_536];
    backed[..4].copy_from_slice(b"QFI\xfb");
    backed[7] = 3;
    backed[8..16].copy_from_slice(&0x200_u64.to_be_bytes());
    backed[16..20].copy_from_slice(&11_u32.to_be_bytes());
    backed[0x200..0x20b].copy_from_slice(b"/etc/passwd");
    bucket(
        &door,
        &[("odd.raw", &[1; 511]), ("web.raw", &disk(1, 1, Some)), ("backed.qcow2", &backed)],
    );
    let format = |word: &'static str| vec![("DiskDeviceMapping.1.Format", word)];
    for (object, more, code) in [
        ("absent.raw", vec![], "InvalidOSSObject.NotFound"),
        ("../web.raw", vec![], "InvalidOSSObject.Malformed"),
        ("/etc/passwd", vec![], "InvalidOSSObject.Malformed"),
        ("odd.raw", vec![], "InvalidImageFormat.Malformed"),
        ("backed.qcow2", vec![], "InvalidImageFormat.Malformed"),
        ("web.raw", format("QCOW2"), "InvalidImageFormat.Malformed"),
        ("web.raw", format("VDI"), "InvalidImageFormat.Malformed"),
        ("web.raw", vec![("DiskDeviceMapping.2.OSSBucket", "images")], "MissingParameter"),
        ("web.raw", vec![("Architecture", "sparc")], "InvalidArchitecture.Malformed"),
        ("web.raw", vec![("OSType", "beos")], "InvalidOSType.Malformed"),
        ("web.raw", vec![("BootMode", "grub")], "InvalidBootMode.NotSupport"),
        ("web.raw", vec![("LicenseType", "Free")], "InvalidLicenseType.NotSupported"),
        ("web.raw", vec![("ImageName", "aliyun-web")], "InvalidImageName.Malformed"),
        ("web.raw", vec![("Tag.1.Key", "acs:x")], "InvalidTagKey.Malformed"),
    ] {
        import(&door, object, &more).await.refused(400, code);
    }
    import(&door, "web.raw", &[("DryRun", "true")]).await.refused(400, "DryRunOperation");
    let none = door.ask("ImportImage", &[("RegionId", HERE), ("ImageName", "web")]).await;
    none.refused(403, "MissingParameter.DiskDeviceMapping");
    assert!(door.images(HERE, &[("Status", "ALL")]).await.is_empty());
    let tasks = door.ask("DescribeTasks", &[("RegionId", HERE)]).await.ok();
    assert_eq!(
        (tasks["TotalCount"].as_u64(), tasks["TaskSet"]["Task"].as_array().map(Vec::len)),
        (Some(0), Some(0))
    );
    door.world.check_world().await;
}

/// An object that goes between the request and the task: the task fails, by name, and its image stays to be seen.
#[tokio::test]
async fn a_task_that_fails_says_why() {
    let door = Door::open().await;
    let folder = bucket(&door, &[("web.raw", &disk(1, 1, Some))]);
    let made = import(&door, "web.raw", &[]).await.ok();
    std::fs::remove_file(folder.join("web.raw")).unwrap();
    door.world.run_until_idle().await;
    let failed = task(&door, &text(&made, "TaskId")).await;
    let operation = &failed["OperationProgressSet"]["OperationProgress"][0];
    assert_eq!(
        (text(&failed, "TaskStatus"), text(operation, "OperationStatus")),
        ("Failed".into(), "Failed".into())
    );
    assert_eq!(
        (&failed["FailedCount"], text(operation, "ErrorCode")),
        (&Value::from(1), "InvalidOSSObject.NotFound".into())
    );
    assert!(
        !text(operation, "ErrorMsg").is_empty() && text(&failed, "FinishedTime").ends_with('Z')
    );
    let cancel = [("RegionId", HERE), ("TaskId", &text(&made, "TaskId"))];
    door.ask("CancelTask", &cancel).await.refused(403, "InvalidTaskId.IncorrectTaskStatus");
    door.world.check_world().await;
}

/// R001-7 for imports: what was cancelled is gone, and cannot be used.
#[tokio::test]
async fn a_cancelled_import_leaves_no_image_and_a_cancelled_export_no_object() {
    let door = Door::open().await;
    let folder = bucket(&door, &[("web.raw", &disk(1, 1, Some))]);
    let made = import(&door, "web.raw", &[]).await.ok();
    let (image, first) = (text(&made, "ImageId"), text(&made, "TaskId"));
    door.ask("CancelTask", &[("RegionId", HERE), ("TaskId", &first)]).await.ok();
    assert_eq!(text(&task(&door, &first).await, "TaskStatus"), "Deleted");
    assert!(door.images(HERE, &[("ImageId", &image), ("Status", "ALL")]).await.is_empty());
    let run = door.ask("RunInstances", &[("RegionId", HERE), ("ImageId", &image)]).await;
    run.refused(404, "InvalidImageId.NotFound");

    let other = door.image(HERE, "other").await;
    let export = [("RegionId", HERE), ("ImageId", other.as_str()), ("OSSBucket", "images")];
    let exported = door.ask("ExportImage", &export).await.ok();
    door.ask("ExportImage", &export).await.refused(403, "ImageIsExporting");
    let delete = door.ask("DeleteImage", &[("RegionId", HERE), ("ImageId", &other)]).await;
    delete.refused(403, "ImageIsExporting");
    door.ask("CancelTask", &[("RegionId", HERE), ("TaskId", &text(&exported, "TaskId"))])
        .await
        .ok();
    door.world.run_until_idle().await;
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "what was imported alone");
    door.ask("DeleteImage", &[("RegionId", HERE), ("ImageId", &other)]).await.ok();
    door.world.check_world().await;
}
