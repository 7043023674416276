"""What is wrong with a request is told by codes that the client raises."""

import time
from unittest import mock

from clients import ABROAD, HERE, THERE, Scene
from story import checked, end, refused

scene = Scene()
me = scene.me
web = scene.named(HERE, "web")["ImageId"]
look = lambda client: client.ask("DescribeImages", HERE)

wrong = scene.client({"id": scene.key["id"], "secret": scene.key["secret"][::-1]})
refused(None, "AuthFailure.SignatureFailure", lambda: look(wrong))
for unknown in ("FERRYAAAAAAAAAAAAAAAAAAAA", "AKIDmadeup0000EXAMPLE0000tencent0001"):
    stranger = scene.client({"id": unknown, "secret": scene.key["secret"]})
    refused(None, "AuthFailure.SecretIdNotFound", lambda: look(stranger))
clock = "tencentcloud.common.abstract_client.time.time"
now = time.time()
for away in (-86_400, 86_400):
    with mock.patch(clock, return_value=now + away):
        refused(None, "AuthFailure.SignatureExpire", lambda: look(me))
checked("api-01, api-04: a wrong secret, an unknown key and a wrong clock are told apart")

copy = dict(ImageIds=[web], DestinationRegions=[THERE])
for change, code in [
    (dict(ImageIds=["img-aaaaaaaa"]), "InvalidImageId.NotFound"),
    (dict(ImageIds=["../../etc/passwd"]), "InvalidImageId.Malformed"),
    (dict(ImageIds=["web"]), "InvalidImageId.Malformed"),
    (dict(ImageIds=[f"img-aaaaaa{number}" for number in range(10, 21)]), "InvalidParameterValue.LimitExceeded"),
    (dict(ImageIds=[scene.named(HERE, "official")["ImageId"]]), "InvalidParameterValue.InvalidImageId"),
    (dict(ImageIds=[scene.named(HERE, "larger")["ImageId"]]), "InvalidImageId.TooLarge"),
    (dict(DestinationRegions=["nowhere"]), "InvalidRegion.NotFound"),
    (dict(DestinationRegions=[HERE]), "InvalidParameterValue.InvalidRegion"),
    (dict(DestinationRegions=[THERE, HERE]), "InvalidParameterValue.InvalidRegion"),
    (dict(DestinationRegions=[ABROAD]), "InvalidRegion.Unavailable"),
    (dict(ImageName="x" * 61), "InvalidParameterValue.TooLarge"),
    (dict(KmsKeyId="none"), "InvalidParameter.InvalidKmsKeyId"),
]:
    refused(None, code, lambda: me.ask("SyncImages", HERE, **{**copy, **change}))
assert scene.images(THERE) == scene.images(ABROAD) == []
checked("R003-1, R003-2, R003-4: a copy is refused for each of its parameters, and nothing is made")

refused(None, "UnsupportedRegion", lambda: me.ask("DescribeImages", "nowhere"))
refused(None, "MissingParameter", lambda: me.ask("DescribeImages", None))
refused(None, "MissingParameter", lambda: me.ask("SyncImages", HERE, ImageIds=[web]), "DestinationRegions")
refused(None, "InvalidImageId.NotFound", lambda: me.ask("DeleteImages", HERE, ImageIds=["img-aaaaaaaa"]))
refused(None, "InvalidImageId.Malformed", lambda: me.ask("DeleteImages", HERE, ImageIds=["m-aaaaaaaaaaaaaaaaaaaa"]))
refused(None, "InvalidImageId.Malformed", lambda: me.ask("DescribeImages", HERE, ImageIds=["nonsense"]))
both = dict(ImageIds=[web], Filters=[{"Name": "image-id", "Values": [web]}])
refused(None, "InvalidParameter.InvalidParameterCoexistImageIdsFilters", lambda: me.ask("DescribeImages", HERE, **both))
refused(None, "InvalidAction", lambda: me.call("NoSuchAction", HERE))
refused(None, "UnsupportedOperation", lambda: me.ask("DescribeZones", HERE))
refused(None, "UnknownParameter", lambda: me.call("DeleteImages", HERE, ImageIds=[web], Dryrun=True), "Dryrun")
assert scene.state(HERE, web) == "NORMAL"
checked("api-11: absent images, regions and actions are told; a misspelled parameter deletes nothing")
end()
