//! Passwords within addresses: people write `http://me:password@host` into arguments and variables, also where it is not taken, and also with a mistake in it.

/// The passwords of the address that a text is, or of those that it holds. A blank before an address says that the text is a command or prose; then each word
/// may be one, and what stands between two of them is no password.
pub fn passwords_in(text: &str) -> Vec<&str> {
    let is_address = text.split_once("://").is_none_or(|(before, _)| !before.contains(char::is_whitespace));
    let addresses: Vec<_> = if is_address { vec![text] } else { text.split_whitespace().collect() };
    addresses.into_iter().filter_map(password_in).collect()
}

/// The password that an address holds, as it is written there; what only may be one counts too.
pub fn password_in(address: &str) -> Option<&str> {
    let rest = match address.split_once("://") {
        Some((_, rest)) => rest,
        None if address.contains('@') => address,
        None => return None,
    };
    if rest.starts_with('[') && !rest.contains('@') {
        // The colons of an IPv6 address.
        return None;
    }
    let end = rest.rfind('@').or_else(|| rest.to_ascii_lowercase().rfind("%40"));
    let has_end = end.is_some();
    let user = &rest[..end.unwrap_or(rest.len())];
    match user.split_once(':') {
        Some((_, password)) if is_port(password) => None,
        Some((_, password)) => Some(password),
        None if has_end => Some(user),
        None => None,
    }
}

/// Whether what follows a colon is a port, with a path or without one.
fn is_port(text: &str) -> bool {
    text.split(['/', '?', '#']).next().is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{password_in, passwords_in};

    #[test]
    fn a_password_is_found_in_every_form_of_an_address() {
        let table = [
            ("http://me:pass@host/", Some("pass")),
            ("--endpoint=https://me:p/a@s@host:8080/v2", Some("p/a@s")),
            ("http://me:PW%40host", Some("PW")),
            ("http://me:PWhost", Some("PWhost")),
            ("me:pass@host", Some("pass")),
            ("http://a-token@host", Some("a-token")),
            ("https://host:8080/v2", None),
            ("https://host:8080", None),
            ("https://host/a:b/", Some("b/")),
            ("http://[::1]:9292/v2", None),
            ("12:30", None),
        ];
        for (address, expected) in table {
            assert_eq!(password_in(address), expected, "{address}");
        }
    }

    #[test]
    fn the_addresses_of_a_command_hold_passwords_and_the_rest_of_it_holds_none() {
        let command =
            "curl -x http://me:first@proxy 'https://me:second@host/v2' -H 'Content-Type: a/b' -d '{\"name\":\"a\"}'";
        assert_eq!(passwords_in(command), ["first", "second"]);
        assert_eq!(passwords_in("curl https://host/v2 -H 'Content-Type: a/b' -d '{\"name\":\"a\"}'"), [""; 0]);
        assert_eq!(passwords_in("--endpoint=http://me:open sesame@host"), ["open sesame"]);
        assert_eq!(passwords_in("me:open sesame@host"), ["open sesame"]);
    }
}
