"""Images are imported of objects in a bucket and exported to one."""

from clients import HERE, THERE, Scene
from story import checked, disk, end, refused, until

scene = Scene()
me = scene.me

systems = me.ask("DescribeImportImageOs", HERE)
linux = systems["ImportImageOsListSupported"]["Linux"]
assert "Ubuntu" in linux, systems
(ubuntu, *_) = [entry for entry in systems["ImportImageOsVersionSet"] if entry["OsName"] == "Ubuntu"]
checked("systems and their versions are listed")

bucket = scene.bucket(HERE, "images-1250000000")
disk(bucket / "web.raw")
url = "https://images-1250000000.cos.ap-guangzhou.myqcloud.com/{}"
asked = dict(
    Architecture="x86_64",
    OsType="Ubuntu",
    OsVersion=ubuntu["OsVersions"][0],
    ImageUrl=url.format("web.raw"),
    ImageName="imported",
    ImageDescription="of an object",
    BootMode="UEFI",
    TagSpecification=[{"ResourceType": "image", "Tags": [{"Key": "of", "Value": "an object"}]}],
)
me.ask("ImportImage", HERE, DryRun=True, **asked)
assert scene.images(HERE, image_name="imported") == []
image = me.ask("ImportImage", HERE, **asked)["ImageId"]
states = scene.normal(HERE, image)
assert set(states) <= {"IMPORTING", "NORMAL"}, states
found = scene.image(HERE, image)
assert (found["ImageName"], found["ImageDescription"], found["ImageSource"]) == ("imported", "of an object", "EXTERNAL_IMPORT")
assert found["Tags"] == [{"Key": "of", "Value": "an object"}] and found["Platform"] == "Ubuntu", found
refused(None, "InvalidImageName.Duplicate", lambda: me.ask("ImportImage", HERE, **{**asked, "Force": True}))
for wrong in (url.format("none.raw"), "ftp://x/y", "https://images-1250000000.cos.ap-shanghai.myqcloud.com/web.raw"):
    more = {**asked, "ImageName": "other", "ImageUrl": wrong}
    refused(None, "InvalidParameter.InvalidParameterUrlError", lambda: me.ask("ImportImage", HERE, **more))
more = {**asked, "ImageName": "other", "OsType": "Plan9"}
refused(None, "InvalidImageOsType.Unsupported", lambda: me.ask("ImportImage", HERE, **more))
checked("an image is imported of an object")

goes = scene.bucket(HERE, "exports-1250000000")
export = dict(BucketName="exports-1250000000", ImageIds=[image], ExportFormat="QCOW2", FileNamePrefixList=["out"])
answer = me.ask("ExportImages", HERE, **export)
assert isinstance(answer["TaskId"], int) and len(answer["CosPaths"]) == 1, answer
(name,) = answer["CosPaths"]
written = lambda: [path for path in goes.rglob("*") if path.is_file() and path.name.endswith(".qcow2")]
(path,) = until("the object is there", written)
assert str(path.relative_to(goes)) == name and name.startswith(f"out_{image}"), (path, name)
assert path.read_bytes()[:4] == b"QFI\xfb"
gone = {**export, "BucketName": "nowhere-1250000000"}
refused(None, "InvalidParameterValue.BucketNotFound", lambda: me.ask("ExportImages", HERE, **gone))
official = scene.named(HERE, "official")["ImageId"]
public = lambda: scene.client(scene.olga).ask("ExportImages", HERE, **{**export, "ImageIds": [official]})
refused(None, "UnsupportedOperation.PublicImageExportUnsupported", public)
checked("an image is exported to an object")
end()
