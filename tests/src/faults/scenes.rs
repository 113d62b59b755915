//! What runs in a fault test: the shipped micro-deposit, an errand, a chain of jobs, visits side by side.

use anyhow::{Context as _, Result, anyhow};
use sealflow_core::{
    Definition,
    ids::{InstanceId, PersonId},
};
use sealflow_store::{Store, definitions};
use serde_json::{Value, json};
use uuid::Uuid;

use super::plan::Random;

const SOURCES: &[(Scene, &str)] = &[
    (Scene::MicroDeposit, include_str!("../../../workflows/micro_deposit/workflow.yaml")),
    (Scene::Errand, include_str!("definitions/errand.yaml")),
    (Scene::Chain, include_str!("definitions/chain.yaml")),
    (Scene::Visits, include_str!("definitions/visits.yaml")),
];

/// Which definition runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scene {
    /// `workflows/micro_deposit/workflow.yaml`.
    MicroDeposit,
    /// A task, timers, a payment.
    Errand,
    /// Jobs one after another.
    Chain,
    /// Several persons side by side.
    Visits,
}

/// Every scene.
pub const SCENES: &[Scene] = &[Scene::MicroDeposit, Scene::Errand, Scene::Chain, Scene::Visits];

/// The scenes' definitions, as they run here.
#[derive(Debug, Clone)]
pub struct Definitions {
    all: Vec<(Scene, Definition, &'static str)>,
}

/// An instance that a test runs, and what it was started from.
#[derive(Debug, Clone)]
pub struct Cast {
    /// Which definition.
    pub scene: Scene,
    /// The instance.
    pub id: InstanceId,
    /// Who does everything in it.
    pub person: PersonId,
    /// What it is started from.
    pub input: Value,
}

impl Definitions {
    /// Loads them.
    ///
    /// # Errors
    /// When one is not valid.
    pub fn load() -> Result<Self> {
        let mut all = Vec::new();
        for (scene, source) in SOURCES {
            let loaded = sealflow_core::load(source, "fault.yaml").map_err(|faults| {
                anyhow!(
                    "{scene:?}: {}",
                    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
                )
            })?;
            let text = serde_json::to_string(&loaded.definition)?;
            let definition = serde_json::from_str(&with_handlers_of_the_test(text))?;
            all.push((*scene, definition, *source));
        }
        Ok(Self { all })
    }

    /// Publishes them.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn publish(&self, store: &Store) -> Result<()> {
        let mut tx = store.begin().await?;
        for (_, definition, source) in &self.all {
            definitions::publish(&mut tx, definition, source).await?;
        }
        Ok(tx.commit().await?)
    }

    /// One of them.
    ///
    /// # Errors
    /// Never: all scenes are there.
    pub fn get(&self, scene: Scene) -> Result<&Definition> {
        let found = self.all.iter().find(|(known, _, _)| *known == scene);
        found.map(|(_, definition, _)| definition).context("every scene has a definition")
    }
}

/// Kinds whose handlers the engine under test has, for those that the definitions name: `send_email` is a bank's
/// customer there.
fn with_handlers_of_the_test(mut text: String) -> String {
    for (named, handled) in [
        ("pay_micro_deposit", "send_email"),
        ("check_organization_details", "prepare_document"),
        ("notify_person", "send_sms"),
    ] {
        text = text.replace(&format!("\"{named}\""), &format!("\"{handled}\""));
    }
    text
}

impl Cast {
    /// A new instance of a scene.
    #[must_use]
    pub fn new(scene: Scene, random: &mut Random) -> Self {
        let person = PersonId::from_uuid(Uuid::now_v7());
        let input = match scene {
            Scene::MicroDeposit => json!({"transactor": {"person_id": person}}),
            Scene::Errand | Scene::Chain => json!({"person": person}),
            Scene::Visits => {
                let guests: Vec<Value> =
                    (0..=random.below(3)).map(|n| json!({"id": format!("g{n}"), "person": person})).collect();
                json!({"person": person, "guests": guests})
            }
        };
        Self { scene, id: InstanceId::from_uuid(Uuid::now_v7()), person, input }
    }
}
