# What the stages of `run.sh` have in common. Each function that finds something wrong says it and ends the stage.
# shellcheck shell=bash

wrong() {
    printf 'wrong: %s\n' "$*"
    exit 1
}

images() {
    "${PYTHON:-python3}" "$here/images.py" "$@"
}

# Runs the program with these arguments; its output goes to $out and $err, its exit code to $code.
call() {
    out=$stage_dir/out err=$stage_dir/err code=0
    "$ims" "$@" >"$out" 2>"$err" || code=$?
}

# The same in the background; $under_way is its process.
begin_call() {
    out=$stage_dir/out err=$stage_dir/err
    "$ims" "$@" >"$out" 2>"$err" &
    under_way=$!
}

# Waits for it.
end_call() {
    code=0
    wait "$under_way" || code=$?
    under_way=''
}

# Keeps the output of the last call under a name of its own, to be looked into later.
set_aside() {
    mv "$out" "$stage_dir/$1"
    mv "$err" "$stage_dir/$1.err"
}

exits_with() {
    [ "$code" = "$1" ] || { tail -n 30 "$out" "$err"; wrong "exit code $code and not $1"; }
}

# Whether a text stands in a file.
says() {
    grep -qF -- "$2" "$1" || { cat "$1"; wrong "it does not say: $2"; }
}

# The store of a Glance holds exactly these ids, one a line, in any order.
store_is() {
    local url=$1 expected
    expected=$(sort <<<"$2" | sed '/^$/d')
    diff <(printf '%s\n' "$expected" | sed '/^$/d') <(images list "$url") ||
        wrong "the store of $url (>) does not hold what it should (<)"
}

no_ledger_is_left() {
    # What was killed while it began its ledger has sent nothing; a run that begins a minute later clears it away.
    [ -z "$(ls -A "$IMS_LEDGER" | grep -v '\.new$')" ] || { head -n 3 "$IMS_LEDGER"/*; wrong "a ledger is left"; }
}

# Waits until the ledger of the run under way knows of so many creations.
await_creations() {
    for _ in $(seq 600); do
        [ "$(cat "$IMS_LEDGER"/*.ledger 2>/dev/null | grep -c '"record":"created"')" -ge "$1" ] && return
        kill -0 "$under_way" 2>/dev/null || wrong "the run ended before it had created $1 images"
        sleep 0.05
    done
    wrong "the run did not create $1 images"
}

# Keeps a server from answering, and lets it go on.
halt() {
    kill -STOP -- "-$(cat "$live/$1.pid")"
}
resume() {
    kill -CONT -- "-$(cat "$live/$1.pid")" 2>/dev/null || true
}

# Begins a run with these arguments, and halts the server when a request that creates something is on its way to it.
halt_in_flight() {
    begin_call run --endpoint "$OPEN_GLANCE" "$@"
    await_creations 1
    for _ in $(seq 60); do
        sleep "0.0$((RANDOM % 10))"
        halt open
        sleep 0.3
        if tail -n 1 "$IMS_LEDGER"/*.ledger | grep -q '"record":"intent"'; then return; fi
        resume open
    done
    wrong "no request that creates something was met on its way"
}

# The ids that the last call told in lines with this text.
told() {
    sed -nE "s/^  ([0-9a-f]{8}-[0-9a-f-]{27})  $1.*/\1/p" "$out"
}

# Where the last call has written its reports, and the arguments that make it do so.
reports=(json junit html)
report_to() {
    local format
    for format in "${reports[@]}"; do printf '%s\n' "--report=$format=$stage_dir/report.$format"; done
}

# Clause, place, what was expected and what came of each finding of a report, sorted; without what differs from run to run.
findings_of() {
    "${PYTHON:-python3}" "$here/reports.py" findings "$1" | sed -E 's/[0-9a-f]{8}-[0-9a-f-]{27}/[id]/g' | LC_ALL=C sort
}

# The reports of the last call say the same, each in its own way.
reports_agree() {
    "${PYTHON:-python3}" "$here/reports.py" agree "$stage_dir"/report.{json,junit,html} || wrong "the reports do not agree"
}

# The findings of the last call are those of a file beside this one.
finds_what_is_in() {
    local expected=$here/$1
    if [ -n "${LIVE_ACCEPT:-}" ]; then
        findings_of "$stage_dir/report.json" >"$expected"
    fi
    diff "$expected" <(findings_of "$stage_dir/report.json") || wrong "the findings (>) are not those of tests/live/$1 (<)"
}

# How many requests a server has answered so far. Another process writes its log, which is complete when it no longer grows.
requests_to() {
    local before=-1 now
    now=$(wc -l <"$live/logs/$1.requests")
    while [ "$before" != "$now" ]; do
        sleep 0.3
        before=$now
        now=$(wc -l <"$live/logs/$1.requests")
    done
    echo "$now"
}
