//! Signing: reading, signing and writing a file beside pyHanko and beside the least that it can cost; a later signature when
//! the hash is kept; seals; children that open files; a crowd of signatures; validating many signatures beside one.

mod crowd;
mod sample;
mod signer;
mod validate;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use sealflow_pdf::{
    confined::{Confined, Limits},
    sign::{DigestAlgorithm, GrowingFile},
};
use serde::Deserialize;
use tempfile::TempDir;

use self::signer::{Signer, request};
use crate::{Bench, report::median};

/// Reading, signing and writing may take so many times what the floor takes.
const FLOOR_WANTED: f64 = 1.3;

/// A file, and how often it is signed in a run.
struct Subject {
    name: &'static str,
    path: PathBuf,
    times: usize,
    /// The same for the peer.
    peer_times: usize,
}

/// What the peer prints.
#[derive(Debug, Deserialize)]
struct Peer {
    median_ms: f64,
}

pub(crate) async fn measure(bench: &mut Bench) -> Result<()> {
    let folder = TempDir::new()?;
    let signer = Signer::new()?;
    let (key, certificate) = (folder.path().join("key.pem"), folder.path().join("certificate.pem"));
    signer.save(&key, &certificate)?;
    let subjects = [
        subject(&folder, "50kb", (1, 50_000), (400, 40))?,
        subject(&folder, "6mb", (100, 60_000), (40, 12))?,
    ];
    for subject in &subjects {
        files(bench, &signer, subject, [&key, &certificate], folder.path()).await?;
    }
    for subject in &subjects {
        later(bench, &signer, subject)?;
    }
    seals(bench, &signer, &subjects[0])?;
    children(bench, &subjects).await?;
    validate::measure(bench, &signer)?;
    crowd::measure(bench, &signer, &subjects[0], 4).await?;
    crowd::measure(bench, &signer, &subjects[1], 2).await
}

fn subject(
    folder: &TempDir,
    name: &'static str,
    (pages, filling): (usize, usize),
    (times, peer_times): (usize, usize),
) -> Result<Subject> {
    let path = folder.path().join(format!("{name}.pdf"));
    fs::write(&path, sample::file(pages, filling)?)?;
    Ok(Subject { name, path, times, peer_times })
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    work()?;
    Ok(ms(begun.elapsed()))
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Reading, signing, writing: ours and the floor by turns, and the peer's once a run. Each writes a new file, as the store of
/// files does; a file that is written over would be flushed to the disk when it is closed (`auto_da_alloc` of ext4).
async fn files(
    bench: &mut Bench,
    signer: &Signer,
    subject: &Subject,
    [key, certificate]: [&Path; 2],
    folder: &Path,
) -> Result<()> {
    let name = format!("pdf/sign/{}", subject.name);
    if !bench.wants(&name) {
        return Ok(());
    }
    let to = folder.join("out.pdf");
    let (mut ours, mut floor, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        for _ in 0..subject.times {
            ours.push(timed(|| signer.sign(&subject.path, &to))?);
            fs::remove_file(&to)?;
            floor.push(timed(|| signer.floor(&subject.path, &to))?);
            fs::remove_file(&to)?;
        }
        let text =
            |path: &Path| path.to_str().map(str::to_owned).context("a temporary folder's name is no text");
        let times = subject.peer_times.to_string();
        let (from, to) = (text(&subject.path)?, text(&to)?);
        let (key, certificate) = (text(key)?, text(certificate)?);
        let peer: Peer =
            bench.peers.python("pyhanko_sign.py", &[&from, &to, &key, &certificate, &times]).await?;
        theirs.push(peer.median_ms);
    }
    let (ours, floor, theirs) = (median(ours), median(floor), median(theirs));
    bench.report.beside(&name, ours, "ms", "floor", floor);
    bench.report.beside(&format!("{name}/by_floor"), ours / floor, "times", "wanted", FLOOR_WANTED);
    bench.report.beside(&name, ours, "ms", "pyHanko", theirs);
    let wanted = if subject.name == "50kb" { 100.0 } else { 10.0 };
    bench.report.beside(&format!("{name}/faster_than_pyhanko"), theirs / ours, "times", "wanted", wanted);
    Ok(())
}

/// The second signature and those after it, on a file in memory.
fn later(bench: &mut Bench, signer: &Signer, subject: &Subject) -> Result<()> {
    let name = format!("pdf/later_signature/{}", subject.name);
    if !bench.wants(&name) {
        return Ok(());
    }
    let bytes = fs::read(&subject.path)?;
    let mut took = Vec::new();
    for _ in 0..bench.runs {
        let mut growing = GrowingFile::new(bytes.clone(), DigestAlgorithm::Sha256)?;
        signer.sign_on(&mut growing, &request("Signature1", None))?;
        for number in 2..12 {
            let request = request(&format!("Signature{number}"), None);
            took.push(timed(|| signer.sign_on(&mut growing, &request))?);
        }
    }
    bench.report.alone(&name, median(took), "ms");
    Ok(())
}

/// A seal is drawn once, and then put into files.
fn seals(bench: &mut Bench, signer: &Signer, subject: &Subject) -> Result<()> {
    if !bench.wants("pdf/seal") {
        return Ok(());
    }
    let bytes = fs::read(&subject.path)?;
    // The fonts are read before, as in a process that has drawn one.
    signer::seal()?;
    let mut drawn = Vec::new();
    for _ in 0..bench.runs * 5 {
        drawn.push(timed(|| signer::seal().map(drop))?);
    }
    bench.report.alone("pdf/seal/draw", median(drawn), "ms");
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for run in 0..bench.runs {
        // Another seal each time, so that the first is the first.
        let svg = format!("{}<!-- {run} -->", signer::seal()?);
        for turn in 0..10 {
            let mut growing = GrowingFile::new(bytes.clone(), DigestAlgorithm::Sha256)?;
            let request = request("Signature1", Some(&svg));
            let took = timed(|| signer.sign_on(&mut growing, &request))?;
            if turn == 0 { first.push(took) } else { again.push(took) }
        }
    }
    bench.report.alone("pdf/seal/first_signature", median(first), "ms");
    bench.report.alone("pdf/seal/next_signature", median(again), "ms");
    Ok(())
}

/// Opening an upload in a child: one that is started for it, and one that waits.
async fn children(bench: &mut Bench, subjects: &[Subject]) -> Result<()> {
    if !bench.wants("pdf/child") {
        return Ok(());
    }
    for subject in subjects {
        let bytes = fs::read(&subject.path)?;
        let (mut cold, mut warm) = (Vec::new(), Vec::new());
        for _ in 0..bench.runs * 10 {
            let confined = Confined::new(std::env::current_exe()?, Limits::default());
            let begun = Instant::now();
            confined.inspect(&bytes).await?;
            cold.push(ms(begun.elapsed()));
            for _ in 0..5 {
                let begun = Instant::now();
                confined.inspect(&bytes).await?;
                warm.push(ms(begun.elapsed()));
            }
        }
        let (cold, warm) = (median(cold), median(warm));
        bench.report.beside(&format!("pdf/child/warm/{}", subject.name), warm, "ms", "cold", cold);
    }
    Ok(())
}
