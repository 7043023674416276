"""The SDK of the cloud, as it is and as it was, and what the stories share."""

import importlib
import inspect

from story import Refused, Told, until

HERE, THERE, BEYOND, SLOW = "cn-north-1", "cn-east-2", "cn-east-1", "cn-south-1"


class Sdk:
    """jdcloud-sdk, with one of its services: `vm` or `disk`."""

    def __init__(self, endpoint, key, service="vm"):
        self.endpoint, self.key, self.service = endpoint, key, service

    def request(self, action, **parameters):
        module = importlib.import_module(f"jdcloud_sdk.services.{self.service}.apis.{action}Request")
        model = getattr(module, f"{action}Parameters")
        must = [name for name in inspect.signature(model.__init__).parameters if name != "self"]
        filled = model(**{name: parameters.pop(name) for name in must})
        for name, value in parameters.items():
            setter = getattr(filled, f"set{name[0].upper()}{name[1:]}", None)
            # Attributes are what is sent; the older version has no setter for some.
            setter(value) if setter else setattr(filled, name, value)
        return getattr(module, f"{action}Request")(filled)

    def send(self, request):
        from jdcloud_sdk.core.config import Config
        from jdcloud_sdk.core.credential import Credential
        from jdcloud_sdk.core.logger import FATAL, Logger

        name = f"{self.service.capitalize()}Client"
        module = importlib.import_module(f"jdcloud_sdk.services.{self.service}.client.{name}")
        credential = Credential(self.key["id"], self.key["secret"])
        client = getattr(module, name)(credential, Config(self.endpoint, "http", 60), Logger(FATAL))
        return client.send(request)

    def ask(self, action, regionId=HERE, **parameters):
        """Calls; answers what is in `result`. The SDK raises nothing."""
        answer = self.send(self.request(action, regionId=regionId, **parameters))
        if answer.error:
            raise Refused(answer.error.code, answer.error.status, answer.error.message)
        assert answer.request_id and answer.request_id.isalnum() and len(answer.request_id) == 32, answer.request_id
        return answer.result or {}


class Scene(Told):
    """The service with the images that stand ready."""

    def __init__(self):
        super().__init__()
        self.me, self.disks = self.client(self.key), self.client(self.key, "disk")

    def client(self, key, service="vm", path=""):
        return Sdk(self.endpoint + path, key, service)

    def images(self, region, client=None, **more):
        answer = (client or self.me).ask("DescribeImages", region, **{"imageSource": "private", "pageSize": 100, **more})
        assert answer["totalCount"] == len(answer["images"]), answer
        return answer["images"]

    def named(self, region, name):
        (image,) = [image for image in self.images(region) if image["name"] == name]
        return image

    def image(self, region, image):
        return self.me.ask("DescribeImage", region, imageId=image)["image"]

    def ready(self, region, image):
        """Polls an image as clients do, until it is ready; answers the progress on the way."""
        progress = []

        def is_ready():
            found = self.image(region, image)
            assert found["status"] in ("pending", "ready"), found
            assert isinstance(found["progress"], str), found
            progress.append(int(found["progress"]))
            return found["status"] == "ready"

        until(f"{image} is ready in {region}", is_ready)
        assert progress == sorted(progress) and progress[-1] == 100, progress
        return progress

    def copied(self, images, **more):
        """Asks for copies from here to there and waits for them; answers their ids."""
        answer = self.me.ask("CopyImages", sourceImageIds=images, destinationRegion=THERE, **more)
        assert [copy["sourceImageId"] for copy in answer["copyImages"]] == images, answer
        copies = [copy["destinationImageId"] for copy in answer["copyImages"]]
        for copy in copies:
            self.ready(THERE, copy)
        return copies

    def snapshots(self, region, **more):
        answer = self.disks.ask("DescribeSnapshots", region, pageSize=100, **more)
        assert answer["totalCount"] == len(answer["snapshots"]), answer
        return answer["snapshots"]
