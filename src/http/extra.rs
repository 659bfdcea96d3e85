//! A header that an operator adds to every request, for whatever stands before the service, such as a gateway that wants a key. What it says is as secret as a
//! token.

use std::str::FromStr;

use reqwest::header::{HeaderName, HeaderValue};

/// A header that goes with every request to an endpoint.
#[derive(Clone, Debug)]
pub struct ExtraHeader {
    name: HeaderName,
    /// Marked as a secret, so that it has no `Debug`.
    value: HeaderValue,
}

/// The headers that are the program's own, or HTTP's: another value would change what is asserted.
const OWN: [&str; 9] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "transfer-encoding",
    "upgrade",
];

impl FromStr for ExtraHeader {
    type Err = String;

    /// A header as curl takes it, `Name: value`. What is said of a wrong one does not repeat it.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once(':').ok_or("expected NAME: VALUE")?;
        let (name, value) = (name.trim(), value.trim());
        let name = HeaderName::from_str(name).map_err(|_| "what stands before the colon is no name of a header")?;
        if OWN.contains(&name.as_str()) {
            return Err(format!("{name} is a header that the program sets itself"));
        }
        if value.is_empty() {
            return Err(format!("{name} has no value"));
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| format!("no header can carry the value of {name}"))?;
        value.set_sensitive(true);
        Ok(Self { name, value })
    }
}

impl ExtraHeader {
    /// Its name, in lower case.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The variable of a shell that holds its value in what repeats a run or a request.
    pub fn variable(&self) -> String {
        let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
        format!("HEADER_{}", self.name.as_str().chars().map(letter).collect::<String>())
    }

    /// The header as an argument of a command, with its value in a variable.
    pub fn argument(&self) -> String {
        format!("\"{}: ${}\"", self.name, self.variable())
    }

    /// Its value, for whoever keeps secrets.
    pub fn value(&self) -> &str {
        self.value.to_str().unwrap_or_default()
    }

    /// The header as it is sent.
    pub(super) fn sent(&self) -> (HeaderName, HeaderValue) {
        (self.name.clone(), self.value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::ExtraHeader;

    #[test]
    fn a_header_is_read_as_curl_reads_it_and_a_wrong_one_is_not_repeated() {
        let header: ExtraHeader = "X-Gateway-Key:  open sesame ".parse().unwrap();
        assert_eq!(
            (header.name(), header.argument().as_str()),
            ("x-gateway-key", "\"x-gateway-key: $HEADER_X_GATEWAY_KEY\"")
        );
        assert_eq!(header.sent().1.to_str().unwrap(), "open sesame");
        assert!(!format!("{header:?}").contains("sesame"));
        for wrong in ["sesame", "two words: sesame", ": sesame", "X-Key:", "X-Key: a\nsesame", "Host: sesame"] {
            let error = wrong.parse::<ExtraHeader>().unwrap_err();
            assert!(!error.contains("sesame"), "{error}");
        }
    }
}
