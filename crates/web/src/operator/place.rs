//! Where something happened: the operator's requests name the account and its environment.

use herald_domain::{
    account::{EnvironmentId, Mode},
    id::AccountId,
    problem::Problem,
};

use crate::input::{Fields, MODE, TEXT, clipped};

/// The environment that fields name, if they name it: `accountId` and `environment` together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    account: Option<AccountId>,
    mode: Option<Mode>,
}

impl Place {
    /// Reads `accountId` and `environment`. A malformed id is answered like an unknown one.
    pub(super) fn read(fields: &mut Fields) -> Result<Self, Problem> {
        let account = fields.optional("accountId", TEXT)?;
        let account = account
            .map(|id| id.parse().map_err(|_| Problem::not_found("account", clipped(&id))))
            .transpose()?;
        Ok(Self { account, mode: fields.optional("environment", MODE)? })
    }

    /// The place that an environment is.
    pub(super) fn of(environment: EnvironmentId) -> Self {
        Self { account: Some(environment.account), mode: Some(environment.mode) }
    }

    /// What is named here, and where it is not, what is named there.
    pub(super) fn or(self, other: Self) -> Self {
        Self { account: self.account.or(other.account), mode: self.mode.or(other.mode) }
    }

    /// The environment, if it is fully named.
    pub(super) fn environment(self) -> Result<EnvironmentId, Problem> {
        let required = |name: &str| Problem::invalid(name, format!("'{name}' is required"));
        let account = self.account.ok_or_else(|| required("accountId"))?;
        let mode = self.mode.ok_or_else(|| required("environment"))?;
        Ok(EnvironmentId { account, mode })
    }
}
