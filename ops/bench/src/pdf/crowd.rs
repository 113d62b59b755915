//! Fifty signatures at a time, each on a file of its own, begun and looked at again in children and with the room for documents
//! as the stamp job does: how many a second, and how much memory this process and its children hold together at most.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use sealflow_jobs::room::Room;
use sealflow_pdf::{
    confined::{Confined, Limits},
    sign::GrowingFile,
};
use sealflow_store::blobs::Hashed;
use tokio::task::JoinSet;

use super::{
    Subject,
    signer::{Signer, request, seal},
};
use crate::Bench;

const AT_A_TIME: usize = 50;
const MEGABYTES_WANTED: f64 = 300.0;
/// How often the memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Each of them signs `turns` files, one after another.
pub(super) async fn measure(
    bench: &mut Bench,
    signer: &Signer,
    subject: &Subject,
    turns: usize,
) -> Result<()> {
    let name = match subject.name {
        "50kb" => "pdf/crowd/c50".to_owned(),
        other => format!("pdf/crowd/{other}/c50"),
    };
    if !bench.wants(&name) {
        return Ok(());
    }
    let size_bytes = i64::try_from(fs::metadata(&subject.path)?.len())?;
    let room = Room::default();
    let confined = Confined::new(std::env::current_exe()?, Limits::default());
    let svg = seal()?;
    // The fonts of the seal are not the signatures'.
    let before = megabytes();
    let over = Arc::new(AtomicBool::new(false));
    let watch = {
        let over = over.clone();
        std::thread::spawn(move || {
            let mut most: f64 = 0.0;
            while !over.load(Ordering::Relaxed) {
                most = most.max(megabytes());
                std::thread::sleep(LOOK_EVERY);
            }
            most
        })
    };
    let begun = Instant::now();
    let mut crowd = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let (confined, room, svg) = (confined.clone(), room.clone(), svg.clone());
        let (signer, file) = (signer.clone(), subject.path.clone());
        crowd.spawn(async move {
            for _ in 0..turns {
                let _room = room.take(size_bytes).await;
                let bytes = fs::read(&file)?;
                let hashed = Hashed::of(&bytes);
                let request = request("Signature1", Some(&svg));
                let file = GrowingFile::known(bytes, hashed.sha256(), request.digest)?;
                let signed = signer.finish(confined.begin(file, &request).await?)?;
                let report = confined.validate(&signed, &signer.trust()).await?;
                ensure!(report.passed(), "a signature is not valid: {report:?}");
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = crowd.join_next().await {
        ended??;
    }
    let took = begun.elapsed();
    over.store(true, Ordering::Relaxed);
    let most = watch.join().ok().context("the memory was not watched")?;
    let count = f64::from(u32::try_from(AT_A_TIME * turns)?);
    bench.report.alone(&name, count / took.as_secs_f64(), "signatures/s");
    bench.report.beside(&format!("{name}/memory"), most, "MB", "wanted", MEGABYTES_WANTED);
    bench.report.alone(&format!("{name}/memory_before"), before, "MB");
    Ok(())
}

/// What this process and its children hold, in megabytes.
fn megabytes() -> f64 {
    let own = std::process::id();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let kilobytes: f64 = ids.filter_map(|id| resident_kilobytes(id, own)).sum();
    kilobytes / 1024.0
}

/// What the process holds, if it is this one or a child of it.
fn resident_kilobytes(id: u32, own: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let value = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))?
            .split_whitespace()
            .next()?
            .parse::<u32>()
            .ok()
    };
    (id == own || value("PPid:")? == own).then(|| value("VmRSS:").map(f64::from))?
}
