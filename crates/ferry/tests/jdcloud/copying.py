"""Images are copied to another region and polled; what may not be done meanwhile is refused; a slow copy is cancelled."""

from clients import BEYOND, HERE, SLOW, THERE, Scene
from story import Refused, checked, end, next_second, refused, until

scene = Scene()
me = scene.me
source = scene.named(HERE, "web")
web = source["imageId"]
assert web.startswith("img-") and len(web) == 14, web
assert (source["status"], source["progress"], source["imageSource"]) == ("ready", "100", "private"), source
assert (source["rootDeviceType"], source["launchPermission"]) == ("cloudDisk", "ownerOnly"), source
checked("the source is described")

others = [scene.named(HERE, name)["imageId"] for name in ("one", "two", "three", "four", "five")]
copies = scene.copied([web, *others[:4]])
assert len({web, *others, *copies}) == 11, copies
there = scene.image(THERE, copies[0])
assert there["name"] == "web", there
assert HERE in there["desc"] and web in there["desc"], there
for field in ("platform", "architecture", "osType", "systemDiskSizeGB", "bootMode", "rootDeviceType"):
    assert there.get(field) == source.get(field), (field, there)
snapshot = there["systemDisk"]["cloudDisk"]["snapshotId"]
assert snapshot.startswith("snapshot-") and snapshot in [entry["snapshotId"] for entry in scene.snapshots(THERE)]
assert scene.image(HERE, web) == source, "R002-8: the source is as it was"
checked("R002-1, R002-7: five images are copied in one call, under their names; the description says from where")

six = lambda: me.ask("CopyImages", sourceImageIds=[web, *others], destinationRegion=BEYOND)
refused(400, "OUT_OF_RANGE", six, "SourceImageIds out of range")
assert scene.images(BEYOND) == []
absent = lambda: me.ask("CopyImages", sourceImageIds=[web, "img-aaaaaaaaaa"], destinationRegion=BEYOND)
refused(404, "NOT_FOUND", absent, "Image 'img-aaaaaaaaaa' not found")
assert scene.images(BEYOND) == []
checked("R002-1: six are refused whole, and so are two of which one is not there")

many = lambda: me.ask("CopyImages", sourceImageIds=[web, *others[:3]], destinationRegion=BEYOND)
refused(429, "QUOTA_EXCEEDED", many, "Image quota limit exceeded")
assert scene.images(BEYOND) == []
checked("four are refused whole where there is room for three")

slow = scene.named(SLOW, "slow")["imageId"]
answer = me.ask("CopyImages", SLOW, sourceImageIds=[slow], destinationRegion=BEYOND)
(seen,) = [entry["destinationImageId"] for entry in answer["copyImages"]]
progress = scene.ready(BEYOND, seen)
assert progress[0] < 100 and len(set(progress)) > 1, progress
checked("R002-11: the copy is pending with its progress in percent, then ready")

answer = me.ask("CopyImages", SLOW, sourceImageIds=[slow], destinationRegion=THERE)
(target,) = [entry["destinationImageId"] for entry in answer["copyImages"]]
assert scene.image(THERE, target)["status"] == "pending"
assert scene.image(SLOW, slow)["status"] == "ready"
next_second()
for region in (THERE, BEYOND, HERE):
    again = lambda: me.ask("CopyImages", SLOW, sourceImageIds=[slow], destinationRegion=region)
    refused(400, "FAILED_PRECONDITION", again, f"The image '{slow}' is busy")
refused(400, "FAILED_PRECONDITION", lambda: me.ask("DeleteImage", SLOW, imageId=slow), f"The image '{slow}' is busy")
me.ask("ModifyImageAttribute", SLOW, imageId=slow, name="slower")
assert scene.image(SLOW, slow)["name"] == "slower" and scene.image(THERE, target)["name"] == "slow"
checked("R002-8: meanwhile it is neither deleted nor copied again, to any region; the rest goes on")

me.ask("DeleteImage", THERE, imageId=target)
refused(404, "NOT_FOUND", lambda: scene.image(THERE, target), f"Image '{target}' not found")
assert target not in [image["imageId"] for image in scene.images(THERE)]


def deleted():
    """The source hears of it a moment later."""
    next_second()
    try:
        return me.ask("DeleteImage", SLOW, imageId=slow) == {}
    except Refused as error:
        assert error.message == f"The image '{slow}' is busy", error
        return False


until("the source can be deleted", deleted)
refused(404, "NOT_FOUND", lambda: scene.image(SLOW, slow), f"Image '{slow}' not found")
checked("deleting a pending copy cancels it, and then the source can be deleted")

named = dict(name="副本_1.a-b", description="说明 ~*'()+/&=%_\"<>")
(copy,) = scene.copied([others[4]], **named)
found = scene.image(THERE, copy)
said, _, where = found["desc"].partition(" [")
assert (found["name"], said) == (named["name"], named["description"]), found
assert HERE in where and others[4] in where, found
checked("a copy has the name and the description that it was given")
me.ask("ModifyImageAttribute", THERE, imageId=copies[1], name="一-renamed", description="anew")
found = scene.image(THERE, copies[1])
assert (found["name"], found["desc"]) == ("一-renamed", "anew"), found
assert scene.image(HERE, others[0])["name"] == "one"
checked("R002-12: a copy is renamed without its source")
end()
