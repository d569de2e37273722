//! Those who make and change resources until the server is gone, and what they have seen.
//!
//! A worker notes what it is going to ask before it asks, and the answer when it has read it; nobody
//! else changes what a worker has made.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use http::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::SEED;
use crate::support::api::{Api, text};

/// Nobody panics while holding a lock.
const UNHELD: &str = "nobody panics while holding it";

/// What a worker knows of one resource.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What showed it as it was made, and after each change: the resource, or the image that the
    /// document has since then.
    pub(super) answers: Vec<Value>,
    /// A change of it was asked for and not answered.
    pub(super) unanswered: bool,
    /// Its deletion was answered.
    pub(super) deleted: bool,
}

/// What the workers know, over all rounds.
#[derive(Default)]
pub(super) struct Notes {
    known: Mutex<HashMap<String, Known>>,
    unanswered: Mutex<HashMap<&'static str, usize>>,
    stories: AtomicUsize,
    answers: AtomicUsize,
    answered: Notify,
}

impl Notes {
    fn of<T>(&self, id: &str, note: impl FnOnce(&mut Known) -> T) -> T {
        note(self.known().entry(id.to_owned()).or_default())
    }

    /// What is known of each resource, by its id.
    pub(super) fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().expect(UNHELD)
    }

    /// How many resources of each kind were asked for and not answered, by where they are listed.
    pub(super) fn unanswered(&self) -> MutexGuard<'_, HashMap<&'static str, usize>> {
        self.unanswered.lock().expect(UNHELD)
    }

    /// An answer was read.
    fn count(&self) {
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.answered.notify_one();
    }

    /// Waits until so many more answers were read.
    pub(super) async fn answered_more(&self, more: usize) {
        let enough = self.answers.load(Ordering::Relaxed) + more;
        while self.answers.load(Ordering::Relaxed) < enough {
            self.answered.notified().await;
        }
    }
}

/// One who makes and changes resources until the server is gone; then every step is `None`.
pub(super) struct Worker {
    pub(super) api: Api,
    pub(super) notes: Arc<Notes>,
}

impl Worker {
    pub(super) async fn work_until_killed(self) {
        while self.story(self.notes.stories.fetch_add(1, Ordering::Relaxed)).await.is_some() {}
    }

    /// A client with all that belongs to it; of some stories, a part or all is deleted.
    async fn story(&self, number: usize) -> Option<()> {
        let last_name = ["attention", "rejected", "failed", "error", "Doe"][number % 5];
        let client = json!({
            "type": "person",
            "email": "jane@example.com",
            "personDetails": { "firstName": "Jane", "lastName": last_name },
        });
        let client = self.create("clients", client).await?;
        let screening = json!({ "clientId": client, "type": "standard_screening_check" });
        self.create("checks", screening).await?;
        let address = json!({
            "clientId": client, "line": "1 Main Street", "city": "London", "country": "GB",
        });
        let address = self.create("addresses", address).await?;
        self.update("clients", &client, json!({ "mobile": number.to_string() })).await?;
        let document = json!({ "clientId": client, "type": "passport", "issuingCountry": "GB" });
        let document = self.create("documents", document).await?;
        self.upload(&document, "front", 2 * number).await?;
        let looked =
            json!({ "clientId": client, "type": "document_check", "documentId": document });
        self.create("checks", looked).await?;
        self.update("addresses", &address, json!({ "city": format!("City {number}") })).await?;
        self.upload(&document, "back", 2 * number + 1).await?;
        match number % 4 {
            0 => self.delete("clients", &client).await,
            1 => {
                self.delete("documents", &document).await?;
                self.delete("addresses", &address).await?;
                self.update("clients", &client, json!({ "mobile": null })).await
            }
            _ => self.upload(&document, "front", 2 * number + 1).await,
        }
    }

    /// The good answer to a request; `None` if the server is gone.
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Option<Value> {
        let what = format!("{method} {path}");
        let answer = self.api.send(method, path, body.to_string()).await.ok()?;
        assert!(answer.status.is_success(), "seed {SEED}: {what}: {}", answer.body);
        Some(answer.body)
    }

    /// Makes a resource; answers its id.
    async fn create(&self, path: &'static str, body: Value) -> Option<String> {
        let Some(made) = self.ask(Method::POST, &format!("/v1/{path}"), &body).await else {
            *self.notes.unanswered().entry(path).or_default() += 1;
            return None;
        };
        let id = text(&made["id"]);
        self.notes.of(&id, |known| {
            assert!(known.answers.is_empty(), "seed {SEED}: {id} was made twice");
            known.answers.push(made);
        });
        self.notes.count();
        Some(id)
    }

    /// Changes a resource; what is answered shows what it is since then.
    async fn change(&self, id: &str, path: &str, body: Value) -> Option<()> {
        self.notes.of(id, |known| known.unanswered = true);
        let answer = self.ask(Method::POST, path, &body).await?;
        self.notes.of(id, |known| {
            known.unanswered = false;
            known.answers.push(answer);
        });
        self.notes.count();
        Some(())
    }

    async fn update(&self, path: &str, id: &str, body: Value) -> Option<()> {
        self.change(id, &format!("/v1/{path}/{id}"), body).await
    }

    async fn upload(&self, document: &str, side: &str, mark: usize) -> Option<()> {
        let body = json!({ "fileName": format!("{mark}.png"), "data": image(mark) });
        self.change(document, &format!("/v1/documents/{document}/upload/{side}"), body).await
    }

    async fn delete(&self, path: &str, id: &str) -> Option<()> {
        self.notes.of(id, |known| known.unanswered = true);
        self.ask(Method::DELETE, &format!("/v1/{path}/{id}"), &Value::Null).await?;
        self.notes.of(id, |known| (known.unanswered, known.deleted) = (false, true));
        self.notes.count();
        Some(())
    }
}

/// The base64 of an image: its `mark`, again and again, a little more than the smallest image has.
pub(super) fn image(mark: usize) -> String {
    format!("{mark:08}").repeat(5_803)
}
