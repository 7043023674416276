"""Images are found, changed, shared with another account, made of snapshots and deleted; snapshots are listed and copied."""

from clients import BEYOND, HERE, THERE, Scene
from story import checked, end, refused, until

scene = Scene()
me, olga, disks = scene.me, scene.client(scene.olga), scene.disks
web = scene.named(HERE, "web")["ImageId"]

page = me.ask("DescribeImages", HERE, Offset=1, Limit=1, Filters=[{"Name": "image-type", "Values": ["PRIVATE_IMAGE"]}])
assert (page["TotalCount"], len(page["ImageSet"])) == (3, 1), page
found = lambda **filters: sorted(image["ImageName"] for image in scene.images(HERE, **filters))
assert found(image_name="large") == ["large", "larger"], "the whole name or a part of it"
assert found(image_type="PUBLIC_IMAGE") == ["official"] and found(image_id=web) == ["web"]
assert found(image_name="nobody") == []
tagged = me.ask("DescribeImages", HERE, Filters=[{"Name": "tag:of", "Values": ["another", "source"]}])
assert [image["ImageId"] for image in tagged["ImageSet"]] == [web], tagged
assert me.ask("DescribeImages", HERE, ImageIds=["img-aaaaaaaa"])["ImageSet"] == []
checked("images are found by filters, in pages; one that is not there is no error")

text = "第二 version ~*'()+/&=%_\"<>"
me.ask("ModifyImageAttribute", HERE, ImageId=web, ImageName="web-2", ImageDescription=text, ImageFamily="shop")
image = scene.image(HERE, web)
assert (image["ImageName"], image["ImageDescription"], image["ImageFamily"]) == ("web-2", text, "shop"), image
taken = lambda: me.ask("ModifyImageAttribute", HERE, ImageId=web, ImageName="large")
refused(None, "InvalidImageName.Duplicate", taken)
checked("name, description and family are changed")


def shares():
    answer = me.ask("DescribeImageSharePermission", HERE, ImageId=web)
    return [entry["AccountId"] for entry in answer["SharePermissionSet"]]


share = lambda permission, *accounts: me.ask(
    "ModifyImageSharePermission", HERE, ImageId=web, AccountIds=list(accounts), Permission=permission
)
seen = lambda region: [image["ImageId"] for image in scene.images(region, olga, image_type="SHARED_IMAGE")]
assert shares() == [] and seen(HERE) == []
share("SHARE", scene.tenant)
assert shares() == [scene.tenant] and seen(HERE) == [web] and seen(THERE) == []
assert scene.images(HERE, olga, image_id=web)[0]["ImageType"] == "SHARED_IMAGE"
refused(None, "InvalidImageId.InShared", lambda: me.ask("DeleteImages", HERE, ImageIds=[web]))
shared = dict(ImageIds=[web], DestinationRegions=[THERE])
refused(None, "InvalidParameterValue.InvalidImageId", lambda: olga.ask("SyncImages", HERE, **shared))
mine = lambda: olga.ask("ModifyImageAttribute", HERE, ImageId=web, ImageName="mine")
refused(None, "UnsupportedOperation.SharedImageModifyUnsupported", mine)
refused(None, "InvalidAccountId.NotFound", lambda: share("SHARE", "100000000001"))
refused(None, "InvalidAccountIs.YourSelf", lambda: share("SHARE", scene.number))
share("CANCEL", scene.tenant)
assert shares() == [] and seen(HERE) == []
refused(None, "InvalidImageId.NotFound", lambda: olga.ask("DeleteImages", HERE, ImageIds=[web]))
checked("R003-1: an image is shared by the other account's number, seen in its region alone, and taken back")

(snapshot,) = [entry["SnapshotId"] for entry in scene.image(HERE, web)["SnapshotSet"]]
(shown,) = scene.snapshots(HERE, SnapshotIds=[snapshot])
assert (shown["SnapshotId"], shown["SnapshotState"], shown["Percent"]) == (snapshot, "NORMAL", 100), shown
answer = disks.ask("CopySnapshotCrossRegions", HERE, SnapshotId=snapshot, DestinationRegions=[THERE, BEYOND], SnapshotName="alone")
results = {entry["DestinationRegion"]: entry for entry in answer["SnapshotCopyResultSet"]}
assert set(results) == {THERE, BEYOND} and {entry["Code"] for entry in results.values()} == {"Success"}, results
copied = results[THERE]["SnapshotId"]
arrived = lambda: scene.snapshots(THERE, SnapshotIds=[copied])[0]["SnapshotState"] == "NORMAL"
until("the snapshot is whole", arrived)
(there,) = scene.snapshots(THERE, SnapshotIds=[copied])
assert (there["SnapshotName"], there["CopyFromRemote"]) == ("alone", True), there
checked("snapshots are listed, and copied to two regions")

tags = [{"ResourceType": "image", "Tags": [{"Key": "made", "Value": "of a snapshot"}]}]
made = me.ask("CreateImage", THERE, ImageName="made", SnapshotIds=[copied], TagSpecification=tags)["ImageId"]
scene.normal(THERE, made)
image = scene.image(THERE, made)
assert [entry["SnapshotId"] for entry in image["SnapshotSet"]] == [copied], image
assert image["Tags"] == tags[0]["Tags"] and image["ImageSource"] == "CREATE_IMAGE", image
absent = lambda: me.ask("CreateImage", THERE, ImageName="none", SnapshotIds=["snap-aaaaaaaaaaaaaaaaaaaa"])
refused(None, "InvalidParameter.SnapshotNotFound", absent)
two = lambda: me.ask("CreateImage", THERE, ImageName="none", SnapshotIds=[copied], InstanceId="ins-aaaaaaaa")
refused(None, "InvalidParameter.SpecifyOneParameter", two)
checked("an image is made of a snapshot")

me.ask("DeleteImages", THERE, ImageIds=[made], DryRun=True)
assert scene.state(THERE, made) == "NORMAL"
me.ask("DeleteImages", THERE, ImageIds=[made])
assert scene.image(THERE, made) is None
assert [entry["SnapshotId"] for entry in scene.snapshots(THERE)] == [copied], "it stays"
again = me.ask("CreateImage", THERE, ImageName="made", SnapshotIds=[copied])["ImageId"]
scene.normal(THERE, again)
me.ask("DeleteImages", THERE, ImageIds=[again], DeleteBindedSnap=True)
assert scene.images(THERE) == scene.snapshots(THERE) == []
checked("an image is deleted without its snapshot, or with it")

assert me.ask("DescribeImageQuota", HERE)["ImageNumQuota"] > 2
assert me.ask("DescribeImageQuota", BEYOND)["ImageNumQuota"] == 2
checked("the quota is told")

within = dict(ImageIds=[web], DestinationRegions=[HERE], ImageName="sealed", Encrypt=True, ImageSetRequired=True)
elsewhere = lambda: me.ask("SyncImages", HERE, **{**within, "DestinationRegions": [THERE]})
refused(None, "InvalidParameterValue.InvalidRegion", elsewhere)
absent = lambda: me.ask("SyncImages", HERE, KmsKeyId="00000000-0000-4000-8000-000000000000", **within)
refused(None, "InvalidParameter.InvalidKmsKeyId", absent)
(sealed,) = [entry["ImageId"] for entry in me.ask("SyncImages", HERE, **within)["ImageSet"]]
scene.normal(HERE, sealed)
(kept,) = [entry["SnapshotId"] for entry in scene.image(HERE, sealed)["SnapshotSet"]]
assert scene.snapshots(HERE, SnapshotIds=[kept])[0]["Encrypt"] is True
given = lambda: me.ask("ModifyImageSharePermission", HERE, ImageId=sealed, AccountIds=[scene.tenant], Permission="SHARE")
refused(None, "UnsupportedOperation.EncryptedImagesNotSupported", given)
checked("an encrypted copy is made within the region, and is not shared")
end()
