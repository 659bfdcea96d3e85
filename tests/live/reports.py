"""Looks into the reports of a run.

reports.py findings RUN.json               clause, place, what was expected and what came of each finding, one a line
reports.py agree RUN.json RUN.xml RUN.html exit code 1, and what is wrong, where they do not say the same
"""

import html.parser
import json
import re
import sys
import xml.etree.ElementTree as xml


def findings(run):
    for finding in json.load(open(run))["findings"]:
        parts = [finding["clause"]]
        parts += [f"at {finding['pointer']}"] if finding["pointer"] else []
        parts += [f"expected {finding['expected']}", f"got {finding['got']}"]
        print(re.sub(" +", " ", " | ".join(parts)))


class Page(html.parser.HTMLParser):
    """What a page names: its findings and plots, what it loads from elsewhere, and elements that were never closed."""

    def __init__(self):
        super().__init__()
        self.findings, self.plots, self.loads, self.open = 0, 0, [], []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.findings += tag == "article" and attributes.get("class") == "finding"
        self.plots += tag == "svg" and attributes.get("role") == "img"
        source = attributes.get("src") or (attributes.get("href") if tag == "link" else None)
        if source and not source.startswith("data:"):
            self.loads.append(source)
        if tag not in ("meta", "link", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise SystemExit(f"the page closes a {tag} that is not open")


def agree(run, junit, page):
    run, suites, seen = json.load(open(run)), xml.parse(junit).getroot(), Page()
    seen.feed(open(page).read())
    clauses = {clause["id"]: clause for clause in run["clauses"]}
    # JUnit spells out what nobody sees in a name.
    probes = {probe["id"]: probe for probe in run["each_probe"] if probe["id"].isprintable()}
    failing = {name for name, probe in probes.items() if probe["verdict"] == "failed"}
    count = sum(probe["verdict"] == "failed" for probe in run["each_probe"])
    failed = {case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None}
    cases = [case.get("name") for case in suites.iter("testcase")]
    wrong = []
    if not failing <= failed or len(failed) != count:
        wrong.append(f"JUnit fails {sorted(failed)}, and the probes that fail are {sorted(failing)}")
    if not set(probes) <= set(cases) or len(cases) != int(suites.get("tests")):
        wrong.append("JUnit has not one case for each probe, or counts wrongly")
    told = {case.get("name"): case.findtext("system-out") or "" for case in suites.iter("testcase")}
    for name, probe in probes.items():
        for clause in (clauses[broken] for broken in probe.get("broken", []) if broken in clauses):
            place = f"{clause['file']}:{clause['line']}"
            for key, value in {"clause": clause["id"], "place": place, "seed": run["seed"]}.items():
                if f"[[PROPERTY|{key}={value}]]" not in told.get(name, "").splitlines():
                    wrong.append(f"JUnit says of {name} another {key} than {value}")
    if len(run["latency"]) != seen.plots or not seen.plots:
        wrong.append(f"the page has {seen.plots} plots, and {len(run['latency'])} calls were answered")
    if seen.findings != len(run["findings"]) or seen.loads or seen.open:
        wrong.append(f"the page has {seen.findings} findings, loads {seen.loads}, leaves open {seen.open}")
    if not failing:
        wrong.append("there is no finding, so that nothing was looked at")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit({"findings": findings, "agree": agree}[sys.argv[1]](*sys.argv[2:]))
