//! What the values of a `clouds.yaml` and of variables are: the text that was typed, and nothing that is written is ignored without a word.

use crate::machine::{CHOICE, FULL, Machine, NAMED, VARIABLES, file};
use ims_conformance::identity::{Catalog, Preference, Scope, Session};

#[test]
fn a_password_is_what_was_typed() {
    for typed in [
        "1e3",
        "0123",
        "12345678",
        "1.50",
        "true",
        "no",
        "'~'",
        "\"with \\\" quote\"",
        "!!str 12",
        "0x1F",
        "0o17",
        "0b11",
        "True",
        "TRUE",
        "1e999",
        ".inf",
        "-.INF",
        ".nan",
        "12345678901234567890123",
        "1_000",
        "+7",
        "7 # a comment",
    ] {
        let machine = Machine::with(NAMED).near("clouds.yaml", &file(&FULL.replace("canary-file", typed)));
        let expected = typed
            .trim_start_matches("!!str ")
            .trim_matches(['\'', '"'])
            .replace("\\\"", "\"")
            .replace(" # a comment", "");
        assert_eq!(machine.password(), expected);
    }
}

#[test]
fn merge_keys_and_keys_of_other_programs_are_no_hindrance() {
    let text = "x: &all {auth_url: 'https://a', user_domain_id: d, project_id: p}
cache: {auth: true}
clouds:
  mine: {auth: {<<: *all, username: me, password: &pw 123456}, networks: [{name: n}], image_api_version: 2}
  other: {auth: {<<: *all, username: me, password: *pw}}";
    for name in ["mine", "other"] {
        let machine = Machine::with(&format!("OS_CLOUD={name}")).near("clouds.yaml", text);
        assert_eq!(machine.password(), "123456");
    }
}

#[test]
fn what_was_typed_survives_anchors_merges_marks_and_other_scripts() {
    let base = "# Schl\u{fc}ssel\nclouds:\n  base: &b\n    auth: &a {auth_url: 'https://a', username: \u{fc}, password: TYPED, project_id: 0x1F, user_domain_id: d}\n";
    for typed in ["1.10", "1e3", "007", "0x1F", "True", "1e999", "&p 1.10"] {
        for form in ["  mine: {<<: *b}\n", "  mine: {auth: {<<: *a}}\n", "  mine: *b\n"] {
            for mark in ["", "\u{feff}"] {
                let text = format!("{mark}{}{form}", base.replace("TYPED", typed));
                let machine = Machine::with(NAMED).near("clouds.yaml", &text);
                assert_eq!(machine.password(), typed.trim_start_matches("&p "), "{text}");
                assert_eq!(machine.keystone().scope, Scope::Project("0x1F".to_owned()), "{text}");
                let machine = Machine::with(NAMED).near("clouds.yaml", &text.replace('\n', "\r\n"));
                assert_eq!(machine.password(), typed.trim_start_matches("&p "), "{text}");
            }
        }
    }
}

#[test]
fn a_number_of_another_cloud_harms_nobody() {
    for typed in ["1e999", ".inf", "-.inf", ".nan", "99999999999999999999999999999999999999999e999"] {
        let text = format!("{}  other: {{auth: {{password: {typed}}}}}\n", file(FULL));
        assert_eq!(Machine::with(NAMED).near("clouds.yaml", &text).password(), "canary-file", "{typed}");
    }
}

#[test]
fn a_tag_of_another_program_is_an_error_with_its_place() {
    for typed in ["!vault canary", "!vault |\n      canary", "!ENV canary", "!<tag:example.com:x> canary"] {
        let machine = Machine::with(NAMED).near("clouds.yaml", &file(&FULL.replace("canary-file", typed)));
        let error = machine.error();
        assert!(
            error.starts_with(if typed.contains('|') { "NEAR/clouds.yaml:7:" } else { "NEAR/clouds.yaml:6:" })
                && error.contains("a tag, such as !vault"),
            "{typed}: {error}"
        );
    }
}

#[test]
fn a_variable_with_the_line_end_of_windows_is_an_error() {
    for name in ["OS_USERNAME", "OS_PASSWORD", "OS_AUTH_URL", "OS_PROJECT_NAME"] {
        let mut machine = Machine::with(VARIABLES);
        machine.variables.retain(|(each, _)| each != name);
        machine.variables.push((name.to_owned(), "https://canary\r".to_owned()));
        assert!(machine.error().starts_with(&format!("{name} ends in a carriage return")), "{}", machine.error());
    }
}

/// The endpoint of this machine's cloud, from a catalog in which each region and interface has its own.
fn chosen(machine: &Machine, choice: &Preference<'_>) -> String {
    let endpoint = |region: &str, interface: &str| serde_json::json!({"region": region, "interface": interface, "url": format!("http://{region}.{interface}")});
    let all = ["one", "two"].map(|region| ["public", "internal", "admin"].map(|interface| endpoint(region, interface)));
    let catalog = serde_json::json!([{"type": "image", "endpoints": all.concat()}]);
    let session = Session {
        token: None,
        expires_at: None,
        user: None,
        project: None,
        roles: Vec::new(),
        catalog: Catalog::read(Some(&catalog)),
    };
    machine.find(choice).unwrap().unwrap().endpoint(&session).unwrap().to_string()
}

#[test]
fn what_is_said_of_the_service_alone_outranks_what_is_said_of_all() {
    let own = file(&format!("{FULL}\ninterface: internal\nimage_region_name: two\nimage-interface: admin"));
    let machine = |variables: &str| Machine::with(&format!("{NAMED}\n{variables}")).near("clouds.yaml", &own);
    assert_eq!(chosen(&machine(""), &CHOICE), "http://two.admin");
    assert_eq!(chosen(&machine("OS_INTERFACE=public\nOS_REGION_NAME=one"), &CHOICE), "http://one.public");
    assert_eq!(chosen(&machine("OS_INTERFACE=public\nOS_IMAGE_INTERFACE=internal"), &CHOICE), "http://two.internal");
    assert_eq!(chosen(&machine("OS_IMAGE_REGION_NAME=one"), &CHOICE), "http://one.admin");
    assert_eq!(chosen(&machine(""), &Preference { region: Some("one"), ..CHOICE }), "http://one.admin");
    let error = Machine::with(NAMED).near("clouds.yaml", &file(&format!("{FULL}\nimage_interface: canteen"))).error();
    assert_eq!(error, "NEAR/clouds.yaml:10:22: `interface` must be `public`, `internal` or `admin`");
}

#[test]
fn what_is_written_and_not_used_is_told() {
    let more = "image_api_version: 2\nnetworks: [{name: n}]\ncert: a.pem\nimage_interface: public\nauth_type: password";
    let text = file(&format!("{}\n{more}", FULL.replace("  username: me", "  username: me\n  trust_id: t")));
    let cloud = Machine::with(NAMED).near("clouds.yaml", &text).cloud();
    assert_eq!(
        cloud.unused(),
        ["`image_api_version` (line 11)", "`networks` (line 12)", "`cert` (line 13)", "`trust_id` (line 6)"]
    );
    let cloud = Machine::with(&format!("{VARIABLES}\nOS_CERT=a.pem\nOS_IDENTITY_API_VERSION=3")).cloud();
    assert_eq!(cloud.unused(), ["OS_CERT"]);
    assert!(Machine::with(VARIABLES).cloud().unused().is_empty());
}
