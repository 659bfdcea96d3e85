#!/usr/bin/env bash
# A real OpenStack on this machine, for tests: a Glance without authentication, a Keystone, and a Glance behind it, from PyPI, with sqlite and files.
#
#   openstack.sh start DIR               installs into DIR if need be, starts all three with empty stores, writes DIR/addresses and DIR/clouds.yaml
#   openstack.sh expire DIR SECONDS      starts the Keystone of DIR again, with tokens that live so long
#   openstack.sh stop DIR                stops all three, and removes all of DIR but what was installed and the logs
#
# DIR is a whole path. `addresses` holds shell variables: OPEN_GLANCE, KEYSTONE, GUARDED_GLANCE, and the password of the users `admin` and `demo`.
# Ports are free ones, chosen here. KEYSTONE_EXPIRATION is how many seconds a token lives (3600), PYTHON the interpreter (python3).
# Needs CPython 3.11 or later and what its pip takes for PyPI. Exit code 77: that index cannot be reached, and nothing was installed.
set -euo pipefail
umask 077
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
expiration=${KEYSTONE_EXPIRATION:-3600}
unreachable=77

fail() {
    printf 'openstack.sh: %s\n' "$*" >&2
    exit 1
}

# Runs a command whose output is of interest only if it fails.
quietly() {
    local log=$1
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        fail "failed: $*"
    fi
}

# ---- installation

# A virtual environment also where Debian's python3-venv is missing: with another pip, or with the package.
make_environment() {
    "$python" -m venv "$venv" >"$logs/venv.log" 2>&1 && return
    rm -rf "$venv"
    if "$python" -m pip --version >/dev/null 2>&1; then
        quietly "$logs/venv.log" "$python" -m venv --without-pip "$venv"
        return
    fi
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get -qq update >>"$logs/venv.log" 2>&1 || true
    "${as_root[@]}" apt-get -qq install --no-install-recommends -y python3-venv >>"$logs/venv.log" 2>&1 ||
        fail "$python makes no virtual environment; install python3-venv"
    quietly "$logs/venv.log" "$python" -m venv "$venv"
}

# The environment's pip, or another one that works on the environment.
pip() {
    if [ -x "$venv/bin/pip" ]; then
        "$venv/bin/pip" --disable-pip-version-check --no-input "$@"
    else
        "$python" -m pip --python "$venv/bin/python" --disable-pip-version-check --no-input "$@"
    fi
}

install() {
    cmp -s "$here/requirements.lock" "$venv/installed" && return
    rm -rf "$venv"
    make_environment
    if ! pip index versions --retries 2 --timeout 20 keystone >"$logs/index.log" 2>&1; then
        tail -n 3 "$logs/index.log" >&2
        exit "$unreachable"
    fi
    quietly "$logs/install.log" pip install --no-compile --progress-bar off --requirement "$here/requirements.lock"
    cp "$here/requirements.lock" "$venv/installed"
}

# ---- configuration

# Three free ports below those that the system gives to clients, so that nobody takes them meanwhile.
free_ports() {
    "$python" - <<'PY'
import random
import socket

held = []
while len(held) < 3:
    candidate = socket.socket()
    try:
        candidate.bind(("127.0.0.1", random.randrange(20000, 32000)))
    except OSError:
        continue
    held.append(candidate)
print(*(each.getsockname()[1] for each in held))
PY
}

# What both Glances share. What Keystone says of a token is believed for two seconds, so that a token that is revoked is soon refused. Without authentication a caller is an administrator without roles, whom the usual policy would refuse everything.
configure_glance() {
    local name=$1 port=$2 flavor=$3 policy=$4 home=$dir/$1
    mkdir -p "$home/images" "$home/staging" "$home/tasks"
    printf '%s\n' "$policy" >"$home/policy.yaml"
    cat >"$home/glance-api.conf" <<CONF
[DEFAULT]
log_file = $logs/$name.log
use_stderr = false
public_endpoint = http://127.0.0.1:$port
worker_self_reference_url = http://127.0.0.1:$port
enabled_backends = file:file
[database]
connection = sqlite:///$home/glance.sqlite
sqlite_synchronous = false
[glance_store]
default_backend = file
[file]
filesystem_store_datadir = $home/images
[os_glance_staging_store]
filesystem_store_datadir = $home/staging
[os_glance_tasks_store]
filesystem_store_datadir = $home/tasks
[paste_deploy]
config_file = $venv/etc/glance/glance-api-paste.ini
$flavor
[oslo_concurrency]
lock_path = $home
[oslo_policy]
policy_file = $home/policy.yaml
[keystone_authtoken]
www_authenticate_uri = $KEYSTONE
auth_url = $KEYSTONE
auth_type = password
username = admin
password = $PASSWORD
token_cache_time = 2
project_name = admin
user_domain_name = Default
project_domain_name = Default
CONF
}

configure_keystone() {
    local home=$dir/keystone
    mkdir -p "$home/fernet" "$home/credential"
    cat >"$home/keystone.conf" <<CONF
[DEFAULT]
log_file = $logs/keystone.log
use_stderr = false
public_endpoint = ${KEYSTONE%/v3}
[database]
connection = sqlite:///$home/keystone.sqlite
sqlite_synchronous = false
[token]
expiration = $1
[fernet_tokens]
key_repository = $home/fernet
[fernet_receipts]
key_repository = $home/fernet
[credential]
key_repository = $home/credential
[cache]
enabled = false
CONF
}

# The tables, the keys (one to be the next, one to be used), and the administrator.
fill_keystone() {
    local manage=("$venv/bin/keystone-manage" --config-file "$dir/keystone/keystone.conf")
    local key
    for key in fernet/0 fernet/1 credential/0 credential/1; do
        head -c 32 /dev/urandom | base64 | tr '+/' '-_' >"$dir/keystone/$key"
    done
    "${manage[@]}" db_sync &&
        "${manage[@]}" bootstrap --bootstrap-password "$PASSWORD" --bootstrap-region-id RegionOne \
            --bootstrap-public-url "$KEYSTONE" --bootstrap-internal-url "$KEYSTONE" --bootstrap-admin-url "$KEYSTONE"
}

# ---- servers

# One worker with one thread: sqlite has one writer, and a second one would be refused at random. uWSGI ends a connection after each answer and does not
# say so by itself. Each request is one line in $logs/NAME.requests.
serve() {
    local name=$1 url=$2 module=$3 place=$4
    local address=${url#http://}
    env "$place=$dir/$name" PATH="$venv/bin:$PATH" setsid "$venv/bin/uwsgi" --http-socket "${address%%/*}" --module "$module" --virtualenv "$venv" \
        --master --die-on-term --lazy-apps --need-app --processes 1 --enable-threads --buffer-size 65535 --http-raw-body \
        --http-chunked-input --http-auto-chunked --add-header 'Connection: close' --procname-prefix-spaced "live-$name" \
        --logger "file:$logs/$name.uwsgi" --req-logger "file:$logs/$name.requests" --log-format '%(method) %(uri) %(status)' \
        </dev/null >>"$logs/$name.uwsgi" 2>&1 &
    echo $! >"$dir/$name.pid"
}

# Waits until a server answers anything at all.
await() {
    local name=$1 url=$2 pid
    pid=$(cat "$dir/$name.pid")
    "$python" - "$url" "$pid" <<'PY' || { tail -n 30 "$logs/$name.uwsgi" >&2; fail "$name does not answer at $url"; }
import os
import sys
import time
import urllib.error
import urllib.request

url, pid = sys.argv[1], int(sys.argv[2])
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
for _ in range(600):
    os.kill(pid, 0)
    try:
        urllib.request.urlopen(url, timeout=60)
        sys.exit()
    except urllib.error.HTTPError:
        sys.exit()
    except OSError:
        time.sleep(0.1)
sys.exit("no answer")
PY
}

# Ends a server and its worker, at last by force.
end() {
    local file=$dir/$1.pid pid
    [ -e "$file" ] || return 0
    pid=$(cat "$file")
    kill -CONT -- "-$pid" 2>/dev/null || true
    kill -TERM -- "-$pid" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 -- "-$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$pid" 2>/dev/null || true
    rm -f "$file"
}

serve_keystone() {
    serve keystone "$KEYSTONE" keystone.wsgi.api:application OS_KEYSTONE_CONFIG_DIR
    await keystone "$KEYSTONE"
}

# ---- commands

start() {
    install
    local ports
    read -ra ports < <(free_ports)
    PASSWORD=$("$python" -c 'import secrets; print(secrets.token_hex(12))')
    OPEN_GLANCE=http://127.0.0.1:${ports[0]}
    KEYSTONE=http://127.0.0.1:${ports[1]}/v3
    GUARDED_GLANCE=http://127.0.0.1:${ports[2]}
    printf '%s=%s\n' OPEN_GLANCE "$OPEN_GLANCE" KEYSTONE "$KEYSTONE" GUARDED_GLANCE "$GUARDED_GLANCE" PASSWORD "$PASSWORD" >"$dir/addresses"
    configure_glance open "${ports[0]}" '' '"context_is_admin": "@"'
    configure_glance guarded "${ports[2]}" 'flavor = keystone' '{}'
    configure_keystone "$expiration"
    quietly "$logs/glance-manage.log" "$venv/bin/glance-manage" --config-file "$dir/open/glance-api.conf" db_sync &
    local syncing=$!
    quietly "$logs/keystone-manage.log" fill_keystone
    wait "$syncing"
    cp "$dir/open/glance.sqlite" "$dir/guarded/glance.sqlite"
    serve open "$OPEN_GLANCE" glance.wsgi.api:application OS_GLANCE_CONFIG_DIR
    serve guarded "$GUARDED_GLANCE" glance.wsgi.api:application OS_GLANCE_CONFIG_DIR
    serve_keystone
    quietly "$logs/register.log" "$venv/bin/python" "$here/register.py" "$KEYSTONE" "$GUARDED_GLANCE" "$PASSWORD" "$dir/clouds.yaml"
    await open "$OPEN_GLANCE"
    await guarded "$GUARDED_GLANCE"
}

expire() {
    # shellcheck source=/dev/null
    . "$dir/addresses"
    end keystone
    configure_keystone "$1"
    serve_keystone
}

stop() {
    local name
    for name in open guarded keystone; do
        end "$name"
        rm -rf "${dir:?}/$name"
    done
    rm -f "$dir/addresses" "$dir/clouds.yaml"
}

command=${1:?start, expire or stop}
dir=${2:?a folder}
venv=$dir/venv
logs=$dir/logs
mkdir -p "$logs"
case $command in
start | stop) "$command" ;;
expire) expire "${3:?seconds}" ;;
*) fail "there is no command $command" ;;
esac
