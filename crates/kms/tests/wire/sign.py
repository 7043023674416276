"""Signs with botocore what our client sent, and prints botocore's signature."""

import json
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

sent = json.load(sys.stdin)
request = AWSRequest(method="POST", url=sent["url"], data=sent["body"].encode(), headers=sent["headers"])
request.context["timestamp"] = sent["headers"]["x-amz-date"]
credentials = Credentials(sent["access_key"], sent["secret_key"], sent["token"])
auth = SigV4Auth(credentials, "kms", sent["region"])
canonical = auth.canonical_request(request)
print(auth.signature(auth.string_to_sign(request, canonical), request))
