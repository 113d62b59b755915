//! What this build can do for a contract. A contract type that needs more is not sent: nobody shall be asked for
//! something that no page shows and no worker does.

use sealflow_core::model::contract_type::{ContractType, Feature};

/// Everything that has its pages, its checks and its jobs.
pub const OFFERED: &[Feature] =
    &[Feature::IntentSmsCode, Feature::SeveralAgreements, Feature::GroupsOrEnough];

/// What the contract type cannot do without and this build does not have.
#[must_use]
pub fn not_offered(contract_type: &ContractType) -> Vec<Feature> {
    contract_type.missing(OFFERED).into_iter().collect()
}
