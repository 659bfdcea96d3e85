#!/usr/bin/env bash
# The program against a real OpenStack on this machine: what it finds, and that nothing of a run stays behind, however the run ends.
#
#   tests/live/run.sh              installs and starts Glance and Keystone (`openstack.sh`), performs every stage, stops and removes them
#   tests/live/run.sh STAGE...     performs only these stages: findings, killed, interrupted, budgets, secrets, cloud, expiry, doctor
#
# A line for each stage, what a failed one said below it, and the exit code 1 if one failed. Where PyPI cannot be reached there is nothing to test against:
# one line says so, and the exit code is 0. The whole takes about five minutes, one or two of them for PyPI.
#
#   IMS_CONFORMANCE   the program to test; by default it is built
#   LIVE_DIR          folder for everything; what is installed there stays for the next time. By default a new one, which is removed at the end
#   LIVE_SEED         makes the moments of stage `killed` the same again; LIVE_ROUNDS is how many of them are random (25)
#   LIVE_ACCEPT=1     writes the findings of stage `findings` into the expected ones, for a reviewer to look at the difference
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/checks.sh"
. "$here/stages.sh"
. "$here/logins.sh"
stages=(findings killed interrupted budgets secrets cloud expiry doctor)
seed=${LIVE_SEED:-$RANDOM}
rounds=${LIVE_ROUNDS:-25}
unreachable=77

# Stops the servers and removes what this script made, also after a failure.
finish() {
    local status=$?
    trap - EXIT INT TERM
    "$here/openstack.sh" stop "$live" || true
    rm -rf "$work"
    [ -n "${LIVE_DIR:-}" ] || rm -rf "$live"
    exit "$status"
}

# What a stage that ended early has left: a run under way, a server that was halted, images.
let_go() {
    [ -z "$under_way" ] || kill -KILL "$under_way" 2>/dev/null || true
    resume open
    resume guarded
    local glance left
    IMAGES_TOKEN=$(images token "$KEYSTONE" demo "$PASSWORD")
    export IMAGES_TOKEN
    for glance in "$OPEN_GLANCE" "$GUARDED_GLANCE"; do
        left=$(images list "$glance")
        # shellcheck disable=SC2086
        images delete "$glance" $left
    done
}

# The program, built from this folder unless one is named.
program() {
    if [ -n "${IMS_CONFORMANCE:-}" ]; then
        realpath -e "$IMS_CONFORMANCE"
        return
    fi
    (cd "$here/../.." && cargo build --locked --quiet && cargo metadata --locked --no-deps --format-version 1) |
        "${PYTHON:-python3}" -c 'import json, sys; print(json.load(sys.stdin)["target_directory"] + "/debug/ims-conformance")'
}

# Performs a stage in a shell of its own, which ends at the first thing that is not as it should be.
perform() {
    local stage=$1 log=$work/$1.log begin=$SECONDS status
    stage_dir=$work/$stage
    mkdir -p "$stage_dir/ledger"
    set +e
    (
        set -e
        trap let_go EXIT
        export IMS_LEDGER=$stage_dir/ledger
        "stage_$stage"
    ) >"$log" 2>&1
    status=$?
    set -e
    if [ "$status" = 0 ]; then
        printf 'ok    %-12s %3d s  %s\n' "$stage" $((SECONDS - begin)) "$(tail -n 1 "$log")"
    else
        printf 'FAIL  %-12s %3d s\n' "$stage" $((SECONDS - begin))
        tail -n 60 "$log" | sed 's/^/      /'
        failed+=("$stage")
    fi
}

# Nothing that is set outside may lead the program elsewhere.
for name in $(compgen -v OS_) $(compgen -v IMS_ | grep -v '^IMS_CONFORMANCE$'); do unset "$name"; done
[ $# = 0 ] || stages=("$@")
for stage in "${stages[@]}"; do
    declare -F "stage_$stage" >/dev/null || { echo "there is no stage $stage" >&2; exit 2; }
done
ims=$(program)
live=${LIVE_DIR:-$(mktemp -d)}
mkdir -p "$live"
live=$(realpath "$live")
work=$(mktemp -d)
under_way='' failed=()
trap finish EXIT
trap 'exit 130' INT TERM

begin=$SECONDS status=0
"$here/openstack.sh" start "$live" || status=$?
if [ "$status" = "$unreachable" ]; then
    echo "skipped: PyPI cannot be reached, so there is no OpenStack to test against"
    exit 0
fi
[ "$status" = 0 ] || { echo "FAIL  no OpenStack could be started"; exit 1; }
. "$live/addresses"
echo "ok    start        $((SECONDS - begin)) s  Glance at $OPEN_GLANCE and $GUARDED_GLANCE, Keystone at $KEYSTONE"
for stage in "${stages[@]}"; do perform "$stage"; done
echo "${#stages[@]} stages, ${#failed[@]} failed${failed[*]:+: ${failed[*]}}; $SECONDS s"
[ "${#failed[@]}" = 0 ]
