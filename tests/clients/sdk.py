"""What somebody does with images by openstacksdk; the cloud `stub` of clouds.yaml is the stub."""

import openstack

image = openstack.connect(cloud="stub").image
assert not list(image.images()), "something is there already"

names = ["b", "c", "a"]
made = [
    image.create_image(name, allow_duplicates=True, container_format="bare", disk_format="raw", tags=["all=1", f"{name}=1"])
    for name in names
]
assert [each.name for each in made] == names


def listed(**query):
    return [each.name for each in image.images(**query)]


assert listed() == names
assert listed(name="c") == ["c"]
assert listed(tag="all=1") == names and listed(tag="a=1") == ["a"]
assert listed(limit=1) == names, "three pages of one"
assert listed(limit=2, sort_key="name", sort_dir="asc") == ["a", "b", "c"]
assert listed(is_protected=False) == names and listed(is_protected=True) == []

first = made[0]
assert image.get_image(first.id).name == "b"
assert image.find_image("c").id == made[1].id and image.find_image("nobody") is None

changed = image.update_image(first, name="z", min_ram=7)
assert (changed.name, changed.min_ram) == ("z", 7)
assert (image.get_image(first.id).name, listed(name="z")) == ("z", ["z"])

image.add_tag(first, "new")
assert "new" in image.get_image(first.id).tags
image.remove_tag(first, "new")
assert "new" not in image.get_image(first.id).tags

for each in made:
    image.delete_image(each)
assert listed() == [] and image.find_image(first.id) is None
print("openstacksdk is content")
