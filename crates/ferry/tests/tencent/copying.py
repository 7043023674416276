"""Images are copied to several regions, polled from both ends, and a slow copy is cancelled."""

from clients import ABROAD, BEYOND, HERE, SLOW, THERE, Scene
from story import checked, end, next_second, refused, until

scene = Scene()
me = scene.me

regions = me.ask("DescribeRegions", None)
assert regions["TotalCount"] == len(regions["RegionSet"]) == 5, regions
names = {region["Region"]: region["RegionState"] for region in regions["RegionSet"]}
assert names == dict.fromkeys([HERE, THERE, BEYOND, SLOW, ABROAD], "AVAILABLE"), names
checked("the regions are listed without a region")

source = scene.named(HERE, "web")
web = source["ImageId"]
assert web.startswith("img-") and len(web) == 12, web
assert (source["ImageType"], source["ImageState"]) == ("PRIVATE_IMAGE", "NORMAL"), source
assert source["Tags"] == [{"Key": "of", "Value": "source"}], source
(disk,) = source["SnapshotSet"]
assert disk["SnapshotId"].startswith("snap-") and (disk["DiskUsage"], disk["DiskSize"]) == ("SYSTEM_DISK", 1), disk
checked("the source is described")

both = dict(ImageIds=[web], DestinationRegions=[THERE, BEYOND])
dry = me.ask("SyncImages", HERE, DryRun=True, **both)
assert not dry.get("ImageSet"), dry
assert scene.images(THERE) == scene.images(BEYOND) == []
checked("a dry run does nothing")

copies = {entry["Region"]: entry["ImageId"] for entry in me.ask("SyncImages", HERE, ImageSetRequired=True, **both)["ImageSet"]}
assert set(copies) == {THERE, BEYOND} and len({web, *copies.values()}) == 3, copies
scene.normal(HERE, web)
for region, copy in copies.items():
    scene.normal(region, copy)
    there = scene.image(region, copy)
    assert there["ImageName"] == "web" and there["ImageType"] == "PRIVATE_IMAGE", there
    for field in ("ImageSize", "Architecture", "Tags", "Platform", "OsName"):
        assert there[field] == source[field], (field, there)
    (rests_on,) = there["SnapshotSet"]
    assert rests_on["SnapshotId"] in [snapshot["SnapshotId"] for snapshot in scene.snapshots(region)], there
checked("R003-7, R003-8: one call copies to two regions, under the same name with other ids")

slow = scene.named(SLOW, "slow")["ImageId"]
quick = me.ask("SyncImages", SLOW, ImageIds=[slow], DestinationRegions=[BEYOND])
assert quick["ImageSet"] == [], "an empty list, never none: Terraform asks for one"
arriving = scene.named(BEYOND, "slow")
assert arriving["ImageState"] == "SYNCING" and 0 <= arriving["SyncPercent"] < 100, arriving
percents = []


def arrived():
    """As Packer waits: by the exact name, in the target region."""
    found = scene.named(BEYOND, "slow")
    percents.append(found["SyncPercent"] or 0)
    return found["ImageState"] == "NORMAL"


states = scene.normal(SLOW, slow)  # as Terraform waits: for the source
assert states[0] == "SYNCING" and states[-1] == "NORMAL", states
until("the copy is found NORMAL by its name", arrived)
assert percents == sorted(percents), percents
checked("R003-8: while it is copied the source is SYNCING for who polls that, and the copy for who polls it by name")

full = dict(ImageIds=[scene.named(HERE, "large")["ImageId"]], DestinationRegions=[THERE, BEYOND])
refused(None, "ImageQuotaLimitExceeded", lambda: me.ask("SyncImages", HERE, **full))
assert [image["ImageName"] for image in scene.images(THERE)] == ["web"]
assert sorted(image["ImageName"] for image in scene.images(BEYOND)) == ["slow", "web"]
checked("where one of the regions is full, none gets a copy")

far = dict(ImageIds=[slow], DestinationRegions=[THERE], ImageName="slow-复制_1.2:3", ImageSetRequired=True)
((target),) = [entry["ImageId"] for entry in me.ask("SyncImages", SLOW, **far)["ImageSet"]]
assert (scene.state(SLOW, slow), scene.state(THERE, target)) == ("SYNCING", "SYNCING")
assert scene.image(THERE, target)["ImageName"] == far["ImageName"]
refused(None, "InvalidImageId.IncorrectState", lambda: me.ask("DeleteImages", SLOW, ImageIds=[slow]))
refused(None, "InvalidImageId.IncorrectState", lambda: me.ask("DeleteImages", THERE, ImageIds=[target]))
refused(None, "InvalidImageId.NotFound", lambda: me.call("CancelSyncImages", HERE, ImageIds=[target]))
cancelled = me.call("CancelSyncImages", THERE, ImageIds=[target])
assert len(cancelled["RequestId"]) == 36, cancelled
assert scene.image(THERE, target) is None
scene.normal(SLOW, slow)
next_second()
refused(None, "InvalidImageId.NotFound", lambda: me.call("CancelSyncImages", THERE, ImageIds=[target]))
refused(None, "InvalidImageId.IncorrectState", lambda: me.call("CancelSyncImages", THERE, ImageIds=[copies[THERE]]))
checked("a copy that runs is not deleted, but cancelled at its target; what has ended is not")

more = [web, scene.named(HERE, "large")["ImageId"]]
refused(None, "InvalidImageName.Duplicate", lambda: me.ask("SyncImages", HERE, ImageIds=more, DestinationRegions=[THERE]))
me.ask("DeleteImages", THERE, ImageIds=[copies[THERE]])
several = me.ask("SyncImages", HERE, ImageIds=more, DestinationRegions=[THERE], ImageSetRequired=True)["ImageSet"]
assert [entry["Region"] for entry in several] == [THERE, THERE], several
for entry in several:
    scene.normal(THERE, entry["ImageId"])
assert sorted(image["ImageName"] for image in scene.images(THERE)) == ["large", "web"]
checked("several images are copied in one call, all or none; exactly 50 GB is not too large")
end()
