"""Programs without the bindings: requests by `urllib` and `http.client`, as any script may make them."""

import http.client
import json
import os
import urllib.error
import urllib.request

HOST, PORT = os.environ["SP_API_HTTP_HOST"], int(os.environ["SP_API_HTTP_PORT"])
HEADERS = {"Authorization": "Storpool v1:" + os.environ["SP_AUTH_TOKEN"]}


def fetch(path, body=None):
    """What `curl` would print, parsed; errors have a body like everything else."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{HOST}:{PORT}/ctrl/1.0/{path}", data, HEADERS)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read())
    except urllib.error.HTTPError as exc:
        with exc:
            return json.loads(exc.read())


def main():
    assert fetch("VolumeCreate", {"name": "v", "size": "1073741824", "replication": "3"})["data"]["ok"]
    (volume,) = fetch("VolumesList")["data"]
    assert volume["size"] == 1 << 30
    assert fetch("VolumeCreate", {"name": "v"})["error"]["name"] == "objectExists"
    assert fetch("NoSuchThing")["error"]["name"] == "unknownQuery"

    # One connection for many requests, and a body of a type that nobody looks at.
    connection = http.client.HTTPConnection(HOST, PORT, timeout=30)
    first = None
    for number in range(10):
        body = json.dumps([{"volume": "v", "rw": ["1"]} if number % 2 == 0 else {"volume": "v", "detach": ["1"]}])
        headers = {**HEADERS, "Content-Type": "text/plain", "X-Whatever": "yes"}
        connection.request("POST", "/ctrl/1.0/VolumesReassign", body, headers)
        response = connection.getresponse()
        assert response.status == 200 and response.getheader("Content-Type").startswith("application/json")
        assert response.getheader("Cache-control") == "private"
        assert json.loads(response.read())["data"]["ok"] is True
        first = first or connection.sock
        assert connection.sock is first
    connection.close()

    # An old client: HTTP/1.0, one request a connection.
    old = http.client.HTTPConnection(HOST, PORT, timeout=30)
    old._http_vsn, old._http_vsn_str = 10, "HTTP/1.0"
    old.request("GET", "/ctrl/1.0/VolumesList", headers=HEADERS)
    response = old.getresponse()
    assert [record["name"] for record in json.loads(response.read())["data"]] == ["v"]
    old.close()

    wrong = urllib.request.Request(f"http://{HOST}:{PORT}/ctrl/1.0/VolumesList", headers={"Authorization": "no"})
    try:
        urllib.request.urlopen(wrong, timeout=30)
        raise AssertionError("let in without a token")
    except urllib.error.HTTPError as exc:
        assert exc.code == 401
        exc.close()
    assert fetch("VolumeDelete/v", {})["data"]["ok"]
    print("done")


if __name__ == "__main__":
    main()
