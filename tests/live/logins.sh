# The stages of `run.sh` in which the program logs in by itself.
# shellcheck shell=bash disable=SC2154

# The clouds of this machine, and a home folder that is empty and must stay so.
enter_clouds() {
    usual_home=$HOME
    export OS_CLIENT_CONFIG_FILE=$live/clouds.yaml HOME=$stage_dir/home
    IMAGES_TOKEN=$(images token "$KEYSTONE" demo "$PASSWORD")
    export IMAGES_TOKEN
    mkdir -p "$HOME"
}

# Starts Keystone again, with tokens that live so many seconds. What it writes to a home folder is no matter of the program's.
let_tokens_live() {
    HOME=$usual_home "$here/openstack.sh" expire "$live" "$1"
}

# Nothing was left in the store, among the ledgers, or in the home folder.
nothing_is_left() {
    store_is "$GUARDED_GLANCE" ''
    no_ledger_is_left
    [ -z "$(find "$HOME" -mindepth 1)" ] || { find "$HOME"; wrong "something was written to the home folder"; }
}

# The last call held what it was asked to hold, and every probe told something.
holds_all() {
    exits_with 0
    if grep '^FAIL' "$out"; then wrong "a clause is broken, and the exit code is 0"; fi
    grep -qE '^[1-9][0-9]* passed, 0 failed, [0-9 known,]*0 inconclusive, 0 skipped ' "$out" || { cat "$out"; wrong "not every probe passed"; }
    says "$out" ' 0 left behind, 0 perhaps'
    nothing_is_left
}

# The suite for Glance holds through a login with a password, with an application credential, and with variables, none of which is told.
stage_cloud() {
    enter_clouds
    local secret written
    secret=$(sed -nE 's/.*"application_credential_secret": "(.*)".*/\1/p' "$OS_CLIENT_CONFIG_FILE")
    [ -n "$secret" ] || wrong "there is no application credential"
    call run --suite glance --os-cloud live-demo --phase case,random --examples 3 -v
    holds_all
    says "$err" 'demo in demo'
    says "$out" 'known deviations; they fail nothing'
    set_aside user
    call run --suite glance --os-cloud live-application --phase case -v min_ram/ protected/
    holds_all
    says "$err" 'demo in demo'
    set_aside application
    OS_AUTH_URL=$KEYSTONE OS_USERNAME=demo OS_PASSWORD=$PASSWORD OS_PROJECT_NAME=demo OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default \
        call run --suite glance --endpoint "$GUARDED_GLANCE" --phase case -v min_ram/ protected/
    holds_all
    says "$err" 'the environment: demo in demo'
    set_aside variables

    # Runs that are killed leave their ledgers, to be looked into.
    local cloud
    for cloud in live-demo live-application; do
        begin_call run --suite glance --os-cloud "$cloud" --phase case --rate 20
        await_creations 2
        kill -KILL "$under_way"
        end_call
        set_aside "killed-$cloud"
        mkdir -p "$stage_dir/ledgers"
        cp "$IMS_LEDGER"/*.ledger "$stage_dir/ledgers/"
        call sweep --os-cloud "$cloud" --likely
        exits_with 0
        set_aside "sweep-$cloud"
        nothing_is_left
    done
    [ "$(find "$stage_dir/ledgers" -size +0 | grep -c ledger$)" = 2 ] || wrong "no ledgers were left, so none was looked at"
    mapfile -t written < <(find "$stage_dir" -type f)
    if images holds "$PASSWORD" "${written[@]}"; then wrong "these hold the password"; fi
    if images holds "$secret" "${written[@]}"; then wrong "these hold the secret of the application credential"; fi
    echo "$(grep -hE '^[0-9]+ passed' "$stage_dir/user"); password and secret are in none of ${#written[@]} files"
}

# A token that ends during a run, or that is revoked, is replaced where there is a login. Where there is none, nothing is told of the contract.
stage_expiry() {
    enter_clouds
    local before lasted part=(--suite glance --phase case min_ram/ min_disk/ id/) lifetime=24 slow=3
    before=$(requests_to guarded)
    begin_call run "${part[@]}" --os-cloud live-demo --rate 12
    await_creations 2
    # Keystone counts in seconds: the next token must not be one of the second that ends here.
    halt guarded
    images revoke "$KEYSTONE" demo "$PASSWORD"
    sleep 1.5
    resume guarded
    end_call
    IMAGES_TOKEN=$(images token "$KEYSTONE" demo "$PASSWORD")
    holds_all
    refused_since "$before" || wrong "no token was refused, so none was revoked"

    # So slow that its 80 requests outlive a token, however fast the servers are.
    let_tokens_live "$lifetime"
    before=$(requests_to guarded)
    lasted=$SECONDS
    call run "${part[@]}" --os-cloud live-demo --rate "$slow"
    lasted=$((SECONDS - lasted))
    [ "$lasted" -gt "$lifetime" ] || wrong "the run took $lasted s, so its first token has not ended"
    IMAGES_TOKEN=$(images token "$KEYSTONE" demo "$PASSWORD")
    holds_all
    if refused_since "$before"; then wrong "a token was shown that had ended"; fi

    OS_TOKEN=$(images token "$KEYSTONE" demo "$PASSWORD") call run "${part[@]}" --endpoint "$GUARDED_GLANCE" --rate "$slow"
    cat "$out" "$err"
    if grep '^FAIL' "$out"; then wrong "a clause is told to be broken for want of a token"; fi
    # What was created and could not be removed any more outranks that the target was lost.
    if grep -q ' 0 left behind' "$out"; then exits_with 3; else exits_with 5; fi
    IMAGES_TOKEN=$(images token "$KEYSTONE" demo "$PASSWORD")
    if [ -n "$(ls -A "$IMS_LEDGER")" ]; then
        call sweep --os-cloud live-demo --likely
        cat "$out"
        exits_with 0
    fi
    nothing_is_left
    let_tokens_live 3600
    echo "revoked: renewed; a life of $lifetime s: renewed for $lasted s; without a login: not assessed"
}

# Whether the guarded Glance refused a token after so many requests.
refused_since() {
    requests_to guarded >/dev/null
    tail -n "+$(($1 + 1))" "$live/logs/guarded.requests" | grep -q ' 401$'
}

# The examination says who we are, tries what a run needs, and tells a wrong password.
stage_doctor() {
    enter_clouds
    call doctor --suite glance --os-cloud live-demo --try
    exits_with 0
    says "$out" 'ok   access      demo in demo'
    says "$out" 'ok   release     one was created, released and removed'
    nothing_is_left
    sed "s/$PASSWORD/wrong-password/" "$live/clouds.yaml" >"$stage_dir/clouds.yaml"
    OS_CLIENT_CONFIG_FILE=$stage_dir/clouds.yaml call doctor --suite glance --os-cloud live-demo --try
    exits_with 3
    says "$out" 'it does not take this password'
    if images holds wrong-password "$out" "$err"; then wrong "these hold the password"; fi
    nothing_is_left
    echo "a login that works, and one with a wrong password"
}
