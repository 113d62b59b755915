//! The verdict in Chinese, the language of the pages.

use crate::validate::{Level, RevocationStatus, SignatureReport, SubIndication, Verdict, judge::WHITE_SPACE};

/// The verdict on a signature in plain Chinese.
#[must_use]
pub fn chinese(report: &SignatureReport) -> String {
    let who = report.signer.as_deref().unwrap_or("未知签署人");
    let what = if report.is_document_timestamp { "文档时间戳" } else { "签名" };
    let mut text = match report.verdict {
        Verdict::TotalPassed => format!("{who}的{what}有效"),
        Verdict::TotalFailed => format!("{who}的{what}无效"),
        Verdict::Indeterminate => format!("{who}的{what}无法判定"),
    };
    text.push('：');
    text.push_str(report.sub_indication.map_or_else(|| passed(report), why));
    text.push('。');
    if report.revocation.iter().any(|r| matches!(r.status, RevocationStatus::Revoked { .. })) {
        text.push_str("证书链中有证书已被吊销。");
    }
    text.push_str(match report.level {
        Some(Level::BB) => "没有可信时间戳（B-B）。",
        Some(Level::BT) => "有可信时间戳（B-T）。",
        Some(Level::BLt) => "有可信时间戳和吊销信息，可长期验证（B-LT）。",
        Some(Level::BLta) => "有可信时间戳、吊销信息和文档时间戳，可长期保存（B-LTA）。",
        None => "",
    });
    text
}

fn passed(report: &SignatureReport) -> &'static str {
    if report.covers_whole_file {
        "文件自签署后未被改动"
    } else if report.changes_after.iter().all(|change| change.kind == WHITE_SPACE) {
        "签署后文件末尾多了空白，内容未被改动"
    } else {
        "签署后只有允许的改动（填写预设字段、后续签名或验证信息）"
    }
}

/// The words of ETSI EN 319 102-1 in plain ones.
const fn why(sub_indication: SubIndication) -> &'static str {
    match sub_indication {
        SubIndication::FormatFailure => "签名的结构不正确，或文件在签署后被改动",
        SubIndication::HashFailure => "已签署的内容被改动",
        SubIndication::SigCryptoFailure => "签名值与证书不符",
        SubIndication::NoSigningCertificateFound => "找不到签署人的证书",
        SubIndication::NoCertificateChainFound => "证书不是由受信任的机构签发",
        SubIndication::ChainConstraintsFailure => "证书不能用于签名，或证书链不符合要求",
        SubIndication::CryptoConstraintsFailure => "使用了不被接受的算法或过短的密钥",
        SubIndication::OutOfBoundsNoPoe => "证书当时不在有效期内，又没有可信时间证明签名更早",
        SubIndication::RevokedNoPoe => "签署人的证书已被吊销，又没有可信时间证明签名更早",
        SubIndication::RevokedCaNoPoe => "签发机构的证书已被吊销，又没有可信时间证明签名更早",
        SubIndication::TryLater => "证书的吊销状态暂时无法确认，请稍后再验",
    }
}
