//! Lists: one envelope, one way to ask for a page, for every list of the description.

use serde_json::json;

use crate::{
    objects::Objects,
    support::{Herald, OPERATOR, Operation, Tenant, new_webhook, operations},
};

/// Every list, with the key that opens it.
async fn lists(herald: &Herald, tenant: &Tenant) -> Vec<(String, String)> {
    let lists: Vec<Operation> =
        operations().into_iter().filter(|operation| operation.has_parameter("page")).collect();
    assert!(lists.len() >= 6, "{lists:?}");
    let key = |operation: &Operation| {
        if operation.takes("operatorKey") { OPERATOR.to_owned() } else { tenant.test.clone() }
    };
    let objects = Objects::new(herald, tenant).await;
    lists.iter().map(|list| (objects.path(list), key(list))).collect()
}

#[tokio::test]
async fn every_list_has_the_same_envelope() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for (path, key) in lists(&herald, &tenant).await {
        let list = herald.get(&path, &key).await.ok();
        let keys: Vec<_> = list.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["page", "pageSize", "totalItems", "pages", "items"], "{path}");
        assert_eq!((&list["page"], &list["pageSize"]), (&json!(1), &json!(100)), "{path}");
        let (total, pages) = (list["totalItems"].as_u64().unwrap(), &list["pages"]);
        assert_eq!(pages, u64::from(total > 0), "{path}");
    }
}

#[tokio::test]
async fn every_list_refuses_a_page_that_cannot_be_and_blames_it() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for (path, key) in lists(&herald, &tenant).await {
        for (query, param) in [
            ("page=0", "page"),
            ("page=-1", "page"),
            ("page=", "page"),
            ("page=1.0", "page"),
            ("page=99999999999999999999", "page"),
            ("pageSize=0", "pageSize"),
            ("pageSize=1001", "pageSize"),
            ("pageSize=all", "pageSize"),
        ] {
            let answer = herald.get(&format!("{path}?{query}"), &key).await;
            let expected = (400, "invalid_request".to_owned(), Some(param.to_owned()));
            assert_eq!(answer.refusal(), expected, "{path}?{query}");
        }
    }
}

#[tokio::test]
async fn every_list_has_empty_pages_beyond_its_end() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for (path, key) in lists(&herald, &tenant).await {
        let list = herald.get(&format!("{path}?page=4294967295&pageSize=1000"), &key).await.ok();
        assert_eq!(list["items"], json!([]), "{path}");
    }
}

#[tokio::test]
async fn pages_together_are_the_whole_list_newest_first() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(
            herald.post("/v1/webhooks", &tenant.test, new_webhook()).await.ok()["id"].clone(),
        );
    }
    made.reverse();
    let mut seen = Vec::new();
    for page in 1..=3 {
        let path = format!("/v1/webhooks/?page={page}&pageSize=2");
        let list = herald.get(&path, &tenant.test).await.ok();
        assert_eq!((&list["totalItems"], &list["pages"]), (&json!(5), &json!(3)));
        seen.extend(list["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
    }
    assert_eq!(seen, made);
}
