//! Ways in which a server can be hostile: each has a name, the calls that it spoils, and how it answers those; all others it answers as it should.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::besieged::{Behaviour, Call, JSON, Wire};

/// One way.
pub(crate) struct Hostility {
    pub(crate) name: &'static str,
    pub(crate) on: &'static [Call],
    pub(crate) ends: &'static Ends,
    pub(crate) behave: Behaviour,
}

/// How each command may end against such a server: its exit codes. On a busy machine what is right may take too long, so that none has 0 alone.
pub(crate) struct Ends {
    pub(crate) run: &'static [i32],
    pub(crate) doctor: &'static [i32],
    pub(crate) sweep: &'static [i32],
}

/// Nothing can be known.
const UNKNOWN: &[i32] = &[3];
/// What is there stays there, or nobody knows whether it does.
const LEFT: &[i32] = &[3, 5];
/// No success, and no accusation.
const UNASSESSED: &[i32] = &[3, 4, 5];
/// A clause is broken, as far as the time was enough to see it.
const ACCUSED: &[i32] = &[1, 3, 4];
/// No success.
const FAILED: &[i32] = &[1, 3, 4, 5];
/// No accusation.
const INNOCENT: &[i32] = &[0, 3, 4, 5];

const NOTHING: Ends = Ends { run: UNKNOWN, doctor: UNKNOWN, sweep: UNKNOWN };
const BUSY: Ends = Ends { run: UNKNOWN, doctor: UNKNOWN, sweep: LEFT };
const HARMLESS: Ends = Ends { run: INNOCENT, doctor: INNOCENT, sweep: INNOCENT };
const ANSWERED: Ends = Ends { run: ACCUSED, doctor: UNKNOWN, sweep: LEFT };
const LOST_CREATION: Ends = Ends { run: UNASSESSED, doctor: UNKNOWN, sweep: INNOCENT };
const WRONG_CREATION: Ends = Ends { run: ACCUSED, doctor: INNOCENT, sweep: INNOCENT };
const UNSEEN: Ends = Ends { run: UNASSESSED, doctor: UNKNOWN, sweep: LEFT };
const ODD_LIST: Ends = Ends { run: INNOCENT, doctor: INNOCENT, sweep: LEFT };
const STAYS: Ends = Ends { run: FAILED, doctor: UNKNOWN, sweep: LEFT };

const ALL: &[Call] = &[Call::Create, Call::List, Call::Read, Call::Delete, Call::Other];
const CREATE: &[Call] = &[Call::Create];
const LIST: &[Call] = &[Call::List];
const READ: &[Call] = &[Call::Read];
const DELETE: &[Call] = &[Call::Delete];

/// A body up to this is read of an answer about one thing.
const NEARLY_1_MB: usize = 1_000_000;

const fn hostile(name: &'static str, on: &'static [Call], ends: &'static Ends, behave: Behaviour) -> Hostility {
    Hostility { name, on, ends, behave }
}

/// A number that nobody got before.
fn next() -> usize {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// The text so often.
fn times(text: &str, count: usize) -> String {
    text.repeat(count)
}

/// A creation's answer with one more field.
fn created_with(wire: &mut Wire, name: &str, value: &str) {
    let body = wire.good_with(&[(name, value)]);
    wire.answer_json(201, &body);
}

/// A page of a list with these items, and a link to a page that nobody has seen.
fn page(wire: &mut Wire, items: &str) {
    let next = format!("/v2/images?marker={}", next());
    wire.answer_json(200, format!("{{\"images\":[{items}],\"next\":\"{next}\"}}").as_bytes());
}

/// Items with ids that nobody has seen.
fn new_items(count: usize) -> String {
    let first = next() * 1_000_000;
    let items: Vec<_> = (first..first + count).map(|number| format!("{{\"id\":\"{number:036}\"}}")).collect();
    items.join(",")
}

/// The answer that is right, sent to its end or to a place in it, and nothing after it.
fn part(wire: &mut Wire, share: fn(&str) -> usize) {
    let body = wire.good().body;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{JSON}\r\n", body.len() + 10);
    let text = [head.as_bytes(), &body].concat();
    let end = share(&head);
    let _ = wire.raw(&text[..end]);
}

fn busy(wire: &mut Wire, status: u16, retry_after: &str) {
    wire.answer(status, &format!("Retry-After: {retry_after}\r\n"), b"");
}

/// The connection, and what goes over it.
pub(crate) const OF_HTTP: &[Hostility] = &[
    hostile("no_answer_at_all", ALL, &NOTHING, Wire::hold),
    hostile("a_connection_that_is_closed_at_once", ALL, &NOTHING, Wire::take_request),
    hostile("a_connection_that_is_reset_at_once", ALL, &NOTHING, |_| {}),
    hostile("a_connection_that_is_half_closed", ALL, &NOTHING, Wire::half_close),
    hostile("a_connection_that_is_closed_within_the_status", ALL, &NOTHING, |wire| {
        wire.take_request();
        part(wire, |_| 10);
    }),
    hostile("a_connection_that_is_closed_within_the_headers", ALL, &NOTHING, |wire| {
        wire.take_request();
        part(wire, |head| head.len() - 8);
    }),
    hostile("a_connection_that_is_closed_within_the_body", ALL, &NOTHING, |wire| {
        wire.take_request();
        part(wire, |head| head.len() + 2);
    }),
    hostile("a_connection_that_is_reset_within_the_status", ALL, &NOTHING, |wire| part(wire, |_| 10)),
    hostile("a_connection_that_is_reset_within_the_headers", ALL, &NOTHING, |wire| part(wire, |head| head.len() - 8)),
    hostile("a_connection_that_is_reset_within_the_body", ALL, &NOTHING, |wire| part(wire, |head| head.len() + 2)),
    hostile("a_connection_that_is_half_closed_within_the_body", ALL, &NOTHING, |wire| {
        part(wire, |head| head.len() + 2);
        wire.half_close();
    }),
    hostile("garbage", ALL, &NOTHING, |wire| _ = wire.raw(b"\x00\x01\xff\xfebanana\r\n\r\n")),
    hostile("garbage_for_ever", ALL, &NOTHING, |wire| wire.endless(b"", &[0xfe; 65536])),
    hostile("tls_where_none_is", ALL, &NOTHING, |wire| _ = wire.raw(b"\x15\x03\x03\x00\x02\x02\x28")),
    hostile("http_0_9", ALL, &NOTHING, |wire| _ = wire.raw(b"<html>It works!</html>\n")),
    hostile("http_2", ALL, &NOTHING, |wire| {
        _ = wire.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00");
    }),
    hostile("a_header_for_ever", ALL, &NOTHING, |wire| wire.endless(b"HTTP/1.1 200 OK\r\nX-Long: ", &[b'x'; 65536])),
    hostile("headers_for_ever", ALL, &NOTHING, |wire| {
        wire.endless(b"HTTP/1.1 200 OK\r\n", &b"X-More: of it\r\n".repeat(5000));
    }),
    hostile("ten_thousand_headers", ALL, &NOTHING, |wire| {
        let good = wire.good();
        wire.answer(good.status, &times("X-More: of it\r\n", 10_000), &good.body);
    }),
    hostile("a_header_of_1_mb", ALL, &NOTHING, |wire| {
        let good = wire.good();
        wire.answer(good.status, &format!("{JSON}X-Long: {}\r\n", times("x", 1 << 20)), &good.body);
    }),
    hostile("a_header_of_300_kb", ALL, &HARMLESS, |wire| {
        let good = wire.good();
        wire.answer(good.status, &format!("{JSON}X-Long: {}\r\n", times("x", 300_000)), &good.body);
    }),
    hostile("continue_for_ever", ALL, &NOTHING, |wire| wire.steadily(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(20))),
    hostile("early_hints_for_ever", ALL, &NOTHING, |wire| {
        wire.endless(b"", format!("HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\n", times("x", 60_000)).as_bytes());
    }),
    hostile("status_0", ALL, &NOTHING, |wire| wire.answer(0, JSON, b"{}")),
    hostile("status_600", ALL, &ANSWERED, |wire| wire.answer(600, JSON, b"{}")),
    hostile("status_999", ALL, &ANSWERED, |wire| wire.answer(999, JSON, b"{}")),
    hostile("a_body_for_ever", ALL, &NOTHING, |wire| wire.endless(b"HTTP/1.1 200 OK\r\n\r\n", &[b' '; 65536])),
    hostile("chunks_for_ever", ALL, &NOTHING, |wire| {
        let chunk = format!("10000\r\n{}\r\n", times(" ", 65536));
        wire.endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk.as_bytes());
    }),
    hostile("a_byte_at_a_time", ALL, &NOTHING, |wire| {
        let body = wire.good().body;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{JSON}\r\n", body.len());
        wire.drip(&[head.as_bytes(), &body].concat(), Duration::from_millis(100));
    }),
    hostile("300_mb_as_declared", ALL, &NOTHING, |wire| {
        wire.endless(b"HTTP/1.1 200 OK\r\nContent-Length: 314572800\r\n\r\n", &[b' '; 65536]);
    }),
    hostile("less_than_declared", ALL, &NOTHING, |wire| {
        let body = wire.good().body;
        wire.take_request();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{JSON}\r\n", body.len() + 1000);
        let _ = wire.raw(&[head.as_bytes(), &body].concat());
    }),
    hostile("more_than_declared", ALL, &ANSWERED, |wire| {
        let body = wire.good().body;
        wire.endless(&[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", body.as_slice()].concat(), &[b'x'; 65536]);
    }),
    hostile("two_lengths", ALL, &NOTHING, |wire| wire.answer(200, "Content-Length: 7\r\n", b"{}")),
    hostile("chunks_of_garbage", ALL, &NOTHING, |wire| {
        wire.answer(200, "Transfer-Encoding: chunked\r\n", b"zzz\r\nbanana\r\n0\r\n\r\n");
    }),
    hostile("a_chunk_without_end", ALL, &NOTHING, |wire| {
        wire.endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", &[b' '; 65536]);
    }),
    hostile("a_gzip_bomb", ALL, &NOTHING, |wire| {
        wire.answer(
            200,
            &format!("{JSON}Content-Encoding: gzip\r\n"),
            &[b"\x1f\x8b\x08\0", [0; 1 << 20].as_slice()].concat(),
        );
    }),
    hostile("redirects_in_circles", ALL, &NOTHING, |wire| {
        let location = format!("Location: {}\r\n", wire.request.path);
        wire.answer(302, &location, b"");
    }),
    hostile("busy_for_a_day", ALL, &BUSY, |wire| busy(wire, 429, "86400")),
    hostile("busy_for_less_than_nothing", ALL, &BUSY, |wire| busy(wire, 429, "-5")),
    hostile("busy_for_garbage", ALL, &BUSY, |wire| busy(wire, 503, "99999999999999999999999999 banana")),
    hostile("busy_until_next_century", ALL, &BUSY, |wire| busy(wire, 503, "Fri, 31 Dec 2100 23:59:59 GMT")),
    hostile("busy_every_other_time", ALL, &HARMLESS, |wire| {
        if next().is_multiple_of(2) {
            busy(wire, 503, "0");
        } else {
            let good = wire.good();
            wire.answer(good.status, JSON, &good.body);
        }
    }),
    hostile("two_answers_at_once", ALL, &HARMLESS, |wire| {
        let good = wire.good();
        let head = format!("HTTP/1.1 {} OK\r\nContent-Length: {}\r\n{JSON}\r\n", good.status, good.body.len());
        let answer = [head.as_bytes(), &good.body].concat();
        wire.take_request();
        let _ = wire.raw(&answer.repeat(2));
        wire.hold();
    }),
    hostile("answers_before_they_are_asked_for", ALL, &HARMLESS, |wire| {
        let good = wire.good();
        let head = format!("HTTP/1.1 {} OK\r\nContent-Length: {}\r\n{JSON}\r\n", good.status, good.body.len());
        let other = b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n{\"id\":\"one\"}";
        wire.endless(&[head.as_bytes(), &good.body].concat(), &other.repeat(100));
    }),
    hostile("answers_of_8_mb", ALL, &NOTHING, |wire| {
        let body = [wire.good().body, vec![b' '; 8_000_000]].concat();
        wire.answer_json(200, &body);
    }),
];

/// What the call under test answers.
pub(crate) const OF_CREATION: &[Hostility] = &[
    hostile("a_creation_without_an_answer", CREATE, &LOST_CREATION, Wire::hold),
    hostile("a_creation_that_is_closed_at_once", CREATE, &LOST_CREATION, |wire| {
        wire.good();
        wire.take_request();
    }),
    hostile("a_creation_whose_answer_is_never_at_its_end", CREATE, &LOST_CREATION, |wire| {
        wire.good();
        wire.endless(b"HTTP/1.1 201 Created\r\n\r\n{\"id\":\"", b"xxxxxxxx");
    }),
    hostile("nothing_but_a_place_of_300_kb", CREATE, &WRONG_CREATION, |wire| {
        wire.answer(201, &format!("Location: /v2/images/{}\r\n", times("x", 300_000)), b"");
    }),
    hostile("another_answer_than_the_one_to_this_request", CREATE, &WRONG_CREATION, |wire| {
        wire.answer_json(201, b"{\"images\":[{\"id\":\"a\"},{\"id\":\"b\"}]}");
    }),
    hostile("an_id_of_1_mb", CREATE, &WRONG_CREATION, |wire| {
        let id = format!("\"{}{}\"", next(), times("x", NEARLY_1_MB - 2000));
        created_with(wire, "id", &id);
    }),
    hostile("the_same_id_for_everything", CREATE, &WRONG_CREATION, |wire| created_with(wire, "id", "\"the-only-one\"")),
    hostile("a_name_of_1_mb", CREATE, &WRONG_CREATION, |wire| {
        let name = format!("\"{}\"", times("\\u00e4", (NEARLY_1_MB - 2000) / 6));
        created_with(wire, "name", &name);
    }),
    hostile("a_number_of_1_mb", CREATE, &WRONG_CREATION, |wire| {
        created_with(wire, "min_disk", &times("9", NEARLY_1_MB - 2000));
    }),
    hostile("numbers_that_no_computer_holds", CREATE, &WRONG_CREATION, |wire| {
        created_with(wire, "x", &format!("[{}1e999999999]", times("-1e-400,1e400,", 60_000)));
    }),
    hostile("a_value_nested_100_000_deep", CREATE, &WRONG_CREATION, |wire| {
        let value = times("[", 100_000) + &times("]", 100_000);
        created_with(wire, "x", &value);
    }),
    hostile("objects_nested_100_000_deep", CREATE, &WRONG_CREATION, |wire| {
        let value = times("{\"a\":", 100_000) + "1" + &times("}", 100_000);
        created_with(wire, "x", &value);
    }),
    hostile("an_array_of_500_000", CREATE, &WRONG_CREATION, |wire| {
        created_with(wire, "tags", &format!("[0{}]", times(",0", 490_000)));
    }),
    hostile("50_000_new_fields", CREATE, &HARMLESS, |wire| {
        let fields: String = (0..50_000).map(|number| format!("\"field-{number}\":0,")).collect();
        let good = wire.good();
        wire.answer_json(good.status, &[b"{", fields.as_bytes(), &good.body[1..]].concat());
    }),
    hostile("new_fields_with_names_of_40_kb", CREATE, &WRONG_CREATION, |wire| {
        let fields: String = (0..20).map(|_| format!("\"{}{}\":0,", next(), times("x", 40_000))).collect();
        let good = wire.good().body;
        wire.answer_json(201, &[b"{", fields.as_bytes(), &good[1..]].concat());
    }),
    hostile("a_key_100_000_times", CREATE, &HARMLESS, |wire| {
        let good = wire.good();
        wire.answer_json(good.status, &[b"{", times("\"name\":1,", 100_000).as_bytes(), &good.body[1..]].concat());
    }),
    hostile("a_key_a_million_times", CREATE, &LOST_CREATION, |wire| {
        let good = wire.good().body;
        wire.answer_json(201, &[b"{", times("\"name\":1,", 1_000_000).as_bytes(), &good[1..]].concat());
    }),
    hostile("a_body_that_is_no_text", CREATE, &WRONG_CREATION, |wire| {
        wire.good();
        wire.answer_json(201, &[0xff; NEARLY_1_MB]);
    }),
    hostile("a_refusal_of_1_mb", CREATE, &WRONG_CREATION, |wire| wire.answer_json(400, &[b'<'; NEARLY_1_MB])),
    hostile("a_success_of_1_mb_for_everything", CREATE, &WRONG_CREATION, |wire| {
        let id = format!("{{\"id\":\"a-{}\",\"x\":\"{}\"}}", next(), times("x", NEARLY_1_MB - 1000));
        wire.answer_json(201, id.as_bytes());
    }),
];

/// What the other calls answer.
pub(crate) const OF_THE_REST: &[Hostility] = &[
    hostile("a_list_without_end", LIST, &UNSEEN, |wire| page(wire, "")),
    hostile("a_list_in_circles", LIST, &UNSEEN, |wire| {
        wire.answer_json(200, b"{\"images\":[],\"next\":\"/v2/images?marker=1\"}");
    }),
    hostile("a_list_of_300_mb", LIST, &UNSEEN, |wire| {
        wire.endless(
            b"HTTP/1.1 200 OK\r\nContent-Length: 314572800\r\n\r\n{\"images\":[",
            &times("{\"id\":\"a\"},", 5000).into_bytes(),
        );
    }),
    hostile("a_list_whose_pages_have_8_mb", LIST, &UNSEEN, |wire| page(wire, &times(" ", 8_000_000))),
    hostile("a_list_of_millions", LIST, &UNSEEN, |wire| {
        let items = new_items(100_000);
        page(wire, &items);
    }),
    hostile("a_list_of_long_ids", LIST, &UNSEEN, |wire| {
        let items = format!("{{\"id\":\"{}{}\"}}", next(), times("x", 7_000_000));
        page(wire, &items);
    }),
    hostile("a_list_of_things_of_60_kb", LIST, &UNSEEN, |wire| {
        let fields: String = (0..6000).map(|number| format!(",\"{number}\":0")).collect();
        let items: Vec<_> = (0..100).map(|_| format!("{{\"id\":\"a-{}\"{fields}}}", next())).collect();
        page(wire, &items.join(","));
    }),
    hostile("a_list_of_things_nested_100_000_deep", LIST, &UNSEEN, |wire| {
        let deep = times("[", 30_000) + &times("]", 30_000);
        let items: Vec<_> = (0..50).map(|_| format!("{{\"id\":\"a-{}\",\"x\":{deep}}}", next())).collect();
        page(wire, &items.join(","));
    }),
    hostile("a_list_of_4_million_numbers", LIST, &UNSEEN, |wire| {
        wire.answer_json(200, format!("{{\"images\":[0{}]}}", times(",0", 3_900_000)).as_bytes());
    }),
    hostile("a_list_with_4_million_of_another_field", LIST, &ODD_LIST, |wire| {
        wire.answer_json(200, format!("{{\"images\":[],\"x\":[0{}]}}", times(",0", 3_900_000)).as_bytes());
    }),
    hostile("a_list_that_is_no_json_in_the_end", LIST, &UNSEEN, |wire| {
        let items = new_items(100_000);
        wire.answer_json(200, format!("{{\"images\":[{items},NaN]}}").as_bytes());
    }),
    hostile("a_list_with_a_link_of_1_mb", LIST, &UNSEEN, |wire| {
        let link = format!("/v2/images?marker={}{}", next(), times("x", 1 << 20));
        wire.answer_json(200, format!("{{\"images\":[],\"next\":\"{link}\"}}").as_bytes());
    }),
    hostile("a_list_with_links_of_8_kb", LIST, &UNSEEN, |wire| {
        let link = format!("/v2/images?marker={}{}", next(), times("x", 8000));
        wire.answer_json(200, format!("{{\"images\":[],\"next\":\"{link}\"}}").as_bytes());
    }),
    hostile("a_list_of_what_seems_to_be_the_run_s", LIST, &ODD_LIST, |wire| {
        let items: Vec<_> = (0..20_000)
            .map(|number| format!("{{\"id\":\"a-{number}\",\"name\":\"conformance-{}-{number}\"}}", crate::RUN))
            .collect();
        wire.answer_json(200, format!("{{\"images\":[{}]}}", items.join(",")).as_bytes());
    }),
    hostile("a_list_of_what_is_never_there", LIST, &ODD_LIST, |wire| {
        let items = new_items(20_000);
        wire.answer_json(200, format!("{{\"images\":[{items}]}}").as_bytes());
    }),
    hostile("a_list_without_an_answer", LIST, &UNSEEN, Wire::hold),
    hostile("reads_of_1_mb", READ, &HARMLESS, |wire| {
        let (status, body) = (wire.good().status, [wire.good().body, vec![b' '; NEARLY_1_MB]].concat());
        wire.answer_json(status, &body);
    }),
    hostile("reads_that_find_everything", READ, &STAYS, |wire| {
        let id = wire.request.path.rsplit('/').next().unwrap_or_default().to_owned();
        wire.answer_json(200, format!("{{\"id\":\"{id}\"}}").as_bytes());
    }),
    hostile("reads_without_an_answer", READ, &UNSEEN, Wire::hold),
    hostile("reads_that_answer_another_request", READ, &STAYS, |wire| wire.answer_json(200, b"{\"images\":[]}")),
    hostile("deletes_that_never_end", DELETE, &UNSEEN, Wire::hold),
    hostile("deletes_that_delete_nothing", DELETE, &STAYS, |wire| wire.answer(204, "", b"")),
    hostile("deletes_that_fail", DELETE, &STAYS, |wire| wire.answer_json(500, &[b'x'; NEARLY_1_MB])),
    hostile("deletes_that_are_busy", DELETE, &UNSEEN, |wire| busy(wire, 503, "1")),
];
