"""api-03: a request whose bytes are sent again gets the first answer, and nothing is done again."""

import json
import threading

from clients import HERE, THERE, Scene
from story import checked, end, recorded, sent

scene = Scene()
me = scene.me
web = scene.named(HERE, "web")["ImageId"]

with recorded() as requests:
    first = me.ask("SyncImages", HERE, ImageIds=[web], DestinationRegions=[THERE], ImageSetRequired=True)
(request,) = requests
(copy,) = [entry["ImageId"] for entry in first["ImageSet"]]
again = [sent(scene.endpoint, request) for _ in range(3)]
scene.normal(THERE, copy)
again.append(sent(scene.endpoint, request))
for status, body in again:
    assert status == 200 and json.loads(body)["Response"] == first, body
assert [image["ImageId"] for image in scene.images(THERE)] == [copy]
checked("a copy is made once, and its answer is the same each time")

me.ask("DeleteImages", THERE, ImageIds=[copy])
status, body = sent(scene.endpoint, request)
assert json.loads(body)["Response"] == first and scene.images(THERE) == [], "it does not come back"
checked("also after what it made was deleted")

with recorded() as requests:
    me.ask("ModifyImageAttribute", HERE, ImageId=web, ImageDescription="first")
(older,) = requests
me.ask("ModifyImageAttribute", HERE, ImageId=web, ImageDescription="second")
assert sent(scene.endpoint, older)[0] == 200
assert scene.image(HERE, web)["ImageDescription"] == "second"
checked("an older change does not undo a newer one")

with recorded() as requests:
    try:
        me.ask("DeleteImages", HERE, ImageIds=["img-aaaaaaaa"])
    except Exception as error:
        code = error.code
status, body = sent(scene.endpoint, requests[0])
assert json.loads(body)["Response"]["Error"]["Code"] == code == "InvalidImageId.NotFound", body
checked("a refusal is the same each time")

with recorded() as requests:
    me.ask("SyncImages", HERE, ImageIds=[web], DestinationRegions=[THERE], DryRun=True)
answers = []
threads = [threading.Thread(target=lambda: answers.append(sent(scene.endpoint, requests[0]))) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len({body for _, body in answers}) == 1 and len(answers) == 8, answers
assert scene.images(THERE) == []
checked("also when they come at once")

with recorded() as requests:
    before = me.ask("DescribeImages", HERE, ImageIds=[web])["ImageSet"][0]["ImageDescription"]
me.ask("ModifyImageAttribute", HERE, ImageId=web, ImageDescription="third")
status, body = sent(scene.endpoint, requests[0])
(now,) = json.loads(body)["Response"]["ImageSet"]
assert (before, now["ImageDescription"]) == ("second", "third"), body
checked("a look that is sent again sees what is now")
end()
