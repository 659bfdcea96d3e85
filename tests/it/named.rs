//! Which target is meant: no run tests the built-in stub in place of an endpoint whose name, or whose credential, got lost on the way.

use std::process::Command;

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

/// Exit code and output of the program in an environment of nothing but these variables.
fn outcome(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .envs(variables.iter().copied())
        .current_dir(home.path())
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("canary"), "{text}");
    (output.status.code().unwrap_or(-1), text)
}

fn refusal(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let (code, text) = outcome(arguments, variables);
    assert_eq!(code, 2, "{arguments:?} {variables:?}: {text}");
    text
}

#[test]
fn a_run_that_names_nothing_says_first_that_it_tests_the_stub() {
    let (code, text) = outcome(&["run", "min_disk/rejects_0"], &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("target: the built-in stub"), "{text}");
    assert!(text.contains(" at the built-in stub, http://127.0.0.1:"), "{text}");
}

#[test]
fn a_variable_that_names_a_target_and_is_empty_is_an_error() {
    for name in ["IMS_ENDPOINT", "OS_CLOUD", "OS_AUTH_URL"] {
        for value in ["", "  "] {
            for command in [["run", "min_disk/rejects_0"], ["list", "--plan"]] {
                let text = refusal(&command, &[(name, value)]);
                assert!(text.contains(&format!("{name} is set and empty")) && text.contains("--stub"), "{text}");
            }
        }
    }
    let text = refusal(&["run", "--os-cloud", ""], &[]);
    assert!(text.contains("--os-cloud"), "{text}");
    refusal(&["run", "--endpoint", ""], &[]);
}

#[test]
fn an_empty_endpoint_is_an_error_beside_a_cloud_too() {
    let text = refusal(&["run"], &[("IMS_ENDPOINT", ""), ("OS_AUTH_URL", NOWHERE)]);
    assert!(text.contains("IMS_ENDPOINT is set and empty"), "{text}");
}

#[test]
fn what_is_empty_harms_nobody_who_names_the_target() {
    let (code, text) =
        outcome(&["run", "--endpoint", NOWHERE, "--retries", "0"], &[("IMS_ENDPOINT", ""), ("OS_CLOUD", "")]);
    assert_eq!(code, 3, "{text}");
    let text = refusal(&["run"], &[("OS_CLOUD", ""), ("OS_AUTH_URL", NOWHERE)]);
    assert!(text.contains("the environment lacks `OS_USERNAME`"), "{text}");
}

#[test]
fn a_credential_without_an_endpoint_is_an_error() {
    for name in [
        "OS_TOKEN",
        "OS_PASSWORD",
        "OS_APPLICATION_CREDENTIAL_ID",
        "OS_APPLICATION_CREDENTIAL_SECRET",
        "OTC_ACCESS_KEY_ID",
        "OTC_SECRET_ACCESS_KEY",
        "OS_ACCESS_KEY",
        "OS_SECRET_KEY",
        "HUAWEICLOUD_SDK_AK",
        "HUAWEICLOUD_SDK_SK",
    ] {
        let text = refusal(&["run", "min_disk/rejects_0"], &[(name, "canary-value")]);
        assert!(text.contains(&format!("{name} is a credential")) && text.contains("--stub"), "{text}");
    }
    for arguments in [["run", "--token-env", "MINE"], ["run", "--token-file", "/no/such"]] {
        assert!(refusal(&arguments, &[("MINE", "canary-value")]).contains("needs an endpoint"));
    }
    assert!(refusal(&["run", "--access-key"], &[]).contains("needs an endpoint"));
}

#[test]
fn a_variable_with_the_line_end_of_windows_is_an_error() {
    for name in ["OS_TOKEN", "OS_CLOUD", "IMS_ENDPOINT", "OTC_SECRET_ACCESS_KEY", "OS_IDENTITY_API_VERSION"] {
        let text = refusal(&["run", "--endpoint", NOWHERE], &[(name, "canary\r")]);
        assert!(text.contains(&format!("{name} ends in a carriage return")), "{text}");
    }
}

#[test]
fn the_stub_can_be_asked_for_whatever_the_environment_holds() {
    let held = [("IMS_ENDPOINT", NOWHERE), ("OS_TOKEN", "canary-value"), ("OS_CLOUD", "mine"), ("OS_AUTH_URL", "")];
    let (code, text) = outcome(&["run", "--stub", "min_disk/rejects_0"], &held);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("target: the built-in stub"), "{text}");
    for more in [["--endpoint", NOWHERE], ["--os-cloud", "mine"], ["--region", "one"], ["--token-env", "MINE"]] {
        assert!(refusal(&[&["run", "--stub"], &more[..]].concat(), &[]).contains("cannot be used with"));
    }
    assert!(refusal(&["doctor", "--stub"], &[]).contains("only `run` knows the built-in stub"));
}

#[test]
fn what_chooses_from_a_catalog_is_an_error_where_no_catalog_is_asked() {
    for option in ["--region", "--interface"] {
        let text = refusal(&["run", option, "public"], &[]);
        assert!(text.contains(&format!("{option} chooses from the catalog")), "{text}");
        let text = refusal(&["run", option, "public", "--endpoint", NOWHERE], &[]);
        assert!(text.contains(&format!("{option} chooses an address")) && text.contains("--endpoint"), "{text}");
        let text = refusal(&["run", option, "public"], &[("IMS_ENDPOINT", NOWHERE), ("OS_AUTH_URL", NOWHERE)]);
        assert!(text.contains(&format!("{option} chooses an address")) && text.contains("IMS_ENDPOINT"), "{text}");
    }
}

#[test]
fn a_cloud_without_an_identity_service_is_named_by_its_way_to_log_in() {
    let (code, text) = outcome(&["run", "--retries", "0"], &[("OS_AUTH_TYPE", "none"), ("OS_ENDPOINT", NOWHERE)]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("http://127.0.0.1:1 does not answer"), "{text}");
}

#[test]
fn a_token_that_an_argument_names_outranks_a_cloud_of_the_environment() {
    let named = ["run", "--endpoint", NOWHERE, "--token-env", "MINE", "--retries", "0"];
    let (code, text) = outcome(&named, &[("OS_CLOUD", "mine"), ("MINE", "canary-value")]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("does not answer"), "{text}");
}
