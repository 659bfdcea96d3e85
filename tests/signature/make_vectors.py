"""Makes vectors.json: requests, and how an independent implementation signs them.

The implementation is the one of a vendor whose gateways check such signatures, as published on PyPI. To make the vectors anew:

    python3 -m venv /tmp/vectors && /tmp/vectors/bin/pip install huaweicloudsdkcore==3.1.219
    /tmp/vectors/bin/python tests/signature/make_vectors.py

The result is the same every time. The keys are made up, and let nobody in anywhere.
"""

import json
import pathlib

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest

LASTING = {"id": "LASTINGKEYOFNOBODY01", "secret": "made-up-secret-of-a-key-that-lasts/+=~01"}
OTHER = {"id": "OTHERKEYOFNOBODY0002", "secret": "another-made-up-secret"}
PROJECT = {**LASTING, "project": "0123456789abcdef0123456789abcdef"}
TEMPORARY = {
    "id": "TEMPORARYKEYOFNOBODY",
    "secret": "made-up-secret-of-a-key-that-ends",
    "security_token": "bWFkZSB1cCBzZXNzaW9u/+" + "x" * 400 + "==",
}
TEMPORARY_PROJECT = {**TEMPORARY, "project": "fedcba9876543210fedcba9876543210"}

HOST = "ims.eu-de.example.com"
JSON = {"Content-Type": "application/json"}
# The vendor's client does not sign a body of another media type, where it finds the header by the name `Content-Type`. In lower case it overlooks it, and the
# body is signed, which gateways take as well.
PATCH = {"content-type": "application/openstack-images-v2.1-json-patch"}
CREATION = '{"__os_version":"Ubuntu 22.04 server 64bit","container_format":"bare","disk_format":"zvhd2","min_disk":10}'


def vector(name, method="GET", path="/v2/images", query=(), headers=None, body="", key=None, time="20260102T030405Z",
           host=HOST, scheme="https", written=None):
    """One vector. `path` and `query` are what the vendor's client is told; `written` is another way to write the same URL."""
    key = key or LASTING
    headers = dict(headers or {})
    request = SdkRequest(method=method, schema=scheme, host=host, resource_path=path, query_params=list(query),
                         header_params={**headers, "X-Sdk-Date": time}, body=body)
    credentials = BasicCredentials(key["id"], key["secret"], key.get("project"))
    if "security_token" in key:
        credentials.with_security_token(key["security_token"])
    signed = credentials.sign_request(request)
    assert "X-Sdk-Content-Sha256" not in signed.header_params, f"{name}: the body is not signed"
    added = ("X-Sdk-Date", "Host", "X-Security-Token", "X-Project-Id", "Authorization")
    return {
        "name": name,
        "method": method,
        "url": signed.url if written is None else f"{scheme}://{host}{written}",
        "headers": headers,
        "body": body,
        "key": key,
        "time": f"{time[:4]}-{time[4:6]}-{time[6:11]}:{time[11:13]}:{time[13:]}",
        "expected": {header: signed.header_params[header] for header in added if header in signed.header_params},
    }


VECTORS = [
    # Methods.
    vector("a plain GET"),
    vector("a GET that states a media type", headers=JSON),
    vector("a POST with a body", "POST", headers=JSON, body=CREATION),
    vector("a PUT", "PUT", "/v2/images/5f6b/tags/new", headers=JSON),
    vector("a PATCH", "PATCH", "/v2/images/5f6b", headers=PATCH, body='[{"op":"replace","path":"/name","value":"x"}]'),
    vector("a DELETE", "DELETE", "/v2/images/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"),
    vector("a HEAD", "HEAD"),
    vector("a method in small letters", "get"),
    # Bodies.
    vector("a POST without a body", "POST", headers=JSON),
    vector("an empty object", "POST", headers=JSON, body="{}"),
    vector("a body that is not JSON", "POST", headers=JSON, body="\x00{\"a\": \r\n"),
    vector("a body outside ASCII", "POST", headers=JSON, body='{"name":"Größe 图像 🖼"}'),
    vector("a body that ends in a line", "POST", headers=JSON, body=CREATION + "\n"),
    vector("a large body", "POST", headers=JSON, body='{"name":"' + "x" * 5000 + '"}'),
    # Paths.
    vector("the root", path="/"),
    vector("no path at all", path="/", written=""),
    vector("a path prefix", "POST", "/image/proxy/v2/images", headers=JSON, body=CREATION),
    vector("a path that ends in a slash", path="/v2/images/"),
    vector("a path with an empty segment", path="/v2//images"),
    vector("a path outside ASCII", path="/v2/images/größe/图像"),
    vector("a path that is encoded", path="/v2/images/a%20b%C3%A4%25"),
    vector("a path that is encoded in small letters", path="/v2/images/%c3%a4%2d%7e"),
    vector("a path with an encoded slash", path="/v2/images/a%2Fb"),
    vector("a path with a percent sign that encodes nothing", path="/v2/images/100%zz"),
    vector("a path that is encoded otherwise than in UTF-8", path="/v2/images/%FFa%C3"),
    vector("a path with every other sign", path="/v2/a+b;c=d,e@f:g!h$i&j'k(l)m*n-o_p.q~r"),
    # Queries.
    vector("a query", query=[("limit", "2"), ("marker", "13551d6b-755d-4757-b956-536f674975c0")]),
    vector("parameters out of order", query=[("name", "x"), ("limit", "2"), ("Name", "y"), ("__isregistered", "true")],
           written="/v2/images?name=x&limit=2&Name=y&__isregistered=true"),
    vector("repeated parameters", query=[("tag", "b"), ("tag", "a"), ("tag", "B"), ("a", "1")],
           written="/v2/images?tag=b&tag=a&tag=B&a=1"),
    vector("the same parameter twice", query=[("tag", "a"), ("tag", "a")]),
    vector("a list of values", query=[("tag", ["b", "a"])], written="/v2/images?tag=b&tag=a"),
    vector("empty values", query=[("name", ""), ("a", "")], written="/v2/images?name=&a="),
    vector("a parameter without an equals sign", query=[("flag", ""), ("a", "1")], written="/v2/images?flag&a=1"),
    vector("a question mark and nothing behind it", written="/v2/images?"),
    vector("parameters with special characters",
           query=[("name", "a b+c&d=e/f?g#h%i~j*k'l\"m"), ("k y", "1"), ("k-y", "2"), ("k+y", "3")]),
    vector("a plus sign that is a blank", query=[("name", "a b"), ("sum", "1+1")],
           written="/v2/images?sum=1%2B1&name=a+b"),
    vector("parameters outside ASCII", query=[("größe", "图像"), ("z", "1"), ("name", "🖼")]),
    vector("characters that need no encoding and have it", query=[("name", "a-b_c.d~e")],
           written="/v2/images?name=%61%2Db%5Fc%2Ed%7Ee"),
    vector("a POST with a query and a body", "POST", query=[("dry", "true")], headers=JSON, body=CREATION),
    vector("a fragment, which is not sent", query=[("a", "1")], written="/v2/images?a=1#top"),
    # Hosts.
    vector("a port", host="ims.example.com:8443"),
    vector("an address and a port", host="127.0.0.1:9292", scheme="http"),
    vector("an address of IPv6", host="[::1]:9292", scheme="http"),
    vector("a Host of the caller's own", headers={"Host": "other.example.com"}),
    # Headers.
    vector("several headers, out of order", headers={"X-Trace": "1", "Accept": "*/*", "content-type": "application/json"}),
    vector("a header with blanks around and in it", headers={"X-Note": "  a   b\t"}),
    vector("an empty header", headers={"X-Note": ""}),
    vector("a header outside ASCII", headers={"X-Note": "größe"}),
    vector("a header whose name has an underscore", headers={"X_Note": "1", "X-Note": "2"}),
    vector("names that sort by their small letters", headers={"Zeta": "1", "alpha": "2", "x-sdk": "3", "X-Sdk-Datum": "4"}),
    # Keys.
    vector("another key", key=OTHER),
    vector("a project", key=PROJECT),
    vector("a temporary key", key=TEMPORARY),
    vector("a temporary key and a project", "POST", headers=JSON, body=CREATION, key=TEMPORARY_PROJECT),
    vector("a temporary key that deletes", "DELETE", "/v2/images/5f6b", key=TEMPORARY),
    # Times.
    vector("the first second of a year", time="20260101T000000Z"),
    vector("the last second of a year", time="20251231T235959Z"),
    vector("a leap day", time="20240229T120000Z"),
    vector("a time long ago", time="19991109T010203Z"),
]

if __name__ == "__main__":
    file = pathlib.Path(__file__).with_name("vectors.json")
    file.write_text(json.dumps(VECTORS, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(VECTORS)} vectors in {file}")
