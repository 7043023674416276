"""API 2.0 by its own SDK: `SyncCvmImage` and its siblings, over TLS, at the cloud's own host name and at another."""

import contextlib
import json
import pathlib

import tls
from clients import BEYOND, HERE, THERE, WAYS, Sdk
from story import Told, checked, end, until

told = Told()
HOST = "image.api.qcloud.com"
address = tls.relay(told.endpoint, pathlib.Path.home(), [HOST])
now = Sdk(told.endpoint, told.key, WAYS["tc3"])


def call(action, key=told.key, method="GET", sign="HmacSHA1", host=None, **parameters):
    """Calls through the SDK; answers its JSON."""
    from QcloudApi.modules.image import Image

    config = dict(Region="gz", secretId=key["id"], secretKey=key["secret"], method=method, SignatureMethod=sign)
    with contextlib.nullcontext() if host else tls.led_to(address):
        image = type("Image", (Image,), {"requestHost": host or HOST})(config)
        return json.loads(image.call(action, parameters))


def good(action, **more):
    answer = call(action, **more)
    assert (answer["code"], answer["message"]) == (0, ""), (action, answer)
    return answer


def bad(number, action, **more):
    answer = call(action, **more)
    assert answer["code"] == number and answer["message"], (action, answer)
    return answer


images = lambda region: {image["ImageName"]: image for image in now.ask("DescribeImages", region, Limit=100)["ImageSet"]}
normal = lambda region, name: (images(region).get(name) or {}).get("ImageState") == "NORMAL"
here = images(HERE)
web, large = here["web"]["ImageId"], here["large"]["ImageId"]

copied = good("SyncCvmImage", srcRegion="gz", imgIdList=[web, large], dstRegion=["sh", "hk"])
assert copied["codeDesc"] == "Success", copied
for region in (THERE, BEYOND):
    for name in ("web", "large"):
        until(f"{name} is NORMAL in {region}", lambda: normal(region, name))
checked("R003-10: images are copied to two regions, all named by their short names")

there = images(THERE)["web"]["ImageId"]
elsewhere = "127.0.0.1:{}".format(address[1])
for method, sign, host in (("POST", "HmacSHA256", elsewhere), ("GET", "HmacSHA256", None), ("POST", "HmacSHA1", None)):
    text = f"{method} {sign} 新 ~*'()+/&=%_"
    good("ModifyImageAttributes", method=method, sign=sign, host=host, Region="sh", imageId=there, imageDescription=text)
    assert images(THERE)["web"]["ImageDescription"] == text
good("ModifyImageAttributes", Region="sh", imageId=there, imageName="web-2")
assert images(THERE)["web-2"]["ImageId"] == there
checked("both algorithms, both methods, at both hosts")

good("ShareImage", Region="sh", imageId=there, uinList=[told.tenant])
shared = good("GetImageShareUinInfo", Region="sh", imageIds=[there])["data"]
assert (shared["imageNum"], shared["imageList"][0]["imageId"]) == ("1", there), shared
assert [str(entry["uin"]) for entry in shared["imageList"][0]["shareUinInfo"]] == [told.tenant], shared
good("CancelShareImage", Region="sh", imageId=there, uinList=[told.tenant])
assert not good("GetImageShareUinInfo", Region="sh", imageIds=[there])["data"]["imageList"][0]["shareUinInfo"]
checked("an image is shared and taken back")

good("DeleteImages", Region="sh", imageIds=[there])
assert "web-2" not in images(THERE)
checked("an image is deleted")

absent = dict(srcRegion="gz", imgIdList=["img-aaaaaaaa"], dstRegion=["sh"])
bad(5000, "SyncCvmImage", **absent)
bad(4000, "SyncCvmImage", **{**absent, "imgIdList": ["web"]})
bad(4000, "SyncCvmImage", srcRegion="gz", imgIdList=[web])
bad(4000, "SyncCvmImage", **{**absent, "imgIdList": [web], "dstRegion": ["gz"]})
bad(4100, "SyncCvmImage", key={**told.key, "secret": told.key["secret"][::-1]}, **absent)
bad(4100, "SyncCvmImage", key={**told.key, "id": "AKIDmadeup"}, **absent)
bad(4200, "SyncCvmImage", Timestamp=1_500_000_000, **absent)
assert sorted(images(THERE)) == ["large"]
checked("refusals have the numbers of the older API")
end()
