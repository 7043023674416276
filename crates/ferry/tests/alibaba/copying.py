"""An image is copied to another region, waited for, copied again, and a slow copy is cancelled."""

from clients import Scene
from story import checked, end, refused

scene = Scene()
me = scene.me

source = scene.image("cn-hangzhou", ImageName="web")
assert (source["Status"], source["Progress"], source["ImageOwnerAlias"]) == ("Available", "100%", "self"), source
assert source["Tags"]["Tag"] == [{"TagKey": "of", "TagValue": "source"}], source
web = source["ImageId"]
assert web.startswith("m-") and len(web) == 22, web
checked("the source is described")

asked = dict(
    RegionId="cn-hangzhou",
    ImageId=web,
    DestinationRegionId="cn-shanghai",
    DestinationImageName="web-there",
    DestinationDescription="复制自 cn-hangzhou：~*'()+/ &=%",
    Encrypted=False,
    ClientToken="123e4567-e89b-12d3-a456-426655440000",
    Tag=[{"Key": "FinanceDept", "Value": "a b"}, {"Key": "环境", "Value": ""}],
)
refused(400, "DryRunOperation", lambda: me.ask("CopyImage", **{**asked, "DryRun": True}))
assert scene.images("cn-shanghai", Status="Creating,Waiting,Available") == []
checked("a dry run says that it would go, and does nothing")

copy = scene.copied(web, **{k: v for k, v in asked.items() if k not in ("RegionId", "ImageId", "DestinationRegionId")})
there = scene.image("cn-shanghai", ImageId=copy)
assert there["ImageName"] == "web-there" and there["IsCopied"] is True, there
assert there["Description"] == asked["DestinationDescription"], there
tags = {tag["TagKey"]: tag["TagValue"] for tag in there["Tags"]["Tag"]}
assert tags == {"FinanceDept": "a b", "环境": ""}, tags
assert (there["Size"], there["OSType"], there["Architecture"]) == (source["Size"], source["OSType"], source["Architecture"])
checked("the copy has its own name, description and tags, in whatever characters")

mapping = there["DiskDeviceMappings"]["DiskDeviceMapping"]
assert len(mapping) == 1 and mapping[0]["SnapshotId"].startswith("s-"), mapping
assert mapping[0]["SnapshotId"] in [snapshot["SnapshotId"] for snapshot in scene.snapshots("cn-shanghai")]
checked("it rests on a snapshot there")

again = me.ask("CopyImage", **asked)
assert again["ImageId"] == copy, again
assert len(scene.images("cn-shanghai", Status="Creating,Waiting,Available")) == 1
other = {**asked, "DestinationImageName": "another"}
refused(400, "IdempotentParameterMismatch", lambda: me.ask("CopyImage", **other))
taken = {**asked, "ClientToken": "another"}
refused(400, "InvalidImageName.Duplicated", lambda: me.ask("CopyImage", **taken))
checked("the same token answers the same, and refuses what is not the same; a name is taken once")

slow = scene.image("cn-beijing", ImageName="slow")["ImageId"]
far = dict(RegionId="cn-beijing", ImageId=slow, DestinationRegionId="cn-shanghai", DestinationImageName="slow-there")
target = me.ask("CopyImage", **far)["ImageId"]
assert scene.status(target) in ("Creating", "Waiting")
assert scene.images("cn-shanghai", ImageId=target) == [], "by default those that are available"
refused(403, "OperationDenied.ImageCopying", lambda: me.ask("DeleteImage", RegionId="cn-shanghai", ImageId=target))
refused(
    403, "OperationDenied.ImageCopying", lambda: me.ask("DeleteImage", RegionId="cn-beijing", ImageId=slow, Force=True)
)
cancel = lambda image, region="cn-shanghai": me.ask("CancelCopyImage", RegionId=region, ImageId=image)
refused(404, "InvalidImageId.NotFound", lambda: cancel(target, "cn-hangzhou"))
cancel(target)
assert scene.status(target) is None
assert scene.status(slow, "cn-beijing") == "Available"
refused(404, "InvalidImageId.NotFound", lambda: cancel(target))
refused(400, "IncorrectImageStatus", lambda: cancel(copy), "The image copy has completed.")
refused(400, "ImageCreatedNotFromCopy", lambda: cancel(web, "cn-hangzhou"))
checked("a copy that runs is cancelled, at the target's region alone, and what has ended is not")

me.ask("DeleteImage", RegionId="cn-shanghai", ImageId=copy)
assert scene.images("cn-shanghai", Status="Creating,Waiting,Available") == []
copy = scene.copied(web, DestinationImageName="web-there")
checked("what was deleted can be copied anew under its name")
end()
