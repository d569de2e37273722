//! Laws of [`Sessions`](crate::Sessions).

use std::{sync::Arc, time::Duration};

use herald_domain::{
    account::EnvironmentId,
    session::{NewSession, PortalLink, Role, SESSION_IDLE, Session},
};

use super::{Backend, fixtures::Scene};
use crate::Sessions;

/// For how long the links of these laws are open.
const OPEN: Duration = Duration::from_secs(600);

pub async fn a_link_is_found_with_all_its_fields_until_it_is_used<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for (environment, role) in [(scene.environment, Role::Viewer), (scene.live(), Role::Manager)] {
        let link = kept_link(&scene, environment, role).await;
        assert_eq!(scene.store.link(link.hash).await.unwrap(), Some(link));
        let used = scene.store.use_link(link.hash, new_session(&scene)).await.unwrap();
        assert_eq!(used, Some(link));
        assert_eq!(scene.store.link(link.hash).await.unwrap(), None);
    }
    assert_eq!(scene.store.link([0; 32]).await.unwrap(), None);
}

pub async fn a_link_of_an_unknown_account_is_not_kept<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let account = scene.new_account().id;
    let link = new_link(&scene, EnvironmentId { account, ..scene.environment }, Role::Viewer);
    assert!(!scene.store.create_link(link).await.unwrap());
    assert_eq!(scene.store.link(link.hash).await.unwrap(), None);
}

pub async fn a_used_link_is_a_session_with_its_account_and_role<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for role in [Role::Viewer, Role::Manager] {
        let link = kept_link(&scene, scene.environment, role).await;
        let new = new_session(&scene);
        scene.store.use_link(link.hash, new).await.unwrap();
        let session = scene.store.session(new.hash).await.unwrap();
        assert_eq!(session, Some(new.by(&link)));
        assert_eq!(session.map(|s| (s.account, s.role)), Some((scene.environment.account, role)));
    }
    assert_eq!(scene.store.session([0; 32]).await.unwrap(), None);
}

pub async fn a_link_is_used_once_however_many_try<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let link = kept_link(&scene, scene.environment, Role::Manager).await;
    let mut tries = tokio::task::JoinSet::new();
    let sessions: Vec<_> = (0..20).map(|_| new_session(&scene)).collect();
    for session in sessions.clone() {
        let store: Arc<B::Store> = scene.store.clone();
        tries.spawn(async move { store.use_link(link.hash, session).await.unwrap().is_some() });
    }
    let used = tries.join_all().await;
    assert_eq!(used.iter().filter(|used| **used).count(), 1);
    let mut begun = 0;
    for session in sessions {
        begun += usize::from(scene.store.session(session.hash).await.unwrap().is_some());
    }
    assert_eq!(begun, 1);
}

pub async fn a_link_that_is_over_or_unknown_begins_no_session<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let link = kept_link(&scene, scene.environment, Role::Manager).await;
    let late = NewSession { at: link.expires_at, ..new_session(&scene) };
    assert_eq!(scene.store.use_link(link.hash, late).await.unwrap(), None);
    assert_eq!(scene.store.session(late.hash).await.unwrap(), None);
    let lost = new_session(&scene);
    assert_eq!(scene.store.use_link([0; 32], lost).await.unwrap(), None);
    assert_eq!(scene.store.session(lost.hash).await.unwrap(), None);
    let in_time = NewSession { at: link.expires_at.before(Duration::from_millis(1)), ..late };
    assert_eq!(scene.store.use_link(link.hash, in_time).await.unwrap(), Some(link));
}

pub async fn a_session_is_noted_to_be_there_and_never_earlier<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let session = begun(&scene, scene.environment).await;
    let other = begun(&scene, scene.environment).await;
    let (earlier, later) = (scene.tick(), scene.tick());
    for at in [later, earlier] {
        scene.store.note_session(session.hash, at).await.unwrap();
    }
    let seen = Session { seen_at: later, ..session };
    assert_eq!(scene.store.session(session.hash).await.unwrap(), Some(seen));
    assert_eq!(scene.store.session(other.hash).await.unwrap(), Some(other));
    scene.store.note_session([0; 32], later).await.unwrap();
}

pub async fn an_ended_session_is_gone_and_the_others_stay<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let [ended, stays] = [begun(&scene, scene.live()).await, begun(&scene, scene.live()).await];
    assert!(scene.store.end_session(ended.hash).await.unwrap());
    assert!(!scene.store.end_session(ended.hash).await.unwrap());
    assert_eq!(scene.store.session(ended.hash).await.unwrap(), None);
    assert_eq!(scene.store.session(stays.hash).await.unwrap(), Some(stays));
}

pub async fn the_sessions_of_an_account_end_together_with_its_links<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let [_, stranger] = scene.strangers().await;
    let ended = [begun(&scene, scene.environment).await, begun(&scene, scene.live()).await];
    let link = kept_link(&scene, scene.live(), Role::Viewer).await;
    let others = begun(&scene, stranger).await;
    let others_link = kept_link(&scene, stranger, Role::Viewer).await;

    let account = scene.environment.account;
    assert_eq!(scene.store.end_sessions(account).await.unwrap(), 2);
    assert_eq!(scene.store.end_sessions(account).await.unwrap(), 0);
    for session in ended {
        assert_eq!(scene.store.session(session.hash).await.unwrap(), None);
    }
    assert_eq!(scene.store.link(link.hash).await.unwrap(), None);
    assert_eq!(scene.store.session(others.hash).await.unwrap(), Some(others));
    assert_eq!(scene.store.link(others_link.hash).await.unwrap(), Some(others_link));
}

pub async fn what_is_over_expires_no_more_than_the_limit_at_a_time<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let link = kept_link(&scene, scene.environment, Role::Viewer).await;
    let [idle, used, ended] = [
        begun(&scene, scene.environment).await,
        begun(&scene, scene.environment).await,
        begun(&scene, scene.environment).await,
    ];
    // Just before anything is over, nothing goes.
    let before = link.expires_at.before(Duration::from_millis(1));
    assert_eq!(scene.store.expire_sessions(before, 10).await.unwrap(), 0);

    scene.store.note_session(used.hash, ended.seen_at.after(SESSION_IDLE)).await.unwrap();
    let now = ended.seen_at.after(SESSION_IDLE);
    assert_eq!(scene.store.expire_sessions(now, 2).await.unwrap(), 2);
    assert_eq!(scene.store.expire_sessions(now, 2).await.unwrap(), 1);
    assert_eq!(scene.store.link(link.hash).await.unwrap(), None);
    assert_eq!(scene.store.session(idle.hash).await.unwrap(), None);
    assert_eq!(scene.store.session(ended.hash).await.unwrap(), None);
    assert!(scene.store.session(used.hash).await.unwrap().is_some());
    // Used to the last moment, it is over all the same.
    scene.store.note_session(used.hash, used.expires_at).await.unwrap();
    assert_eq!(scene.store.expire_sessions(used.expires_at, 2).await.unwrap(), 1);
}

pub async fn links_and_sessions_survive_reopening<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let link = kept_link(&scene, scene.live(), Role::Manager).await;
    let session = begun(&scene, scene.environment).await;
    let scene = scene.reopened().await;
    assert_eq!(scene.store.link(link.hash).await.unwrap(), Some(link));
    assert_eq!(scene.store.session(session.hash).await.unwrap(), Some(session));
}

/// A link that is not in the store.
fn new_link<B: Backend>(scene: &Scene<B>, environment: EnvironmentId, role: Role) -> PortalLink {
    let created_at = scene.tick();
    let expires_at = created_at.after(OPEN);
    PortalLink { hash: unique(scene, 0x11), environment, role, created_at, expires_at }
}

/// A link in the store.
async fn kept_link<B: Backend>(
    scene: &Scene<B>,
    environment: EnvironmentId,
    role: Role,
) -> PortalLink {
    let link = new_link(scene, environment, role);
    assert!(scene.store.create_link(link).await.unwrap());
    link
}

fn new_session<B: Backend>(scene: &Scene<B>) -> NewSession {
    NewSession { hash: unique(scene, 0x22), at: scene.tick() }
}

/// A session in the store.
async fn begun<B: Backend>(scene: &Scene<B>, environment: EnvironmentId) -> Session {
    let link = kept_link(scene, environment, Role::Manager).await;
    let new = new_session(scene);
    scene.store.use_link(link.hash, new).await.unwrap().unwrap();
    new.by(&link)
}

fn unique<B: Backend>(scene: &Scene<B>, filler: u8) -> [u8; 32] {
    let mut hash = [filler; 32];
    hash[..12].copy_from_slice(scene.id().as_bytes());
    hash
}
