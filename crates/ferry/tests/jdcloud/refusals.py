"""What is wrong with a request is told by status, name and message, as the SDK hands them on."""

import time
from unittest import mock

from clients import HERE, THERE, Scene
from story import checked, end, refused

scene = Scene()
me = scene.me
web = scene.named(HERE, "web")["imageId"]
look = lambda client: client.ask("DescribeImages", imageSource="private")

wrong = scene.client({"id": scene.key["id"], "secret": scene.key["secret"][::-1]})
refused(401, "ACCESS_ERROR", lambda: look(wrong), "sign result is not same [gw]")
for unknown in ("FERRYAAAAAAAAAAAAAAAAAAAA", "JDMADEUPACCESSKEY0001"):
    stranger = scene.client({"id": unknown, "secret": scene.key["secret"]})
    refused(401, "ACCESS_ERROR", lambda: look(stranger), "Invalid accessKey")
now = time.time()
for away in (-86_400, 86_400):
    with mock.patch("jdcloud_sdk.core.signer.time.time", return_value=now + away):
        refused(401, "ACCESS_ERROR", lambda: look(me), "Invalid authentication credentials")
checked("api-01, api-04: a wrong secret, an unknown key and a wrong clock are told apart")

copy = dict(sourceImageIds=[web], destinationRegion=THERE)
for change, code, status, message in [
    (dict(sourceImageIds=["img-aaaaaaaaaa"]), 404, "NOT_FOUND", "Image 'img-aaaaaaaaaa' not found"),
    (dict(sourceImageIds=["../../etc/passwd"]), 404, "NOT_FOUND", "Image '../../etc/passwd' not found"),
    (dict(destinationRegion="nowhere"), 400, "INVALID_ARGUMENT", "Invalid region 'nowhere'"),
    (dict(destinationRegion=HERE), 400, "INVALID_ARGUMENT", f"Invalid region '{HERE}'"),
    (dict(destinationRegion=[THERE, HERE]), 400, "INVALID_ARGUMENT", "destinationRegion"),
    (dict(sourceImageIds=[scene.named(HERE, "local")["imageId"]]), 400, "FAILED_PRECONDITION", "Only support cloudDisk image"),
    (
        dict(sourceImageIds=[scene.images(HERE, imageSource="public")[0]["imageId"]]),
        400,
        "FAILED_PRECONDITION",
        "Can't use this image",
    ),
]:
    refused(code, status, lambda: me.ask("CopyImages", **{**copy, **change}), message)
assert scene.images(THERE) == []
checked("R002-4, R002-6: a copy is refused for each of its parameters, and nothing is made")

refused(400, "INVALID_ARGUMENT", lambda: me.ask("DescribeImages", "nowhere", imageSource="private"), "Invalid region 'nowhere'")
refused(400, "FAILED_PRECONDITION", lambda: me.ask("DescribeImages"), "Parameter ImageSource missing")
for size in (9, 101):
    page = lambda: me.ask("DescribeImages", imageSource="private", pageSize=size)
    refused(400, "OUT_OF_RANGE", page, "PageSize out of range")
for action in ("DescribeImage", "DeleteImage", "DescribeImageMembers"):
    refused(404, "NOT_FOUND", lambda: me.ask(action, imageId="img-aaaaaaaaaa"), "Image 'img-aaaaaaaaaa' not found")
public = scene.images(HERE, imageSource="public")[0]["imageId"]
refused(400, "FAILED_PRECONDITION", lambda: scene.client(scene.olga).ask("DeleteImage", imageId=public), "Can't delete this image")
created = lambda: me.ask("CreateImage", instanceId="i-aaaaaaaaaa", name="none", description="")
refused(400, "UNSUPPORTED_OPERATION", created, "'createImage'")
lost = me.request("DescribeImage", regionId=HERE, imageId=web)
lost.url = "/regions/{regionId}/pictures/{imageId}"
answer = me.send(lost)
assert (answer.error.code, answer.error.status) == (404, "NOT_FOUND"), answer.error.__dict__
assert answer.error.message == "no route and no API found with those values"
assert scene.image(HERE, web)["status"] == "ready"
checked("api-11: absent images, regions and paths are told")
end()
