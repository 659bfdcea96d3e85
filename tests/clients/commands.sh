# What somebody does with images by python-openstackclient; the cloud `stub` of clouds.yaml is the stub.
set -euo pipefail

is() {
    [ "$1" = "$2" ] || { printf 'expected %q, got %q\n' "$2" "$1" >&2; exit 1; }
}

list() {
    openstack image list -f value -c Name "$@" | paste -sd ' '
}

for name in b c a; do
    openstack image create --container-format bare --disk-format raw --tag all=1 --tag "$name=1" "$name" -f value -c name </dev/null
done >/dev/null
# It sorts what comes by name, unless it is told otherwise.
is "$(list)" 'a b c'
is "$(list --name c)" c
is "$(list --tag a=1)" a
is "$(list --limit 2)" 'b c'
is "$(list --limit 2 --marker "$(openstack image show c -f value -c id)")" a
is "$(list --sort name:desc)" 'c b a'
is "$(list --status active)" 'a b c'
is "$(openstack image show b -f value -c name)" b
openstack image set --min-disk 3 --name z --tag new b
is "$(openstack image show z -f value -c min_disk)" 3
openstack image unset --tag new z
openstack image delete z c a
is "$(list)" ''
echo 'python-openstackclient is content'
