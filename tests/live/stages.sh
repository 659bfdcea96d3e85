# The stages of `run.sh`: each is a function, whose last line of output is shown.
# shellcheck shell=bash disable=SC2154

# A Glance breaks a lot of this contract, and always the same: each finding is expected, and each expected one is found. Of the boundaries, those parts are
# looked at that find what no case does.
stage_findings() {
    finds_in_the_open findings-open.txt case
    differs_from_the_stub
    finds_in_the_open findings-boundary.txt boundary boundary/tags/ boundary/body/ boundary/content-type/ 'boundary/name/"\ud800"'
    grep -hE '^[0-9]+ (passed|requests)' "$stage_dir/case" "$stage_dir/boundary" | paste -sd ' '
}

# The last run beside one of the stub: each of its findings is new, and what differs else is told, in each format.
differs_from_the_stub() {
    local format found
    mv "$stage_dir/report.json" "$stage_dir/glance.json"
    call run --stub --phase case "--report=json=$stage_dir/stub.json"
    exits_with 0
    for format in json markdown html text; do
        call compare "$stage_dir/stub.json" "$stage_dir/glance.json" --as "$format"
        exits_with 1
        grep -q 'POST /v2/images' "$out" || wrong "a comparison as $format says nothing of how long answers took"
    done
    found=$(findings_of "$stage_dir/glance.json" | wc -l)
    grep -qE "^worse: $found findings new, 0 gone, 0 unknown, 0 in both; [1-9]" "$out" || wrong "the comparison has not these $found findings"
}

# A phase, or a selection of it, finds what is in a file beside this one.
finds_in_the_open() {
    local expected=$1 phase=$2
    shift 2
    local written
    mapfile -t written < <(report_to)
    call run --endpoint "$OPEN_GLANCE" --phase "$phase" "${written[@]}" "$@"
    exits_with 1
    finds_what_is_in "$expected"
    reports_agree
    # What a refused request has created all the same, and no mark proves to be the run's own.
    local perhaps
    perhaps=$(told 'appeared during the run')
    store_is "$OPEN_GLANCE" "$perhaps"
    # shellcheck disable=SC2086
    images delete "$OPEN_GLANCE" $perhaps
    no_ledger_is_left
    cp "$out" "$stage_dir/$phase"
}

# Runs that are killed at any moment: a sweep removes what is theirs, and nothing else.
stage_killed() {
    echo "seed $seed"
    RANDOM=$seed
    local foreign round=0 likely=0 swept=0 again=0
    foreign=$(images create "$OPEN_GLANCE" '{}' '{"name": "conformance-0123456789ab-1"}' '{"name": "kept", "protected": true}')
    kill_in_flight
    kill_in_flight --no-mark
    [ "$likely" -ge 1 ] || wrong "the image of a request without a mark was not told as likely"
    local phases=(case boundary pairs random)
    for ((round = 1; round <= rounds; round++)); do
        kill_one "${phases[RANDOM % 4]}" $((RANDOM % 3)) $((RANDOM % 3000)) $((RANDOM % 1000)) $((RANDOM % 4 + 1))
        sweep_one
    done
    # shellcheck disable=SC2086
    images delete "$OPEN_GLANCE" $foreign
    store_is "$OPEN_GLANCE" ''
    echo "$((rounds + 2)) runs killed, $swept images swept, $likely told as likely, $again sweeps killed too; seed $seed"
}

# Kills a run whose request has not been answered: its image is there, and its id is known to nobody. By the suite for Glance, as Glance refuses some of
# what the other one sends, and what is refused leaves nothing to sweep.
kill_in_flight() {
    local known=$swept
    echo "killed between a request and its answer ${*:-with a mark}"
    halt_in_flight --suite glance --phase pairs "$@"
    kill -KILL "$under_way"
    end_call
    resume open
    sweep_one
    [ "$swept" -gt "$known" ] || wrong "there was nothing to sweep"
}

# Kills a run after a pause; meanwhile somebody else may create an image that looks like any other.
kill_one() {
    local phase=$1 is_joined=$2 pause=$3 joins=$4 jobs=$5
    echo "round $round: --phase $phase -j $jobs, killed after $pause ms"
    # This service is done with a request long before the usual half minute.
    begin_call run --settle 5 --endpoint "$OPEN_GLANCE" --phase "$phase" --jobs "$jobs" --seed "$((seed + round))"
    if [ "$is_joined" = 0 ]; then
        sleep "$(printf '0.%03d' "$joins")"
        foreign+=$'\n'$(images create "$OPEN_GLANCE" "{\"min_ram\": 77$round}")
    fi
    sleep "$((pause / 1000)).$(printf '%03d' $((pause % 1000)))"
    kill -KILL "$under_way"
    end_call
}

# Sweeps, in every fourth round after a sweep that was killed, too.
sweep_one() {
    if ((round % 4 == 3)); then
        begin_call sweep --endpoint "$OPEN_GLANCE"
        sleep "0.$((RANDOM % 10))"
        kill -KILL "$under_way" 2>/dev/null || true
        end_call
        again=$((again + 1))
    fi
    call sweep --endpoint "$OPEN_GLANCE"
    cat "$out" "$err"
    count_swept
    local perhaps
    perhaps=$(told 'not touched: nothing proves')
    if [ -z "$perhaps" ]; then
        exits_with 0
    else
        exits_with 5
        settle_likely "$perhaps"
    fi
    store_is "$OPEN_GLANCE" "$foreign"
    no_ledger_is_left
}

count_swept() {
    local removed
    removed=$(sed -nE 's/.*: ([0-9]+) removed, .*/\1/p' "$out")
    swept=$((swept + ${removed:-0}))
}

# A request without a mark was under way, and nothing proves that what looks like its image is its own. Somebody looks, and asks for the removal of what is.
settle_likely() {
    local own foreign_ones still
    likely=$((likely + 1))
    foreign_ones=$(comm -12 <(sort -u <<<"$1") <(sort <<<"$foreign"))
    own=$(comm -23 <(sort -u <<<"$1") <(sort <<<"$foreign"))
    store_is "$OPEN_GLANCE" "$foreign"$'\n'"$own"
    if [ -n "$foreign_ones" ]; then
        # Its own cannot be told from what somebody else has created: both are removed by hand.
        # shellcheck disable=SC2086
        images delete "$OPEN_GLANCE" $own $foreign_ones
        foreign=$(comm -23 <(sort <<<"$foreign") <(sort -u <<<"$1"))
        call sweep --endpoint "$OPEN_GLANCE"
    else
        call sweep --endpoint "$OPEN_GLANCE" --likely
        count_swept
    fi
    cat "$out" "$err"
    still=$(told 'not touched: nothing proves' | sort -u)
    if [ -n "$still" ]; then
        # Glance gives a field that was left out another value than the suite's default, so that even --likely does not take it for the run's.
        exits_with 5
        # shellcheck disable=SC2086
        images delete "$OPEN_GLANCE" $still
        call sweep --endpoint "$OPEN_GLANCE"
        cat "$out" "$err"
    fi
    exits_with 0
}

# Ctrl-C once: the run removes what it has created. Twice: it ends at once, and the ledger knows what is left.
stage_interrupted() {
    # The suite for Glance, so that no broken clause outranks the interruption.
    begin_call run --suite glance --endpoint "$OPEN_GLANCE" --phase random
    await_creations 3
    kill -INT "$under_way"
    end_call
    exits_with 4
    says "$out" interrupted
    says "$err" 'Ctrl-C again stops at once'
    store_is "$OPEN_GLANCE" ''
    no_ledger_is_left

    # A server that does not answer makes sure that the run cannot end before the second Ctrl-C.
    halt_in_flight --suite glance --phase random
    kill -INT "$under_way"
    for _ in $(seq 100); do grep -q stopping "$err" && break; sleep 0.05; done
    kill -INT "$under_way"
    end_call
    resume open
    exits_with 4
    says "$err" "$(ls "$IMS_LEDGER"/*.ledger)"
    call sweep --endpoint "$OPEN_GLANCE" --likely
    cat "$out"
    exits_with 0
    store_is "$OPEN_GLANCE" ''
    no_ledger_is_left
    echo "once: the store is empty; twice: the sweep empties it"
}

# What the program may cost, as the server has counted it.
stage_budgets() {
    local before sent created
    before=$(requests_to open)
    call run --endpoint "$OPEN_GLANCE" --phase random --max-created 5
    says "$out" '--max-created allows no more'
    created=$(tail -n "+$((before + 1))" "$live/logs/open.requests" | grep -c '^POST /v2/images 201$' || true)
    requests_to open >/dev/null
    [ "$created" -ge 1 ] && [ "$created" -le 5 ] || wrong "$created images were created with --max-created 5"

    before=$(requests_to open)
    call run --endpoint "$OPEN_GLANCE" --phase random --max-requests 40
    says "$out" '--max-requests allows no more'
    sent=$(($(requests_to open) - before))
    [ "$sent" -ge 10 ] && [ "$sent" -le 40 ] || wrong "$sent requests were sent with --max-requests 40"
    says "$out" "$sent requests in "
    store_is "$OPEN_GLANCE" ''
    no_ledger_is_left
    echo "$created images of at most 5, $sent requests of at most 40"
}

# A token of Keystone opens the Glance behind it, and stands in nothing that the program writes.
stage_secrets() {
    local saved=$stage_dir/saved written=() wanted=()
    OS_TOKEN=$(images token "$KEYSTONE" demo "$PASSWORD")
    export OS_TOKEN IMAGES_TOKEN=$OS_TOKEN
    mapfile -t wanted < <(report_to)
    call run --endpoint "$GUARDED_GLANCE" --phase case "${wanted[@]}"
    exits_with 1
    finds_what_is_in findings-guarded.txt
    store_is "$GUARDED_GLANCE" "$(told 'appeared during the run')"
    no_ledger_is_left
    set_aside case

    call run --endpoint "$GUARDED_GLANCE" --phase boundary request.min_disk -v --save "$saved"
    exits_with 1
    set_aside boundary

    # A run that is killed leaves its ledger.
    begin_call run --endpoint "$GUARDED_GLANCE" --phase case token/ response/
    await_creations 2
    kill -KILL "$under_way"
    end_call
    [ -n "$(find "$saved" -name '*.yaml')" ] || wrong "no case was saved, so none was looked at"
    [ -s "$(ls "$IMS_LEDGER"/*.ledger)" ] || wrong "no ledger was left, so none was looked at"
    mapfile -t written < <(find "$stage_dir" -type f)
    # The beginning of the token is enough, in whatever case: tokens that are nearly right are sent, too.
    if images holds "${OS_TOKEN:0:24}" "${written[@]}"; then wrong "these hold the token"; fi
    call sweep --endpoint "$GUARDED_GLANCE" --likely
    exits_with 0
    store_is "$GUARDED_GLANCE" ''
    echo "the token is in none of ${#written[@]} files"
}
