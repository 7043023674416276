"""api-03: a request whose bytes are sent again gets the first answer, and nothing is done again."""

import json
import threading

from clients import HERE, THERE, Scene
from story import Refused, checked, end, recorded, sent

scene = Scene()
me = scene.me
web = scene.named(HERE, "web")["imageId"]

with recorded() as requests:
    first = me.ask("CopyImages", sourceImageIds=[web], destinationRegion=THERE)
(request,) = requests
(copy,) = [entry["destinationImageId"] for entry in first["copyImages"]]
again = [sent(scene.endpoint, request) for _ in range(3)]
scene.ready(THERE, copy)
again.append(sent(scene.endpoint, request))
for status, body in again:
    assert status == 200 and json.loads(body)["result"] == first, body
assert len({body for _, body in again}) == 1, "the id of the request is the first one's too"
assert [image["imageId"] for image in scene.images(THERE)] == [copy]
checked("a copy is made once, and its answer is the same each time")

me.ask("DeleteImage", THERE, imageId=copy)
status, body = sent(scene.endpoint, request)
assert json.loads(body)["result"] == first and scene.images(THERE) == [], "it does not come back"
checked("also after what it made was deleted")

with recorded() as requests:
    me.ask("ModifyImageAttribute", imageId=web, description="first")
(older,) = requests
me.ask("ModifyImageAttribute", imageId=web, description="second")
assert sent(scene.endpoint, older)[0] == 200
assert scene.image(HERE, web)["desc"] == "second"
checked("an older change does not undo a newer one")

with recorded() as requests:
    try:
        me.ask("DeleteImage", imageId="img-aaaaaaaaaa")
    except Refused as error:
        code = error.status
status, body = sent(scene.endpoint, requests[0])
assert status == code == 404 and json.loads(body)["error"]["status"] == "NOT_FOUND", body
checked("a refusal is the same each time")

with recorded() as requests:
    me.ask("ShareImage", imageId=web, pins=[scene.tenant])
me.ask("UnShareImage", imageId=web, pins=[scene.tenant])
answers = []
threads = [threading.Thread(target=lambda: answers.append(sent(scene.endpoint, requests[0]))) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len({body for _, body in answers}) == 1 and len(answers) == 8, answers
assert me.ask("DescribeImageMembers", imageId=web)["pins"] == []
checked("also when they come at once")

with recorded() as requests:
    before = scene.image(HERE, web)["desc"]
me.ask("ModifyImageAttribute", imageId=web, description="third")
status, body = sent(scene.endpoint, requests[0])
assert (before, json.loads(body)["result"]["image"]["desc"]) == ("second", "third"), body
checked("a look that is sent again sees what is now")
end()
