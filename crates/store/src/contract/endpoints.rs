//! The laws of [`Endpoints`].

use bytes::Bytes;
use herald_domain::{
    endpoint::{Endpoint, EndpointPatch, KeptRequest},
    id::{EndpointId, RequestId},
    time::Timestamp,
    webhook::SealedSecret,
};

use super::{
    Backend,
    fixtures::{AMPLE, Scene, together, whole},
};
use crate::{Bounds, Created, Endpoints, Page};

/// More than any law keeps, for laws that are not about the bounds.
const ROOM: Bounds = Bounds { requests: 1_000, bytes: 1 << 30 };

/// A day, milliseconds.
const DAY: i64 = 86_400_000;

impl<B: Backend> Scene<B> {
    /// An endpoint of the scene's environment that lives for a day and is not in the store.
    fn new_endpoint(&self) -> Endpoint {
        let created_at = self.tick();
        let id = EndpointId(self.id());
        let mut token_hash = [0x5a; 32];
        token_hash[..12].copy_from_slice(id.as_bytes());
        Endpoint {
            id,
            environment: self.environment,
            token_hash,
            token: SealedSecret(vec![1, 0, 159, 255]),
            description: None,
            respond_with: 200,
            requests: 0,
            last_number: 0,
            expires_at: Timestamp::from_millis(created_at.millis() + DAY),
            created_at,
        }
    }

    async fn made_endpoint(&self, endpoint: Endpoint) -> Endpoint {
        let created = self.store.create_endpoint(endpoint.clone(), AMPLE).await.unwrap();
        assert_eq!(created, Created::Created);
        endpoint
    }

    async fn an_endpoint(&self) -> Endpoint {
        self.made_endpoint(self.new_endpoint()).await
    }

    async fn found_endpoint(&self, endpoint: &Endpoint) -> Option<Endpoint> {
        self.store.endpoint(endpoint.environment, endpoint.id, self.tick()).await.unwrap()
    }

    /// A request with a body of this many bytes that nobody keeps yet.
    fn new_request(&self, size: usize) -> KeptRequest {
        KeptRequest {
            id: RequestId(self.id()),
            number: 0,
            method: "POST".into(),
            query: None,
            headers: Vec::new(),
            body: Bytes::from(vec![b'x'; size]),
            length: size as u64,
            answered: 0,
            received_at: self.tick(),
        }
    }

    async fn keep(&self, to: &Endpoint, bounds: Bounds, size: usize) -> KeptRequest {
        let request = self.new_request(size);
        let kept = self.store.keep_request(to.id, request, bounds).await.unwrap();
        kept.expect("the endpoint is there")
    }

    /// The numbers that an endpoint keeps, newest first.
    async fn numbers(&self, of: &Endpoint) -> Vec<u64> {
        let listed = self.store.list_requests(of.environment, of.id, whole()).await.unwrap();
        assert_eq!(listed.total, listed.items.len() as u64);
        listed.items.iter().map(|request| request.number).collect()
    }
}

pub async fn an_endpoint_is_kept_with_all_its_fields<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let full = Endpoint {
        description: Some("Zoë's “endpoint” 🦉".into()),
        respond_with: 599,
        token: SealedSecret((0..=255).collect()),
        ..scene.new_endpoint()
    };
    let made = [scene.an_endpoint().await, scene.made_endpoint(full).await];
    let scene = scene.reopened().await;
    for endpoint in made {
        assert_eq!(scene.found_endpoint(&endpoint).await, Some(endpoint.clone()));
        let by_token = scene.store.endpoint_by_token(endpoint.token_hash, scene.tick()).await;
        assert_eq!(by_token.unwrap(), Some(endpoint));
    }
    let unknown = scene.store.endpoint_by_token([1; 32], scene.tick()).await;
    assert_eq!(unknown.unwrap(), None);
}

pub async fn an_endpoint_of_an_unknown_account_is_not_made<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut endpoint = scene.new_endpoint();
    endpoint.environment.account = scene.new_account().id;
    let created = scene.store.create_endpoint(endpoint.clone(), AMPLE).await.unwrap();
    assert_eq!(created, Created::UnknownAccount);
    assert_eq!(scene.found_endpoint(&endpoint).await, None);
}

pub async fn an_environment_has_no_more_living_endpoints_than_its_limit<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let brief = Timestamp::from_millis(scene.tick().millis() + 60_000);
    scene.made_endpoint(Endpoint { expires_at: brief, ..scene.new_endpoint() }).await;
    scene.an_endpoint().await;
    let third = scene.new_endpoint();
    let refused = scene.store.create_endpoint(third.clone(), 2).await.unwrap();
    assert_eq!(refused, Created::LimitReached);
    let elsewhere = Endpoint { environment: scene.live(), ..scene.new_endpoint() };
    assert_eq!(scene.store.create_endpoint(elsewhere, 1).await.unwrap(), Created::Created);
    let later = Endpoint { created_at: brief, ..third };
    let room = scene.store.create_endpoint(later, 2).await.unwrap();
    assert_eq!(room, Created::Created, "an expired one does not count");
}

pub async fn the_limit_of_endpoints_holds_when_many_are_made_at_once<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let endpoints: Vec<_> = (0..12).map(|_| scene.new_endpoint()).collect();
    let outcomes = together(endpoints.into_iter().map(|endpoint| {
        let store = scene.store.clone();
        async move { store.create_endpoint(endpoint, 5).await.unwrap() }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Created::Created).count(), 5);
}

pub async fn endpoints_are_listed_newest_first_in_pages<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, scene.an_endpoint().await);
    }
    for (number, items) in (1..).zip([&made[..2], &made[2..4], &made[4..], &[]]) {
        let page = Page::new(number, 2).unwrap();
        let at = scene.tick();
        let found = scene.store.list_endpoints(scene.environment, at, page).await.unwrap();
        assert_eq!((found.items.as_slice(), found.total), (items, 5), "page {number}");
    }
}

pub async fn a_patch_of_an_endpoint_changes_what_it_names<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut expected = scene.an_endpoint().await;
    let neighbour = scene.an_endpoint().await;
    let none = EndpointPatch::default;
    for patch in [
        EndpointPatch { respond_with: Some(503), ..none() },
        EndpointPatch { description: Some(Some("second".into())), ..none() },
        none(),
        EndpointPatch { description: Some(None), ..none() },
    ] {
        expected = expected.patched(&patch);
        let at = scene.tick();
        let update =
            scene.store.update_endpoint(scene.environment, expected.id, patch, at).await.unwrap();
        assert_eq!(update.as_ref(), Some(&expected));
        assert_eq!(scene.found_endpoint(&expected).await.as_ref(), Some(&expected));
    }
    assert_eq!(scene.found_endpoint(&neighbour).await, Some(neighbour));
}

pub async fn a_request_is_kept_byte_for_byte_with_all_its_fields<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let endpoint = scene.an_endpoint().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let request = KeptRequest {
        method: "PROPFIND".into(),
        query: Some("a=b&c=%20".into()),
        headers: vec![
            ("x-any".into(), Bytes::from(every_byte[128..].to_vec())),
            ("x-any".into(), Bytes::new()),
            ("x-long".into(), Bytes::from(vec![b'v'; 20_000])),
        ],
        body: Bytes::from(every_byte),
        length: 1 << 20,
        ..scene.new_request(0)
    };
    let kept = scene.store.keep_request(endpoint.id, request.clone(), ROOM).await.unwrap();
    let expected = KeptRequest { number: 1, answered: 200, ..request };
    assert_eq!(kept.as_ref(), Some(&expected));
    let plain = scene.keep(&endpoint, ROOM, 0).await;
    let scene = scene.reopened().await;
    for request in [expected, plain] {
        let found = scene.store.kept_request(scene.environment, endpoint.id, request.id).await;
        assert_eq!(found.unwrap(), Some(request));
    }
}

pub async fn a_request_is_answered_as_the_endpoint_answers_then<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let endpoint = scene.an_endpoint().await;
    assert_eq!(scene.keep(&endpoint, ROOM, 1).await.answered, 200);
    let patch = EndpointPatch { respond_with: Some(418), ..EndpointPatch::default() };
    let at = scene.tick();
    scene.store.update_endpoint(scene.environment, endpoint.id, patch, at).await.unwrap();
    assert_eq!(scene.keep(&endpoint, ROOM, 1).await.answered, 418);
    let listed = scene.store.list_requests(scene.environment, endpoint.id, whole()).await.unwrap();
    let answered: Vec<_> = listed.items.iter().map(|request| request.answered).collect();
    assert_eq!(answered, [418, 200]);
}

pub async fn the_oldest_requests_are_forgotten_beyond_the_bounds<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let endpoint = scene.an_endpoint().await;
    let three = Bounds { requests: 3, ..ROOM };
    for _ in 0..5 {
        scene.keep(&endpoint, three, 1).await;
    }
    assert_eq!(scene.numbers(&endpoint).await, [5, 4, 3]);
    let hundred = Bounds { bytes: 100, ..ROOM };
    scene.keep(&endpoint, hundred, 98).await;
    assert_eq!(scene.numbers(&endpoint).await, [6, 5, 4], "98 and 1 and 1 are 100");
    scene.keep(&endpoint, hundred, 2).await;
    assert_eq!(scene.numbers(&endpoint).await, [7, 6]);
    scene.keep(&endpoint, hundred, 1_000).await;
    assert_eq!(scene.numbers(&endpoint).await, [8], "the newest stays, however large");
    scene.keep(&endpoint, hundred, 1).await;
    assert_eq!(scene.numbers(&endpoint).await, [9]);
    let found = scene.found_endpoint(&endpoint).await.expect("it is there");
    assert_eq!((found.requests, found.last_number), (1, 9));
}

pub async fn headers_count_as_bytes_that_are_kept<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let endpoint = scene.an_endpoint().await;
    let bounds = Bounds { bytes: 100, ..ROOM };
    for _ in 0..2 {
        let headers = vec![("a".into(), Bytes::from(vec![b'v'; 50]))];
        let request = KeptRequest { headers, ..scene.new_request(0) };
        scene.store.keep_request(endpoint.id, request, bounds).await.unwrap();
    }
    assert_eq!(scene.numbers(&endpoint).await, [2]);
}

pub async fn requests_that_come_at_once_have_each_their_own_number<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let endpoint = scene.an_endpoint().await;
    let requests: Vec<_> = (0..20).map(|_| scene.new_request(1)).collect();
    let mut numbers = together(requests.into_iter().map(|request| {
        let (store, id) = (scene.store.clone(), endpoint.id);
        async move { store.keep_request(id, request, ROOM).await.unwrap().unwrap().number }
    }))
    .await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
}

pub async fn requests_are_listed_newest_first_in_pages<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let endpoint = scene.an_endpoint().await;
    let other = scene.an_endpoint().await;
    scene.keep(&other, ROOM, 1).await;
    let mut kept = Vec::new();
    for size in 0..5 {
        kept.insert(0, scene.keep(&endpoint, ROOM, size).await);
    }
    for (number, items) in (1..).zip([&kept[..2], &kept[2..4], &kept[4..], &[]]) {
        let page = Page::new(number, 2).unwrap();
        let listed = scene.store.list_requests(scene.environment, endpoint.id, page).await;
        let listed = listed.unwrap();
        assert_eq!((listed.items.as_slice(), listed.total), (items, 5), "page {number}");
    }
}

pub async fn what_came_after_a_number_is_read_oldest_first<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let endpoint = scene.an_endpoint().await;
    let four = Bounds { requests: 4, ..ROOM };
    for _ in 0..6 {
        scene.keep(&endpoint, four, 1).await;
    }
    for (after, limit, expected) in
        [(0, 2, &[3, 4][..]), (3, 10, &[4, 5, 6]), (6, 10, &[]), (u64::MAX, 10, &[])]
    {
        let found =
            scene.store.requests_after(scene.environment, endpoint.id, after, limit).await.unwrap();
        let numbers: Vec<_> = found.iter().map(|request| request.number).collect();
        assert_eq!(numbers, expected, "after {after}");
    }
}

pub async fn an_expired_endpoint_is_gone_before_it_is_removed<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let endpoint = scene.an_endpoint().await;
    let (store, environment, id) = (&scene.store, endpoint.environment, endpoint.id);
    let end = endpoint.expires_at;
    let before = Timestamp::from_millis(end.millis() - 1);
    assert_eq!(store.endpoint(environment, id, before).await.unwrap(), Some(endpoint.clone()));
    assert_eq!(store.endpoint(environment, id, end).await.unwrap(), None);
    assert_eq!(store.endpoint_by_token(endpoint.token_hash, end).await.unwrap(), None);
    let listed = store.list_endpoints(environment, end, whole()).await.unwrap();
    assert_eq!((listed.items, listed.total), (vec![], 0));
    let patch = EndpointPatch::default();
    assert_eq!(store.update_endpoint(environment, id, patch, end).await.unwrap(), None);
    assert!(!store.delete_endpoint(environment, id, end).await.unwrap());
    let late = KeptRequest { received_at: end, ..scene.new_request(1) };
    assert_eq!(store.keep_request(id, late, ROOM).await.unwrap(), None);
    let in_time = KeptRequest { received_at: before, ..scene.new_request(1) };
    assert!(store.keep_request(id, in_time, ROOM).await.unwrap().is_some());
}

pub async fn endpoints_expire_with_what_they_keep_no_more_than_the_limit_at_a_time<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    let end = Timestamp::from_millis(scene.tick().millis() + DAY);
    let mut brief = Vec::new();
    for _ in 0..3 {
        let endpoint = Endpoint { expires_at: end, ..scene.new_endpoint() };
        brief.push(scene.made_endpoint(endpoint).await);
        scene.keep(&brief[brief.len() - 1], ROOM, 10).await;
    }
    let expires_at = Timestamp::from_millis(end.millis() + 1);
    let lasting = scene.made_endpoint(Endpoint { expires_at, ..scene.new_endpoint() }).await;
    scene.keep(&lasting, ROOM, 10).await;
    let before = Timestamp::from_millis(end.millis() - 1);
    for (at, removed) in [(before, 0), (end, 2), (end, 1), (end, 0)] {
        assert_eq!(scene.store.expire_endpoints(at, 2).await.unwrap(), removed);
    }
    for endpoint in &brief {
        assert_eq!(scene.found_endpoint(endpoint).await, None);
        assert!(scene.numbers(endpoint).await.is_empty());
    }
    assert_eq!(scene.numbers(&lasting).await, [1]);
}

pub async fn a_deleted_endpoint_is_gone_with_what_it_kept<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let endpoint = scene.an_endpoint().await;
    let neighbour = scene.an_endpoint().await;
    let kept = scene.keep(&endpoint, ROOM, 1).await;
    scene.keep(&neighbour, ROOM, 1).await;
    let (environment, id) = (scene.environment, endpoint.id);
    assert!(scene.store.delete_endpoint(environment, id, scene.tick()).await.unwrap());
    assert!(!scene.store.delete_endpoint(environment, id, scene.tick()).await.unwrap());
    assert_eq!(scene.found_endpoint(&endpoint).await, None);
    assert!(scene.numbers(&endpoint).await.is_empty());
    assert_eq!(scene.store.kept_request(environment, id, kept.id).await.unwrap(), None);
    let late = scene.store.keep_request(id, scene.new_request(1), ROOM).await.unwrap();
    assert_eq!(late, None);
    assert_eq!(scene.numbers(&neighbour).await, [1]);
}

pub async fn another_environment_sees_and_touches_no_endpoint<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let endpoint = scene.an_endpoint().await;
    let kept = scene.keep(&endpoint, ROOM, 1).await;
    let before = scene.found_endpoint(&endpoint).await;
    let (store, id) = (&scene.store, endpoint.id);
    for environment in scene.strangers().await {
        let at = scene.tick();
        assert_eq!(store.endpoint(environment, id, at).await.unwrap(), None);
        assert_eq!(store.list_endpoints(environment, at, whole()).await.unwrap().total, 0);
        let patch = EndpointPatch { respond_with: Some(500), ..EndpointPatch::default() };
        assert_eq!(store.update_endpoint(environment, id, patch, at).await.unwrap(), None);
        assert!(!store.delete_endpoint(environment, id, at).await.unwrap());
        let listed = store.list_requests(environment, id, whole()).await.unwrap();
        assert_eq!((listed.items, listed.total), (vec![], 0));
        assert_eq!(store.kept_request(environment, id, kept.id).await.unwrap(), None);
        assert_eq!(store.requests_after(environment, id, 0, 10).await.unwrap(), []);
    }
    assert_eq!(scene.found_endpoint(&endpoint).await, before);
    assert_eq!(scene.numbers(&endpoint).await, [1]);
}
