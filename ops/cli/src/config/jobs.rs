//! How the workers behave: their limits, their schedules, and how long what is old is kept.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use sealflow_jobs::{Control, cron, handlers::Retention};
use sealflow_store::jobs::{ConfiguredLimits, Kind, Provider, Queue, Rate, Scope};
use serde::Deserialize;
use serde_json::{Value, json};

/// How the workers behave.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// How long a claimed job belongs to its worker without renewal, in milliseconds.
    pub lease_ms: u64,
    /// How often a queue is looked at when nothing woke it, in milliseconds.
    pub poll_ms: u64,
    /// Jobs at a time in each queue, in this process.
    pub concurrency: usize,
    /// How long after a send with unknown result the gateway's "not found" is believed, in milliseconds.
    pub sms_settle_ms: u64,
    /// What holds jobs back over all processes.
    pub limits: JobLimits,
    /// What the clock starts, by name.
    pub schedules: BTreeMap<String, Schedule>,
    /// How long what is old is kept.
    pub keep: Keep,
}

/// Limits over all processes; people can set others at run time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobLimits {
    /// Jobs at a time, by queue.
    pub queues: BTreeMap<Queue, u32>,
    /// Jobs at a time of one concurrency key, by kind.
    pub keys: BTreeMap<Kind, u32>,
    /// Calls of a provider: at most `max` in any `period_ms`.
    pub rates: BTreeMap<Provider, Rate>,
}

/// Jobs that the clock starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// `second minute hour day month weekday [year]`; empty: never.
    pub cron: String,
    /// Whose clock it is, for example `Asia/Shanghai`.
    pub time_zone: String,
    /// What happens with ticks that were missed: `skip`, `once`, or `all/<n>`.
    pub catch_up: String,
    /// The kind of job.
    pub kind: String,
    /// What the job is given.
    #[serde(default = "nothing")]
    pub payload: Value,
}

fn nothing() -> Value {
    json!({})
}

/// How long what is old is kept, in days.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// Sessions, codes and links, after they expired.
    pub sign_ins_days: u32,
    /// Jobs, after they were done or cancelled.
    pub jobs_days: u32,
    /// Instances other than contracts', after they ended; 0: for ever.
    pub instances_days: u32,
    /// Files that no row refers to: so long after they were kept they are set aside, and so long after that deleted.
    pub blobs_days: u32,
}

impl Keep {
    pub(crate) fn retention(&self) -> Result<Retention> {
        if self.blobs_days == 0 {
            bail!("jobs.keep.blobs_days: must be at least 1, as a file is kept before its row");
        }
        Ok(Retention {
            sign_ins_days: self.sign_ins_days,
            jobs_days: self.jobs_days,
            instances_days: Some(self.instances_days).filter(|days| *days > 0),
            blobs_days: self.blobs_days,
        })
    }
}

impl Jobs {
    pub(crate) fn runtime(&self) -> Result<sealflow_jobs::Config> {
        Ok(sealflow_jobs::Config {
            lease_ms: self.lease_ms,
            poll_ms: self.poll_ms,
            concurrency: self.concurrency,
            control: Some(self.control()?),
            ..sealflow_jobs::Config::default()
        })
    }

    fn control(&self) -> Result<Control> {
        let JobLimits { queues, keys, rates } = &self.limits;
        for (name, none) in queues.iter().map(|(queue, max)| (queue.as_str(), *max == 0)).chain(
            keys.iter().map(|(kind, max)| (kind.as_str(), *max == 0)).chain(
                rates.iter().map(|(provider, rate)| (provider.as_str(), rate.max == 0 || rate.period_ms < 1)),
            ),
        ) {
            if none {
                bail!("jobs.limits: the limit of {name} must be at least 1; to stop jobs, pause their queue");
            }
        }
        let of_queues = queues.iter().map(|(queue, max)| (Scope::Queue(*queue), *max));
        let of_keys = keys.iter().map(|(kind, max)| (Scope::Kind(*kind), *max));
        let limits = ConfiguredLimits { slots: of_queues.chain(of_keys).collect(), rates: rates.clone() };
        let mut schedules = Vec::with_capacity(self.schedules.len());
        for (name, schedule) in self.schedules.iter().filter(|(_, schedule)| !schedule.cron.is_empty()) {
            let time = (schedule.cron.as_str(), schedule.time_zone.as_str());
            let job = (schedule.kind.as_str(), schedule.payload.clone());
            let schedule = cron::Schedule::new(name, time, &schedule.catch_up, job)
                .with_context(|| format!("jobs.schedules.{name}"))?;
            schedules.push(schedule);
        }
        Ok(Control { limits, schedules })
    }
}

/// The chores run at night; a tick that nobody was there for is made up for once.
pub(super) fn defaults() -> Value {
    let chore = |cron, kind| json!({"cron": cron, "time_zone": "Asia/Shanghai", "catch_up": "once", "kind": kind, "payload": {}});
    json!({
        "lease_ms": 15_000, "poll_ms": 1_000, "concurrency": 8, "sms_settle_ms": 60_000,
        "limits": {
            "queues": {}, "keys": {},
            "rates": {"sms": {"max": 100, "period_ms": 1_000}, "ca": {"max": 20, "period_ms": 1_000}}
        },
        "schedules": {
            "raise_documents": chore("30 */10 * * * *", "raise_documents"),
            "forget_sign_ins": chore("0 10 3 * * *", "forget_sign_ins"),
            "forget_jobs": chore("0 20 3 * * *", "forget_jobs"),
            "forget_instances": chore("0 30 3 * * *", "forget_instances"),
            "sweep_blobs": chore("0 40 3 * * *", "sweep_blobs"),
        },
        "keep": {"sign_ins_days": 30, "jobs_days": 90, "instances_days": 0, "blobs_days": 7},
    })
}
