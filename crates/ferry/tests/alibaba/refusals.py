"""What is wrong with a request is told by codes and statuses that the client reads."""

from clients import Scene
from story import checked, end, refused

scene = Scene()
me = scene.me
HERE, THERE = "cn-hangzhou", "cn-shanghai"
web = scene.image(HERE, ImageName="web")["ImageId"]
look = dict(RegionId=HERE)

wrong = scene.client({"id": scene.key["id"], "secret": scene.key["secret"][::-1]})
if scene.kind == "older":
    # It compares what the server signed with what it signed itself, and draws its own conclusion.
    refused(400, "InvalidAccessKeySecret", lambda: wrong.ask("DescribeImages", **look), "The AccessKeySecret is incorrect.")
else:
    beginning = "Specified signature is not matched with our calculation. server string to sign is:"
    refused(400, "SignatureDoesNotMatch", lambda: wrong.ask("DescribeImages", **look), beginning)
for unknown in ("FERRYAAAAAAAAAAAAAAAAAAAA", "LTAI5tFakeAccessKeyId01"):
    stranger = scene.client({"id": unknown, "secret": scene.key["secret"]})
    refused(
        400, "InvalidAccessKeyId.NotFound", lambda: stranger.ask("DescribeImages", **look), "Specified access key is not found."
    )
checked("a wrong secret and an unknown key are told apart, and neither is 404")

copy = dict(RegionId=HERE, ImageId=web, DestinationRegionId=THERE)
for change, status, code in [
    (dict(ImageId="m-aaaaaaaaaaaaaaaaaaaa"), 404, "InvalidImageId.NotFound"),
    (dict(ImageId="../../etc/passwd"), 404, "InvalidImageId.NotFound"),
    (dict(RegionId="nowhere"), 400, "SourceRegion.NotFound"),
    (dict(DestinationRegionId="nowhere"), 400, "DestinationRegion.NotFound"),
    (dict(DestinationImageName="1"), 400, "InvalidImageName.Malformed"),
    (dict(DestinationDescription="http://d"), 400, "InvalidDescription.Malformed"),
    (dict(Tag=[{"Key": "acs:x", "Value": "v"}]), 400, "InvalidTagKey.Malformed"),
    (dict(KMSKeyId="none"), 400, "InvalidEncrypted.NotMatchKmsKeyId"),
    (dict(Encrypted=True, KMSKeyId="none"), 404, "InvalidParameter.KMSKeyId.NotFound"),
]:
    refused(status, code, lambda: me.ask("CopyImage", **{**copy, **change}))
assert scene.images(THERE, Status="Creating,Waiting,Available,CreateFailed") == []
checked("a copy is refused for each of its parameters, and nothing is made")

refused(400, "InvalidRegionId.NotFound", lambda: me.ask("DescribeImages", RegionId="nowhere"))
refused(404, "InvalidImageId.NotFound", lambda: me.ask("DeleteImage", RegionId=HERE, ImageId="m-aaaaaaaaaaaaaaaaaaaa"))
assert scene.images(HERE, ImageId="m-aaaaaaaaaaaaaaaaaaaa") == []
refused(400, "UnsupportedOperation", lambda: me.ask("CreateImagePipeline", RegionId=HERE, Name="p"), "CreateImagePipeline")
refused(400, "MissingParameter", lambda: me.ask("CopyImage", RegionId=HERE), '"ImageId"')
checked("absent images are not found, absent regions are an error that is not 404, and what is not offered is said so")
end()
