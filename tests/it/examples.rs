//! Where a report leads its reader: to the line of a case, and to the smallest example.

use std::fs;

use crate::outcomes::{SUITE, answered};
use ims_conformance::client::Limits;
use ims_conformance::report::Format;
use ims_conformance::report::model::{About, Report};
use ims_conformance::results::Results;
use ims_conformance::secret::Secrets;
use time::OffsetDateTime;

fn report(results: &Results) -> Report {
    let about =
        About { date: OffsetDateTime::UNIX_EPOCH, limits: Limits::CAREFUL, repeat: "ims-conformance run".to_owned() };
    Report::of(results, &about, &Secrets::default())
}

#[test]
fn of_many_probes_that_show_one_finding_one_tells_it_whole_and_the_others_name_that_one() {
    let records = ["name/defaults_to_empty", "min_ram/defaults_to_0", "name/accepts_127_characters"];
    let results = crate::outcomes::report(records.map(|id| answered(id, 500)).into());
    let report = report(&results);
    let [finding] = &report.findings[..] else { panic!("{:?}", report.findings) };
    let xml = Format::Junit.render(&report).unwrap();
    assert_eq!(xml.matches(&finding.expected).count(), 2, "in a message and in a text: {xml}");
    assert_eq!(xml.matches(&format!("its smallest example is {}", finding.probe)).count(), 2, "{xml}");
}

#[test]
fn a_finding_of_a_case_leads_to_the_line_that_says_what_must_come() {
    let suite = &SUITE;
    let mut lines = 0;
    for case in &suite.cases {
        let text = fs::read_to_string(format!("cases/otc/{}.yaml", case.id)).unwrap();
        for line in
            case.probes.iter().flat_map(|probe| &probe.expectations).map(|expectation| expectation.line.unwrap())
        {
            let line = text.lines().nth(line - 1).unwrap();
            assert!(line.contains("status:"), "{}: {line}", case.id);
            lines += 1;
        }
    }
    assert!(lines > suite.cases.len(), "some cases have several steps");
    let results = crate::outcomes::report(vec![answered("min_disk/rejects_0", 201)]);
    let report = report(&results);
    let text = fs::read_to_string(&report.findings[0].file).unwrap();
    assert!(text.lines().nth(report.findings[0].line - 1).unwrap().contains("400"), "{:?}", report.findings[0]);
}
