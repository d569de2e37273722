//! The laws of [`Accounts`].

use herald_domain::account::{Account, ApiKey};
use tokio::task::JoinSet;

use super::{Backend, fixtures::Scene};
use crate::{Accounts, NewAccount, Page};

pub async fn an_account_is_found_with_all_its_fields<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let account = scene.account().await;
    assert_eq!(scene.store.account(account.id).await.unwrap(), Some(account));
}

pub async fn an_account_that_was_never_made_is_not_found<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let never_made = scene.new_account();
    assert_eq!(scene.store.account(never_made.id).await.unwrap(), None);
    assert_eq!(scene.store.list_keys(never_made.id).await.unwrap(), []);
}

pub async fn an_account_is_made_together_with_its_keys<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (account, keys) = with_two_keys(&scene).await;
    let [first, second] = keys;
    assert_eq!(scene.store.list_keys(account.id).await.unwrap(), [second, first]);
}

pub async fn an_account_is_made_once_however_many_try<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let account = scene.new_account();
    let mut tries = JoinSet::new();
    for _ in 0..8 {
        let mut environment = scene.environment;
        environment.account = account.id;
        let new = NewAccount { account: account.clone(), keys: vec![scene.new_key(environment)] };
        let store = scene.store.clone();
        tries.spawn(async move { store.create_account(new).await.unwrap() });
    }
    let made = tries.join_all().await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1, "{made:?}");
    assert_eq!(scene.store.list_keys(account.id).await.unwrap().len(), 1);
    assert_eq!(scene.store.account(account.id).await.unwrap(), Some(account));
}

pub async fn accounts_are_listed_newest_first_in_pages<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut made = vec![scene.environment.account];
    for _ in 0..4 {
        made.push(scene.account().await.id);
    }
    made.reverse();
    for (number, ids) in (1..).zip([&made[..2], &made[2..4], &made[4..], &[]]) {
        let page = Page::new(number, 2).unwrap();
        let listed = scene.store.list_accounts(page).await.unwrap();
        let found: Vec<_> = listed.items.iter().map(|account| account.id).collect();
        assert_eq!((found.as_slice(), listed.total), (ids, 5), "page {number}");
    }
}

pub async fn a_key_is_found_by_its_hash_revoked_or_not<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (account, [key, other]) = with_two_keys(&scene).await;
    assert_eq!(scene.store.find_key(key.hash).await.unwrap(), Some(key.clone()));

    let at = scene.tick();
    scene.store.revoke_key(account.id, key.id, at).await.unwrap();
    let revoked = ApiKey { revoked_at: Some(at), ..key };
    assert_eq!(scene.store.find_key(revoked.hash).await.unwrap(), Some(revoked));
    assert_eq!(scene.store.find_key(other.hash).await.unwrap(), Some(other));
    assert_eq!(scene.store.find_key([0; 32]).await.unwrap(), None);
}

pub async fn a_key_is_added_to_an_account_that_is_there<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (account, [first, second]) = with_two_keys(&scene).await;
    let third = scene.new_key(first.environment);
    assert!(scene.store.add_key(third.clone()).await.unwrap());
    assert_eq!(scene.store.list_keys(account.id).await.unwrap(), [third, second, first]);
}

pub async fn a_key_of_an_unknown_account_is_not_kept<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut key = scene.new_key(scene.environment);
    key.environment.account = scene.new_account().id;
    assert!(!scene.store.add_key(key.clone()).await.unwrap());
    assert_eq!(scene.store.find_key(key.hash).await.unwrap(), None);
}

pub async fn revoking_again_keeps_the_time_of_the_first_revocation<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (account, [key, _]) = with_two_keys(&scene).await;
    let first = scene.tick();
    let revoked = ApiKey { revoked_at: Some(first), ..key };
    for at in [first, scene.tick()] {
        let answer = scene.store.revoke_key(account.id, revoked.id, at).await.unwrap();
        assert_eq!(answer.as_ref(), Some(&revoked));
    }
    assert!(scene.store.list_keys(account.id).await.unwrap().contains(&revoked));
}

pub async fn a_key_is_revoked_only_by_its_own_account<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (_, [key, _]) = with_two_keys(&scene).await;
    let stranger = scene.account().await.id;
    assert_eq!(scene.store.revoke_key(stranger, key.id, scene.tick()).await.unwrap(), None);
    assert_eq!(scene.store.find_key(key.hash).await.unwrap(), Some(key));
}

pub async fn accounts_and_keys_survive_reopening<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (account, [key, _]) = with_two_keys(&scene).await;
    let at = scene.tick();
    scene.store.revoke_key(account.id, key.id, at).await.unwrap();
    let scene = scene.reopened().await;
    let revoked = ApiKey { revoked_at: Some(at), ..key };
    assert_eq!(scene.store.account(account.id).await.unwrap(), Some(account));
    assert_eq!(scene.store.find_key(revoked.hash).await.unwrap(), Some(revoked));
}

/// Makes an account with a key for each of its environments.
async fn with_two_keys<B: Backend>(scene: &Scene<B>) -> (Account, [ApiKey; 2]) {
    let account = scene.new_account();
    let keys = [scene.environment, scene.live()].map(|mut environment| {
        environment.account = account.id;
        scene.new_key(environment)
    });
    let new = NewAccount { account: account.clone(), keys: keys.to_vec() };
    scene.store.create_account(new).await.unwrap();
    (account, keys)
}
