//! Where credentials are found, which source counts when several have one, and what is said when one lacks. No test sees the machine's own settings.

use std::fs;

use crate::machine::{CANARY, CHOICE, FULL, Machine, NAMED, VARIABLES, file};
use ims_conformance::identity::{
    ApplicationCredential, Cloud, ConfigSources, Credential, Domain, Keystone, Login, Preference, Scope, Session,
    Trust, User,
};

fn there() -> Domain {
    Domain::Name("there".to_owned())
}

fn me() -> User {
    User::Name("me".to_owned(), there())
}

#[test]
fn nothing_that_names_a_cloud_is_no_cloud() {
    let machine = Machine::with("OS_TOKEN=canary\nOS_USERNAME=me").near("clouds.yaml", &file(FULL));
    assert!(machine.find(&CHOICE).unwrap().is_none());
}

#[test]
fn a_cloud_of_a_file_is_read_with_its_domain_for_the_project_too() {
    let machine = Machine::with(NAMED).near("clouds.yaml", &file(FULL));
    let keystone = machine.keystone();
    assert_eq!(keystone.address.to_string(), "https://iam.example.com/v3");
    assert_eq!(keystone.scope, Scope::ProjectName("work".to_owned(), there()));
    let Credential::Password { user, password } = keystone.credential else { panic!() };
    assert_eq!((user, password.expose()), (me(), "canary-file"));
    assert!(machine.cloud().can_renew());
    assert_eq!(machine.secrets.redact_text("a canary-file"), "a [password]");
}

#[test]
fn files_are_looked_for_where_other_programs_look() {
    let folders = |home: &str, own: &str| {
        let variable = |name: &str| match name {
            "HOME" => Some(home.to_owned()),
            "XDG_CONFIG_HOME" => Some(own.to_owned()),
            _ => None,
        };
        let folders = ConfigSources::usual(&variable).folders;
        folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(folders("/h", ""), " /h/.config/openstack /etc/xdg/openstack /etc/openstack");
    assert_eq!(folders("/h", "/h/.config"), " /h/.config/openstack /etc/xdg/openstack /etc/openstack");
    assert_eq!(folders("/h", "/x"), " /x/openstack /h/.config/openstack /etc/xdg/openstack /etc/openstack");
}

#[test]
fn the_argument_outranks_the_variable() {
    let machine = Machine::with("OS_CLOUD=other").near("clouds.yaml", &file(FULL));
    assert!(machine.find(&Preference { cloud: Some("mine"), ..CHOICE }).unwrap().is_some());
    assert!(machine.find(&CHOICE).is_err());
}

#[test]
fn the_nearest_file_counts_and_secure_yaml_stands_above_it() {
    let secure = "clouds: {mine: {auth: {password: canary-secure}}}";
    let machine = Machine::with(NAMED).near("clouds.yml", &file(FULL)).far("clouds.yaml", "clouds: {}");
    assert_eq!(machine.password(), "canary-file");
    let machine = machine.far("secure.yaml", secure);
    assert_eq!(machine.password(), "canary-secure");
    assert_eq!(machine.keystone().scope, Scope::ProjectName("work".to_owned(), there()));
}

#[test]
fn variables_name_other_files() {
    let elsewhere = tempfile::tempdir().unwrap();
    let (clouds, secure) = (elsewhere.path().join("a.yaml"), elsewhere.path().join("b.json"));
    fs::write(&clouds, file(FULL)).unwrap();
    fs::write(&secure, r#"{"clouds": {"mine": {"auth": {"password": "canary-json"}}}}"#).unwrap();
    let variables =
        format!("{NAMED}\nOS_CLIENT_CONFIG_FILE={}\nOS_CLIENT_SECURE_FILE={}", clouds.display(), secure.display());
    let machine = Machine::with(&variables).near("clouds.yaml", "clouds: {}");
    assert_eq!(machine.password(), "canary-json");
    let machine = Machine::with(&format!("{NAMED}\nOS_CLIENT_CONFIG_FILE=/not/there.yaml"));
    assert!(machine.error().starts_with("cannot read /not/there.yaml: "), "{}", machine.error());
}

#[test]
fn a_variable_gives_the_secret_that_files_leave_out_and_no_other_setting() {
    let without = FULL.replace("  password: canary-file\n", "");
    let variables =
        format!("{NAMED}\n{VARIABLES}\nOS_TOKEN=canary-token\nOS_AUTH_TYPE=token").replace("=me", "=another");
    assert_eq!(Machine::with(&variables).near("clouds.yaml", &file(&without)).password(), "canary-variable");
    let machine = Machine::with(&variables).near("clouds.yaml", &file(FULL));
    assert_eq!(machine.password(), "canary-file");
    assert!(matches!(machine.keystone().credential, Credential::Password { user, .. } if user == me()));
}

#[test]
fn variables_alone_are_a_cloud_and_one_domain_is_enough() {
    for domain in ["OS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME", "OS_DEFAULT_DOMAIN_NAME"] {
        let keystone = Machine::with(&VARIABLES.replace("OS_DOMAIN_NAME", domain)).keystone();
        assert_eq!(keystone.scope, Scope::ProjectName("work".to_owned(), there()), "{domain}");
        assert!(matches!(keystone.credential, Credential::Password { user, .. } if user == me()), "{domain}");
    }
}

#[test]
fn older_words_and_ids_are_known() {
    let ids = "OS_AUTH_URL=http://127.0.0.1:5000/v3/auth/tokens\nOS_USER_ID=u\nOS_PASSWORD=canary\nOS_TENANT_ID=p";
    let keystone = Machine::with(ids).keystone();
    assert_eq!(keystone.address.to_string(), "http://127.0.0.1:5000/v3");
    assert_eq!(keystone.scope, Scope::Project("p".to_owned()));
    assert!(matches!(keystone.credential, Credential::Password { user: User::Id(id), .. } if id == "u"));

    let scopes = [
        ("", Scope::Given),
        ("OS_DOMAIN_ID=d", Scope::Domain(Domain::Id("d".to_owned()))),
        ("OS_SYSTEM_SCOPE=all", Scope::System),
        ("OS_TENANT_NAME=t\nOS_PROJECT_DOMAIN_ID=d", Scope::ProjectName("t".to_owned(), Domain::Id("d".to_owned()))),
        ("OS_TENANT_NAME=t\nOS_PROJECT_NAME=p\nOS_PROJECT_DOMAIN_ID=d", {
            Scope::ProjectName("p".to_owned(), Domain::Id("d".to_owned()))
        }),
    ];
    for (variables, scope) in scopes {
        let machine = Machine::with(&format!("{}\n{variables}", ids.replace("OS_TENANT_ID=p", "")));
        assert_eq!(machine.keystone().scope, scope, "{variables}");
    }
}

#[test]
fn a_token_and_an_application_credential_are_known_by_what_is_there() {
    let machine = Machine::with("OS_AUTH_URL=https://a\nOS_TOKEN=canary-token\nOS_PASSWORD=canary");
    assert!(matches!(machine.keystone().credential, Credential::Token(token) if token.expose() == "canary-token"));
    assert!(!machine.cloud().can_renew());

    let secret = "OS_AUTH_URL=https://a\nOS_PROJECT_NAME=left\nOS_APPLICATION_CREDENTIAL_SECRET=canary";
    let by_id = Machine::with(&format!("{secret}\nOS_APPLICATION_CREDENTIAL_ID=i")).keystone();
    assert_eq!(by_id.scope, Scope::Given, "such a credential knows its project");
    let which = |keystone: Keystone| match keystone.credential {
        Credential::ApplicationCredential { which, .. } => which,
        other => panic!("{other:?}"),
    };
    assert_eq!(which(by_id), ApplicationCredential::Id("i".to_owned()));
    let named = "OS_APPLICATION_CREDENTIAL_NAME=n\nOS_USERNAME=me\nOS_USER_DOMAIN_NAME=there";
    let machine = Machine::with(&format!("{secret}\n{named}\nOS_AUTH_TYPE=v3applicationcredential"));
    assert_eq!(which(machine.keystone()), ApplicationCredential::Name("n".to_owned(), me()));
    assert!(machine.cloud().can_renew());
}

#[test]
fn a_cloud_without_an_identity_service_names_its_endpoint() {
    let open = file("auth_type: none\nauth: {endpoint: 'http://127.0.0.1:1/image'}");
    let cloud = Machine::with(NAMED).near("clouds.yaml", &open).cloud();
    assert_eq!((cloud.login(), cloud.can_renew()), (&Login::Open, false));
    assert_eq!(endpoint(&cloud), "http://127.0.0.1:1/image");

    let fixed = file(
        "auth_type: admin_token\nauth: {endpoint: 'http://127.0.0.1:1', token: canary}\nimage-endpoint-override: http://127.0.0.1:2",
    );
    let cloud = Machine::with(NAMED).near("clouds.yaml", &fixed).cloud();
    assert!(matches!(cloud.login(), Login::FixedToken(token) if token.expose() == CANARY));
    assert_eq!(endpoint(&cloud), "http://127.0.0.1:2");

    let cloud = Machine::with(&format!("{VARIABLES}\nOS_IMAGE_ENDPOINT_OVERRIDE=http://127.0.0.1:3")).cloud();
    assert_eq!(endpoint(&cloud), "http://127.0.0.1:3");
}

fn endpoint(cloud: &Cloud) -> String {
    let nobody = Session {
        token: None,
        expires_at: None,
        user: None,
        project: None,
        roles: Vec::new(),
        catalog: ims_conformance::identity::Catalog::default(),
    };
    cloud.endpoint(&nobody).map_or_else(|error| error.to_string(), |endpoint| endpoint.to_string())
}

#[test]
fn regions_come_from_the_argument_then_the_variable_then_the_file() {
    let url = |machine: &Machine, region| {
        let cloud = machine.find(&Preference { region, ..CHOICE }).unwrap().unwrap();
        match cloud.login() {
            Login::Keystone(keystone) => keystone.address.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let by_profile = file(
        &FULL.replace("  auth_url: https://iam.example.com/v3\n", "").replace("region_name: one", "profile: vendor"),
    );
    let machine = Machine::with(NAMED).near("clouds.yaml", &by_profile);
    assert_eq!(url(&machine, None), "https://iam.one.example.com/v3", "the first of the profile");
    let machine = Machine::with("OS_CLOUD=mine\nOS_REGION_NAME=two").near("clouds.yaml", &by_profile);
    assert_eq!(url(&machine, None), "https://iam.two.example.com/v3");
    assert_eq!(url(&machine, Some("three")), "https://iam.three.example.com/v3");
    let machine = machine.near("clouds-public.yaml", "public-clouds: {vendor: {auth: {auth_url: https://near/v3}}}");
    assert_eq!(url(&machine, None), "https://near/v3");
}

#[test]
fn a_list_of_regions_holds_what_is_special_to_each() {
    let list = "regions: [one, {name: two, values: {auth: {project_name: second}}}]";
    let text = file(&FULL.replace("region_name: one", list));
    let scope = |project: &str| Scope::ProjectName(project.to_owned(), there());
    assert_eq!(Machine::with(NAMED).near("clouds.yaml", &text).keystone().scope, scope("work"));
    let machine = Machine::with("OS_CLOUD=mine\nOS_REGION_NAME=two").near("clouds.yaml", &text);
    assert_eq!(machine.keystone().scope, scope("second"));
    let machine = Machine::with("OS_CLOUD=mine\nOS_REGION_NAME=three").near("clouds.yaml", &text);
    assert_eq!(machine.error(), "NEAR/clouds.yaml:9:14: no region `three` here; there are one, two");
}

#[test]
fn whose_certificates_are_taken_is_a_setting() {
    let trust = |setting: &str| {
        Machine::with(NAMED).near("clouds.yaml", &file(&format!("{FULL}\n{setting}"))).cloud().trust().clone()
    };
    assert_eq!(trust(""), Trust::System);
    assert_eq!(trust("verify: true"), Trust::System);
    for setting in ["verify: false", "verify: no", "insecure: True", "insecure: 'yes'"] {
        assert_eq!(trust(setting), Trust::Anything, "{setting}");
    }
    let authority = tempfile::NamedTempFile::new().unwrap();
    let path = authority.path();
    assert_eq!(trust(&format!("cacert: {}", path.display())), Trust::Authority(path.to_owned()));
    let machine = Machine::with(&format!("{VARIABLES}\nOS_INSECURE=maybe"));
    assert_eq!(machine.error(), "OS_INSECURE: `insecure` must be true or false");
    let machine = Machine::with(&format!("{VARIABLES}\nOS_CACERT=/not/there.pem"));
    assert_eq!(machine.error(), "OS_CACERT: `cacert` must be a file or folder that is there");
}

#[test]
fn what_lacks_is_named_with_its_place_and_what_to_do() {
    let table = [
        ("mine: 5", "NEAR/clouds.yaml:1:16: `a cloud` must be a mapping"),
        ("mine: {auth: canary}", "NEAR/clouds.yaml:1:23: `auth` must be a mapping"),
        (
            "mine: {auth: {password: [canary]}}",
            "NEAR/clouds.yaml:1:34: `password` must be one value, no sequence and no mapping",
        ),
        ("mien: {}, yours: {}", "no cloud `mine` in NEAR/clouds.yaml; there are mien, yours; did you mean `mien`?"),
        (
            "mine: {auth: {username: a, user_domain_id: b, pasword: canary}}",
            "the cloud `mine` (NEAR/clouds.yaml:1:10) lacks `password`, which the auth_type password needs; `pasword` at NEAR/clouds.yaml:1:65 is no key; did you mean `password`?",
        ),
        (
            "mine: {auth: {username: a, user_domain_id: b}}",
            "the cloud `mine` (NEAR/clouds.yaml:1:10) lacks `password`, which the auth_type password needs; write it into `auth` there or in secure.yaml, or set OS_PASSWORD",
        ),
        (
            "mine: {profile: nobody, auth: {username: a, user_domain_id: b, password: canary}}",
            "the cloud `mine` (NEAR/clouds.yaml:1:10) lacks `auth_url`, which the auth_type password needs; write it into `auth`; the profile `nobody` is not known here, or has none",
        ),
        (
            "mine: {auth_type: v3pasword}",
            "NEAR/clouds.yaml:1:28: the auth_type `v3pasword` is not supported; supported are password, v3applicationcredential, token, admin_token, none; did you mean `password`?",
        ),
        (
            "mine: {interface: canteen, auth_type: none, auth: {endpoint: 'http://a'}}",
            "NEAR/clouds.yaml:1:28: `interface` must be `public`, `internal` or `admin`",
        ),
        (
            "mine: {auth_type: none, auth: {endpoint: 'http://me:canary@a'}}",
            "NEAR/clouds.yaml:1:51: `endpoint` must be a good address: an endpoint holds no user and no password; give a token instead",
        ),
        (
            "mine: {auth_type: token, auth: {token: canary canary, auth_url: 'http://a'}}",
            "NEAR/clouds.yaml:1:49: `token` must be one word that a header can carry",
        ),
    ];
    for (clouds, expected) in table {
        let machine = Machine::with(NAMED).near("clouds.yaml", &format!("clouds: {{{clouds}}}"));
        assert_eq!(machine.error(), expected, "{clouds}");
    }
}

#[test]
fn variables_that_lack_are_named_as_such() {
    for name in ["OS_USERNAME", "OS_PASSWORD", "OS_DOMAIN_NAME"] {
        let machine = Machine::with(&VARIABLES.replace(name, "OS_ANOTHER"));
        let lacking = name.replace("OS_DOMAIN", "OS_USER_DOMAIN");
        assert!(machine.error().contains(&format!("lacks `{lacking}`")), "{}", machine.error());
    }
    let machine = Machine::with(&VARIABLES.replace("example.com", "example.com/v2.0"));
    assert!(machine.error().contains("a Keystone of version 3"), "{}", machine.error());
}

#[test]
fn a_file_that_is_no_yaml_is_an_error_with_its_place_and_without_its_text() {
    let texts = [
        "clouds:\n  mine:\n    auth: {password: \"canary}\n",
        "clouds:\n  mine:\n    auth:\n      username: a\n     password: canary\n",
        "clouds: {mine: {canary: 1, canary: 2}}",
        "clouds: {mine: *canary}",
        "canary: [}",
    ];
    for text in texts {
        let machine = Machine::with(NAMED).near("clouds.yaml", text);
        assert!(machine.error().contains("NEAR/clouds.yaml:"), "{}", machine.error());
        assert!(machine.error().contains("no valid YAML"), "{}", machine.error());
    }
}

#[test]
fn a_cloud_that_no_file_can_hold_says_where_was_looked() {
    let error = Machine::with(NAMED).error();
    assert!(error.starts_with("no clouds.yaml for the cloud `mine`; looked in NEAR, "), "{error}");
    assert!(error.ends_with("OS_CLIENT_CONFIG_FILE can name another file"), "{error}");
}
