//! `sealflow pdf begin` and `sealflow pdf finish`: the key is with somebody else, here with `openssl`.

use anyhow::{Result, ensure};

use super::desk::{Desk, p256};

const BEGIN: &str = "sealflow pdf begin in.pdf --cert cert.pem --state state.json --to-sign bytes";
const SIGN: &str = "openssl dgst -sha256 -sign key.pem -out signature bytes";
const FINISH: &str = "sealflow pdf finish in.pdf --state state.json --signature signature --out out.pdf";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_elsewhere_signs_and_what_does_not_belong_together_is_refused() -> Result<()> {
    let desk = Desk::open(&p256()?).await?;
    desk.good(BEGIN)?;
    ensure!(!desk.at("out.pdf").exists() && desk.at("state.json").exists(), "the wrong files");
    desk.good(SIGN)?;

    // Another file, another signature, another state.
    let original = std::fs::read(desk.at("in.pdf"))?;
    std::fs::write(desk.at("in.pdf"), [original.as_slice(), b"\n"].concat())?;
    desk.refused(FINISH, "begun on another file")?;
    std::fs::write(desk.at("in.pdf"), &original)?;
    std::fs::write(desk.at("key2.pem"), p256()?.private_key_to_pem_pkcs8()?)?;
    desk.good(&SIGN.replace("key.pem", "key2.pem").replace("-out signature", "-out signature2"))?;
    let wrong = FINISH.replace("--signature signature", "--signature signature2");
    desk.refused(&wrong, "not of this file with this certificate's key")?;
    let state = std::fs::read_to_string(desk.at("state.json"))?;
    std::fs::write(desk.at("state2.json"), state.replacen("\"hole_start\": ", "\"hole_start\": 1", 1))?;
    desk.refused(&FINISH.replace("state.json", "state2.json"), "the kept signature was changed")?;
    std::fs::write(desk.at("state2.json"), "{}")?;
    desk.refused(&FINISH.replace("state.json", "state2.json"), "is no begun signature")?;

    // Without its issuer's certificate the signature leads nowhere, and no timestamp makes it a B-T.
    let finish = format!("{FINISH} --level b-t {}", desk.authorities());
    desk.refused(&finish, "the signature would not have level B-T")?;
    desk.good(&BEGIN.replace("cert.pem", "cert.pem --chain chain.pem"))?;
    desk.good(SIGN)?;
    desk.good(&finish)?;
    let (_, report) = desk.validate("out.pdf", "")?;
    ensure!(report["signer"] == "示例签署人" && report["covers_whole_file"] == true, "{report}");
    ensure!(std::fs::read(desk.at("out.pdf"))?.starts_with(&original), "bytes were moved");
    Ok(())
}
