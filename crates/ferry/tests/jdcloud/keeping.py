"""Images are found, changed, shared with another account and deleted; quotas, constraints and snapshots are told."""

from clients import BEYOND, HERE, THERE, Scene
from story import checked, end, next_second, refused

scene = Scene()
me, olga, disks = scene.me, scene.client(scene.olga), scene.disks
web = scene.named(HERE, "web")["imageId"]

names = lambda **more: sorted(image["name"] for image in scene.images(HERE, **more))
assert names() == ["five", "four", "local", "official", "one", "three", "two", "web"]
assert names(imageName="we") == ["web"] and names(imageSource="public") == ["official"]
assert names(platform="Ubuntu") == ["web"] and names(rootDeviceType="localDisk") == ["local"]
both = {image["imageId"] for image in scene.images(HERE, ids=[web, scene.named(HERE, "two")["imageId"]])}
assert both == {web, scene.named(HERE, "two")["imageId"]}
page = me.ask("DescribeImages", imageSource="private", pageNumber=1, pageSize=10)
assert (page["totalCount"], len(page["images"])) == (8, 8), page
assert me.ask("DescribeImages", imageSource="private", pageNumber=2, pageSize=10)["images"] == []
under = scene.client(scene.key, path="/jd")
assert under.ask("DescribeImage", imageId=web)["image"]["name"] == "web"
checked("images are found by what they are, in pages; also where the endpoint has a path")

text = "第二 version ~*'()+/&=%_\"<>"
me.ask("ModifyImageAttribute", imageId=web, name="web-2", description=text)
image = scene.image(HERE, web)
assert (image["name"], image["desc"]) == ("web-2", text), image
refused(400, "INVALID_ARGUMENT", lambda: me.ask("ModifyImageAttribute", imageId=web), "Parameter name、description missing")
checked("name and description are changed")

members = lambda: me.ask("DescribeImageMembers", imageId=web)["pins"]
seen = lambda region: [image["imageId"] for image in scene.images(region, olga, imageSource="shared")]
assert members() == [] and seen(HERE) == []
me.ask("ShareImage", imageId=web, pins=[scene.tenant])
assert members() == [scene.tenant] and seen(HERE) == [web] and seen(THERE) == []
(shown,) = scene.images(HERE, olga, imageSource="shared")
assert shown["imageSource"] == "shared" and shown["ownerPin"] == scene.number, shown
assert scene.image(HERE, web)["launchPermission"] == "specifiedUsers"
refused(400, "FAILED_PRECONDITION", lambda: me.ask("DeleteImage", imageId=web), "Can't delete shared image")
copy = lambda: olga.ask("CopyImages", sourceImageIds=[web], destinationRegion=THERE)
refused(400, "FAILED_PRECONDITION", copy, "Can't use this image")
nobody = lambda: me.ask("ShareImage", imageId=web, pins=["1000000000000001"])
refused(400, "INVALID_ARGUMENT", nobody, "'1000000000000001'")
me.ask("UnShareImage", imageId=web, pins=[scene.tenant])
assert members() == [] and seen(HERE) == []
refused(404, "NOT_FOUND", lambda: olga.ask("DescribeImage", imageId=web), f"Image '{web}' not found")
checked("an image is shared by the other account's pin, seen in its region alone, and taken back")

quota = lambda region, kind, **more: me.ask("DescribeQuotas", region, filters=[{"name": "resourceTypes", "values": [kind]}], **more)
(images,) = quota(HERE, "image")["quotas"]
assert (images["resourceType"], images["used"]) == ("image", 8) and images["limit"] > 8, images
(shares,) = quota(HERE, "imageShare", imageId=web)["quotas"]
assert (shares["resourceType"], shares["used"]) == ("imageShare", 0), shares
refused(400, "INVALID_ARGUMENT", lambda: quota(HERE, "imageShare"), "Parameter ImageId missing")
one = me.ask("DescribeImageConstraints", imageId=web)
assert one["imageConstraints"]["imageId"] == web, one
several = me.ask("DescribeImageConstraintsBatch", ids=[web])["imageConstraints"]
assert [entry["imageId"] for entry in several] == [web], several
checked("quotas and constraints are told")

(copied,) = scene.copied([web])
assert quota(THERE, "image")["quotas"][0]["used"] == 1
snapshot = scene.image(THERE, copied)["systemDisk"]["cloudDisk"]["snapshotId"]
(shown,) = scene.snapshots(THERE)
assert (shown["snapshotId"], shown["status"]) == (snapshot, "available"), shown
assert copied in str(shown["images"]), shown
assert disks.ask("DescribeSnapshot", THERE, snapshotId=snapshot)["snapshot"]["snapshotId"] == snapshot
refused(400, "FAILED_PRECONDITION", lambda: disks.ask("DeleteSnapshot", THERE, snapshotId=snapshot))
me.ask("DeleteImage", THERE, imageId=copied)
assert scene.images(THERE) == [] and len(scene.snapshots(THERE)) == 1
next_second()
disks.ask("DeleteSnapshot", THERE, snapshotId=snapshot)
assert scene.snapshots(THERE) == []
refused(404, "NOT_FOUND", lambda: disks.ask("DescribeSnapshot", THERE, snapshotId=snapshot))
next_second()
refused(404, "NOT_FOUND", lambda: me.ask("DeleteImage", THERE, imageId=copied), f"Image '{copied}' not found")
(copied,) = scene.copied([web])
me.ask("DeleteImage", THERE, imageId=copied, deleteSnapshot=True)
assert scene.images(THERE) == scene.snapshots(THERE) == []
assert quota(THERE, "image")["quotas"][0]["used"] == 0 and scene.images(BEYOND) == []
checked("an image is deleted without its snapshot or with it, and the quota is free again")
end()
