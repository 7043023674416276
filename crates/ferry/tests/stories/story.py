"""What the stories of all clouds share: what they are told, what they expect, and requests that are sent again."""

import http.client
import json
import logging
import pathlib
import socket
import sys
import time
from contextlib import contextmanager
from unittest import mock

logging.disable(logging.CRITICAL)  # some clients log every refusal


class Refused(Exception):
    """What a client makes of an error: its HTTP status, its code, its message. The status is none where a client drops it."""

    def __init__(self, status, code, message):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message


class Told:
    """The service that a story plays in, and who is in it."""

    def __init__(self):
        told = json.load(sys.stdin)
        self.endpoint, self.kind = told["endpoint"], told["client"]
        self.key, self.olga, self.tenant = told["key"], told["olga"], str(told["tenant"])
        self.number, self.account = str(told["number"]), told["account"]
        self.buckets = pathlib.Path(told["buckets"])

    def bucket(self, region, name):
        """Makes a bucket of the account: a folder (docs/tasks.md)."""
        folder = self.buckets / region / self.account / name
        folder.mkdir(parents=True)
        return folder


def until(what, holds, seconds=60):
    """Asks again until it is so; answers what came then."""
    end = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < end, f"still not: {what}"
        time.sleep(0.2)
    return answer


def next_second():
    """Waits until signatures are of another second: the same request twice within one is the same request."""
    now = int(time.time())
    until("the next second", lambda: int(time.time()) != now)


def refused(status, code, ask, *words):
    """The call must be refused with this status and code; answers the message, which has these words."""
    try:
        answer = ask()
    except Refused as error:
        assert (error.status, error.code) == (status, code), error
        for word in words:
            assert word in error.message, f"no {word!r} in {error}"
        return error.message
    raise AssertionError(f"not refused with {code}: {answer}")


@contextmanager
def recorded():
    """Lists the bytes of all requests that a client sends while this holds."""
    requests, send = [], http.client.HTTPConnection.send

    def listed(connection, data):
        data_bytes = data.encode() if isinstance(data, str) else bytes(data)
        if data_bytes.split(b" ", 1)[0] in (b"GET", b"POST", b"DELETE", b"PATCH"):
            requests.append(b"")
        requests[-1] += data_bytes
        return send(connection, data)

    with mock.patch.object(http.client.HTTPConnection, "send", listed):
        yield requests


def sent(endpoint, request):
    """Sends a request's bytes on a connection of its own; answers the status and the body."""
    host, port = endpoint.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read()


def disk(path, mebibytes=3):
    """A raw disk image with some bytes in it."""
    with open(path, "wb") as file:
        file.truncate(mebibytes << 20)
        file.write(b"a disk of an object")
    return path


def checked(what):
    print(f"  {what}", flush=True)


def end():
    print("the end")
