//! Servers that keep the contract and differ in what they answer where it leaves that open. None may be accused of anything.

use crate::conforming::{ConformingVariant, acquit, with_fields};
use ims_conformance::exchange::{Response, TokenVariant};
use ims_conformance::judge::Kind;
use ims_conformance::results::Results;
use ims_conformance::suite::Suite;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use unicode_normalization::UnicodeNormalization;

fn has_choice(report: &Results, taken: &str) -> bool {
    report.choices.iter().any(|(choice, _)| choice.taken == taken)
}

fn error_with(mut response: Response, media_type: Option<&str>, body: &str) -> Response {
    if response.status >= 400 {
        response.headers = media_type.iter().map(|text| ("content-type".to_owned(), (*text).to_owned())).collect();
        response.body = body.as_bytes().to_vec();
    }
    response
}

#[test]
fn one_that_refuses_all_that_is_left_open() {
    let report = acquit(|asked, response| {
        let is_open = asked.is_creation && asked.kind == Kind::Unspecified && response.is_success();
        if is_open { Response { status: 400, headers: Vec::new(), body: Vec::new(), ..response } } else { response }
    });
    let who = "who refuses a request";
    let mut choices = report.choices.iter().map(|(choice, _)| choice).filter(|choice| choice.title != who);
    assert!(choices.all(|choice| choice.taken.raw().starts_with("refused")), "{:?}", report.choices);
    assert!(report.choices.len() >= 25, "{}", report.choices.len());
}

#[test]
fn one_that_refuses_it_in_other_ways() {
    for status in [403, 409, 413, 415, 422] {
        acquit(move |asked, response| {
            let is_open =
                asked.is_creation && asked.kind == Kind::Unspecified && asked.request.credential == TokenVariant::Good;
            if is_open && response.is_success() { Response { status, ..response } } else { response }
        });
    }
}

#[test]
fn one_that_accepts_null_and_gives_it_back() {
    acquit(|asked, response| {
        let nulls: Vec<_> =
            asked.given.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.clone()).collect();
        if asked.is_creation {
            with_fields(response, |fields| fields.extend(nulls.into_iter().map(|name| (name, Value::Null))))
        } else {
            response
        }
    });
}

#[test]
fn one_that_trims_names_and_merges_tags() {
    acquit(|asked, response| {
        if !asked.is_creation {
            return response;
        }
        with_fields(response, |fields| {
            if let Some(Value::String(name)) = fields.get_mut("name") {
                *name = name.trim().to_owned();
            }
            if let Some(Value::Array(tags)) = fields.get_mut("tags") {
                let mut merged: Vec<Value> = Vec::new();
                for tag in tags.iter().rev() {
                    let key = |tag: &Value| {
                        tag.as_str().map(|text| text.trim().split('=').next().unwrap_or_default().to_owned())
                    };
                    if !merged.iter().any(|other| key(other) == key(tag)) {
                        merged.push(tag.clone());
                    }
                }
                *tags = merged;
            }
        })
    });
}

#[test]
fn one_that_reorders_tags_and_keys_each_time() {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    acquit(move |_, response| {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        with_fields(response, |fields| {
            if let Some(Value::Array(tags)) = fields.get_mut("tags").filter(|_| turn.is_multiple_of(2)) {
                tags.reverse();
            }
            *fields = std::mem::take(fields).into_iter().rev().collect();
        })
    });
}

#[test]
fn one_whose_callers_lack_a_role() {
    let report = acquit(|_, response| {
        with_fields(response, |fields| {
            if fields.get("disk_format") == Some(&json!("zvhd2")) {
                fields.insert("disk_format".to_owned(), json!("zvhd"));
            }
        })
    });
    assert!(report.choices.iter().any(|(choice, _)| choice.taken == "came back as \"zvhd\""));
}

#[test]
fn those_with_other_envelopes_of_errors() {
    let html = "<html><body><h1>400 Bad Request</h1></body></html>";
    let gateway =
        r#"{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information","request_id":"7d3"}"#;
    let table = [
        (Some("text/html"), html),
        (Some("text/plain"), "no"),
        (None, ""),
        (Some("application/json"), gateway),
        (Some("application/json"), "[]"),
    ];
    for (media_type, body) in table {
        acquit(move |_, response| error_with(response, media_type, body));
    }
}

#[test]
fn one_with_more_fields_than_are_documented() {
    let report = acquit(|_, response| {
        with_fields(response, |fields| {
            fields.insert("os_hidden".to_owned(), json!(false));
            fields.extend(
                [
                    ("checksum", json!(null)),
                    ("size", json!(null)),
                    ("virtual_size", json!(7)),
                    ("__root_origin", json!(null)),
                    ("properties", json!(null)),
                ]
                .map(|(name, value)| (name.to_owned(), value)),
            );
        })
    });
    assert_eq!(report.drift.len(), 1, "{:?}", report.drift);
    assert!(has_choice(&report, "__root_origin is null") && !has_choice(&report, "size is null"));
}

#[test]
fn those_whose_optional_fields_are_null() {
    for name in ["otc", "glance"] {
        let suite = Suite::built_in(name).unwrap().unwrap();
        let answer = &suite.contract.creation.response;
        let optional: Vec<_> =
            answer.properties.keys().filter(|name| !answer.required.contains(*name)).cloned().collect();
        assert!(optional.len() > 1, "{optional:?}");
        let report = ConformingVariant::of(name)
            .answering(move |_, response| {
                with_fields(response, |fields| {
                    fields.extend(optional.iter().map(|name| (name.clone(), Value::Null)));
                })
            })
            .acquit();
        assert!(report.drift.is_empty(), "{:?}", report.drift);
        assert!(report.choices.iter().any(|(choice, _)| choice.taken.raw().ends_with(" is null")));
    }
}

#[test]
fn a_strict_run_fails_on_what_nobody_documents_and_on_nothing_else() {
    let more = |response| with_fields(response, |fields| drop(fields.insert("os_hidden".to_owned(), json!(false))));
    let report = ConformingVariant::of("otc")
        .answering(move |_, response| more(response))
        .only(&["min_disk/"])
        .strictly()
        .report();
    assert_eq!(report.findings.iter().map(|found| found.clause.as_str()).collect::<Vec<_>>(), ["drift"]);
    assert_eq!(report.findings[0].mismatch.pointer, "/os_hidden");
}

#[test]
fn one_that_writes_json_in_its_own_way() {
    acquit(|_, mut response| {
        if let Some(value) = response.json() {
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            let mut escaped = String::new();
            for letter in pretty.chars() {
                if letter.is_ascii() {
                    escaped.push(letter);
                } else {
                    escaped.extend(letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
                }
            }
            response.body = escaped.into_bytes();
        }
        response
    });
}

#[test]
fn one_that_says_json_in_other_letters() {
    for media_type in ["application/json; charset=UTF-8", "Application/JSON", "application/json;charset=utf-8"] {
        acquit(move |_, mut response| {
            for (_, value) in response.headers.iter_mut().filter(|(name, _)| name == "content-type") {
                media_type.clone_into(value);
            }
            response
        });
    }
}

#[test]
fn one_that_writes_numbers_with_a_point() {
    acquit(|_, response| {
        with_fields(response, |fields| {
            for name in ["min_disk", "min_ram"] {
                if let Some(number) =
                    fields.get(name).and_then(Value::as_i64).and_then(|number| i32::try_from(number).ok())
                {
                    fields.insert(name.to_owned(), json!(f64::from(number)));
                }
            }
        })
    });
}

#[test]
fn those_whose_clocks_are_off_or_finer() {
    let format = time::format_description::well_known::Rfc3339;
    let shifted = move |fields: &mut Map<String, Value>, name: &str, seconds| {
        let moment =
            OffsetDateTime::parse(fields[name].as_str().unwrap(), &format).unwrap() + time::Duration::seconds(seconds);
        fields.insert(name.to_owned(), json!(moment.format(&format).unwrap()));
    };
    for seconds in [-600, -240, 240, 600] {
        acquit(move |_, response| {
            with_fields(response, |fields| {
                for name in ["created_at", "updated_at"] {
                    shifted(fields, name, seconds);
                }
            })
        });
    }
    acquit(|_, response| {
        with_fields(response, |fields| {
            for name in ["created_at", "updated_at"] {
                let text = fields[name].as_str().unwrap().replace('Z', ".123456+00:00");
                fields.insert(name.to_owned(), json!(text));
            }
        })
    });
}

#[test]
fn one_whose_clock_is_a_day_off_and_whose_date_says_so() {
    let then = OffsetDateTime::now_utc() - time::Duration::days(1);
    let text = then.replace_nanosecond(0).unwrap().format(&time::format_description::well_known::Rfc3339).unwrap();
    let date = httpdate::fmt_http_date(then.into());
    acquit(move |_, response| {
        let mut response = with_fields(response, |fields| {
            for name in ["created_at", "updated_at"] {
                fields.insert(name.to_owned(), json!(text));
            }
        });
        response.headers.retain(|(name, _)| name != "date");
        response.headers.push(("date".to_owned(), date.clone()));
        response
    });
}

#[test]
fn one_whose_clock_is_a_day_off_and_that_sends_no_date() {
    let then = OffsetDateTime::now_utc() - time::Duration::days(1);
    let text = then.replace_nanosecond(0).unwrap().format(&time::format_description::well_known::Rfc3339).unwrap();
    let report = acquit(move |_, mut response| {
        response.headers.retain(|(name, _)| name != "date");
        with_fields(response, |fields| {
            for name in ["created_at", "updated_at"] {
                fields.insert(name.to_owned(), json!(text));
            }
        })
    });
    assert!(has_choice(&report, "about 24 hours behind this machine"), "{:?}", report.choices);
}

#[test]
fn one_that_answers_403_to_a_public_image_and_another_spelling_of_platforms() {
    acquit(|asked, response| {
        if asked.is_creation
            && response.status == 400
            && asked.kind == Kind::Invalid
            && asked.given.get("visibility").is_some_and(Value::is_string)
            && asked.given.len() == 1
        {
            return Response { status: 403, ..response };
        }
        with_fields(response, |fields| {
            let spelling = match fields["__platform"].as_str() {
                Some("RedHat") => "Red Hat",
                Some("openSUSE") => "OpenSUSE",
                Some("openEuler") => "EulerOS",
                _ => return,
            };
            fields.insert("__platform".to_owned(), json!(spelling));
        })
    });
}

#[test]
fn one_that_serves_bare_metal_and_writes_uds_large() {
    acquit(|_, response| {
        with_fields(response, |fields| {
            fields.insert("virtual_env_type".to_owned(), json!("Ironic"));
            fields.insert("__image_source_type".to_owned(), json!("UDS"));
            fields.insert("__image_size".to_owned(), json!("12345"));
        })
    });
}

#[test]
fn those_that_say_little_of_a_change() {
    for (status, body) in [(200, "{}"), (204, "")] {
        acquit(move |asked, response| {
            let is_change = asked.request.method == "PATCH" && response.is_success();
            if is_change { Response { status, body: body.as_bytes().to_vec(), ..response } } else { response }
        });
    }
}

#[test]
fn one_that_says_it_deletes_what_it_keeps() {
    acquit(|asked, response| match (asked.request.method.as_str(), response.status) {
        ("DELETE", 403) => Response { status: 204, headers: Vec::new(), body: Vec::new(), ..response },
        _ => response,
    });
}

#[test]
fn one_that_writes_times_in_small_letters() {
    acquit(|_, response| {
        with_fields(response, |fields| {
            for name in ["created_at", "updated_at"] {
                fields.insert(name.to_owned(), json!(fields[name].as_str().unwrap().to_lowercase()));
            }
        })
    });
}

#[test]
fn one_that_accepts_all_that_is_left_open_and_can_be_read() {
    let report = acquit(|_, response| response);
    let (accepted, refused): (Vec<_>, Vec<_>) =
        report.choices.iter().map(|(choice, _)| choice).partition(|choice| choice.taken.raw().starts_with("accepted"));
    let unreadable = refused.iter().filter(|choice| choice.taken == "refused with 400").count();
    assert!(accepted.len() >= 15 && unreadable <= 6, "{accepted:?} {refused:?}");
}

#[test]
fn one_that_reads_back_and_refuses_in_its_own_way() {
    acquit(|asked, response| {
        let is_file = asked.request.path.ends_with("/file");
        match (asked.request.method.as_str(), response.status) {
            ("GET", _) if is_file => Response { status: 404, ..response },
            ("DELETE", 403) => Response { status: 400, headers: Vec::new(), body: Vec::new(), ..response },
            ("GET", 200) => with_fields(response, |fields| {
                fields.insert("updated_at".to_owned(), json!("2036-01-01T00:00:00Z"));
                fields.insert("os_hidden".to_owned(), json!(false));
                fields.insert("size".to_owned(), json!(null));
                if let Some(Value::Array(tags)) = fields.get_mut("tags") {
                    tags.reverse();
                }
                let ram = fields["min_ram"].as_i64().and_then(|ram| i32::try_from(ram).ok()).map(f64::from);
                fields.extend(ram.map(|ram| ("min_ram".to_owned(), json!(ram))));
            }),
            _ => response,
        }
    });
}

#[test]
fn one_whose_list_knows_no_query_and_shows_the_images_of_others() {
    let foreign = |number: usize| json!({"id": format!("{number:08}-0000-4000-8000-000000000000"), "name": "Debian"});
    let others: Vec<_> = (0..7).map(foreign).collect();
    acquit(move |asked, mut response| {
        if asked.request.method == "GET" && asked.request.path.contains('?') {
            response.body = json!({"images": others}).to_string().into_bytes();
        }
        response
    });
}

#[test]
fn one_that_keeps_what_nobody_documents_wherever_it_can_be_read() {
    let report = acquit(|asked, response| {
        let bytes = asked.request.body.as_deref().unwrap_or_default();
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let sent: Map<String, Value> = serde_json::from_slice(bytes).unwrap_or_default();
        if !asked.is_creation {
            return response;
        }
        with_fields(response, |fields| {
            for (name, value) in sent {
                fields.entry(name).or_insert(value);
            }
        })
    });
    assert_eq!(report.drift, [], "what was sent is no drift");
}

#[test]
fn one_that_answers_a_null_and_then_leaves_the_field_out() {
    acquit(|asked, response| match asked.request.method.as_str() {
        "POST" => with_fields(response, |fields| drop(fields.insert("checksum".to_owned(), json!(null)))),
        _ => response,
    });
}

#[test]
fn those_that_refuse_to_read_a_file_that_is_not_there_yet() {
    for suite in ["otc", "glance"] {
        let report = ConformingVariant::of(suite)
            .answering(|asked, response| {
                let is_file = asked.request.path.ends_with("/file");
                if is_file { Response { status: 403, ..response } } else { response }
            })
            .acquit();
        assert!(has_choice(&report, "answered 403"), "{:?}", report.choices);
    }
}

#[test]
fn those_that_keep_texts_in_a_normal_form_of_their_own() {
    let forms: [fn(&str) -> String; 3] =
        [|text| text.nfc().collect(), |text| text.nfd().collect(), |text| text.nfkc().collect()];
    for (suite, form) in ["otc", "glance"].into_iter().zip(forms).chain([("otc", forms[2]), ("glance", forms[0])]) {
        let report = ConformingVariant::of(suite)
            .answering(move |_, response| {
                with_fields(response, |fields| {
                    for value in fields.values_mut() {
                        *value = formed(value, form);
                    }
                })
            })
            .acquit();
        assert!(has_choice(&report, "came back in another normal form"), "{:?}", report.choices);
    }
}

fn formed(value: &Value, form: fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::from(form(text)),
        Value::Array(items) => items.iter().map(|item| formed(item, form)).collect(),
        other => other.clone(),
    }
}

#[test]
fn a_key_that_stands_twice_in_an_answer_is_drift() {
    let report = acquit(|asked, mut response| {
        if asked.is_creation && response.is_success() {
            let text = String::from_utf8(response.body).unwrap();
            response.body = text.replacen('{', r#"{"status":"active","#, 1).into_bytes();
        }
        response
    });
    let drift: Vec<_> = report.drift.iter().map(|(drift, _)| (drift.pointer.raw(), drift.text.raw())).collect();
    assert_eq!(drift, [("/status", "given twice in one answer")]);
}
