"""The command line: it copies images and looks at them. It ends with 0 whatever happened; what it prints tells."""

import json
import os
import pathlib
import subprocess
import sys

from clients import BEYOND, HERE, SLOW, THERE
from story import Told, checked, end, until

told = Told()
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
        f"endpoint = {told.endpoint}",
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


profile(told.key)
images = lambda region: good("vm", "describe-images", "--region-id", region, "--image-source", "private")["images"]
image = lambda region, image: good("vm", "describe-image", "--region-id", region, "--image-id", image)["image"]
ready = lambda region, copy: until(f"{copy} is ready", lambda: image(region, copy)["status"] == "ready")
here = {entry["name"]: entry["imageId"] for entry in images(HERE)}
web, one = here["web"], here["one"]
checked("images are listed")

copies = ("vm", "copy-images", "--source-image-ids", json.dumps([web, one]), "--destination-region")
answer = good(*copies, THERE)["copyImages"]
assert [entry["sourceImageId"] for entry in answer] == [web, one], answer
(copy, other) = [entry["destinationImageId"] for entry in answer]
ready(THERE, copy)
ready(THERE, other)
assert image(THERE, copy)["name"] == "web"
checked("two images are copied and waited for")

at = ("--region-id", THERE, "--image-id", copy)
good("vm", "modify-image-attribute", *at, "--name", "改名", "--description", "a b+c")
found = image(THERE, copy)
assert (found["name"], found["desc"]) == ("改名", "a b+c"), found
good("vm", "share-image", *at, "--pins", json.dumps([told.tenant]))
assert good("vm", "describe-image-members", *at)["pins"] == [told.tenant]
good("vm", "un-share-image", *at, "--pins", json.dumps([told.tenant]))
quota = json.dumps([{"name": "resourceTypes", "values": ["image"]}])
(images_there,) = good("vm", "describe-quotas", "--region-id", THERE, "--filters", quota)["quotas"]
assert images_there["used"] == 2, images_there
assert good("disk", "describe-snapshots", "--region-id", THERE)["totalCount"] == 2
good("vm", "delete-image", *at)
assert [entry["imageId"] for entry in images(THERE)] == [other]
checked("a copy is renamed, shared, taken back and deleted")

(slow,) = [entry["imageId"] for entry in images(SLOW)]
far = ("vm", "copy-images", "--region-id", SLOW, "--source-image-ids", json.dumps([slow]), "--destination-region")
good(*far, THERE)
bad(400, "FAILED_PRECONDITION", f"The image '{slow}' is busy", *far, BEYOND)
bad(404, "NOT_FOUND", f"Image '{copy}' not found", "vm", "delete-image", *at)
bad(400, "INVALID_ARGUMENT", "Invalid region 'nowhere'", *copies, "nowhere")
profile({**told.key, "secret": told.key["secret"][::-1]})
bad(401, "ACCESS_ERROR", "sign result is not same [gw]", "vm", "describe-images", "--image-source", "private")
checked("refusals are printed as they came")
end()
