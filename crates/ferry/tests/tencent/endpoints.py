"""Every way to sign, to send and to write the endpoint, with texts that each of them spells its own way."""

import itertools

from clients import HERE, Scene, Sdk
from story import checked, end

scene = Scene()
web = scene.named(HERE, "web")["ImageId"]
signs = ("TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256")
forms = ("{}", "{}/tencent", "http://{}")
for sign, method, form in itertools.product(signs, ("POST", "GET"), forms):
    client = Sdk(scene.endpoint, scene.key, (sign, method, form))
    text = f"a b+c&d=e%f~g*h'i(j)k_l.m/n\"o\\p 新 {sign} {method} {form}"
    client.ask("ModifyImageAttribute", HERE, ImageId=web, ImageDescription=text)
    assert scene.image(HERE, web)["ImageDescription"] == text
    assert client.ask("DescribeRegions", None)["TotalCount"] == 5
    looked = client.ask("DescribeImages", HERE, Filters=[{"Name": "image-type", "Values": ["PUBLIC_IMAGE", "PRIVATE_IMAGE"]}])
    assert looked["TotalCount"] == 4, looked
    client.ask("DeleteImages", HERE, ImageIds=[web], DryRun=True)  # `True` in forms, `true` in JSON
    assert scene.state(HERE, web) == "NORMAL"
    checked(f"{sign} by {method} at {form}")
end()
