//! A resolver that answers as the test says.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use herald_engine::http::{Resolve, ResolveError};

/// What DNS says to one look-up.
#[derive(Clone, Debug)]
pub enum Says {
    /// These addresses.
    Addresses(Vec<IpAddr>),
    /// It fails.
    Fails(ResolveError),
    /// It never answers.
    Nothing,
}

/// A resolver that answers as the test says. A name it was told nothing about does not exist.
#[derive(Debug, Default)]
pub struct Names {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In reverse; the last that is left is said for ever.
    answers: HashMap<String, Vec<Says>>,
    asked: Vec<String>,
}

impl Names {
    /// Look-ups of `name` get these answers in turn, and the last of them from then on.
    pub fn say(&self, name: &str, answers: impl IntoIterator<Item = Says>) {
        let mut answers: Vec<Says> = answers.into_iter().collect();
        answers.reverse();
        self.state().answers.insert(name.to_owned(), answers);
    }

    /// Look-ups of `name` get these addresses, as text.
    pub fn point(&self, name: &str, addresses: &[&str]) {
        let parse = |text: &&str| text.parse().expect("the test writes valid addresses");
        self.say(name, [Says::Addresses(addresses.iter().map(parse).collect())]);
    }

    /// The names that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, name: &str) -> Says {
        let mut state = self.state();
        state.asked.push(name.to_owned());
        match state.answers.get_mut(name) {
            Some(answers) if answers.len() > 1 => answers.pop(),
            Some(answers) => answers.last().cloned(),
            None => None,
        }
        .unwrap_or(Says::Fails(ResolveError::NotFound))
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        match self.answer(name) {
            Says::Addresses(addresses) => Ok(addresses),
            Says::Fails(error) => Err(error),
            Says::Nothing => std::future::pending().await,
        }
    }
}
