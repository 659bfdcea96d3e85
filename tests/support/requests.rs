//! Requests, each with the kind of request it is: what `classify.rs` holds the engine to, and what `judge.rs` answers.

use std::sync::LazyLock;

use ims_conformance::exchange::{Request, TokenVariant};
use ims_conformance::suite::Suite;

pub(crate) static SUITE: LazyLock<Suite> = LazyLock::new(|| Suite::built_in("otc").unwrap().unwrap());

/// The media type that the call asks for.
pub(crate) const JSON: Option<&str> = Some("application/json");

pub(crate) fn sent(body: &[u8], media_type: Option<&str>, credential: TokenVariant) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/v2/images".to_owned(),
        headers: media_type.map(|text| ("content-type".to_owned(), text.to_owned())).into_iter().collect(),
        body: Some(body.to_vec()),
        credential,
    }
}

/// A request with a good credential.
pub(crate) fn good(body: impl AsRef<[u8]>) -> Request {
    sent(body.as_ref(), JSON, TokenVariant::Good)
}

/// A table: in each line an expectation, then what it is expected of, with bars between.
pub(crate) fn hold(table: &str, got: impl Fn(&str, &str) -> String) {
    let mut wrong = String::new();
    for (expected, rows) in table.trim().lines().filter_map(|line| line.split_once(' ')) {
        for row in rows.trim().split(" | ") {
            let got = got(expected, row);
            if got != expected {
                wrong.push_str(&format!("\n{row:.200}\n    expected {expected}, got {got}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// In each line a clause of the request, then values of its field that break it and nothing else.
pub(crate) const INVALID: &str = r#"
__os_version.table "" | "Linux" | "Redhat" | "Ubuntu 14.04 server 64bit " | "ubuntu 14.04 server 64bit" | "Other Linux"
visibility.enum "public" | "shared" | "community" | "Private" | "" | " private"
disk_format.enum "vmdk" | "iso" | "VHD" | "" | "zvhd3" | "raw " | "qcow" | "bare"
__os_version.type 7 | 0.5 | true | [] | {} | ["Ubuntu 14.04 server 64bit"]
name.type 0 | 1.5 | false | [] | {} | ["a"] | {"a":"b"}
protected.type 0 | 1 | "true" | "false" | "" | [] | {} | [true]
container_format.type 0 | true | [] | {}
disk_format.type 0 | true | [] | {} | ["vhd"]
tags.type "a=b" | 0 | true | {} | {"a":"b"} | ""
tags.items.type [null] | [1] | [true] | [[]] | [{}] | ["a=b",1] | [{"a":"b"}]
tags.items.minLength [""] | ["a=b",""] | ["","a=b"]
min_ram.minimum -1 | -1024 | -9223372036854775808 | -9223372036854775809 | -1.0 | -1e2 | -1e300
min_ram.type -1.0000000001 | "1024" | "" | true | [] | {} | 0.5 | 1024.5 | 1024.001 | 1e-1 | 1e-44 | -1e-44 | [1]
min_disk.minimum 0 | -0 | -1 | -100 | 0.0 | -1.0 | -9223372036854775809 | -1e300 | 0e5 | 1e-999
min_disk.maximum 1025 | 2147483648 | 9223372036854775808 | 18446744073709551616 | 1025.0 | 1e300
min_disk.type "100" | "" | true | [] | {} | 0.5 | 100.5 | 40.00001 | 0.9999999 | 1024.001 | 1e-46 | 1e-1 | [1]
"#;

/// The body that a value of [`INVALID`] makes.
pub(crate) fn field_body(clause: &str, value: &str) -> String {
    format!(r#"{{"{}":{value}}}"#, clause.split('.').next().unwrap_or_default())
}

/// In each line a kind, or the clauses that are broken, then whole bodies of it.
pub(crate) const BODIES: &str = r#"
valid {"visibility":"private"} | {"visibility":"pr\u0069vate"} | {"protected":true} | {"protected":false} | {"name":"a"}
valid {"name":"0"} | {"name":"a b"} | {"name":"Aa.0_z-Z"} | {"name":"-"} | {"container_format":"bare"} | {}
valid {"min_ram":0} | {"min_ram":1024} | {"min_ram":1048576} | {"disk_format":"zvhd2"} | {"disk_format":"vhd"}
valid {"disk_format":"raw"} | {"disk_format":"qcow2"} | {"tags":[]} | {"tags":["a=b"]} | {"tags":["a="]}
valid {"tags":["Az_0-9=Az_0-9","b=b"]} | {"tags":["a=","b=","c=","d=","e=","f=","g=","h=","i=","j="]} | {"min_disk":1}
valid {"min_disk":100} | {"min_disk":1024} | {"min_disk":1,"name":"a"}
unspecified {"__os_version":null} | {"__os_version":"Other Linux(64 bit)"} | {"visibility":null} | {"protected":null}
unspecified {"name":null} | {"name":""} | {"name":" "} | {"name":" a"} | {"name":"a "} | {"name":"a\n"} | {"name":"ä"}
unspecified {"name":"名"} | {"name":"\ud83d\ude00"} | {"name":"a\u0000b"} | {"name":"\ud800"} | {"name":"\udc00"}
unspecified {"\ud800":1} | {"x":1e400} | {"container_format":null} | {"container_format":"ovf"}
unspecified {"container_format":"BARE"} | {"container_format":"bare "} | {"disk_format":null} | {"disk_format":"zvhd"}
unspecified {"tags":null} | {"tags":["a"]} | {"tags":["a.b"]} | {"tags":["=b"]} | {"tags":["a=b=c"]} | {"tags":["ä=b"]}
unspecified {"tags":["a=b","a=b"]} | {"tags":["a=b","a=c"]} | {"tags":[" a=b"]} | {"tags":[" "]} | {"tags":["a=b c"]}
unspecified {"tags":["a=","b=","c=","d=","e=","f=","g=","h=","i=","j=","k="]} | {"min_ram":null} | {"min_ram":1048577}
unspecified {"min_ram":2147483648} | {"min_ram":9223372036854775808} | {"min_ram":18446744073709551616}
unspecified {"min_ram":1024.0} | {"min_ram":1e2} | {"min_ram":-0} | {"min_ram":0.0} | {"min_ram":1048577.0}
unspecified {"min_ram":1e300} | {"min_ram":1e400} | {"min_disk":null} | {"min_disk":100.0} | {"min_disk":1e2}
unspecified {"min_disk":100.00000000000001} | {"min_disk":40.0000001} | {"min_disk":0.99999999} | {"min_disk":1024.00005}
unspecified {"min_disk":1.0000000001e2} | {"min_ram":1e-46} | {"min_ram":-1e-46} | {"min_ram":-1e-300} | {"min_ram":1e-999}
unspecified {"min_disk":1.5e1} | {"min_disk":1024.0} | {"id":null} | {"id":"4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86"}
unspecified {"status":"queued"} | {"self":"x"} | {"Name":"test"} | {"":"x"} | {"x":{}} | {"x":{"y":1,"y":2}}
unspecified {"name":"a","name":"a"} | {"name":"a","n\u0061me":"b"} | {"min_disk":0,"min_disk":1}
syntax { | } | {}} | {}{} | {}, | {,} | {a:1} | {'a':1} | test | name=test | [ | " | nul | NaN | /**/{} | {}# | <xml/>
syntax {"name":"a",} | {"name" "a"} | {"min_ram":01} | {"min_ram":+1} | {"min_ram":.5} | {"min_ram":1.} | {"name":"a
syntax {"min_ram":0x10} | {"min_ram":NaN} | {"min_ram":Infinity} | {"min_ram":} | {"protected":True} | {"name":'a'}
syntax {"name":"\x"} | {"name":"\u12"} | {"name":"a	b"}
type [] | null | true | 0 | 1e2 | "" | "{}" | [{}] | [{"name":"a"}]
min_disk.minimum {"min_disk":0,"name":""} | {"name":"","min_disk":0} | {"id":"x","min_disk":0} | {"x":{},"min_disk":0}
tags.items.type {"tags":["a","a",1]}
tags.items.minLength {"tags":["x",""]} | {"tags":["","a=","b=","c=","d=","e=","f=","g=","h=","i=","j="]}
disk_format.enum {"x":1,"disk_format":"iso","tags":["a=1","a=1"]}
visibility.type {"visibility":true} | {"visibility":0} | {"visibility":[]} | {"visibility":["private"]}
min_disk.minimum,name.type {"min_disk":0,"name":7,"protected":true}
"#;

/// Bodies of requests that are refused for their credential, whatever the body is.
pub(crate) const UNAUTHORIZED: [&str; 6] = ["{}", "", "{", "[]", r#"{"min_disk":0}"#, r#"{"name":""}"#];
