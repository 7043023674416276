"""The cloud's clients for Python, each behind one `ask`, and what the stories share."""

import importlib
import json
import re

from story import Refused, Told, until


class Older:
    """aliyun-python-sdk-core with aliyun-python-sdk-ecs: version 1.0 of the signatures. Each region has a client of its own."""

    def __init__(self, endpoint, key):
        self.host, port = endpoint.split(":")
        self.port, self.key, self.clients = int(port), key, {}

    def client(self, region="cn-hangzhou"):
        from aliyunsdkcore.client import AcsClient

        if region not in self.clients:
            self.clients[region] = AcsClient(self.key["id"], self.key["secret"], region, port=self.port)
        return self.clients[region]

    def request(self, action, **parameters):
        module = importlib.import_module(f"aliyunsdkecs.request.v20140526.{action}Request")
        request = getattr(module, f"{action}Request")()
        request.set_endpoint(self.host)
        request.set_protocol_type("http")
        for name, value in parameters.items():
            setter = getattr(request, f"set_{name}", None) or getattr(request, f"set_{name}s")
            setter(value)
        return request

    def send(self, request, client=None):
        from aliyunsdkcore.acs_exception.exceptions import ServerException

        try:
            return json.loads((client or self.client()).do_action_with_exception(request))
        except ServerException as error:
            raise Refused(error.get_http_status(), error.get_error_code(), error.get_error_msg()) from None

    def ask(self, action, RegionId="cn-hangzhou", **parameters):
        return self.send(self.request(action, **parameters), self.client(RegionId))


class Newer:
    """alibabacloud-ecs20140526: the newer signature, or with `v2` version 1.0."""

    def __init__(self, endpoint, key, algorithm=None):
        from alibabacloud_ecs20140526.client import Client
        from alibabacloud_tea_openapi.models import Config

        config = Config(
            access_key_id=key["id"],
            access_key_secret=key["secret"],
            endpoint=endpoint,
            protocol="HTTP",
            signature_algorithm=algorithm,
        )
        self.client = Client(config)

    def ask(self, action, **parameters):
        from alibabacloud_ecs20140526 import models
        from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
        from darabonba.runtime import RuntimeOptions

        request = getattr(models, f"{action}Request")().from_map(parameters)
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
        try:
            answer = getattr(self.client, f"{name}_with_options")(request, RuntimeOptions())
        except AlibabaCloudException as error:
            raise Refused(error.status_code, error.code, error.message) from None
        assert answer.status_code == 200, answer.status_code
        return answer.body.to_map()


class Scene(Told):
    """The service with the images that stand ready."""

    def __init__(self):
        super().__init__()
        self.me = self.client(self.key)

    def client(self, key):
        if self.kind == "older":
            return Older(self.endpoint, key)
        return Newer(self.endpoint, key, {"newer": None, "newer-v1": "v2"}[self.kind])

    def images(self, region, client=None, **more):
        answer = (client or self.me).ask("DescribeImages", RegionId=region, **more)
        return answer["Images"]["Image"]

    def image(self, region, **more):
        images = self.images(region, **more)
        assert len(images) == 1, images
        return images[0]

    def snapshots(self, region, **more):
        return self.me.ask("DescribeSnapshots", RegionId=region, **more)["Snapshots"]["Snapshot"]

    def copied(self, image, **more):
        """Asks for a copy from cn-hangzhou to cn-shanghai and waits for it, as clients do."""
        answer = self.me.ask(
            "CopyImage", RegionId="cn-hangzhou", ImageId=image, DestinationRegionId="cn-shanghai", **more
        )
        copy = answer["ImageId"]
        until(f"{copy} is available", lambda: self.status(copy) == "Available")
        return copy

    def status(self, image, region="cn-shanghai"):
        found = self.images(region, ImageId=image, Status="Creating,Waiting,Available,UnAvailable,CreateFailed")
        return found[0]["Status"] if found else None
