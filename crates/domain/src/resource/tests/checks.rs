//! Checks as stories: made, reported on, validated.

use super::*;
use crate::resource::check::{Validation, Verdict};

#[test]
fn a_new_check_is_pending_and_named_after_its_client() {
    let check = screening();
    assert_eq!(
        text(&check.object),
        r#"{"id":"040404040404040404040404","clientId":"010101010101010101010101","entityName":"Jo Doe","type":"extensive_screening_check","status":"pending","enableMonitoring":false,"createdAt":"2026-01-31T09:30:00.000Z","updatedAt":"2026-01-31T09:30:00.000Z"}"#
    );
    assert_eq!(check.due_at, Some(T2));
}

#[test]
fn a_check_of_a_document_needs_one_and_a_document_check_its_country_and_front() {
    let request = |check_type: &str, document: &str| {
        format!(r#"{{"clientId":"010101010101010101010101","type":"{check_type}"{document}}}"#)
    };
    let with = r#","documentId":"030303030303030303030303""#;
    for needy in
        ["document", "identity", "enhanced_identity", "proof_of_address", "driving_license"]
    {
        let problem = new_check(&request(&format!("{needy}_check"), ""), None).unwrap_err();
        assert_eq!(problem.param.as_deref(), Some("documentId"), "{needy}");
    }
    let bare = passport();
    let identity = request("identity_check", with);
    assert!(new_check(&identity, Some(&bare)).is_ok());
    let check = request("document_check", with);
    let problem = new_check(&check, Some(&bare)).unwrap_err();
    assert_eq!(kind_of(&problem), "document_requires_issuing_country");
    let from_gb = document::update(&bare, object(r#"{"issuingCountry":"GB"}"#), T2);
    let from_gb = from_gb.unwrap().unwrap();
    let problem = new_check(&check, Some(&from_gb)).unwrap_err();
    assert_eq!(kind_of(&problem), "document_requires_front_image");
    let data = base64_of(document::SMALLEST_IMAGE);
    let upload = object(&format!(r#"{{"fileName":"a.jpg","data":"{data}"}}"#));
    let new =
        NewImage { side: Side::Front, id: ObjectId::from_bytes([9; 12]), public_url: "", at: T2 };
    let shown = document::with_image(&from_gb, &Upload::read(upload).unwrap(), new);
    assert!(new_check(&check, Some(&shown)).is_ok());
}

#[test]
fn the_test_environment_judges_by_the_last_name() {
    for (name, verdict) in [
        ("Doe", Verdict::Outcome("clear")),
        ("attention", Verdict::Outcome("attention")),
        ("Attention", Verdict::Outcome("attention")),
        ("failed", Verdict::Outcome("not_processed")),
        ("rejected", Verdict::Outcome("rejected")),
        ("error", Verdict::Failure),
    ] {
        assert_eq!(check::verdict(Some(&person(name))), verdict, "{name}");
    }
    assert_eq!(check::verdict(Some(&company())), Verdict::Outcome("clear"));
    assert_eq!(check::verdict(None), Verdict::Failure, "its client was deleted");
}

#[test]
fn a_screening_always_has_matches_and_one_that_needs_attention_has_one_to_look_at() {
    for (outcome, matches) in [("clear", 0), ("attention", 1), ("rejected", 0)] {
        let report = check::test_report(&screening(), outcome);
        let check = complete(&screening(), &text(&report));
        let found = check.object.get("result").unwrap().get("breakdown").unwrap();
        let found = found.get("matches").unwrap().as_array().unwrap();
        assert_eq!(found.len(), matches, "{outcome}");
        assert!(found.iter().all(|one| one.get("id").is_some()));
        assert_eq!(check::outcome(&check), Some(outcome));
        assert_eq!((check.text("status"), check.due_at), (Some("complete"), None));
    }
}

#[test]
fn a_report_is_made_once_and_the_same_again_changes_nothing() {
    let report = r#"{"outcome":"attention","breakdown":{"matches":[{"score":90}]}}"#;
    let check = complete(&screening(), report);
    assert_eq!(check::complete(&check, object(report), ids(), T2), Ok(None));
    let another = check::complete(&check, object(r#"{"outcome":"clear"}"#), ids(), T2);
    assert_eq!(kind_of(&another.unwrap_err()), "check_not_pending");
    assert_eq!(kind_of(&check::fail(&check, T2).unwrap_err()), "check_not_pending");
    let failed = check::fail(&screening(), T2).unwrap().unwrap();
    assert_eq!((failed.text("status"), failed.object.get("result")), (Some("failed"), None));
    assert_eq!(check::fail(&failed, T2), Ok(None));
    for (report, param) in [
        ("{}", "outcome"),
        (r#"{"outcome":"fine"}"#, "outcome"),
        (r#"{"outcome":"clear","breakdown":[]}"#, "breakdown"),
        (r#"{"outcome":"clear","breakdown":{"summary":1}}"#, "breakdown.summary"),
        (r#"{"outcome":"clear","breakdown":{"matches":{}}}"#, "breakdown.matches"),
        (
            r#"{"outcome":"clear","breakdown":{"matches":[{"id":"a"},{"id":"a"}]}}"#,
            "breakdown.matches",
        ),
        (r#"{"outcome":"clear","breakdown":{"matches":[{"id":7}]}}"#, "breakdown.matches"),
    ] {
        let problem = check::complete(&screening(), object(report), ids(), T2).unwrap_err();
        assert_eq!(problem.param.as_deref(), Some(param), "{report}");
    }
}

#[test]
fn only_the_monitoring_of_a_complete_screening_can_be_updated() {
    let update = |check: &Resource, request: &str| check::update(check, object(request), T2);
    let on = r#"{"enableMonitoring":true}"#;
    let refused = |outcome: Result<Option<Resource>, Problem>| kind_of(&outcome.unwrap_err());
    assert_eq!(refused(update(&screening(), on)), "pending_check_unmodifiable");
    let other = new_check(r#"{"clientId":"c","type":"email_intelligence_check"}"#, None).unwrap();
    assert_eq!(refused(update(&other, on)), "invalid_check_update");
    let check = complete(&screening(), r#"{"outcome":"clear"}"#);
    let monitored = update(&check, on).unwrap().unwrap();
    assert_eq!(monitored.object.get("enableMonitoring"), Some(&true.into()));
    assert_eq!(update(&check, r#"{"enableMonitoring":false}"#), Ok(None));
    assert_eq!(update(&check, "{}"), Ok(None));
    assert_eq!(refused(update(&check, r#"{"type":"document_check"}"#)), "invalid_check_update");
    assert_eq!(refused(update(&check, r#"{"enableMonitoring":1}"#)), "invalid_request");
    let mut whole = monitored.object.clone();
    whole.insert("enableMonitoring".into(), false.into());
    assert!(update(&monitored, &text(&whole)).unwrap().is_some(), "a whole check is sent back");
    let failed = check::fail(&screening(), T2).unwrap().unwrap();
    assert_eq!(refused(update(&failed, on)), "invalid_check_update");
}

#[test]
fn the_outcome_of_a_screening_follows_from_its_matches() {
    let validate = |check: &Resource, id: &str, outcome: &str| {
        let request = format!(r#"{{"matchId":"{id}","outcome":"{outcome}","comment":"c"}}"#);
        let validation = Validation::read(object(&request)).unwrap();
        check::validate(check, &validation, T2).unwrap().unwrap()
    };
    let check = matched(r#"[{"id":"a"},{"id":"b"}]"#);
    let one = validate(&check, "a", "rejected");
    assert_eq!(check::outcome(&one), Some("attention"));
    let all = validate(&one, "b", "rejected");
    assert_eq!(check::outcome(&all), Some("clear"));
    let confirmed = validate(&all, "a", "confirmed");
    assert_eq!(check::outcome(&confirmed), Some("match_confirmed"));
    let unsure = validate(&confirmed, "a", "attention");
    assert_eq!(check::outcome(&unsure), Some("attention"));
    let matches = all.object.get("result").unwrap().get("breakdown").unwrap().get("matches");
    let rejected = r#"{"outcome":"rejected","comment":"c"}"#;
    assert_eq!(
        String::from_utf8(matches.unwrap().to_bytes()).unwrap(),
        format!(r#"[{{"id":"a","validation":{rejected}}},{{"id":"b","validation":{rejected}}}]"#)
    );
    for (request, kind, param) in [
        (r#"{"outcome":"rejected"}"#, "invalid_request", "matchId"),
        (r#"{"outcome":"rejected","matchId":"z"}"#, "resource_not_found", "matchId"),
    ] {
        let validation = Validation::read(object(request)).unwrap();
        let problem = check::validate(&check, &validation, T2).unwrap_err();
        assert_eq!((kind_of(&problem), problem.param.as_deref()), (kind, Some(param)));
    }
}

#[test]
fn other_checks_are_validated_as_a_whole() {
    let check = new_check(r#"{"clientId":"c","type":"eid_check"}"#, None).unwrap();
    let say = |word: &str| Validation::read(object(&format!(r#"{{"outcome":"{word}"}}"#))).unwrap();
    let pending = check::validate(&check, &say("confirmed"), T2).unwrap_err();
    assert_eq!(kind_of(&pending), "pending_check_unmodifiable");
    let check = complete(&check, r#"{"outcome":"attention"}"#);
    for (word, outcome) in
        [("confirmed", "clear"), ("rejected", "rejected"), ("attention", "attention")]
    {
        let validated = check::validate(&check, &say(word), T2).unwrap().unwrap();
        assert_eq!(check::outcome(&validated), Some(outcome), "{word}");
        assert_eq!(check::validate(&validated, &say(word), T2), Ok(None), "it says nothing new");
    }
    let long = "c".repeat(4_001);
    for (request, param) in [
        ("{}".to_owned(), "outcome"),
        (r#"{"outcome":"clear"}"#.into(), "outcome"),
        (format!(r#"{{"outcome":"rejected","comment":"{long}"}}"#), "comment"),
        (r#"{"outcome":"rejected","comment":7}"#.into(), "comment"),
    ] {
        let problem = Validation::read(object(&request)).unwrap_err();
        assert_eq!(problem.param.as_deref(), Some(param), "{request:.60}");
    }
}

#[test]
fn a_monitoring_hit_adds_matches_and_needs_attention() {
    let hit = |check: &Resource, matches: &str| {
        let report = format!(r#"{{"matches":{matches}}}"#);
        check::monitoring_hit(check, object(&report), ids(), T2)
    };
    let check = matched(r#"[{"id":"a"}]"#);
    let unmonitored = hit(&check, r#"[{"id":"b"}]"#).unwrap_err();
    assert_eq!(kind_of(&unmonitored), "check_not_monitored");
    let check = check::update(&check, object(r#"{"enableMonitoring":true}"#), T2);
    let check = check.unwrap().unwrap();
    let more = hit(&check, r#"[{"id":"a"},{"id":"b"}]"#).unwrap().unwrap();
    let matches = more.object.get("result").unwrap().get("breakdown").unwrap().get("matches");
    assert_eq!(matches.unwrap().as_array().unwrap().len(), 2);
    assert_eq!(check::outcome(&more), Some("attention"));
    assert_eq!(hit(&more, r#"[{"id":"b"}]"#), Ok(None), "it was reported before");
    for matches in ["[]", "7", "null", "[7]"] {
        assert_eq!(hit(&check, matches).unwrap_err().param.as_deref(), Some("matches"));
    }
}
