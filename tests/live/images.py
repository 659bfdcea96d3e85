"""Looks at the images of a Glance, and makes and removes some, apart from the program under test.

images.py list URL                the ids, one a line, sorted
images.py create URL BODY...      creates an image of each JSON body, and prints its id
images.py delete URL ID...        removes these, also where they are protected
images.py token URL USER PASSWORD prints a new token of the Keystone at URL, in the project with the user's name
images.py revoke URL USER PASSWORD ends all tokens of the user
images.py holds TEXT FILE...      whether a text, in whatever case, stands in one of the files; prints which

A token in IMAGES_TOKEN is shown with each request to the Glance.
"""

import json
import os
import pathlib
import sys
import urllib.request

# The servers are on this machine: no proxy is meant for them.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(method, url, body=None, media_type="application/json"):
    """The answer to a request, and its headers."""
    headers = {"Content-Type": media_type}
    if token := os.environ.get("IMAGES_TOKEN"):
        headers["X-Auth-Token"] = token
    data = None if body is None else body.encode()
    with opener.open(urllib.request.Request(url, data, headers, method=method), timeout=60) as answer:
        text = answer.read()
        return json.loads(text) if text else None, answer.headers


def ids(url):
    """Every id, page by page, those of hidden images too."""
    for path in ("/v2/images?limit=500", "/v2/images?limit=500&os_hidden=true"):
        while path:
            page, _ = ask("GET", url + path)
            yield from (image["id"] for image in page["images"])
            path = page.get("next")


def delete(url, image):
    """Removes an image."""
    release = [{"op": "replace", "path": "/protected", "value": False}]
    ask("PATCH", f"{url}/v2/images/{image}", json.dumps(release), "application/openstack-images-v2.1-json-patch")
    ask("DELETE", f"{url}/v2/images/{image}")


def log_in(url, name, password):
    """What Keystone says to this user, and the headers."""
    domain = {"name": "Default"}
    user = {"name": name, "password": password, "domain": domain}
    scope = {"project": {"name": name, "domain": domain}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return ask("POST", f"{url}/auth/tokens", json.dumps({"auth": {"identity": identity, "scope": scope}}))


def revoke(url, name, password):
    """Keystone ends all tokens of a user who sets a password, be it the one of before."""
    session, _ = log_in(url, name, password)
    user = session["token"]["user"]["id"]
    change = {"user": {"original_password": password, "password": password}}
    ask("POST", f"{url}/users/{user}/password", json.dumps(change))


def holding(text, names):
    """The files in which the text stands."""
    return [name for name in names if text.lower().encode() in pathlib.Path(name).read_bytes().lower()]


command, first, *rest = sys.argv[1:]
match command:
    case "list":
        for image in sorted(ids(first)):
            print(image)
    case "create":
        for body in rest:
            print(ask("POST", f"{first}/v2/images", body)[0]["id"])
    case "delete":
        for image in rest:
            delete(first, image)
    case "token":
        print(log_in(first, *rest)[1]["X-Subject-Token"])
    case "revoke":
        revoke(first, *rest)
    case "holds":
        found = holding(first, rest)
        print(*found, sep="\n")
        sys.exit(0 if found else 1)
    case _:
        sys.exit(f"there is no command {command}")
