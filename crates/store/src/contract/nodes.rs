//! The laws of [`Nodes`] that a single process can keep or break.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::{Backend, fixtures::Scene};
use crate::Nodes;

pub async fn what_is_agreed_is_what_was_proposed_first<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let propose = async |name, value: &[u8]| scene.store.agree(name, value.to_vec()).await.unwrap();
    assert_eq!(propose("a thing", b"first \0").await, b"first \0");
    assert_eq!(propose("a thing", b"second").await, b"first \0");
    assert_eq!(propose("another thing", &[255; 32]).await, [255; 32]);
}

pub async fn of_many_who_propose_at_once_all_go_by_one_value<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut proposals = JoinSet::new();
    for number in 0..16 {
        let store = scene.store.clone();
        proposals.spawn(async move { store.agree("a thing", vec![number]).await.unwrap() });
    }
    let agreed: BTreeSet<_> = proposals.join_all().await.into_iter().collect();
    assert_eq!(agreed.len(), 1, "{agreed:?}");
}

pub async fn what_was_agreed_survives_reopening<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.store.agree("a thing", vec![1]).await.unwrap();
    let scene = scene.reopened().await;
    assert_eq!(scene.store.agree("a thing", vec![2]).await.unwrap(), [1]);
}
