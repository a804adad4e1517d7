//! How the steps of several datasets come together.

use super::*;
use crate::access::gate::tests::{asked, credentialed, holdings};
use crate::access::{Account, Purpose, Request, gate};
use crate::values::SafeUrl;

fn now() -> Timestamp {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

fn gate_of(dataset: &str, steps: &[Step]) -> Gate {
    let request = Request { dataset: dataset.parse().unwrap(), ..asked(Purpose::Fetch) };
    gate(request, steps, &holdings(Vec::new()))
}

fn step(id: &str, wait: &str) -> Step {
    Step {
        page: Some(SafeUrl::parse(&format!("https://host.example/{id}")).unwrap()),
        usual_wait: Some(wait.into()),
        ..Step::new(StepKind::Application, id, id)
    }
}

/// Two credentialed datasets of one host, each with an agreement page of its own.
fn credentialed_twice() -> AccessPlan {
    let mut other = credentialed();
    other[3].page = Some(SafeUrl::parse("https://physionet.example/sign-iii").unwrap());
    other[1].id = "training".into();
    plan(&[gate_of("mimic-cxr", &credentialed()), gate_of("mimic-iii", &other)], now())
}

#[test]
fn what_is_the_same_act_is_done_once() {
    let plan = credentialed_twice();
    let found: Vec<(&str, usize, i64)> = plan
        .steps
        .iter()
        .map(|step| (step.step.id.as_str(), step.datasets.len(), step.begins.as_hours() / 24))
        .collect();
    assert_eq!(found, [("account", 2, 0), ("citi", 2, 0), ("credentialing", 2, 1), ("dua", 1, 8), ("dua", 1, 8)]);
    let ids: Vec<String> = plan.steps[1].datasets.iter().map(|(dataset, id)| format!("{dataset}/{id}")).collect();
    assert_eq!(ids, ["mimic-cxr/citi", "mimic-iii/training"]);
}

#[test]
fn what_takes_longest_is_begun_first_and_entries_keep_their_order() {
    #[track_caller]
    fn check(entries: &[&[(&str, &str)]], expected: &[&str]) {
        let steps = |entry: &[(&str, &str)]| entry.iter().map(|(id, wait)| step(id, wait)).collect::<Vec<_>>();
        let gates: Vec<Gate> = entries.iter().map(|entry| gate_of("a", &steps(entry))).collect();
        let plan = plan(&gates, now());
        assert_eq!(plan.steps.iter().map(|step| step.step.id.as_str()).collect::<Vec<_>>(), expected);
    }
    check(&[&[("quick", "minutes")], &[("slow", "3 weeks")]], &["slow", "quick"]);
    check(&[&[("a", "2 days")], &[("b", "minutes"), ("c", "a week")]], &["b", "c", "a"]);
    check(&[&[("a", ""), ("b", "")], &[("b", ""), ("c", "")]], &["a", "b", "c"]);
    check(&[&[("a", ""), ("b", "")], &[("b", ""), ("a", "")]], &["a", "b"]); // they contradict
    check(&[], &[]);
}

#[test]
fn what_is_met_is_left_out_and_renewed_in_time() {
    let mut held = holdings(Vec::new());
    held.accounts.insert("physionet".into(), Account::SignedIn { name: None, from: "netrc".into() });
    let mut gate = gate(asked(Purpose::Fetch), &credentialed(), &held);
    gate.steps[1].state = State::Done;
    gate.steps[1].expires = Some("2027-02-01T00:00:00Z".parse().unwrap());
    let plan = plan(&[gate], now());
    assert_eq!(plan.steps.iter().map(|step| step.step.id.as_str()).collect::<Vec<_>>(), ["credentialing", "dua"]);
    assert_eq!(plan.renewals.len(), 1);
    assert!(plan.ics().contains("DTSTART;VALUE=DATE:20270102\r\nSUMMARY:Renew: Complete the CITI course\r\n"));
    assert!(plan.markdown().ends_with("## To be renewed\n\n- 2027-02-01: Complete the CITI course (mimic-cxr)\n"));
}

#[test]
fn a_list_names_page_datasets_and_waits() {
    assert_eq!(
        credentialed_twice().markdown(),
        "# Access plan of 2026-11-24\n\n\
         - [ ] [Create a PhysioNet account](<https://physionet.example/register>), for mimic-cxr, mimic-iii \
         (cannot be checked from here, usually minutes)\n\
         - [ ] [Complete the CITI course](<https://physionet.example/citi>), for mimic-cxr, mimic-iii (usually a day)\n\
         - [ ] [Apply for credentialed access](<https://physionet.example/apply>), for mimic-cxr, mimic-iii \
         (from day 1, usually about a week)\n\
         - [ ] [Sign the data use agreement](<https://physionet.example/sign>), for mimic-cxr (from day 8)\n\
         - [ ] [Sign the data use agreement](<https://physionet.example/sign-iii>), for mimic-iii (from day 8)\n"
    );
    assert!(plan(&[], now()).markdown().ends_with("Nothing to do: every step is met.\n"));
}

#[test]
fn a_calendar_has_a_day_to_begin_and_a_day_to_ask() {
    let plan = plan(&[gate_of("mimic-cxr", &[step("application", "about a week")])], now());
    assert_eq!(
        plan.ics().split_terminator("\r\n").collect::<Vec<_>>(),
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//medsets//access plan//EN",
            "CALSCALE:GREGORIAN",
            "BEGIN:VEVENT",
            "UID:8cfac0dbb5897154784f9f8f9f104147@medsets",
            "DTSTAMP:20261124T090000Z",
            "DTSTART;VALUE=DATE:20261124",
            "SUMMARY:application",
            "DESCRIPTION:For mimic-cxr. Usually takes: about a week.",
            "URL:https://host.example/application",
            "TRANSP:TRANSPARENT",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:PT9H",
            "DESCRIPTION:application",
            "END:VALARM",
            "END:VEVENT",
            "BEGIN:VEVENT",
            "UID:dcc9a09d212ec0e0d37e4725a50076a6@medsets",
            "DTSTAMP:20261124T090000Z",
            "DTSTART;VALUE=DATE:20261201",
            "SUMMARY:Ask after: application",
            "DESCRIPTION:For mimic-cxr. Usually takes: about a week.",
            "URL:https://host.example/application",
            "TRANSP:TRANSPARENT",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:PT9H",
            "DESCRIPTION:Ask after: application",
            "END:VALARM",
            "END:VEVENT",
            "END:VCALENDAR",
        ]
    );
}
