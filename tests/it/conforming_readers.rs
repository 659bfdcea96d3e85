//! Servers that keep the contract and read requests in their own way, where JSON and the documentation leave that open. None may be accused of anything.

use crate::conforming::ConformingVariant;
use ims_conformance::exchange::{Request, Response};
use ims_conformance::judge::{Body, ObservedBehaviour};
use regex::{Captures, Regex};

/// What a reader makes of the text of a number.
type Keep = fn(&str) -> f64;

/// The request with each number of its body as a reader keeps it; what is not JSON stays as it is.
fn with_numbers(request: &Request, keep: Keep) -> Request {
    if Body::read(request).fault.is_some() {
        return request.clone();
    }
    let token = Regex::new(r#""(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"#).unwrap();
    let kept = |token: &Captures<'_>| match &token[0] {
        text if text.starts_with('"') => text.to_owned(),
        text => match keep(text) {
            number if number.is_infinite() => "1e999".to_owned(),
            number if text.contains(['.', 'e', 'E']) => format!("{number:?}"),
            number => format!("{number:.0}"),
        },
    };
    let body = request.body.as_deref().map(|body| match std::str::from_utf8(body) {
        Ok(text) => token.replace_all(text, kept).into_owned().into_bytes(),
        Err(_) => body.to_vec(),
    });
    Request { body, ..request.clone() }
}

/// What `serde_json` makes of a number unless it is asked for exactness: the digits as one integer, times or through a power of ten.
fn quickly(text: &str) -> f64 {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (mut significand, mut exponent) = (0_u64, exponent.parse::<i32>().unwrap_or(i32::MAX));
    let mut is_full = false;
    for (digit, is_fraction) in
        whole.bytes().map(|digit| (digit, false)).chain(fraction.bytes().map(|digit| (digit, true)))
    {
        let next = significand.checked_mul(10).and_then(|all| all.checked_add(u64::from(digit.wrapping_sub(b'0'))));
        match next.filter(|_| !is_full && digit != b'-') {
            Some(next) => {
                significand = next;
                exponent = exponent.saturating_sub(i32::from(is_fraction));
            }
            None if digit != b'-' => {
                is_full = true;
                exponent = exponent.saturating_add(i32::from(!is_fraction));
            }
            None => {}
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "what is lost here is what such a reader loses")]
    let mut number = significand as f64;
    while exponent < -308 && number != 0.0 {
        (number, exponent) = (number / 1e308, exponent.saturating_add(308));
    }
    number = if exponent < 0 { number / 10_f64.powi(-exponent) } else { number * 10_f64.powi(exponent) };
    if text.starts_with('-') { -number } else { number }
}

/// What a reader of 32-bit floats makes of a number.
fn shortly(text: &str) -> f64 {
    text.parse::<f32>().map_or(f64::NAN, f64::from)
}

/// The same for a reader that counts with integers where it can.
fn shortly_but_for_integers(text: &str) -> f64 {
    if text.contains(['.', 'e', 'E']) { shortly(text) } else { quickly(text) }
}

/// What a reader makes of a number that keeps seven digits of it, and counts with integers where it can.
fn of_seven_digits(text: &str) -> f64 {
    let is_whole = !text.contains(['.', 'e', 'E']);
    if is_whole { quickly(text) } else { format!("{:.6e}", quickly(text)).parse().unwrap_or(f64::NAN) }
}

#[test]
fn the_quick_reader_is_quick() {
    assert_eq!(
        [quickly("100.00000000000001"), quickly("-2.5e-1"), quickly("1e2")].map(|each| each.to_string()),
        ["100", "-0.25", "100"]
    );
}

#[test]
fn those_that_keep_fewer_digits_of_a_number() {
    let readers: [(_, Keep); 6] = [
        ("otc", quickly),
        ("otc", shortly),
        ("otc", of_seven_digits),
        ("glance", quickly),
        ("glance", shortly_but_for_integers),
        ("glance", of_seven_digits),
    ];
    for (suite, keep) in readers {
        ConformingVariant::of(suite).hearing(move |request| with_numbers(request, keep)).acquit();
    }
}

#[test]
fn those_that_know_no_parameter_of_a_media_type() {
    for suite in ["otc", "glance"] {
        let report = ConformingVariant::of(suite)
            .answering(|asked, response| {
                let mut headers = asked.request.headers.iter();
                let has_parameter = headers.any(|(name, value)| name == "Content-Type" && value.contains(';'));
                if asked.is_creation && has_parameter && response.is_success() {
                    return Response { status: 415, headers: Vec::new(), body: Vec::new(), ..response };
                }
                response
            })
            .acquit();
        let is_refused =
            |choice: &ObservedBehaviour| choice.taken == "refused with 415" && choice.title.contains("parameter");
        assert!(report.choices.iter().any(|(choice, _)| is_refused(choice)), "{:?}", report.choices);
    }
}
