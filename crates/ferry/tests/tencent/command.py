"""The command line: it copies an image, waits for it with `--waiter`, and ends with a code that scripts read."""

import json
import os
import pathlib
import subprocess
import sys

from clients import HERE, SLOW, THERE, BEYOND
from story import Told, checked, end

told = Told()
program = pathlib.Path(sys.executable).parent / "tccli"
environment = {**os.environ, "TENCENTCLOUD_SECRET_ID": told.key["id"], "TENCENTCLOUD_SECRET_KEY": told.key["secret"]}


def run(*words, region=HERE, secret=None):
    """Runs the command; answers its code, what it wrote, and what it complained of."""
    where = ["--region", region, "--endpoint", f"http://{told.endpoint}"]
    more = {"TENCENTCLOUD_SECRET_KEY": secret} if secret else {}
    command = [sys.executable, str(program), *words, *where]
    done = subprocess.run(command, env={**environment, **more}, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def good(*words, **more):
    code, out, complaint = run(*words, **more)
    assert code == 0, (words, code, out, complaint)
    return json.loads(out)


def bad(error, *words, **more):
    code, out, complaint = run(*words, **more)
    assert code == 255 and error in complaint, (words, code, out, complaint)


images = lambda region, *words: good("cvm", "DescribeImages", *words, region=region)["ImageSet"]
web = next(image for image in images(HERE) if image["ImageName"] == "web")["ImageId"]
(slow,) = [image["ImageId"] for image in images(SLOW)]
checked("images are listed")

listed = json.dumps([slow])
regions = json.dumps([BEYOND])
copied = good("cvm", "SyncImages", "--ImageIds", listed, "--DestinationRegions", regions, "--ImageSetRequired", "True", region=SLOW)
((copy, region),) = [(entry["ImageId"], entry["Region"]) for entry in copied["ImageSet"]]
assert region == BEYOND, copied
(state,) = [image["ImageState"] for image in images(BEYOND, "--ImageIds", json.dumps([copy]))]
assert state in ("SYNCING", "NORMAL"), state
waiter = "{'expr':'ImageSet[0].ImageState','to':'NORMAL','timeout':60,'interval':1}"  # as people write it
for region, image in ((BEYOND, copy), (SLOW, slow)):
    waited = good("cvm", "DescribeImages", "--ImageIds", json.dumps([image]), "--waiter", waiter, region=region)
    assert waited["ImageSet"][0]["ImageState"] == "NORMAL", waited
checked("an image is copied, and waited for at both ends")

unfolded = ("--cli-unfold-argument", "--ImageIds", web, "--DestinationRegions", THERE, BEYOND)
assert good("cvm", "SyncImages", *unfolded)["ImageSet"] == []
by_name = json.dumps([{"Name": "image-name", "Values": ["web"]}])
for region in (THERE, BEYOND):
    good("cvm", "DescribeImages", "--Filters", by_name, "--waiter", waiter, region=region)
checked("arguments are unfolded, and the copies found by name")

good("cvm", "ModifyImageAttribute", "--ImageId", copy, "--ImageName", "改名", region=BEYOND)
shared = ("--ImageId", copy, "--AccountIds", json.dumps([told.tenant]), "--Permission")
good("cvm", "ModifyImageSharePermission", *shared, "SHARE", region=BEYOND)
permissions = good("cvm", "DescribeImageSharePermission", "--ImageId", copy, region=BEYOND)
assert [entry["AccountId"] for entry in permissions["SharePermissionSet"]] == [told.tenant], permissions
bad("InvalidImageId.InShared", "cvm", "DeleteImages", "--ImageIds", json.dumps([copy]), region=BEYOND)
good("cvm", "ModifyImageSharePermission", *shared, "CANCEL", region=BEYOND)
good("cvm", "DeleteImages", "--ImageIds", json.dumps([copy]), "--DeleteBindedSnap", "True", region=BEYOND)
assert images(BEYOND, "--ImageIds", json.dumps([copy])) == []
assert good("cbs", "DescribeSnapshots", region=BEYOND)["TotalCount"] == 1, "that of the other copy"
checked("a copy is renamed, shared, taken back and deleted with its snapshot")

configured = ["cvm.endpoint", f"http://{told.endpoint}"]
subprocess.run([sys.executable, str(program), "configure", "set", *configured], env=environment, check=True, timeout=120)
command = [sys.executable, str(program), "cvm", "DescribeRegions", "--region", HERE]
listed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=120)
assert json.loads(listed.stdout)["TotalCount"] == 5, listed
checked("the endpoint is configured once")

bad("InvalidImageId.NotFound", "cvm", "DeleteImages", "--ImageIds", json.dumps(["img-aaaaaaaa"]))
bad("InvalidImageId.Malformed", "cvm", "SyncImages", "--ImageIds", '["web"]', "--DestinationRegions", json.dumps([THERE]))
bad("AuthFailure.SignatureFailure", "cvm", "DescribeImages", secret=told.key["secret"][::-1])
checked("a refusal ends with 255 and its code")
end()
