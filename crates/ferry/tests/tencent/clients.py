"""The SDK of the cloud in each of its ways to sign and send, and what the stories share."""

import json
import time

from story import Refused, Told, until

HERE, THERE, BEYOND, SLOW, ABROAD = "ap-guangzhou", "ap-shanghai", "ap-hongkong", "ap-beijing", "na-siliconvalley"

# How a request is signed, sent, and what the endpoint is: the last as people write it.
WAYS = {
    "tc3": ("TC3-HMAC-SHA256", "POST", "{}"),
    "tc3-get": ("TC3-HMAC-SHA256", "GET", "{}/tencent"),
    "sha1": ("HmacSHA1", "POST", "http://{}"),
    "sha256-get": ("HmacSHA256", "GET", "{}"),
}


def profile(endpoint, way):
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile

    sign, method, form = way
    return ClientProfile(signMethod=sign, httpProfile=HttpProfile("http", form.format(endpoint), method))


class Sdk:
    """tencentcloud-sdk-python, with one of its services: `cvm` or `cbs`."""

    def __init__(self, endpoint, key, way, service="cvm"):
        self.endpoint, self.key, self.way, self.service = endpoint, key, way, service

    def client(self, region):
        import importlib

        from tencentcloud.common.credential import Credential

        module = importlib.import_module(f"tencentcloud.{self.service}.v20170312.{self.service}_client")
        client = getattr(module, f"{self.service.capitalize()}Client")
        credential = Credential(self.key["id"], self.key["secret"])
        return client(credential, region, profile(self.endpoint, self.way))

    def ask(self, action, region=HERE, **parameters):
        """Calls through the SDK's own model of the action; answers what its model of the answer holds."""
        import importlib

        from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

        models = importlib.import_module(f"tencentcloud.{self.service}.v20170312.models")
        request = getattr(models, f"{action}Request")()
        request.from_json_string(json.dumps(parameters))
        try:
            answer = getattr(self.client(region), action)(request)
        except TencentCloudSDKException as error:
            raise Refused(None, error.code, error.message) from None
        assert len(answer.RequestId) == 36, answer
        return json.loads(answer.to_json_string())

    def call(self, action, region, **parameters):
        """Calls an action that the SDK has no model of."""
        from tencentcloud.common.common_client import CommonClient
        from tencentcloud.common.credential import Credential
        from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

        credential = Credential(self.key["id"], self.key["secret"])
        client = CommonClient(
            self.service, "2017-03-12", credential, region, profile(self.endpoint, self.way)
        )
        try:
            return client.call_json(action, parameters)["Response"]
        except TencentCloudSDKException as error:
            raise Refused(None, error.code, error.message) from None


class Scene(Told):
    """The service with the images that stand ready."""

    def __init__(self):
        super().__init__()
        self.me, self.disks = self.client(self.key), self.client(self.key, "cbs")

    def client(self, key, service="cvm"):
        return Sdk(self.endpoint, key, WAYS[self.kind], service)

    def images(self, region, client=None, **filters):
        """The images of a region, found by filters: `image_name="web"`."""
        named = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
        answer = (client or self.me).ask("DescribeImages", region, Filters=named, Limit=100)
        assert answer["TotalCount"] == len(answer["ImageSet"]), answer
        return answer["ImageSet"]

    def named(self, region, name):
        """The image of exactly this name: the filter finds more."""
        (image,) = [image for image in self.images(region, image_name=name) if image["ImageName"] == name]
        return image

    def image(self, region, image):
        found = self.me.ask("DescribeImages", region, ImageIds=[image])["ImageSet"]
        return found[0] if found else None

    def state(self, region, image):
        found = self.image(region, image)
        return found["ImageState"] if found else None

    def normal(self, region, image):
        """Polls an image as clients do, until it is as it shall be; answers the states on the way."""
        states = []

        def is_normal():
            found = self.image(region, image)
            states.append(found["ImageState"])
            assert found["ImageState"] in ("NORMAL", "SYNCING", "CREATING", "IMPORTING"), found
            return found["ImageState"] == "NORMAL"

        until(f"{image} is NORMAL in {region}", is_normal)
        return states

    def snapshots(self, region, **more):
        answer = self.disks.ask("DescribeSnapshots", region, Limit=100, **more)
        assert answer["TotalCount"] == len(answer["SnapshotSet"]), answer
        return answer["SnapshotSet"]
