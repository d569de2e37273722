//! Lists of resources: found by what they are, page by page, newest first.

use serde_json::{Value, json};

use crate::{
    made::{
        SMALLEST, at, new_address, new_check, new_client, new_company, new_document, new_image,
        picture, with,
    },
    support::{Herald, Tenant},
};

/// Asserts that a list with this question shows exactly these, newest first.
async fn shows(herald: &Herald, key: &str, question: &str, expected: &[&Value]) {
    let list = herald.get(question, key).await.ok();
    assert_eq!(list["items"], json!(expected), "{question}");
    assert_eq!(list["totalItems"], expected.len(), "{question}");
    assert_eq!(list["pages"], usize::from(!expected.is_empty()), "{question}");
}

fn time<'a>(resource: &'a Value, name: &str) -> &'a str {
    resource[name].as_str().unwrap()
}

/// A person with everything that can be asked for, a plain person and a company.
async fn clients(herald: &Herald, tenant: &Tenant) -> [Value; 3] {
    let details = json!({
        "firstName": "Zoë",
        "middleName": "M.",
        "lastName": "O'Hara & Sons",
        "dob": "1990-12-31",
        "gender": "female",
        "nationality": "GB",
        "birthCountry": "FR",
        "ssn": "s",
        "socialInsuranceNumber": "si",
        "nationalIdentityNumber": "ni",
        "taxIdentificationNumber": "ti",
    });
    let changes = json!({
        "email": "zoe@example.com",
        "mobile": "+44 1",
        "telephone": "+44 2",
        "externalId": "e=1",
        "joinedDate": "2026-01-31",
        "personDetails": details,
        "metadata": { "plan": "gold", "a.b": "x", "10": "ten", "é&=": "odd" },
    });
    let whole = herald.post("/v1/clients", &tenant.test, with(new_client(), &changes)).await.ok();
    let plain = herald.client(&tenant.test).await;
    let details = json!({
        "name": "Acme Ltd",
        "website": "https://acme.example/?a=b",
        "registrationNumber": "1",
        "incorporationCountry": "GB",
        "incorporationType": "Ltd",
    });
    let company = with(new_company(), &json!({ "companyDetails": details }));
    let company = herald.post("/v1/clients", &tenant.test, company).await.ok();
    [whole, plain, company]
}

#[tokio::test]
async fn clients_are_found_by_everything_that_is_documented() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let [whole, plain, company] = &clients(&herald, &tenant).await;
    for (question, expected) in [
        ("type=person", vec![plain, whole]),
        ("type=company", vec![company]),
        ("email=zoe@example.com", vec![whole]),
        ("email=zoe%40example.com", vec![whole]),
        ("mobile=%2B44%201", vec![whole]),
        ("mobile=%2B44+1", vec![whole]),
        ("telephone=%2B44%202", vec![whole]),
        ("externalId=e%3D1", vec![whole]),
        ("externalId=e=1", vec![whole]),
        ("joinedDate=2026-01-31", vec![whole]),
        ("personDetails.firstName=Zo%C3%AB", vec![whole]),
        ("personDetails.middleName=M.", vec![whole]),
        ("personDetails.lastName=O'Hara%20%26%20Sons", vec![whole]),
        ("personDetails.lastName=Doe", vec![plain]),
        ("personDetails.dob=1990-12-31", vec![whole]),
        ("personDetails.gender=female", vec![whole]),
        ("personDetails.nationality=GB", vec![whole]),
        ("personDetails.birthCountry=FR", vec![whole]),
        ("personDetails.ssn=s", vec![whole]),
        ("personDetails.socialInsuranceNumber=si", vec![whole]),
        ("personDetails.nationalIdentityNumber=ni", vec![whole]),
        ("personDetails.taxIdentificationNumber=ti", vec![whole]),
        ("companyDetails.name=Acme+Ltd", vec![company]),
        ("companyDetails.website=https%3A%2F%2Facme.example%2F%3Fa%3Db", vec![company]),
        ("companyDetails.registrationNumber=1", vec![company]),
        ("companyDetails.incorporationCountry=GB", vec![company]),
        ("companyDetails.incorporationType=Ltd", vec![company]),
        ("metadata.plan=gold", vec![whole]),
        ("metadata.a.b=x", vec![whole]),
        ("metadata.10=ten", vec![whole]),
        ("metadata.%C3%A9%26%3D=odd", vec![whole]),
        ("type=person&personDetails.gender=female&metadata.plan=gold", vec![whole]),
        ("type=company&personDetails.gender=female", vec![]),
    ] {
        shows(&herald, &tenant.test, &format!("/v1/clients?{question}"), &expected).await;
        shows(&herald, &tenant.live, &format!("/v1/clients?{question}"), &[]).await;
    }
}

#[tokio::test]
async fn a_filter_is_exact_and_one_that_cannot_be_matches_nothing() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let [whole, plain, company] = &clients(&herald, &tenant).await;
    for (question, expected) in [
        ("email=ZOE@example.com", vec![]),
        ("email=zoe", vec![]),
        ("email=", vec![]),
        ("email=%", vec![]),
        ("email=*", vec![]),
        ("email=%00", vec![]),
        ("email=zoe@example.com&email=zoe@example.com", vec![whole]),
        ("email=zoe@example.com&email=jane@example.com", vec![]),
        ("type=robot", vec![]),
        ("joinedDate=31.01.2026", vec![]),
        ("personDetails=Zoe", vec![]),
        ("personDetails.=Zoe", vec![]),
        ("personDetails.shoeSize=44", vec![]),
        ("personDetails.firstName.x=Zo%C3%AB", vec![]),
        ("metadata=gold", vec![]),
        ("metadata.=gold", vec![]),
        ("metadata.plan=Gold", vec![]),
        ("metadata.colour=gold", vec![]),
        ("metadata.plan%00=gold", vec![]),
        ("email.domain=example.com", vec![]),
        ("createdAfter=soon", vec![]),
        ("colour=red", vec![company, plain, whole]),
        ("entityName=Jane+Doe", vec![company, plain, whole]),
        ("id=7&images.size=1&personDetails[lastName]=Doe", vec![company, plain, whole]),
    ] {
        shows(&herald, &tenant.test, &format!("/v1/clients?{question}"), &expected).await;
    }
}

#[tokio::test]
async fn a_filter_finds_what_is_there_now() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let body = with(new_client(), &json!({ "metadata": { "plan": "free" } }));
    let made = herald.post("/v1/clients", &tenant.test, body).await.ok();
    let changes = json!({ "metadata": { "plan": "gold" }, "personDetails": { "lastName": "Roe" } });
    let now = herald.post(&at("clients", &made), &tenant.test, changes).await.ok();
    for (question, expected) in [
        ("metadata.plan=free", vec![]),
        ("metadata.plan=gold", vec![&now]),
        ("personDetails.lastName=Doe", vec![]),
        ("personDetails.lastName=Roe&personDetails.firstName=Jane", vec![&now]),
    ] {
        shows(&herald, &tenant.test, &format!("/v1/clients?{question}"), &expected).await;
    }
    herald.call("DELETE", &at("clients", &made), &tenant.test, "").await;
    shows(&herald, &tenant.test, "/v1/clients?metadata.plan=gold", &[]).await;
}

#[tokio::test]
async fn addresses_are_found_by_client_city_country_and_type() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (one, two) = (herald.client(&tenant.test).await, herald.client(&tenant.test).await);
    let london = with(new_address(&one), &json!({ "type": "main", "state": "x" }));
    let london = &herald.post("/v1/addresses", &tenant.test, london).await.ok();
    let paris = with(new_address(&two), &json!({ "city": "Paris", "country": "FR" }));
    let paris = &herald.post("/v1/addresses", &tenant.test, paris).await.ok();
    let of_one = format!("clientId={}", one["id"].as_str().unwrap());
    for (question, expected) in [
        (of_one.as_str(), vec![london]),
        ("clientId=jane", vec![]),
        ("clientId=5eb04fcd0f3e360008035eb2", vec![]),
        ("city=Paris", vec![paris]),
        ("country=GB", vec![london]),
        ("country=gb", vec![]),
        ("type=main", vec![london]),
        ("type=other", vec![]),
        ("state=y", vec![paris, london]),
        ("city=Paris&country=FR", vec![paris]),
        ("city=Paris&country=GB", vec![]),
    ] {
        shows(&herald, &tenant.test, &format!("/v1/addresses?{question}"), &expected).await;
    }
}

#[tokio::test]
async fn documents_are_found_by_client_type_classification_and_country() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (one, two) = (herald.client(&tenant.test).await, herald.client(&tenant.test).await);
    let passport = herald.document(&tenant.test, &one).await;
    herald.image(&tenant.test, &passport, "front").await;
    let passport = &herald.get(&at("documents", &passport), &tenant.test).await.ok();
    let changes = json!({
        "type": "bank_statement", "classification": "source_of_funds", "issuingCountry": "FR",
    });
    let statement = with(new_document(&two), &changes);
    let statement = &herald.post("/v1/documents", &tenant.test, statement).await.ok();
    let of_two = format!("clientId={}", two["id"].as_str().unwrap());
    for (question, expected) in [
        (of_two.as_str(), vec![statement]),
        ("type=passport", vec![passport]),
        ("classification=source_of_funds", vec![statement]),
        ("classification=funds", vec![]),
        ("issuingCountry=FR", vec![statement]),
        ("type=passport&issuingCountry=FR", vec![]),
        ("images=1", vec![statement, passport]),
    ] {
        shows(&herald, &tenant.test, &format!("/v1/documents?{question}"), &expected).await;
    }
}

#[tokio::test]
async fn checks_are_found_by_what_they_are_about_and_what_they_came_to() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (one, two) = (herald.client(&tenant.test).await, herald.client(&tenant.test).await);
    let document = herald.document(&tenant.test, &two).await;
    let matched = &herald.matched(&tenant, &one, &["m1"]).await;
    let changes = json!({ "documentId": document["id"], "livePhotoId": "p-1" });
    let body = with(new_check(&two, "identity_check"), &changes);
    let pending = &herald.post("/v1/checks", &tenant.test, body).await.ok();
    let of_one = format!("clientId={}", one["id"].as_str().unwrap());
    let of_document = format!("documentId={}", document["id"].as_str().unwrap());
    for (question, expected) in [
        ("", vec![pending, matched]),
        (of_one.as_str(), vec![matched]),
        (of_document.as_str(), vec![pending]),
        ("type=identity_check", vec![pending]),
        ("status=pending", vec![pending]),
        ("status=complete", vec![matched]),
        ("status=done", vec![]),
        ("livePhotoId=p-1", vec![pending]),
        ("result.outcome=attention", vec![matched]),
        ("result.outcome=clear", vec![]),
        ("result=attention", vec![]),
        ("result.breakdown.matches=m1", vec![]),
        ("status=complete&result.outcome=attention&type=standard_screening_check", vec![matched]),
        ("enableMonitoring=false", vec![pending, matched]),
    ] {
        shows(&herald, &tenant.test, &format!("/v1/checks?{question}"), &expected).await;
    }
}

#[tokio::test]
async fn every_list_takes_ranges_of_times_that_are_strict() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let key = &tenant.test;
    let clients = [herald.client(key).await, herald.client(key).await];
    let mut lists = Vec::new();
    for client in &clients {
        let document = herald.document(key, client).await;
        lists.push([
            ("clients", client.clone()),
            ("addresses", herald.address(key, client).await),
            ("documents", document),
            ("checks", herald.screening(key, client).await),
        ]);
    }
    let [older, newer] = lists.try_into().unwrap();
    for ((list, older), (_, newer)) in older.iter().zip(&newer) {
        let (first, second) = (time(older, "createdAt"), time(newer, "createdAt"));
        for (question, expected) in [
            (format!("createdAfter={first}"), vec![newer]),
            (format!("createdBefore={second}"), vec![older]),
            (format!("createdAfter={first}&createdBefore={second}"), vec![]),
            (format!("updatedAfter={first}"), vec![newer]),
            (format!("updatedBefore={second}"), vec![older]),
            (format!("updatedAfter={second}"), vec![]),
            ("createdAfter=2026-01-31".into(), vec![newer, older]),
            ("createdBefore=2026-01-31".into(), vec![]),
            ("updatedBefore=never".into(), vec![]),
        ] {
            shows(&herald, key, &format!("/v1/{list}?{question}"), &expected).await;
        }
    }
}

#[tokio::test]
async fn an_update_moves_a_resource_in_time_and_not_in_its_list() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let older = herald.client(&tenant.test).await;
    let newer = &herald.client(&tenant.test).await;
    let changes = json!({ "mobile": "1" });
    let older = &herald.post(&at("clients", &older), &tenant.test, changes).await.ok();
    let after = time(newer, "updatedAt");
    for (question, expected) in [
        (String::new(), vec![newer, older]),
        (format!("updatedAfter={after}"), vec![older]),
        (format!("updatedAfter={after}&createdAfter={after}"), vec![]),
        (format!("createdBefore={after}&type=person"), vec![older]),
    ] {
        shows(&herald, &tenant.test, &format!("/v1/clients?{question}"), &expected).await;
    }
}

#[tokio::test]
async fn pages_of_what_was_found_are_together_all_of_it_newest_first() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let mut made = Vec::new();
    for n in 0..7 {
        let plan = if n % 3 == 2 { "free" } else { "gold" };
        let body = with(new_client(), &json!({ "metadata": { "plan": plan } }));
        let client = herald.post("/v1/clients", &tenant.test, body).await.ok();
        if plan == "gold" {
            made.insert(0, client);
        }
    }
    let mut seen = Vec::new();
    for page in 1..=4 {
        let path = format!("/v1/clients/?metadata.plan=gold&page={page}&pageSize=2");
        let list = herald.get(&path, &tenant.test).await.ok();
        assert_eq!((&list["page"], &list["pageSize"]), (&json!(page), &json!(2)));
        assert_eq!((&list["totalItems"], &list["pages"]), (&json!(5), &json!(3)));
        seen.extend(list["items"].as_array().unwrap().clone());
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn a_trailing_slash_makes_no_difference_to_what_is_done() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let key = &tenant.test;
    let client = herald.post("/v1/clients/", key, new_client()).await.ok();
    let path = format!("{}/", at("clients", &client));
    assert_eq!(herald.get(&path, key).await.ok(), client);
    assert_eq!(herald.post(&path, key, json!({})).await.ok(), client);
    let document = herald.post("/v1/documents/", key, new_document(&client)).await.ok();
    let path = at("documents", &document);
    let image = new_image("a.jpg", &picture(1, SMALLEST));
    let image = herald.post(&format!("{path}/upload/front/"), key, image).await.ok();
    let download = herald.get(&format!("{path}/download/front/"), key).await.ok();
    assert_eq!(download["id"], image["id"]);
    assert_eq!(herald.call("DELETE", &format!("{path}/front/"), key, "").await.status, 204);
    assert_eq!(herald.call("DELETE", &format!("{path}/"), key, "").await.status, 204);
    assert_eq!(herald.get("/v1/documents/", key).await.ok()["totalItems"], 0);
}
