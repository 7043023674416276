"""Images are made of snapshots and of objects in a bucket, and exported to one; tasks tell how far they are."""

from clients import HERE, THERE, Scene
from story import checked, disk, end, next_second, refused, until

scene = Scene()
me = scene.me
web = scene.named(HERE, "web")["imageId"]

snapshot = scene.image(HERE, web)["systemDisk"]["cloudDisk"]["snapshotId"]
system = [{"snapshotId": snapshot, "deviceName": "vda"}]
of = dict(platform="Ubuntu", architecture="x86_64", bootMode="bios", osVersion="22.04")
made = me.ask("CreateImageFromSnapshots", name="made", cloudDisks=system, clientToken="once", **of)["imageId"]
scene.ready(HERE, made)
found = scene.image(HERE, made)
assert (found["name"], found["platform"], found["osVersion"], found["bootMode"]) == ("made", "Ubuntu", "22.04", "bios"), found
assert found["systemDisk"]["cloudDisk"]["snapshotId"] == snapshot, found
next_second()
assert me.ask("CreateImageFromSnapshots", name="made", cloudDisks=system, clientToken="once", **of)["imageId"] == made
absent = [{"snapshotId": "snapshot-aaaaaaaaaa", "deviceName": "vda"}]
refused(404, "NOT_FOUND", lambda: me.ask("CreateImageFromSnapshots", name="none", cloudDisks=absent, **of))
checked("an image is made of a snapshot, once for its token")

local = scene.named(HERE, "local")["imageId"]
convert = me.request("DescribeImageMembers", regionId=HERE, imageId=local)
convert.method, convert.url = "POST", "/regions/{regionId}/images/{imageId}:convertImage"  # the SDK has it no more
converted = me.send(convert).result["imageId"]
scene.ready(HERE, converted)
assert scene.image(HERE, converted)["rootDeviceType"] == "cloudDisk"
scene.copied([converted])
checked("R002-4: an image on a local disk is converted, and then copied")

bucket = scene.bucket(HERE, "images")
disk(bucket / "web.raw", 40 << 10)  # sparse
url = "https://images.s3.cn-north-1.jdcloud-oss.com/{}"
asked = dict(
    architecture="x86_64",
    osType="linux",
    platform="Ubuntu",
    diskFormat="raw",
    systemDiskSizeGB=40,
    imageUrl=url.format("web.raw"),
    imageName="imported",
    osVersion="22.04",
    description="of an object",
    clientToken="import-once",
)
answer = me.ask("ImportImage", **asked)
image, task = answer["imageId"], answer["taskId"]
next_second()
assert me.ask("ImportImage", **asked) == answer
scene.ready(HERE, image)
found = scene.image(HERE, image)
assert (found["name"], found["desc"], found["systemDiskSizeGB"], found["imported"]) == ("imported", "of an object", 40, True), found


def finished(task):
    (shown,) = me.ask("ImageTasks", taskIds=[task])["taskSet"]
    assert shown["taskStatus"] in ("pending", "running", "finished"), shown
    return shown if shown["taskStatus"] == "finished" else None


shown = until("the import is finished", lambda: finished(task))
assert (shown["action"], shown["imageId"], shown["progress"]) == ("ImportImage", image, 100), shown
for change, code, status, message in [
    (dict(systemDiskSizeGB=45), 400, "OUT_OF_RANGE", "SystemDiskSizeGB must be multiple of 10"),
    (
        dict(imageUrl="https://images.s3.cn-east-2.jdcloud-oss.com/web.raw"),
        400,
        "CONFLICT",
        "OssRegion 'cn-east-2' not match current region 'cn-north-1'",
    ),
]:
    other = {**asked, "clientToken": "another", "imageName": "other", **change}
    refused(code, status, lambda: me.ask("ImportImage", **other), message)
checked("an image is imported of an object, once for its token")

goes = scene.bucket(HERE, "exports")
export = dict(imageId=web, roleName="role", ossUrl="https://exports.s3.cn-north-1.jdcloud-oss.com", ossPrefix="out")
task = me.ask("ExportImage", clientToken="export-once", **export)["taskId"]
shown = until("the export is finished", lambda: finished(task))
assert (shown["action"], shown["imageId"]) == ("ExportImage", web), shown
written = sorted(str(path.relative_to(goes)) for path in goes.rglob("*") if path.is_file())
assert written == [shown["ossObject"]] and written[0].startswith("out"), (written, shown)
listed = me.ask("ImageTasks", taskAction="ExportImage")
assert (listed["totalCount"], [entry["taskId"] for entry in listed["taskSet"]]) == (1, [task]), listed
assert me.ask("ImageTasks", taskStatus="failed")["taskSet"] == []
assert me.ask("ImageTasks", THERE)["taskSet"] == []
checked("an image is exported to an object, and tasks are found")
end()
