//! Options of curl that say nothing of what is asked: how it is sent, shown and tried again. Any other one may say something, so that it is not passed by.

/// Those that take a value.
const WITH_VALUE: &str = "-A --user-agent -e --referer -o --output -m --max-time -w --write-out -x --proxy -E --cert -c --cookie-jar --cacert --key \
     --connect-timeout --resolve --retry --retry-delay --capath --limit-rate";

/// Those without one.
const WITHOUT_VALUE: &str = "-s --silent -S --show-error -i --include -v --verbose -k --insecure -L --location -f --fail --fail-with-body -g --globoff -N \
     --no-buffer -4 --ipv4 -6 --ipv6 -O --remote-name -# --progress-bar --no-progress-meter --compressed -0 --http1.0 --http1.1 --http2 \
     --http2-prior-knowledge --http3 -1 --tlsv1 --tlsv1.2 --tlsv1.3 --path-as-is --no-keepalive -q";

/// Whether an option takes a value, and neither says anything of what is asked.
pub(super) fn takes_a_value(name: &str) -> bool {
    WITH_VALUE.split(' ').any(|option| option == name)
}

/// Whether an option without a value says nothing of what is asked.
pub(super) fn says_nothing(name: &str) -> bool {
    WITHOUT_VALUE.split(' ').any(|option| option == name)
}
