//! Several engines, the instances that run on them, and people who go on until all is over.

use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

use sealflow_store::{instances, jobs, tasks};
use sealflow_tests::faults::{
    bank::Bank,
    figures::Figures,
    invariants::{self, Outside},
    node::Node,
    people::{Doer, event_of},
    plan::Random,
    protocol::{Answer, Command, Settings},
    scenes::{Cast, Scene},
    seed::Ground,
};

const DEADLINE: Duration = Duration::from_secs(120);

pub(crate) struct Crowd {
    pub(crate) ground: Ground,
    pub(crate) settings: Settings,
    pub(crate) nodes: Vec<Node>,
    bank: Bank,
    doers: Vec<Doer>,
    random: Random,
    outside: Outside,
    next: usize,
}

impl Crowd {
    pub(crate) async fn gather(ground: Ground, count: usize) -> Self {
        let bank = Bank::open(HashMap::new()).await.unwrap();
        let mut settings = Settings::new(&ground.config, bank.address());
        settings.lease_ms = 2_000;
        settings.call_timeout_ms = 2_000;
        let mut crowd = Self {
            ground,
            settings,
            nodes: Vec::new(),
            bank,
            doers: Vec::new(),
            random: Random::new(7),
            outside: Outside::default(),
            next: 0,
        };
        for _ in 0..count {
            let node = crowd.another().await;
            crowd.nodes.push(node);
        }
        crowd
    }

    /// A further process.
    pub(crate) async fn another(&self) -> Node {
        let log = self.ground.log();
        Node::start(&self.ground.executable, &self.settings, "", &log).await.unwrap().unwrap()
    }

    /// Restarts one in order, while the others go on.
    pub(crate) async fn restart(&mut self, index: usize) {
        let node = self.nodes.remove(index);
        node.stop().await.unwrap();
        let node = self.another().await;
        self.nodes.insert(index, node);
    }

    /// Starts instances, on one process after another.
    pub(crate) async fn start(&mut self, count: usize) {
        for _ in 0..count {
            let scene = self.random.pick(&[Scene::Chain, Scene::Visits, Scene::Errand]).unwrap();
            let cast = Cast::new(scene, &mut self.random);
            let definition = self.ground.definitions.get(scene).unwrap().hash().clone();
            let command = Command::Start {
                instance: cast.id,
                definition,
                input: cast.input.clone(),
                event_id: "start".to_owned(),
                person: cast.person,
            };
            self.surely(command).await;
            self.doers.push(Doer::eager(cast));
        }
    }

    /// Repeats a command on the next process until it is answered.
    async fn surely(&mut self, command: Command) {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < DEADLINE, "nobody takes {command:?}");
            self.next += 1;
            let index = self.next % self.nodes.len();
            let answer = self.nodes[index].ask(command.clone()).await.unwrap();
            match answer.unwrap_or_else(|_| panic!("a process died: {}", self.nodes[index].log_tail())) {
                Answer::Done { .. } => {
                    if let Some((instance, event)) = event_of(&command) {
                        self.outside.acknowledged.insert((instance, event.to_owned()));
                    }
                    return;
                }
                Answer::Refused { .. } => return,
                Answer::Unknown { .. } => until_later().await,
            }
        }
    }

    /// Everybody does what there is to do now; tells how many instances are not over.
    pub(crate) async fn act(&mut self) -> usize {
        let mut open = 0;
        let mut commands = Vec::new();
        for doer in &mut self.doers {
            let mut reader = self.ground.store.read().await.unwrap();
            let instance = instances::get(&mut reader, doer.cast.id).await.unwrap().unwrap();
            let asked = tasks::of_instance(&mut reader, doer.cast.id).await.unwrap();
            open += usize::from(!instance.state.is_final());
            commands.extend(doer.next(&instance, &asked, &mut self.random));
        }
        for command in commands {
            self.surely(command).await;
        }
        open
    }

    /// Jobs that wait or run.
    pub(crate) async fn waiting(&self) -> u64 {
        let filter = jobs::Filter { state: Some(jobs::State::Available), ..jobs::Filter::default() };
        let mut reader = self.ground.store.read().await.unwrap();
        jobs::list(&mut reader, &filter, 1, 1).await.unwrap().total
    }

    /// Goes on until all is over, stops everybody, and judges.
    pub(crate) async fn finish(mut self) -> Figures {
        let begun = Instant::now();
        while self.act().await > 0 || self.unfinished().await > 0 {
            assert!(begun.elapsed() < DEADLINE, "it does not end\n{}", self.nodes[0].log_tail());
            until_later().await;
        }
        for node in self.nodes.drain(..) {
            node.stop().await.unwrap();
        }
        self.outside.debits = self.bank.debits();
        let mut figures = Figures::default();
        for doer in &self.doers {
            let definition = self.ground.definitions.get(doer.cast.scene).unwrap();
            let store = &self.ground.store;
            if let Err(error) =
                invariants::check(store, definition, &doer.cast, &self.outside, &mut figures).await
            {
                panic!("{:?} {}: {error:?}", doer.cast.scene, doer.cast.id);
            }
        }
        figures.debits = self.outside.debits.len() as u64;
        figures
    }

    async fn unfinished(&self) -> i64 {
        let statement = "select count(*) from jobs where state in ('available', 'running')";
        let mut reader = self.ground.store.read().await.unwrap();
        sqlx::query_scalar(statement).fetch_one(&mut *reader).await.unwrap()
    }
}

pub(crate) async fn until_later() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

pub(crate) fn executable() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_engine_under_test"))
}
