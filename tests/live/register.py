"""Tells a new Keystone who may use which Glance, and writes a clouds.yaml with a user, and with an application credential.

Arguments: the address of the Keystone, that of the Glance, the password of `admin`, which `demo` gets too, and the file to write.
"""

import json
import secrets
import sys

import openstack

keystone, glance, password, clouds = sys.argv[1:]
secret = secrets.token_hex(16)


def user(name):
    """What opens a session of the user with this name, in the project of the same name."""
    domain = {"user_domain_name": "Default", "project_domain_name": "Default"}
    return {"auth_url": keystone, "username": name, "password": password, "project_name": name, **domain}


identity = openstack.connect(auth=user("admin"), region_name="RegionOne").identity
project = identity.create_project(name="demo", domain_id="default")
demo = identity.create_user(name="demo", password=password, domain_id="default")
identity.assign_project_role_to_user(project, demo, identity.find_role("member"))
service = identity.create_service(name="glance", type="image")
for interface in ("public", "internal", "admin"):
    identity.create_endpoint(service_id=service.id, interface=interface, url=glance, region_id="RegionOne")
own = openstack.connect(auth=user("demo"), region_name="RegionOne").identity
credential = own.create_application_credential(demo, "conformance", secret=secret)

common = {"region_name": "RegionOne", "identity_api_version": 3}
application = {"auth_url": keystone, "application_credential_id": credential.id, "application_credential_secret": secret}
found = {
    "live-admin": {**common, "auth": user("admin")},
    "live-demo": {**common, "auth": user("demo")},
    "live-application": {**common, "auth_type": "v3applicationcredential", "auth": application},
}
with open(clouds, "w", encoding="utf-8") as file:
    # JSON is YAML.
    json.dump({"clouds": found}, file, indent=2)
