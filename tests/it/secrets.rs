//! Every command, at servers that say whatever they were told, in every disguise, wherever a server can say something: no output tells a secret.
//!
//! Every secret here holds one word, at its beginning and at its end, so that a part of a secret is found too, and each disguise of a whole one. What
//! cannot be known beforehand, the signatures, is what the server got.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::gossip::{Gossip, Way};
use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::console::{Console, Sink};
use ims_conformance::report::Format;
use ims_conformance::secret::{Kind, Secret};
use ims_conformance::suite::Suite;
use tempfile::TempDir;

/// The word in every secret.
const CANARY: &str = "kwyjibo";
const TOKEN: &str = r#"kwyjibo/T+o"k\e=n&~*kwyjibo"#;
const PASSWORD: &str = r#"kwyjibo "p\a/s+s%41wörd'<kwyjibo"#;
const KEY_ID: &str = "kwyjiboACCESSkwyjibo";
const KEY_SECRET: &str = "kwyjibo/SECRET+kwyjibo";
const SESSION: &str = "kwyjibo/SESSION+kwyjibo==";

/// How a caller is let in.
#[derive(Clone, Copy, Debug)]
enum Caller {
    TokenVariable,
    TokenFile,
    UsualVariable,
    Password,
    SecureFile,
    ApplicationCredential,
    TokenOfKeystone,
    AccessKey,
}

const CALLERS: [Caller; 8] = [
    Caller::TokenVariable,
    Caller::TokenFile,
    Caller::UsualVariable,
    Caller::Password,
    Caller::SecureFile,
    Caller::ApplicationCredential,
    Caller::TokenOfKeystone,
    Caller::AccessKey,
];

impl Caller {
    /// What this caller could give away.
    fn secrets(self) -> Vec<&'static str> {
        match self {
            Self::TokenVariable | Self::TokenFile | Self::UsualVariable | Self::TokenOfKeystone => vec![TOKEN],
            Self::Password | Self::SecureFile | Self::ApplicationCredential => vec![PASSWORD],
            Self::AccessKey => vec![KEY_ID, KEY_SECRET, SESSION],
        }
    }

    fn has_keystone(self) -> bool {
        !matches!(self, Self::TokenVariable | Self::TokenFile | Self::UsualVariable | Self::AccessKey)
    }

    /// The program as this caller starts it, in a folder of its own.
    fn program(self, arguments: &[&str], address: &str, folder: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
        command.args(arguments).current_dir(folder).env_clear().env("HOME", folder).env("IMS_LEDGER", folder.join("l"));
        let user = [("OS_USERNAME", "me"), ("OS_PROJECT_NAME", "work"), ("OS_DOMAIN_NAME", "there")];
        match self {
            Self::TokenVariable => command.args(["--token-env", "MINE"]).env("MINE", TOKEN),
            Self::TokenFile => {
                fs::write(folder.join("token"), format!("{TOKEN}\n")).unwrap();
                command.args(["--token-file", "token"])
            }
            Self::UsualVariable => command.env("OS_TOKEN", TOKEN),
            Self::Password => command.envs(user).env("OS_PASSWORD", PASSWORD).env("OS_AUTH_URL", address),
            Self::SecureFile => {
                let auth = r#""username": "me", "project_name": "work", "domain_name": "there""#;
                let clouds = format!(r#"{{"clouds": {{"c": {{"auth": {{"auth_url": "{address}", {auth}}}}}}}}}"#);
                let password = serde_json::Value::from(PASSWORD);
                let secure = format!(r#"{{"clouds": {{"c": {{"auth": {{"password": {password}}}}}}}}}"#);
                fs::write(folder.join("clouds.yaml"), clouds).unwrap();
                fs::write(folder.join("secure.yaml"), secure).unwrap();
                command.args(["--os-cloud", "c"])
            }
            Self::ApplicationCredential => command
                .env("OS_APPLICATION_CREDENTIAL_ID", "1")
                .env("OS_APPLICATION_CREDENTIAL_SECRET", PASSWORD)
                .env("OS_AUTH_URL", address),
            // A line end that a file left behind.
            Self::TokenOfKeystone => command.env("OS_TOKEN", format!("{TOKEN}\n")).env("OS_AUTH_URL", address),
            Self::AccessKey => command
                .arg("--access-key")
                .env("OTC_ACCESS_KEY_ID", KEY_ID)
                .env("OTC_SECRET_ACCESS_KEY", KEY_SECRET)
                .env("OTC_SECURITY_TOKEN", SESSION),
        };
        if !matches!(self, Self::SecureFile) {
            command.env("IMS_ENDPOINT", address);
        }
        command
    }

    /// Runs the program to its end; everything that it said and wrote.
    fn output(self, arguments: &[&str], address: &str, folder: &Path) -> String {
        output(&mut self.program(arguments, address, folder), folder)
    }
}

/// What a program said, with the ledgers and case files that it left.
fn output(command: &mut Command, folder: &Path) -> String {
    let output = command.output().unwrap();
    let code = output.status.code();
    let mut text = format!("{command:?}: exit code {code:?}\n").replace(CANARY, "(given)");
    assert_ne!(code, Some(101), "a panic");
    for bytes in [&output.stdout, &output.stderr] {
        text.push_str(&String::from_utf8_lossy(bytes));
    }
    format!("{text}{}", files(&folder.join("l")) + &files(&folder.join("saved")) + &files(&folder.join("reports")))
}

fn files(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let held = if path.is_dir() { files(&path) } else { fs::read_to_string(&path).unwrap() };
        text.push_str(&format!("{}\n{held}", path.display()));
    }
    text
}

/// No disguise of a secret, nor a part of one, is in the text.
fn hold(text: &str, gossip: &Gossip) {
    for reading in crate::gossip::readings(text) {
        let found = reading.to_ascii_lowercase().find(CANARY);
        let around = found.map(|at| reading[..at].chars().rev().take(80).collect::<String>());
        let around = around.map(|before| before.chars().rev().collect::<String>());
        assert_eq!(around, None, "a secret in:\n{text}");
    }
    for signature in gossip.signatures() {
        assert!(!text.contains(&signature), "a signature in:\n{text}");
    }
    let folded = text.to_ascii_lowercase();
    let secrets = gossip.known().iter().cloned().chain(gossip.signatures().into_iter().take(3));
    for trace in secrets.flat_map(|secret| crate::gossip::traces(&secret)) {
        assert!(!folded.contains(&trace), "{trace} of a secret in:\n{text}");
    }
}

/// One of each kind, where every caller would take too long.
const FEW: [Caller; 3] = [Caller::TokenVariable, Caller::Password, Caller::AccessKey];

/// Runs at a server of this way, for each caller.
fn gossip_with(way: Way) {
    for caller in CALLERS {
        let (folder, gossip) = (TempDir::new().unwrap(), Gossip::start(way, &caller.secrets()));
        let arguments = ["run", "token/", "min_disk/rejects_0", "-v", "--strict", "--max-requests", "40"];
        fs::create_dir(folder.path().join("reports")).unwrap();
        let reports = Format::ALL.map(|(name, _)| format!("--report={name}=reports/{name}"));
        let reports: Vec<_> = reports.iter().map(String::as_str).collect();
        let text = caller.output(&[&arguments[..], &QUICK, &reports].concat(), &gossip.address, folder.path());
        hold(&text, &gossip);
        assert_eq!(fs::read_dir(folder.path().join("reports")).unwrap().count(), reports.len(), "{text}");
        assert!(gossip.count() > 2, "{caller:?} asked nothing: {text}");
        assert!(!matches!(caller, Caller::AccessKey) || !gossip.signatures().is_empty(), "{text}");
        assert_eq!(gossip.elsewhere(), 0, "{caller:?} was led to another host");
    }
}

/// What makes a run at a broken server short.
const QUICK: [&str; 6] = ["--retries", "0", "--timeout", "2", "--settle", "1"];

#[test]
fn every_other_command_tells_none_to_a_server_that_creates_or_refuses() {
    for (way, caller) in [Way::Creates, Way::Refuses].into_iter().flat_map(|way| FEW.map(|caller| (way, caller))) {
        let (folder, gossip) = (TempDir::new().unwrap(), Gossip::start(way, &caller.secrets()));
        let save = ["run", "request.min_disk", "--phase", "boundary", "--save", "saved", "--max-requests", "30"];
        for arguments in [&save[..], &["doctor", "--try"], &["doctor"], &["sweep"]] {
            let text = caller.output(&[arguments, &QUICK].concat(), &gossip.address, folder.path());
            hold(&text, &gossip);
            if arguments == save {
                assert!(text.contains("saved/"), "nothing was saved: {text}");
            }
        }
        hold(&caller.output(&["sweep", "--dry-run"], &gossip.address, folder.path()), &gossip);
    }
}

#[test]
fn a_server_that_refuses_tells_none() {
    gossip_with(Way::Refuses);
}

#[test]
fn a_server_that_creates_and_names_what_it_created_after_secrets_tells_none() {
    gossip_with(Way::Creates);
}

#[test]
fn a_server_that_redirects_tells_none() {
    gossip_with(Way::Redirects);
}

#[test]
fn a_server_that_breaks_off_tells_none() {
    gossip_with(Way::Breaks);
}

#[test]
fn an_identity_service_that_refuses_tells_none() {
    for caller in CALLERS.into_iter().filter(|caller| caller.has_keystone()) {
        for (way, command) in
            [(Way::RefusesLogins, "run"), (Way::RedirectsLogins, "doctor"), (Way::BreaksLogins, "run")]
        {
            let (folder, gossip) = (TempDir::new().unwrap(), Gossip::start(way, &caller.secrets()));
            let text = caller.output(&[command, "--timeout", "2"], &gossip.address, folder.path());
            assert!(text.contains("cannot log in at"), "{text}");
            hold(&text, &gossip);
            assert_eq!(gossip.elsewhere(), 0, "{caller:?} was led to another host");
        }
    }
}

#[test]
fn where_nobody_answers_nothing_is_told() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let quiet = Gossip::start(Way::Refuses, &[]);
    for (caller, command) in FEW.into_iter().zip(["run", "doctor", "run"]) {
        let folder = TempDir::new().unwrap();
        let text = caller.output(&[command, "--retries", "0"], &format!("http://{closed}"), folder.path());
        assert!(text.contains("exit code Some(3)"), "{text}");
        hold(&text, &quiet);
    }
}

#[test]
fn commands_that_send_nothing_and_wrong_use_tell_nothing() {
    let quiet = Gossip::start(Way::Refuses, &[]);
    let url = format!("https://me:{CANARY}@ims.example.com/");
    let query = format!("https://ims.example.com/?token={CANARY}");
    let long = format!("https://me:{CANARY}-{CANARY}@ims.example.com/");
    let halves = [format!("http://me:{CANARY}%40ims.example.com"), format!("http://me:{CANARY}ims.example.com")];
    let arguments: [&[&str]; 21] = [
        &["list"],
        &["list", "--plan"],
        &["list", "--clauses"],
        &["list", TOKEN],
        &["check"],
        &["check", TOKEN],
        &["stub", "--list-defects"],
        &["stub", "--defect", TOKEN],
        &["stub", "--listen", TOKEN],
        &["sweep", TOKEN],
        &["--help"],
        &["run", "--help"],
        &["run", TOKEN],
        &["run", "--timeout", TOKEN],
        &["run", TOKEN, "--no-such"],
        &[TOKEN],
        &["run", "--endpoint", &url],
        &["run", "--endpoint", &halves[0]],
        &["doctor", "--endpoint", &halves[1]],
        &["check", &long],
        &["doctor", "--endpoint", &query],
    ];
    let folder = TempDir::new().unwrap();
    for arguments in arguments {
        // The variables of every caller at once, so that what is given where it does not belong is known to be a secret.
        let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
        command.args(arguments).current_dir(folder.path()).env_clear().env("HOME", folder.path());
        hold(&output(command.env("OS_TOKEN", TOKEN).env("OS_PASSWORD", PASSWORD), folder.path()), &quiet);
    }
}

#[test]
fn a_secret_in_place_of_the_name_of_its_variable_is_not_repeated() {
    let quiet = Gossip::start(Way::Refuses, &[]);
    let folder = TempDir::new().unwrap();
    let flag = format!("--access-key={KEY_SECRET}");
    for (arguments, expected) in [
        (["--token-env", TOKEN].as_slice(), "it takes the name of a variable, not a token"),
        (&["--token-file", TOKEN], "cannot read the file of --token-file"),
        (&[flag.as_str()], "unexpected value"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
        command.args(["run", "--endpoint", &quiet.address]).args(arguments).env_clear().env("HOME", folder.path());
        let text = output(command.env("IMS_LEDGER", folder.path().join("l")), folder.path());
        assert!(text.contains(expected), "{text}");
        hold(&text, &quiet);
    }
}

#[test]
fn the_ledger_of_a_run_that_was_killed_tells_none_and_neither_does_its_sweep() {
    for caller in FEW {
        let folder = TempDir::new().unwrap();
        let hangs = Gossip::start(Way::Hangs, &caller.secrets());
        let arguments = ["run", "name/echoes", "token/", "--timeout", "60", "--settle", "1", "--no-mark"];
        let mut child = caller
            .program(&arguments, &hangs.address, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(40);
        while !files(&folder.path().join("l")).contains("\"intent\"") {
            assert!(Instant::now() < end, "{caller:?}: {}", files(folder.path()));
            std::thread::sleep(Duration::from_millis(50));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        hold(&files(&folder.path().join("l")), &hangs);
        for arguments in [["sweep", "--dry-run"].as_slice(), &["sweep", "--retries", "0", "--likely"]] {
            let text = caller.output(arguments, &hangs.address, folder.path());
            assert!(text.contains(".ledger"), "{text}");
            hold(&text, &hangs);
        }
    }
}

#[test]
fn a_ledger_that_somebody_else_wrote_is_shown_without_secrets() {
    let (folder, quiet) = (TempDir::new().unwrap(), Gossip::start(Way::Refuses, &[]));
    let ledgers = folder.path().join("other");
    fs::create_dir(&ledgers).unwrap();
    let run = r#"{"record":"run","version":2,"run":"0123456789ab","suite":"otc","endpoint":"http://127.0.0.1:1","at":"2026-01-01T00:00:00Z","grace":60}"#;
    let created = serde_json::json!({"record": "created", "number": 1, "id": TOKEN});
    fs::write(ledgers.join("0123456789ab.ledger"), format!("{run}\n{created}\n")).unwrap();
    let mut command = Caller::UsualVariable.program(&["sweep", "--dry-run"], &quiet.address, folder.path());
    let text = output(command.env("IMS_LEDGER", &ledgers), folder.path());
    assert!(text.contains("  [token]  created and not known to be removed"), "{text}");
    hold(&text, &quiet);
}

#[test]
fn a_stub_does_not_tell_its_token() {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command.args(["stub", "--listen", "127.0.0.1:0"]).env_clear().env("HOME", folder.path()).env("OS_TOKEN", TOKEN);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(3));
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("the good token is the one in $OS_TOKEN"), "{text}");
    assert!(!text.contains(CANARY), "{text}");
}

/// What comes out of a target is what came, so that it can be judged; the secrets that it was made with know how to show it.
#[tokio::test]
async fn an_answer_leaves_a_target_as_it_came_and_the_program_without_secrets() {
    let suite = Arc::new(Suite::built_in("otc").unwrap().unwrap());
    for way in [Way::Refuses, Way::Creates, Way::Redirects] {
        let gossip = Gossip::start(way, &[TOKEN]);
        let setup = Setup::new(Access::Token(Token::new(TOKEN).unwrap()));
        let secrets = setup.secrets.clone();
        let target = Target::new(&suite.contract, gossip.address.parse().unwrap(), setup).unwrap();
        hold(&format!("{target:?} {secrets:?}"), &gossip);
        let tokens = |id: &str| id.starts_with("token/") || id.starts_with("name/");
        let mut told = String::new();
        for probe in suite.cases.iter().flat_map(|case| &case.probes).filter(|probe| tokens(&probe.id)) {
            let exchanges = target.perform(&probe.script).await;
            for response in exchanges.iter().filter_map(|exchange| exchange.response()) {
                told.push_str(&format!("{:?} {}", response.headers, String::from_utf8_lossy(&response.body)));
            }
        }
        assert!(told.contains(CANARY), "{told}");
        let shown = secrets.redact_text(&told);
        assert!(shown.contains("[token]"), "{shown}");
        hold(&shown, &gossip);
    }
}

#[test]
fn a_panic_tells_none() {
    struct Paper(Mutex<String>);
    impl Sink for Paper {
        fn print(&self, text: &str) -> std::io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn note(&self, text: &str) {
            self.0.lock().unwrap().push_str(text);
        }
        fn is_watched(&self) -> bool {
            false
        }
    }
    let paper = Arc::new(Paper(Mutex::default()));
    let console = Console::new(Arc::clone(&paper) as Arc<dyn Sink>);
    console.secrets().add(&Secret::new(Kind::Password, PASSWORD));
    console.take_panics();
    let died = std::thread::spawn(|| panic!("what to do with {PASSWORD}, or {PASSWORD:?}?")).join();
    let _ = std::panic::take_hook();
    assert!(died.is_err());
    let text = paper.0.lock().unwrap().clone();
    assert!(text.contains("what to do with [password], or \"[password]\"?"), "{text}");
}

#[test]
fn a_token_travels_to_its_endpoint_only() {
    for (way, caller) in [Way::Hangs, Way::Redirects].into_iter().flat_map(|way| FEW.map(|caller| (way, caller))) {
        let (folder, gossip) = (TempDir::new().unwrap(), Gossip::start(way, &caller.secrets()));
        // A list that goes on at another host, and redirects to it.
        for command in [["doctor"].as_slice(), &["run", "min_disk/rejects_0"]] {
            caller.output(&[command, &QUICK].concat(), &gossip.address, folder.path());
        }
        assert!(gossip.count() > 2, "{caller:?} asked nothing");
        assert_eq!(gossip.elsewhere(), 0, "{caller:?} was led to another host");
    }
}

#[test]
fn no_certificate_is_left_unchecked_in_silence() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("https://{closed}");
    let warning = "warning: no certificate is checked; whoever is on the way can read and change everything\n";
    let hold = &|caller: Caller, arguments: &[&str], variable: Option<&str>, warnings: usize| {
        let folder = TempDir::new().unwrap();
        let mut program = caller.program(arguments, &address, folder.path());
        let text = output(program.envs(variable.map(|variable| (variable, "true"))), folder.path());
        assert_eq!(text.matches(warning).count(), warnings, "{text}");
        assert!(files(&folder.path().join("l")).is_empty());
    };
    // Side by side, as each waits for somebody who listens there.
    std::thread::scope(|scope| {
        for command in ["run", "doctor"] {
            scope.spawn(move || hold(Caller::TokenVariable, &[command, "--insecure"], None, 1));
            scope.spawn(move || hold(Caller::Password, &[command, "--insecure"], None, 1));
            scope.spawn(move || hold(Caller::Password, &[command], None, 0));
            scope.spawn(move || hold(Caller::Password, &[command], Some("OS_INSECURE"), 1));
        }
    });
}
