"""Images are tagged, renamed, shared, used by an instance and deleted; snapshots are listed and copied."""

from clients import Scene
from story import checked, end, refused, until

scene = Scene()
me, olga = scene.me, scene.client(scene.olga)
HERE, THERE = "cn-hangzhou", "cn-shanghai"
web = scene.image(HERE, ImageName="web")["ImageId"]


def tags(image, region=HERE, **more):
    answer = me.ask("ListTagResources", RegionId=region, ResourceType="image", ResourceId=[image], **more)
    found = answer["TagResources"]["TagResource"]
    assert all((tag["ResourceId"], tag["ResourceType"]) == (image, "image") for tag in found), found
    return {tag["TagKey"]: tag["TagValue"] for tag in found}


of_image = dict(RegionId=HERE, ResourceType="image", ResourceId=[web])
me.ask("TagResources", **of_image, Tag=[{"Key": "Stage", "Value": "test 1"}, {"Key": "of", "Value": "新"}])
assert tags(web) == {"Stage": "test 1", "of": "新"}
assert scene.images(HERE, Tag=[{"Key": "Stage", "Value": "test 1"}])[0]["ImageId"] == web
assert scene.images(HERE, Tag=[{"Key": "Stage", "Value": "test 2"}]) == []
me.ask("UntagResources", **of_image, TagKey=["Stage"])
assert tags(web) == {"of": "新"}
me.ask("UntagResources", **of_image, All=True)
assert tags(web) == {}
refused(
    404,
    "InvalidResourceId.NotFound",
    lambda: olga.ask("TagResources", **of_image, Tag=[{"Key": "mine", "Value": ""}]),
)
checked("tags are put on, replaced, searched by, and taken off; nobody tags another's image")

me.ask("ModifyImageAttribute", RegionId=HERE, ImageId=web, ImageName="web-2", Description="第二 version")
image = scene.image(HERE, ImageId=web)
assert (image["ImageName"], image["Description"]) == ("web-2", "第二 version"), image
refused(
    400, "InvalidImageName.Malformed", lambda: me.ask("ModifyImageAttribute", RegionId=HERE, ImageId=web, ImageName="1")
)
checked("name and description are changed")


def shares():
    answer = me.ask("DescribeImageSharePermission", RegionId=HERE, ImageId=web)
    assert answer["TotalCount"] == len(answer["Accounts"]["Account"]), answer
    return [account["AliyunId"] for account in answer["Accounts"]["Account"]]


assert shares() == [] and scene.images(HERE, olga, ImageOwnerAlias="others") == []
me.ask("ModifyImageSharePermission", RegionId=HERE, ImageId=web, AddAccount=[scene.tenant])
assert shares() == [scene.tenant]
seen = scene.images(HERE, olga, ImageOwnerAlias="others")
assert [image["ImageId"] for image in seen] == [web], seen
refused(
    403,
    "OperationDenied.SameRegionOnly",
    lambda: olga.ask("CopyImage", RegionId=HERE, ImageId=web, DestinationRegionId=THERE),
)
refused(403, "ImageUseShared", lambda: me.ask("DeleteImage", RegionId=HERE, ImageId=web))
refused(
    404,
    "InvalidAccount.NotFound",
    lambda: me.ask("ModifyImageSharePermission", RegionId=HERE, ImageId=web, AddAccount=["1"]),
)
me.ask("ModifyImageSharePermission", RegionId=HERE, ImageId=web, RemoveAccount=[scene.tenant])
assert shares() == [] and scene.images(HERE, olga, ImageOwnerAlias="others") == []
refused(404, "InvalidImageId.NotFound", lambda: olga.ask("DeleteImage", RegionId=HERE, ImageId=web))
checked("an image is shared by the other account's number, seen there and not copied away, and taken back")

copy = scene.copied(web, DestinationImageName="used")
instance = me.ask("RunInstances", RegionId=THERE, ImageId=copy, InstanceType="ecs.g6.large", Amount=1)
(instance,) = instance["InstanceIdSets"]["InstanceIdSet"]
refused(403, "ImageUsingByInstance", lambda: me.ask("DeleteImage", RegionId=THERE, ImageId=copy))
running = me.ask("DescribeInstances", RegionId=THERE)["Instances"]["Instance"]
assert [(i["InstanceId"], i["ImageId"]) for i in running] == [(instance, copy)], running
(snapshot,) = [disk["SnapshotId"] for disk in scene.image(THERE, ImageId=copy)["DiskDeviceMappings"]["DiskDeviceMapping"]]
refused(403, "SnapshotCreatedImage", lambda: me.ask("DeleteSnapshot", RegionId=THERE, SnapshotId=snapshot))
me.ask("DeleteImage", RegionId=THERE, ImageId=copy, Force=True)
assert scene.images(THERE) == []
checked("an image that an instance uses is deleted by force alone")

shown = scene.snapshots(THERE, SnapshotIds=f'["{snapshot}"]')
assert [(s["SnapshotId"], s["Status"], s["Usage"]) for s in shown] == [(snapshot, "accomplished", "none")], shown
(source,) = scene.snapshots(HERE)
taken = me.ask(
    "CopySnapshot",
    RegionId=HERE,
    SnapshotId=source["SnapshotId"],
    DestinationRegionId=THERE,
    DestinationSnapshotName="alone",
    DestinationSnapshotDescription="of web",
)["SnapshotId"]
of_copy = lambda: scene.snapshots(THERE, SnapshotIds=f'["{taken}"]')[0]
until("the snapshot is whole", lambda: of_copy()["Status"] == "accomplished")
assert (of_copy()["SourceRegionId"], of_copy()["SourceSnapshotId"]) == (HERE, source["SnapshotId"]), of_copy()
made = me.ask("CreateImage", RegionId=THERE, SnapshotId=taken, ImageName="from-snapshot")["ImageId"]
until("the image is available", lambda: scene.status(made) == "Available")
me.ask("DeleteImage", RegionId=THERE, ImageId=made)
for gone in (snapshot, taken):
    me.ask("DeleteSnapshot", RegionId=THERE, SnapshotId=gone, Force=True)
assert scene.snapshots(THERE) == []
refused(404, "InvalidSnapshotId.NotFound", lambda: me.ask("DeleteSnapshot", RegionId=THERE, SnapshotId=taken))
checked("a snapshot stays behind its image, is copied alone, makes an image, and is deleted")

regions = me.ask("DescribeRegions")["Regions"]["Region"]
assert sorted(region["RegionId"] for region in regions) == ["cn-beijing", "cn-hangzhou", "cn-shanghai"], regions
assert {region["RegionEndpoint"] for region in regions} == {scene.endpoint}, regions
checked("the regions are listed, with this endpoint")
end()
