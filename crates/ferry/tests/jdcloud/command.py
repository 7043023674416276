"""The command line: it copies images and looks at them. It ends with 0 whatever happened; what it prints tells. It needs two seconds
to start, so what is only waited for is asked for with the SDK that it brings along."""

import json
import os
import pathlib
import subprocess
import sys

from clients import BEYOND, HERE, SLOW, THERE, Scene
from story import checked, end

scene = Scene()
if sys.version_info >= (3, 12):
    print("SKIP this command line runs on Python 3.11 at most: it needs `configparser.SafeConfigParser`")
    end()
    sys.exit()
program = pathlib.Path(sys.executable).parent / "jdc"
folder = pathlib.Path(os.environ["HOME"]) / ".jdc"
folder.mkdir()


def profile(key):
    """Writes the one profile that commands use."""
    lines = [
        "[ferry]",
        f"access_key = {key['id']}",
        f"secret_key = {key['secret']}",
        f"region_id = {HERE}",
        f"endpoint = {scene.endpoint}",
        "scheme = http",
        "timeout = 20",
    ]
    (folder / "config").write_text("\n".join(lines))
    (folder / "current").write_text("ferry")


def run(*words):
    """Runs the command; answers the error and the result that it printed."""
    done = subprocess.run([sys.executable, str(program), *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    printed = json.loads(done.stdout)
    return printed["error"], printed["result"] or {}


def good(*words):
    error, result = run(*words)
    assert error is None, (words, error)
    return result


def bad(code, status, message, *words):
    error, _ = run(*words)
    assert error == {"code": code, "status": status, "message": message}, (words, error)


profile(scene.key)
here = {image["name"]: image["imageId"] for image in good("vm", "describe-images", "--image-source", "private")["images"]}
web, one = here["web"], here["one"]
found = good("vm", "describe-image", "--image-id", web)["image"]
assert (found["name"], found["status"], found["progress"]) == ("web", "ready", "100"), found
checked("images are listed")

copies = ("vm", "copy-images", "--source-image-ids", json.dumps([web, one]), "--destination-region")
answer = good(*copies, THERE)["copyImages"]
assert [entry["sourceImageId"] for entry in answer] == [web, one], answer
(copy, other) = [entry["destinationImageId"] for entry in answer]
scene.ready(THERE, copy)
scene.ready(THERE, other)
assert scene.image(THERE, copy)["name"] == "web"
checked("two images are copied and waited for")

at = ("--region-id", THERE, "--image-id", copy)
good("vm", "modify-image-attribute", *at, "--name", "改名", "--description", "a b+c")
found = scene.image(THERE, copy)
assert (found["name"], found["desc"]) == ("改名", "a b+c"), found
good("vm", "share-image", *at, "--pins", json.dumps([scene.tenant]))
assert good("vm", "describe-image-members", *at)["pins"] == [scene.tenant]
good("vm", "un-share-image", *at, "--pins", json.dumps([scene.tenant]))
quota = json.dumps([{"name": "resourceTypes", "values": ["image"]}])
(images_there,) = good("vm", "describe-quotas", "--region-id", THERE, "--filters", quota)["quotas"]
assert images_there["used"] == 2, images_there
assert good("disk", "describe-snapshots", "--region-id", THERE)["totalCount"] == 2
good("vm", "delete-image", *at)
assert [image["imageId"] for image in scene.images(THERE)] == [other]
checked("a copy is renamed, shared, taken back and deleted")

slow = scene.named(SLOW, "slow")["imageId"]
far = ("vm", "copy-images", "--region-id", SLOW, "--source-image-ids", json.dumps([slow]), "--destination-region")
good(*far, THERE)
bad(400, "FAILED_PRECONDITION", f"The image '{slow}' is busy", *far, BEYOND)
bad(404, "NOT_FOUND", f"Image '{copy}' not found", "vm", "delete-image", *at)
bad(400, "INVALID_ARGUMENT", "Invalid region 'nowhere'", *copies, "nowhere")
profile({**scene.key, "secret": scene.key["secret"][::-1]})
bad(401, "ACCESS_ERROR", "sign result is not same [gw]", "vm", "describe-images", "--image-source", "private")
checked("refusals are printed as they came")
end()
