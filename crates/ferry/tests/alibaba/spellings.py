"""What the older client can send otherwise: XML, GET, parameters in a form body, and the same nonce twice."""

import xml.etree.ElementTree as ElementTree
from unittest import mock

from clients import Scene
from story import checked, end, refused

scene = Scene()
me = scene.me
HERE = "cn-hangzhou"
web = scene.image(HERE, ImageName="web")["ImageId"]


def xml(action, **parameters):
    request = me.request(action, **parameters)
    request.set_accept_format("XML")
    status, headers, body = me.client().get_response(request)
    assert headers["Content-Type"].startswith("text/xml"), headers
    return status, ElementTree.fromstring(body)


status, root = xml("DescribeImages")
assert (status, root.tag) == (200, "DescribeImagesResponse")
assert [image.findtext("ImageId") for image in root.iterfind("Images/Image")] == [web]
assert root.findtext("TotalCount") == "1" and len(root.findtext("RequestId")) == 36
status, root = xml("DeleteImage", ImageId="m-aaaaaaaaaaaaaaaaaaaa")
assert (status, root.tag, root.findtext("Code")) == (404, "Error", "InvalidImageId.NotFound")
checked("answers and errors are XML where the client asks for it")

me.ask("ModifyImageAttribute", ImageId=web, Description="<a> & \"b\" 'c' ]]>")
status, root = xml("DescribeImages")
assert root.findtext("Images/Image/Description") == "<a> & \"b\" 'c' ]]>"
checked("markup in a description stays a description")

request = me.request("DescribeImages")
request.set_method("GET")
assert me.send(request)["TotalCount"] == 1
request = me.request("ModifyImageAttribute", ImageId=web)
request.add_body_params("Description", "正文 in the body *~+")
me.send(request)
assert scene.image(HERE, ImageId=web)["Description"] == "正文 in the body *~+"
checked("GET is taken, and parameters in a body")

with mock.patch("aliyunsdkcore.auth.composer.rpc_signature_composer.helper.get_uuid", return_value="one-nonce"):
    me.ask("DescribeRegions")
    for _ in range(2):
        refused(400, "SignatureNonceUsed", lambda: me.ask("DescribeRegions"), "Specified signature nonce was used already.")
me.ask("DescribeRegions")
checked("a nonce is good once")

for time, code in [("2020-01-01T00:00:00Z", "InvalidTimeStamp.Expired"), ("2020-01-01", "InvalidTimeStamp.Format")]:
    with mock.patch(
        "aliyunsdkcore.auth.composer.rpc_signature_composer.helper.get_iso_8061_date", return_value=time
    ):
        refused(400, code, lambda: me.ask("DescribeRegions"))
checked("a request is of now")

with mock.patch("aliyunsdkcore.auth.algorithm.sha_hmac1.get_signer_name", return_value="HMAC-SHA256"):
    refused(400, "InvalidParamater", lambda: me.ask("DescribeRegions"), "SignatureMethod")
checked("another algorithm is not taken")
end()
