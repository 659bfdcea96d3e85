//! The way to an endpoint: whose certificates are taken, and the proxies between here and there.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use ims_conformance::client::{Access, Setup, Target};
use ims_conformance::http::{Authorities, RouteTrust, Transport};
use ims_conformance::suite::{DEFAULT, Suite};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection};
use tempfile::TempDir;

/// What a run says of a server that answers 404 to everything: it was reached.
const REACHED: &str = "is the path right?";

/// Exit code and output of a run in an environment of nothing but these variables.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(["run", "min_disk/rejects_0", "--retries", "0"])
        .args(arguments)
        .args(if arguments.contains(&"--timeout") { &[][..] } else { &["--timeout", "5"] })
        .env_clear()
        .env("HOME", home.path())
        .env("CANARY", "a-token-of-the-test")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("a-token-of-the-test") && !text.contains("panicked"), "{text}");
    (output.status.code().unwrap_or(-1), text)
}

/// What a run says of this endpoint, which it cannot assess.
fn said(endpoint: &str, more: &[&str], variables: &[(&str, &str)]) -> String {
    let (code, text) = run(&[&["--endpoint", endpoint, "--token-env", "CANARY"], more].concat(), variables);
    assert_eq!(code, 3, "{text}");
    text
}

/// A certificate, and the key of whoever shows it.
struct Shown {
    pem: String,
    key: KeyPair,
    der: rustls::pki_types::CertificateDer<'static>,
}

/// A certificate for this name that is valid in these years; `issuer` signs it, or it signs itself.
fn certificate(name: &str, years: (i32, i32), is_authority: bool, issuer: Option<&Issuer<'_, KeyPair>>) -> Shown {
    let mut wanted = CertificateParams::new([name.to_owned()]).unwrap();
    (wanted.not_before, wanted.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
    wanted.distinguished_name.push(DnType::CommonName, name);
    if is_authority {
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    let made = match issuer {
        Some(issuer) => wanted.signed_by(&key, issuer).unwrap(),
        None => wanted.self_signed(&key).unwrap(),
    };
    Shown { pem: made.pem(), der: made.der().clone(), key }
}

/// An authority: its certificate, and what signs with it.
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let mut wanted = CertificateParams::default();
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    (wanted.self_signed(&key).unwrap().pem(), Issuer::new(wanted, key))
}

/// Serves 404 over TLS with this certificate.
fn serve(shown: &Shown) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let private = PrivatePkcs8KeyDer::from(shown.key.serialize_der()).into();
    let config = config.with_no_client_auth().with_single_cert(vec![shown.der.clone()], private).unwrap();
    let (listener, config) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(config));
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), config) = (stream, Arc::clone(&config)) else { return };
            std::thread::spawn(move || {
                let mut connection = ServerConnection::new(config).unwrap();
                let mut stream = rustls::Stream::new(&mut connection, &mut stream);
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            });
        }
    });
    endpoint
}

fn written(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_certificate_that_is_not_to_be_trusted_says_why() {
    let text = said(&serve(&certificate("127.0.0.1", (2020, 4000), false, None)), &[], &[]);
    assert!(text.contains("certificate is not issued by an authority that is trusted here"), "{text}");
    let (pem, issuer) = authority();
    let folder = TempDir::new().unwrap();
    let file = written(folder.path(), "authority.pem", pem);
    for (name, years, message) in [
        ("127.0.0.1", (2020, 2021), "certificate has expired, or is not valid yet"),
        ("127.0.0.1", (3000, 3001), "certificate has expired, or is not valid yet"),
        ("ims.example.com", (2020, 4000), "certificate is for another host"),
        ("127.0.0.1", (2020, 4000), REACHED),
    ] {
        let endpoint = serve(&certificate(name, years, false, Some(&issuer)));
        for (more, variables) in [
            (&[][..], &[("SSL_CERT_FILE", file.as_str())][..]),
            (&["--cacert", &file], &[]),
            (&[], &[("OS_CACERT", &file)]),
        ] {
            let text = said(&endpoint, more, variables);
            assert!(text.contains(message), "{name} {years:?}: {text}");
            assert!(message == REACHED || variables != &[] as &[(&str, &str)] || text.contains(&file), "{text}");
        }
    }
    let text = said(&serve(&certificate("127.0.0.1", (2020, 4000), true, None)), &[], &[("SSL_CERT_FILE", &file)]);
    assert!(text.contains("certificate is one of an authority"), "{text}");
}

#[test]
fn a_certificate_that_is_trusted_itself_needs_no_authority() {
    let (_, issuer) = authority();
    let folder = TempDir::new().unwrap();
    let table = [
        (certificate("127.0.0.1", (2020, 4000), true, None), REACHED),
        (certificate("127.0.0.1", (2020, 4000), false, None), REACHED),
        (certificate("127.0.0.1", (2020, 4000), false, Some(&issuer)), REACHED),
        (certificate("127.0.0.1", (2020, 2021), true, None), "has expired, or is not valid yet"),
        (certificate("127.0.0.1", (2020, 2021), false, Some(&issuer)), "has expired, or is not valid yet"),
        (certificate("ims.example.com", (2020, 4000), true, None), "is for another host"),
        (certificate("ims.example.com", (2020, 4000), false, Some(&issuer)), "is for another host"),
    ];
    for (number, (shown, expected)) in table.iter().enumerate() {
        let file = written(folder.path(), "mine.pem", &shown.pem);
        let text = said(&serve(shown), &["--cacert", &file], &[]);
        assert!(text.contains(expected), "{number}: {text}");
    }
    let other = written(folder.path(), "other.pem", &table[1].0.pem);
    let text = said(&serve(&table[2].0), &["--cacert", &other], &[]);
    assert!(text.contains("is not issued by an authority") && text.contains("other.pem"), "{text}");
}

#[test]
fn certificates_are_read_in_every_form_in_which_people_have_them() {
    let (pem, issuer) = authority();
    let endpoint = serve(&certificate("127.0.0.1", (2020, 4000), false, Some(&issuer)));
    let folder = TempDir::new().unwrap();
    let trusted = {
        // openssl writes what it trusts a certificate for behind it.
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = data_encoding::BASE64.decode(body.as_bytes()).unwrap();
        der.extend_from_slice(b"\x30\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01");
        let text = data_encoding::BASE64.encode(&der);
        format!("-----BEGIN TRUSTED CERTIFICATE-----\n{text}\n-----END TRUSTED CERTIFICATE-----\n")
    };
    let forms = [
        format!("\u{feff}{pem}"),
        pem.replace('\n', "\r\n"),
        format!("subject=/CN=some\u{fc}body\n{pem}"),
        format!("{pem}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        trusted,
        pem.replace("CERTIFICATE", "X509 CERTIFICATE"),
    ];
    for form in &forms {
        let file = written(folder.path(), "form.pem", form);
        let text = said(&endpoint, &["--cacert", &file], &[]);
        assert!(text.contains(REACHED), "{form}: {text}");
    }
    let many = folder.path().join("many");
    fs::create_dir(&many).unwrap();
    written(&many, "README", "no certificate");
    written(&many, "0a1b2c3d.0", &pem);
    let text = said(&endpoint, &["--cacert", many.to_str().unwrap()], &[]);
    assert!(text.contains(REACHED), "{text}");
}

#[test]
fn a_file_without_certificates_is_named() {
    let folder = TempDir::new().unwrap();
    let empty = written(folder.path(), "empty.pem", "");
    let garbage =
        written(folder.path(), "garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let none = folder.path().join("none");
    fs::create_dir(&none).unwrap();
    for (path, message) in [
        ("/no/such.pem", "cannot read the certificates of /no/such.pem"),
        (&empty, "empty.pem holds no certificate"),
        (&garbage, "no certificate of"),
        (none.to_str().unwrap(), "none holds no certificate"),
    ] {
        for (more, variables) in [(&["--cacert", path][..], &[][..]), (&[], &[("OS_CACERT", path)])] {
            let (code, text) = run(&[&["--endpoint", "https://127.0.0.1:1"], more].concat(), variables);
            assert_eq!(code, 2, "{text}");
            assert!(text.contains(message) && text.contains(path), "{text}");
        }
    }
}

#[test]
fn an_empty_variable_names_no_file_and_no_folder() {
    let (code, text) = run(&[], &[("OS_CACERT", ""), ("IMS_LEDGER", "")]);
    assert_eq!(code, 0, "{text}");
    let text = said("http://127.0.0.1:1", &[], &[("OS_CACERT", ""), ("IMS_LEDGER", "")]);
    assert!(text.contains("does not answer"), "{text}");
}

#[test]
fn who_encrypts_nothing_needs_no_authority() {
    let folder = TempDir::new().unwrap();
    let empty = written(folder.path(), "empty.pem", "");
    let nobody = [("SSL_CERT_FILE", empty.as_str()), ("SSL_CERT_DIR", "/no/such")];
    let (code, text) = run(&[], &nobody);
    assert_eq!(code, 0, "{text}");
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", plain.local_addr().unwrap());
    std::thread::spawn(move || plain.incoming().flatten().for_each(not_found));
    assert!(said(&endpoint, &[], &nobody).contains(REACHED));
    let shown = certificate("127.0.0.1", (2020, 4000), false, None);
    let text = said(&serve(&shown), &[], &nobody);
    assert!(text.contains("SSL_CERT_FILE or SSL_CERT_DIR holds no authority"), "{text}");
    let file = written(folder.path(), "mine.pem", &shown.pem);
    assert!(said(&serve(&shown), &["--cacert", &file], &nobody).contains(REACHED));
}

fn not_found(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 4096]);
    let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

/// A SOCKS5 proxy that needs no password, takes names, and answers for every host itself.
fn socks() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut buffer = [0; 512];
                let _ = stream.read(&mut buffer);
                let _ = stream.write_all(b"\x05\x00");
                let _ = stream.read(&mut buffer);
                let _ = stream.write_all(b"\x05\x00\x00\x01\0\0\0\0\0\0");
                not_found(stream);
            });
        }
    });
    address
}

#[test]
fn a_socks_proxy_is_gone_through() {
    let proxy = socks();
    for (name, scheme) in
        [("ALL_PROXY", "socks5h"), ("all_proxy", "socks5h"), ("http_proxy", "socks5h"), ("HTTP_PROXY", "socks5h")]
    {
        let text = said("http://ims.example.test", &[], &[(name, &format!("{scheme}://{proxy}"))]);
        assert!(text.contains(REACHED), "{name} {scheme}: {text}");
    }
}

#[test]
fn a_connection_that_fails_names_the_proxy_and_not_its_password() {
    for (name, proxy) in [
        ("http_proxy", "http://127.0.0.1:1"),
        ("HTTP_PROXY", "127.0.0.1:1"),
        ("ALL_PROXY", "socks5h://127.0.0.1:1"),
        ("all_proxy", "http://me:canary-word@127.0.0.1:1"),
        ("http_proxy", "http://nobody.invalid:1"),
    ] {
        let text = said("http://ims.example.test", &[], &[(name, proxy)]);
        assert!(
            text.contains(&format!("no connection could be made to the proxy that {name} names")),
            "{proxy}: {text}"
        );
        assert!(text.contains(if proxy.contains("nobody") { "nobody.invalid:1" } else { "127.0.0.1:1" }), "{text}");
        assert!(!text.contains("canary-word"), "{text}");
    }
    let login = [
        ("OS_AUTH_URL", "http://iam.example.test/v3"),
        ("OS_USER_ID", "u"),
        ("OS_PASSWORD", "canary-password"),
        ("OS_PROJECT_ID", "p"),
        ("http_proxy", "http://127.0.0.1:1"),
    ];
    let (code, text) = run(&[], &login);
    assert_eq!(code, 3, "{text}");
    assert!(
        text.contains("cannot log in at http://iam.example.test/v3 through the proxy http://127.0.0.1:1 of http_proxy"),
        "{text}"
    );
}

/// What there is to say of a connection that went wrong at a proxy, or behind it.
fn proxied(scheme: &str, proxy: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().flatten().for_each(proxy));
    let name = if scheme == "https" { "https_proxy" } else { "http_proxy" };
    said(&format!("{scheme}://ims.example.test"), &["--timeout", "1"], &[(name, &address)])
}

#[test]
fn what_fails_at_a_proxy_and_what_fails_behind_it_read_differently() {
    fn answering(mut stream: TcpStream, answer: &[u8]) {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(answer);
    }
    let refusing: fn(TcpStream) = |stream| answering(stream, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    let asking: fn(TcpStream) =
        |stream| answering(stream, b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let closing: fn(TcpStream) = |stream| answering(stream, b"");
    let garbling: fn(TcpStream) = |stream| answering(stream, b"no HTTP\r\n\r\n");
    let silent: fn(TcpStream) = |mut stream| {
        std::thread::spawn(move || stream.read_to_end(&mut Vec::new()));
    };
    let table = [
        ("https", refusing, "the proxy that https_proxy names was reached, and made no connection to the endpoint"),
        ("https", closing, "the proxy that https_proxy names was reached, and made no connection to the endpoint"),
        ("https", asking, "the proxy that https_proxy names does not take the user and password of its address"),
        ("https", silent, "no complete answer within the time, through the proxy that https_proxy names"),
        ("http", silent, "no complete answer within the time, through the proxy that http_proxy names"),
        ("http", closing, "the connection broke before any answer came, through the proxy that http_proxy names"),
        ("http", garbling, "the answer was no HTTP, through the proxy that http_proxy names"),
    ];
    for (scheme, proxy, words) in table {
        let text = proxied(scheme, proxy);
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn who_repeats_a_request_is_told_the_way_of_the_run() {
    let folder = TempDir::new().unwrap();
    let file = written(folder.path(), "ca.pem", &certificate("127.0.0.1", (2020, 4000), false, None).pem);
    let trusting = |path: &Path| Some(Authorities::read(path).unwrap());
    let whole = folder.path().display().to_string();
    let table = [
        ("https://127.0.0.1:1", None, false, RouteTrust::Usual),
        ("https://127.0.0.1:1", None, true, RouteTrust::Anybody),
        ("https://127.0.0.1:1", trusting(Path::new(&file)), false, RouteTrust::File(file.clone())),
        ("https://127.0.0.1:1", trusting(folder.path()), false, RouteTrust::Folder(whole)),
        ("http://127.0.0.1:1", trusting(folder.path()), true, RouteTrust::Usual),
    ];
    let suite = Arc::new(Suite::built_in(DEFAULT).unwrap().unwrap());
    for (endpoint, authorities, is_insecure, trust) in table {
        let transport = Transport { authorities, is_insecure, ..Transport::default() };
        let setup = Setup { transport, ..Setup::new(Access::Open) };
        let target = Target::new(&suite.contract, endpoint.parse().unwrap(), setup).unwrap();
        assert_eq!(target.route().map(|route| &route.trust), Some(&trust), "{endpoint}");
    }
}

#[test]
fn a_variable_that_names_no_proxy_is_an_error_where_it_counts() {
    for garbage in ["ftp://127.0.0.1:1", "http://127.0.0.1:port", "http://canary word", "http://127.0.0.1:1\r"] {
        for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
            let (code, text) = run(&["--endpoint", "http://ims.example.test"], &[(name, garbage)]);
            assert_eq!(code, 2, "{text}");
            assert!(text.contains(&format!("{name} is no address of a proxy")) && !text.contains("canary"), "{text}");
        }
    }
    let (code, text) = run(&[], &[("http_proxy", "ftp://127.0.0.1:1"), ("ALL_PROXY", "nonsense nonsense")]);
    assert_eq!(code, 0, "a stub is reached without a proxy: {text}");
    let text = said("http://127.0.0.1:1", &[], &[("https_proxy", "nonsense nonsense"), ("http_proxy", "")]);
    assert!(text.contains("http://127.0.0.1:1 does not answer"), "{text}");
}
